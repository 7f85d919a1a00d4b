#include "cpu/timing/i486.h"

#include "cpu/timing/rules.h"

namespace reprise::cpu::i486 {

namespace {

const ClockTable& table() {
  static const ClockTable all(i486_rows());
  return all;
}

// Forms that the 486 has not, or that its table leaves out: version 1 of the extension rule. They
// cost what their class does: a clock, one more to read memory, two more to change it.
const Row* extension(const Form& f) {
  static constexpr Row kPlain{"", "", Rule::Fixed, {1}, "", ""};
  static constexpr Row kRead{"", "", Rule::Fixed, {2}, "", ""};
  static constexpr Row kModify{"", "", Rule::Fixed, {3}, "", ""};
  static constexpr Row kCall{"", "", Rule::Jump, {20}, "", ""};  // SYSCALL, SYSENTER and back
  static constexpr Row kPopR{"", "", Rule::Fixed, {4}, "", ""};  // 8F /0 with a register
  if (f.map == 0 && f.opcode == 0x8F) return &kPopR;
  if (f.map == 1 && (f.opcode == 0x05 || f.opcode == 0x07 || f.opcode == 0x34 || f.opcode == 0x35))
    return &kCall;
  return f.touch == Touch::Read ? &kRead : f.touch == Touch::Modify ? &kModify : &kPlain;
}

}  // namespace

Clocked describe(const Form& f, u32 mode) {
  // C4, C5 and 62 are other prefixes where they are not LES, LDS and BOUND.
  const bool wide = (mode & kModeWidth) == kMode64;
  const bool vex = f.map == 0 && (f.opcode == 0xC4 || f.opcode == 0xC5 || f.opcode == 0x62) &&
                   (wide || !f.memory);
  const bool movsxd = wide && f.map == 0 && f.opcode == 0x63;
  const Row* found = vex || movsxd ? nullptr : table().find(f);
  if (!found) found = extension(f);
  const Row& r = *found;
  const std::span<const Row> rows = i486_rows();
  Clocked k = {};
  k.address = f.address;
  k.reads = f.reads;
  k.writes = f.writes;
  k.byte_write = f.byte_write;
  k.memory = f.explicit_address;
  k.touch = f.touch;
  k.size = f.width;
  k.miss = r.miss;
  k.decode = u8(f.prefixes + f.indexed + (f.imm && f.disp));
  if (vex) k.address = k.reads = k.writes = k.decode = 0;  // Form does not read what follows
  int clocks = set_rule(k, r, i16(found - rows.data()), f, mode);
  if (r.rule == Rule::Rep || r.rule == Rule::RepPort) k.address = k.reads = k.decode = 0;
  const bool exchange = f.map == 0 && (f.opcode == 0x86 || f.opcode == 0x87) && f.memory;
  if (exchange) clocks += kLocked;
  if (f.lock) clocks += 1 + int(exchange ? 0 : kLocked);
  k.clocks = u16(clocks);
  k.leaves = r.rule == Rule::Jump || r.rule == Rule::Far || r.rule == Rule::Return ||
             r.rule == Rule::Interrupt;
  return k;
}

}  // namespace reprise::cpu::i486
