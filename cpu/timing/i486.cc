#include "cpu/timing/i486.h"

#include <string_view>

namespace reprise::cpu::i486 {

namespace {

const ClockTable& table() {
  static const ClockTable all(i486_rows());
  return all;
}

// Forms that share an opcode with another width's: rows by name.
const Row* find_row(const char* name, const char* operands) {
  for (const Row& r : i486_rows())
    if (std::string_view(r.name) == name && std::string_view(r.operands) == operands) return &r;
  return nullptr;
}

// F7 /4 to /7, 0F AF, 69 and 6B with 16-bit operands.
const Row* word_form(const Form& f) {
  static const Row* const mul = find_row("MUL/IMUL", "r/m16");
  static const Row* const imul = find_row("IMUL", "r16,r/m16(,i)");
  static const Row* const div = find_row("DIV", "r/m16");
  static const Row* const idiv[2] = {find_row("IDIV", "r16"), find_row("IDIV", "m16")};
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
  k.rule = r.rule;
  k.touch = f.touch;
  k.size = f.width;
  k.miss = r.miss;
  k.decode = u8(f.prefixes + f.indexed + (f.imm && f.disp));
  if (vex) k.address = k.reads = k.writes = k.decode = 0;  // Form does not read what follows
  const bool prot = mode & kModeProtected, v86 = mode & kModeV86;
  const unsigned which = v86 ? 2 : prot ? 1 : 0;
  int clocks = r.v[0];
  switch (r.rule) {
    case Rule::Mode:
      clocks = r.v[which];
      break;
    case Rule::Branch:
      clocks = r.v[1];
      k.a = i16(r.v[0] - r.v[1]);
      k.c = f.map == 1 || f.opcode < 0x80;  // Jcc, by the condition in its opcode
      break;
    case Rule::Port:
      clocks = v86 ? r.v[3] : prot ? r.v[1] : r.v[0];
      k.a = i16(r.v[2] - r.v[1]);
      break;
    case Rule::Bits:
      k.a = r.v[0], k.b = r.v[1];
      k.c = f.map == 1 || f.opcode < 0x80 || f.reg() == 5;  // signed
      break;
    case Rule::Scan:
      k.a = r.v[0], k.b = r.v[1];
      k.c = f.opcode == 0xBC;  // forward
      break;
    case Rule::Rotate:
      k.a = r.v[0], k.b = r.v[1];
      k.c = f.opcode >= 0xD2;  // by CL
      break;
    case Rule::Condition:
    case Rule::Equal:
      clocks = std::min(r.v[0], r.v[1]);
      k.a = i16(r.v[0] - clocks), k.b = i16(r.v[1] - clocks);
      break;
    case Rule::Enter: {
      const int level = f.last & 31;
      clocks = level == 0 ? r.v[0] : level == 1 ? r.v[1] : r.v[2] + r.v[3] * level;
      break;
    }
    case Rule::Rep:  // the clocks of an iteration; nothing else may be in them
      clocks = r.v[2];
      k.a = r.v[0], k.b = r.v[1], k.c = r.v[3];
      break;
    case Rule::RepPort:
      clocks = r.v[4];
      k.b = v86 ? r.v[3] : prot ? r.v[1] : r.v[0];
      k.a = k.b;  // count 0
      k.c = i16(r.v[2] - r.v[1]);
      break;
    case Rule::Fpu:
      clocks = r.v[0] - r.v[1];
      k.a = r.v[0];
      break;
    case Rule::FpuMode:
      clocks = prot ? r.v[1] : r.v[0];
      k.a = i16(clocks);
      break;
    case Rule::FpuRange:
      k.a = i16((r.v[0] + r.v[1]) / 2);
      clocks = k.a - r.v[2];
      break;
    case Rule::FpuPc:
      clocks = r.v[2] - r.v[3];
      k.a = r.v[0], k.b = r.v[1], k.c = r.v[2];
      break;
    case Rule::Far:
      clocks = prot && !v86 ? r.v[1] : r.v[0];
      k.a = i16(found - rows.data());
      break;
    case Rule::Return:
      clocks = prot && !v86 ? r.v[1] : r.v[0];
      k.a = i16(found - rows.data());
      break;
    case Rule::Interrupt:
      clocks = v86 ? r.v[3] : prot ? r.v[1] : r.v[0];
      if (f.opcode == 0xCE) clocks = 3;  // INTO that does nothing
      k.a = i16(found - rows.data());
      break;
    case Rule::Tlb:
      clocks = r.v[1];
      k.a = i16(r.v[0] - r.v[1]);
      break;
    default:
      break;
  }
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
