// CR0, CR3, CR4 and what is derived from them.
//
// Source: Intel SDM volume 3, sections 2.5 and 9.8; AMD APM volume 2, section 14.6.
#include "cpu/cluster.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"
#include "cpu/timing/clocks.h"

namespace reprise::cpu {

namespace {

constexpr u64 kCr0Mask = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM |
                         CR0_NW | CR0_CD | CR0_PG;

bool flat_data(const Segment& g) {
  return g.usable && g.base == 0 && g.limit == 0xFFFFFFFF && g.writable() && !g.expand_down();
}

// Does DR7 enable any breakpoint on data?
bool watches_data(const Cpu& c) {
  for (unsigned i = 0; i < 4; ++i)
    if ((c.dr[7] >> (2 * i) & 3) && (c.dr[7] >> (16 + 4 * i) & 1)) return true;
  return false;
}

}  // namespace

void Cpu::update_mode() {
  const Segment& cs = seg[CS];
  const bool protect = protected_mode();
  const bool wide = long_mode() && cs.l();
  u32 m = wide ? kMode64 : cs.db() && !v86() ? kMode32 : kMode16;
  // Code of 16 bits wraps at 64 KiB, whatever its limit: never flat.
  if (wide || (m == kMode32 && cs.base == 0 && cs.limit == 0xFFFFFFFF)) m |= kModeFlatCs;
  if (wide || (protect && flat_data(seg[DS]) && flat_data(seg[ES]) && flat_data(seg[SS])))
    m |= kModeFlatData;
  if (seg[SS].db() && !wide) m |= kModeStack32;
  if (cr0 & (CR0_EM | CR0_TS)) m |= kModeNoX87;
  if (cr0 & CR0_TS) m |= kModeNoSse;
  if ((cr0 & CR0_EM) || !(cr4 & CR4_OSFXSR)) m |= kModeUdSse;
  if (cr0 & CR0_EM) m |= kModeUdMmx;
  constexpr u64 kAvxState = XCR0_SSE | XCR0_AVX;
  if (!(cr4 & CR4_OSXSAVE) || (xcr0 & kAvxState) != kAvxState || !protect || v86()) m |= kModeUdAvx;
  if (v86()) m |= kModeV86;
  if (protect) m |= kModeProtected;
  mode = m;
  choose_tables();
  fast_code = fast_codes[user()];
}

void Cpu::choose_tables() {
  const bool checks_alignment = (cr0 & CR0_AM) && (eflags & AC) && user();
  const unsigned table = checks_alignment || watches_data(*this) ? 2 : user();
  fast = pages = fast_tables[table];
  if (p5) fast = fast_tables[2], lines = p5->lines[table];
  if (lends && !(eflags & AC)) {
    lent.each([this](unsigned i) { fast_tables[0][i] = {}; });
    drop_lines();
    lent.none();
    lends = false;
  }
}

void Cpu::set_rflags(u32 value) {
  const u32 changed = eflags ^ value;
  eflags = (value & 0x3F7FD7 & ~kArith) | 2;
  flags.set_raw(value);
  if (changed & (VM | AC)) update_mode();
}

void set_cr0(Cpu& c, u64 value) {
  if (value >> 32) c.raise(kGP, 0);
  value = (value & kCr0Mask) | CR0_ET;
  if ((value & CR0_PG) && !(value & CR0_PE)) c.raise(kGP, 0);
  if ((value & CR0_NW) && !(value & CR0_CD)) c.raise(kGP, 0);
  const u64 changed = value ^ c.cr0;
  const bool paging = value & CR0_PG;
  bool lma = c.efer & EFER_LMA;
  if (changed & CR0_PG) {
    if (paging && (c.efer & EFER_LME)) {
      if (!(c.cr4 & CR4_PAE) || c.seg[CS].l()) c.raise(kGP, 0);
      const u8 type = c.seg[TR].type();
      if (type == kTss16 || (type == kTss16Busy && c.seg[TR].selector != 0)) c.raise(kGP, 0);
      lma = true;
    } else if (paging && (c.cr4 & CR4_PAE)) {
      c.load_pdptes(c.cr3);
    } else if (!paging) {
      if (c.code64() || (c.cr4 & CR4_PCIDE)) c.raise(kGP, 0);
      lma = false;
    }
  } else if (paging && (c.cr4 & CR4_PAE) && !lma && (changed & (CR0_CD | CR0_NW))) {
    c.load_pdptes(c.cr3);
  }
  c.cr0 = value;
  c.efer = lma ? c.efer | EFER_LMA : c.efer & ~u64(EFER_LMA);
  if (changed & (CR0_PG | CR0_PE | CR0_WP)) c.flush_tlb(true);
  c.update_mode();
}

void set_cr3(Cpu& c, u64 value) {
  // The TLB holds what is global and translations of the present PCID alone. So it need not compare
  // PCIDs, and the others, which bit 63 allows to keep, are walked again.
  bool keep = false;
  if (c.long_mode()) {
    if (c.cr4 & CR4_PCIDE) {
      keep = value >> 63;
      value &= ~(u64(1) << 63);
    }
    if (value >> 40) c.raise(kGP, 0);
    keep &= value == c.cr3;
  } else {
    value = u32(value);
    if ((c.cr0 & CR0_PG) && (c.cr4 & CR4_PAE)) c.load_pdptes(value);
  }
  c.cr3 = value;
  if (!keep) c.flush_tlb(false);
}

void set_cr4(Cpu& c, u64 value) {
  if (value & ~u64(c.cluster.model().cr4_mask())) c.raise(kGP, 0);
  if (c.long_mode() && !(value & CR4_PAE)) c.raise(kGP, 0);
  const u64 changed = value ^ c.cr4;
  if ((changed & value & CR4_PCIDE) && (!c.long_mode() || (c.cr3 & 0xFFF))) c.raise(kGP, 0);
  constexpr u64 paging = CR4_PAE | CR4_PGE | CR4_PSE;
  if ((changed & (paging | CR4_SMEP)) && (value & CR4_PAE) && (c.cr0 & CR0_PG) && !c.long_mode())
    c.load_pdptes(c.cr3);
  c.cr4 = value;
  if (changed & (paging | CR4_PCIDE | CR4_SMEP | CR4_SMAP | CR4_PKE)) c.flush_tlb(true);
  c.update_mode();
}

}  // namespace reprise::cpu
