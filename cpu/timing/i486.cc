#include "cpu/timing/i486.h"

#include <string_view>

#include "cpu/timing/rules.h"

namespace reprise::cpu::i486 {

namespace {

const ClockTable& table() {
  static const ClockTable all(i486_rows());
  return all;
}

// F7 /4 to /7, 0F AF, 69 and 6B with 16-bit operands.
const Row* word_form(const Form& f) {
  static const Row* const mul = find_row(i486_rows(), "MUL/IMUL", "r/m16");
  static const Row* const imul = find_row(i486_rows(), "IMUL", "r16,r/m16(,i)");
  static const Row* const div = find_row(i486_rows(), "DIV", "r/m16");
  static const Row* const idiv[2] = {find_row(i486_rows(), "IDIV", "r16"),
                                     find_row(i486_rows(), "IDIV", "m16")};
  if (f.width != 2) return nullptr;
  if (f.map == 1) return f.opcode == 0xAF ? imul : nullptr;
  if (f.map != 0) return nullptr;
  if (f.opcode == 0x69 || f.opcode == 0x6B) return imul;
  if (f.opcode != 0xF7 || f.reg() < 4) return nullptr;
  return f.reg() < 6 ? mul : f.reg() == 6 ? div : idiv[f.memory];
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

const Row& row(i16 index) { return i486_rows()[std::size_t(index)]; }

Clocked describe(const Form& f, u32 mode) {
  // C4, C5 and 62 are other prefixes where they are not LES, LDS and BOUND.
  const bool wide = (mode & kModeWidth) == kMode64;
  const bool vex = f.map == 0 && (f.opcode == 0xC4 || f.opcode == 0xC5 || f.opcode == 0x62) &&
                   (wide || !f.memory);
  const Row* found = word_form(f);
  if (!found && !vex) found = table().find(f);
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
