#include "cpu/timing/rules.h"

#include <bit>

#include "cpu/memory/access.h"

namespace reprise::cpu {

u64 data_address(const Cpu& c, const Op* op, const Clocked& i) {
  u64 offset = 0;
  u8 segment = op->seg;
  if (i.touch == Touch::Push || i.touch == Touch::Pop) {
    segment = SS;
    offset = c.r[RSP] - (i.touch == Touch::Push ? op->osize : 0u);
    if (!c.code64()) offset = c.seg[SS].db() ? u32(offset) : u16(offset);
  } else if (op->flags & kOpMemory) {
    offset = effective_offset(c, op);
  } else {
    offset = op->imm64();  // absolute
  }
  if (c.code64()) return segment == FS || segment == GS ? c.seg[segment].base + offset : offset;
  return u32(c.seg[segment].base + offset);
}

namespace {

// The r/m operand, without any side effect; of what is not memory, 0.
u64 operand(const Cpu& c, const Op* op, unsigned size) {
  u64 value = 0;
  if (!(op->flags & kOpMemory)) {
    value = *reinterpret_cast<const u64*>(reinterpret_cast<const u8*>(c.r) + (op->rm & ~7u));
    value >>= 8 * (op->rm & 7);
  } else {
    const u64 linear = data_address(c, op, clocked(op - 2));
    for (unsigned n = 0; n < size; ++n) {
      const u64 address = c.debug_translate(c.code64() ? linear + n : u32(linear + n));
      if (address == kNever) break;
      const PhysPage page = c.bus->page(address & kPageFrameMask, c.smm);
      if (!page.block) break;
      value |= u64(page.block->data()[page.page * kPageSize + (address & 0xFFF)]) << (8 * n);
    }
  }
  return size >= 8 ? value : value & ((u64(1) << (8 * size)) - 1);
}

unsigned bits(u64 value) { return value ? 64u - unsigned(std::countl_zero(value)) : 0; }

// MUL and IMUL end early: 10 clocks and one for each bit of the multiplier's magnitude, three at
// least.
i64 multiply(const Cpu& c, const Op* op) {
  const unsigned size = op->osize;
  u64 value = operand(c, op, size);
  const bool negative = value >> (8 * size - 1) & 1;
  if (clocked(op - 2).c && negative) value = (~value + 1) & (~u64(0) >> (64 - 8 * size));
  return 10 + i64(std::max(bits(value), 3u)) - clocked(op - 2).a;
}

// Where a manual only has the lowest and highest clocks of a form: in proportion.
i64 proportion(const Clocked& i, unsigned n, unsigned of) {
  return n >= of ? i.b - i.a : i64(n) * (i.b - i.a) / of;
}

i64 scan(const Cpu& c, const Op* op, bool forward) {
  const unsigned size = op->osize, width = 8 * size;
  const u64 value = operand(c, op, size);
  const unsigned zeros = !value    ? width
                         : forward ? unsigned(std::countr_zero(value))
                                   : width - bits(value);
  return proportion(clocked(op - 2), zeros, unsigned(clocked(op - 2).c >> 1));
}

i64 repeat(Cpu& c, const Op* op) {
  Clocks& k = *c.clocks;
  const Clocked& i = clocked(op - 2);
  const u64 at = linear_code(c, op->offset);
  if (k.rep_at == at) return 0;  // goes on
  const u64 rcx = c.r[RCX];
  const u64 count = op->asize == 8 ? rcx : op->asize == 4 ? u32(rcx) : u16(rcx);
  k.rep_at = count > 1 ? at : kNever;
  if (i.rule == Rule::RepPort) {
    const bool by_map = c.protected_mode() && !c.v86() && c.cpl > (c.eflags & IOPL) >> 12;
    return i.b + (by_map ? i.c : 0) - (count ? 0 : i.clocks);
  }
  return count == 0 ? i.a - i.clocks : count == 1 ? i.c - i.clocks : i.b;
}

bool loops(const Cpu& c, const Op* op) {
  const u64 rcx = c.r[RCX] - (op->arg != 3);
  const u64 count = op->asize == 8 ? rcx : op->asize == 4 ? u32(rcx) : u16(rcx);
  return op->arg == 3 ? !count : count && (op->arg == 2 || c.flags.zf() == (op->arg == 1));
}

}  // namespace

bool branches(const Cpu& c, const Op* op) {
  return clocked(op - 2).c ? c.flags.test(op->arg) : loops(c, op);
}

int set_rule(Clocked& k, const Row& r, i16 index, const Form& f, u32 mode) {
  k.rule = r.rule;
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
    case Rule::Scan: {
      // The highest is reached with the last bit; of 32, unless the row is of 16 only.
      const bool word = std::string_view(r.encodings).find('w') != std::string_view::npos;
      k.a = r.v[0], k.b = r.v[1];
      k.c = i16((f.opcode == 0xBC) | (word ? 15 : 31) << 1);  // forward
      break;
    }
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
      k.a = index;
      break;
    case Rule::Return:
      clocks = prot && !v86 ? r.v[1] : r.v[0];
      k.a = index;
      break;
    case Rule::Interrupt:
      clocks = v86 ? r.v[3] : prot ? r.v[1] : r.v[0];
      if (f.opcode == 0xCE) clocks = r.v[5];  // INTO that does nothing
      k.a = index;
      break;
    case Rule::Paging:
    case Rule::Level:
      k.a = i16(r.v[1] - r.v[0]);
      break;
    case Rule::Tlb:
      clocks = r.v[1];
      k.a = i16(r.v[0] - r.v[1]);
      break;
    default:
      break;
  }
  return clocks;
}

bool has_rule(Rule rule) {
  switch (rule) {
    case Rule::Fixed:
    case Rule::Mode:
    case Rule::Jump:
    case Rule::Enter:
    case Rule::Far:
    case Rule::Return:
    case Rule::Interrupt:
    case Rule::Predict:
      return false;
    default:
      return true;
  }
}

bool sees_no_time(const Form& f) {
  if (f.touch != Touch::None) return false;
  const u8 op = f.opcode;
  if (f.map == 0)
    return op < 0x60 || (op >= 0x80 && op <= 0x8B) || op == 0x8D || (op >= 0x90 && op <= 0x99) ||
           (op >= 0xB0 && op <= 0xC1) || (op >= 0xD0 && op <= 0xD3);
  return f.map == 1 &&
         ((op >= 0x40 && op < 0x50) || (op >= 0x90 && op < 0xA0) ||
          (op >= 0xA3 && op <= 0xAD && op != 0xAA) || op == 0xAF || (op >= 0xBA && op <= 0xBF) ||
          op == 0xB6 || op == 0xB7 || (op >= 0xC8 && op < 0xD0));
}

i64 rule_clocks(Cpu& c, const Op* op) {
  const Clocked& i = clocked(op - 2);
  switch (i.rule) {
    case Rule::Port:
      return c.protected_mode() && !c.v86() && c.cpl > (c.eflags & IOPL) >> 12 ? i.a : 0;
    case Rule::Bits:
      return multiply(c, op);
    case Rule::Scan:
      return scan(c, op, i.c & 1);
    case Rule::Rotate:
      return proportion(i, (i.c ? c.reg<u8>(RCX * 8) : u8(op->imm)) & 31, 31);
    case Rule::Condition:
      return c.flags.test(op->arg) ? i.a : i.b;
    case Rule::Equal: {
      const u64 mask = op->osize == 8 ? ~u64(0) : (u64(1) << (8 * op->osize)) - 1;
      return operand(c, op, op->osize) == (c.r[RAX] & mask) ? i.a : i.b;
    }
    case Rule::Rep:
    case Rule::RepPort:
      return repeat(c, op);
    case Rule::Branch:
      return branches(c, op) ? i.a : 0;
    case Rule::Paging:
      return c.cr0 & CR0_PG ? i.a : 0;
    case Rule::Level:
      return c.cpl ? i.a : 0;
    case Rule::Tlb: {
      const u64 linear = data_address(c, op, i);
      return c.data_tlb[linear >> 12 & (kDataTlb - 1)].tag == linear >> 12 ? i.a : 0;
    }
    default:
      return 0;
  }
}

}  // namespace reprise::cpu
