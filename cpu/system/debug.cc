// Breakpoints of the debug registers.
//
// Source: Intel SDM volume 3, section 17.2. B0-B3 are only set for enabled breakpoints.
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

bool enabled(const Cpu& c, unsigned i) { return c.dr[7] >> (2 * i) & 3; }
u32 control(const Cpu& c, unsigned i) { return u32(c.dr[7] >> (16 + 4 * i)) & 15; }

}  // namespace

bool breakpoint_at(Cpu& c, u64 linear) {
  u64 hits = 0;
  for (unsigned i = 0; i < 4; ++i)
    if (enabled(c, i) && control(c, i) == 0 && c.dr[i] == linear) hits |= u64(1) << i;
  c.dr[6] |= hits;
  return hits != 0;
}

void Cpu::note_data_access(u64 linear, unsigned size, bool write) {
  if (!(dr[7] & 0xFF)) return;
  u32 hits = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const u32 bits = control(*this, i);
    // R/W 1: writes; 3: reads too. Not tables read by the processor itself, in truth; harmless.
    if (!enabled(*this, i) || !(bits & 1) || (!write && (bits & 3) == 1)) continue;
    static constexpr u8 lengths[4] = {1, 2, 8, 4};
    const u64 length = lengths[bits >> 2];
    const u64 first = dr[i] & ~(length - 1);
    if (linear + size > first && linear < first + length) hits |= 1u << i;
  }
  if (hits == 0) return;
  debug_trap |= hits;
  request_leave();
}

}  // namespace reprise::cpu
