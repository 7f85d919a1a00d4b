#include "cpu/timing/clock_ops.h"

#include <utility>

#include "cpu/cluster.h"
#include "cpu/engine/run.h"
#include "cpu/timing/i486.h"

namespace reprise::cpu {

namespace {

// What a clock op has to do; each combination is a handler of its own.
enum Duty : unsigned {
  kFirst = 1,   // of its block: what the pipeline had in it, where control came from
  kSecond = 2,  // what the pipeline had in it before the block
  kLines = 4,   // needs code that its block has not needed so far
  kRead = 8,    // data
  kWrite = 16,
  kFlat = 32,  // ... whose address is flat_address()
  kRule = 64,
  kFinal = 128,  // leaves the pipeline to the next block
  kDuties = 256,
};

bool real(const Cpu& c) { return !(c.mode & kModeProtected); }

// Of the byte at `offset` in the running block.
u64 linear_code(const Cpu& c, unsigned offset) {
  const u64 ip = (c.r[kRip] + offset) & c.ip_mask();
  return c.code64() ? ip : u32(c.seg[CS].base + ip);
}

// --- the cache
// ---------------------------------------------------------------------------------

// Physical address of what the TLB has, or kNever: a walk is yet to come.
template <unsigned N>
u64 physical(const Cpu& c, const TlbEntry (&tlb)[N], u64 linear) {
  if (!(c.cr0 & CR0_PG)) return u32(linear);
  const TlbEntry& e = tlb[linear >> 12 & (N - 1)];
  return e.tag == linear >> 12 ? e.frame << 12 | (linear & 0xFFF) : kNever;
}

[[gnu::always_inline]] inline bool in_cache(Clocks& k, u64 address) {
  return address != kNever && k.look_up(address >> Clocks::kLineBits, true);
}

// Clocks to fetch the line that `linear` is in.
[[gnu::always_inline]] inline i64 fetch_line(Cpu& c, Clocks& k, u64 linear) {
  k.line = linear >> 4;
  ++k.counters.lines;
  if (in_cache(k, physical(c, c.code_tlb, linear))) [[likely]]
    return 0;
  ++k.counters.line_misses;
  return i486::kLineMiss;
}

// ... the lines of the instruction that the block has not fetched.
[[gnu::noinline]] i64 fetch_lines(Cpu& c, const Op* op) {
  Clocks& k = *c.clocks;
  const Clocked& i = clocked(op);
  if (k.rep_at == linear_code(c, op->offset)) return 0;  // goes on
  const u64 last = linear_code(c, op->offset + op[2].length - 1u);
  i64 extra = 0;
  for (unsigned n = i.lines; n-- > 0;)
    if (const u64 linear = last - n * 16; linear >> 4 != k.line) extra += fetch_line(c, k, linear);
  return extra;
}

[[gnu::noinline]] u64 data_address(const Cpu& c, const Op* op, const Clocked& i) {
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

// ... to read or write the datum at `linear`, from `start` on.
template <bool Reads, bool Writes>
[[gnu::always_inline]] inline i64 touch_data(Cpu& c, Clocks& k, const Clocked& i, u64 linear,
                                             Cycles start) {
  i64 extra = 0;
  if ((linear & 3) > i.room) [[unlikely]] {
    ++k.counters.misaligned;
    extra += i486::kMisaligned;
  }
  const u64 address = physical(c, c.data_tlb, linear);
  if (Reads) {
    ++k.counters.reads;
    if (!in_cache(k, address)) [[unlikely]] {
      ++k.counters.read_misses;
      extra += i.miss;
    }
  }
  if (!Writes) return extra;
  // Writes go through, by way of the buffers; a line that is there stays.
  ++k.counters.writes;
  if (!Reads && address != kNever) k.look_up(address >> Clocks::kLineBits, false);
  constexpr Cycles full = i486::kWriteBuffers * i486::kWriteClocks;
  const Cycles now = start + u64(extra);
  k.write_free = std::max(k.write_free, now) + i486::kWriteClocks;
  if (k.write_free > now + full) [[unlikely]] {
    ++k.counters.write_stalls;
    extra += i64(k.write_free - full - now);
  }
  return extra;
}

// --- rules
// -------------------------------------------------------------------------------------

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
  return proportion(clocked(op - 2), zeros, 31);
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

// The floating-point unit takes one instruction at a time, and works on beside what is not its own.
u64 wait_for_fpu(Clocks& k, Cycles start) {
  if (k.fpu_free <= start) return 0;
  ++k.counters.fpu_waits;
  return k.fpu_free - start;
}

bool loops(const Cpu& c, const Op* op) {
  const u64 rcx = c.r[RCX] - (op->arg != 3);
  const u64 count = op->asize == 8 ? rcx : op->asize == 4 ? u32(rcx) : u16(rcx);
  return op->arg == 3 ? !count : count && (op->arg == 2 || c.flags.zf() == (op->arg == 1));
}

[[gnu::noinline]] bool branches(Cpu& c, const Op* op) {
  return clocked(op - 2).c ? c.flags.test(op->arg) : loops(c, op);
}

// What data and privilege add; `start`: when the instruction starts.
[[gnu::noinline]] i64 apply_rule(Cpu& c, const Op* op, Cycles start) {
  Clocks& k = *c.clocks;
  const Clocked& i = clocked(op - 2);
  switch (i.rule) {
    case Rule::Port:
      return c.protected_mode() && !c.v86() && c.cpl > (c.eflags & IOPL) >> 12 ? i.a : 0;
    case Rule::Bits:
      return multiply(c, op);
    case Rule::Scan:
      return scan(c, op, i.c);
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
    case Rule::Fpu:
    case Rule::FpuMode:
    case Rule::FpuRange: {
      const u64 wait = wait_for_fpu(k, start);
      k.fpu_free = start + wait + u64(i.a);
      return i64(wait);
    }
    case Rule::FpuPc: {
      const u64 wait = wait_for_fpu(k, start);
      const unsigned pc = c.fpu.control >> 8 & 3;
      k.fpu_free = start + wait + u64(pc == 0 ? i.a : pc == 2 ? i.b : i.c);
      return i64(wait);
    }
    case Rule::Wait:
      return i64(wait_for_fpu(k, start));
    case Rule::Tlb: {
      const u64 linear = data_address(c, op, i);
      return c.data_tlb[linear >> 12 & (kDataTlb - 1)].tag == linear >> 12 ? i.a : 0;
    }
    default:
      return 0;
  }
}

// More, or fewer, clocks than the block's sum has for the instruction.
[[gnu::noinline]] i64 inherit(Cpu& c, const Op* op) {
  Clocks& k = *c.clocks;
  Carry carry = Carry::unpack(k.carry);
  const unsigned cost = i486::advance(carry, clocked(op), real(c));
  k.carry = carry.pack();
  return i64(cost) - clocked(op).cost;
}

template <unsigned D>
const Op* clock_op(Cpu& c, const Op* op) {
  Clocks& k = *c.clocks;
  const Clocked& i = clocked(op);
  i64 extra = 0;
  if constexpr (D & kFirst) {
    constexpr u64 branched = u64(1) << 58;
    if ((k.carry & branched) && i.straddles) extra += i486::kStraddles;
    k.inherited = (k.carry & ~branched) != 0;
    if (k.inherited) [[unlikely]]
      extra += inherit(c, op);
    else
      k.carry = i.after;
    if (i.rule != Rule::Rep && i.rule != Rule::RepPort) k.rep_at = kNever;
  }
  if constexpr (D & kSecond)
    if (k.inherited) [[unlikely]]
      extra += inherit(c, op);
  if constexpr (D & kLines) {
    if (i.several) {
      extra += fetch_lines(c, op);
    } else {
      const u64 linear = linear_code(c, op->offset + op[2].length - 1u);
      if (!(D & kFirst) || linear >> 4 != k.line) extra += fetch_line(c, k, linear);
    }
  }
  // When the pipeline lets it start, whether the block's sum or `extra` has what holds it up.
  const auto start = [&] { return c.cycle + u64(extra) - op->cycles_left + i.cost - i.clocks; };
  if constexpr ((D & (kRead | kWrite)) != 0) {
    const u64 linear = D & kFlat ? flat_address(c, op + 2) : data_address(c, op + 2, i);
    extra += touch_data<(D & kRead) != 0, (D & kWrite) != 0>(c, k, i, linear, start());
  }
  bool leaves = i.leaves;
  if constexpr (D & kRule) {
    if ((D & kFinal) && i.rule == Rule::Branch) {
      leaves = branches(c, op + 2);
      ++(leaves ? k.counters.taken : k.counters.not_taken);
      extra += leaves ? i.a : 0;
    } else {
      extra += apply_rule(c, op + 2, start());
    }
  }
  if constexpr (D & kFinal) {
    if (leaves)
      k.flush_pipeline();
    else if (!(D & kFirst))
      k.carry = i.after;
  }
  c.cycle += u64(extra);
  if (c.cycle >= c.cycle_limit) [[unlikely]] {
    c.op = op + 2;
    c.request_leave();
  }
  DISPATCH(c, op + 2);
}

template <unsigned... D>
constexpr std::array<Handler, kDuties> all_clock_ops(std::integer_sequence<unsigned, D...>) {
  return {clock_op<D>...};
}
constexpr auto kClockOps = all_clock_ops(std::make_integer_sequence<unsigned, kDuties>());

bool has_rule(Rule rule) {
  switch (rule) {
    case Rule::Fixed:
    case Rule::Mode:
    case Rule::Jump:
    case Rule::Enter:
    case Rule::Far:
    case Rule::Return:
    case Rule::Interrupt:
      return false;
    default:
      return true;
  }
}

// Can nothing see at which cycle this instruction starts? It touches no memory, cannot fault, and
// does not read the time.
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

}  // namespace

void ClockOps::prepare(const Cpu& c, Op* ops, unsigned count, const u8* bytes, u64 linear,
                       u16* costs) {
  const u32 width = c.mode & kModeWidth;
  const unsigned code_width = width == kMode64 ? 8 : width == kMode32 ? 4 : 2;
  Carry carry;
  u64 line = kNever;
  count_ = count;
  for (unsigned n = 0; n < count; ++n) {
    Op& op = ops[n];
    const Form f = parse_form(bytes + op.offset, op.length, code_width);
    Clocked& i = of_[n];
    i = i486::describe(f, c.mode);
    const u64 first = (linear + op.offset) >> 4, final = (linear + op.offset + op.length - 1) >> 4;
    i.straddles = first != final;
    i.lines = u8(line == kNever ? final - first + 1 : final - line);
    line = final;
    i.cost = costs[n] = u16(i486::advance(carry, i, real(c)));
    i.after = carry.pack();
    unsigned duties = 0;
    if (n == 0) duties |= kFirst;
    if (n == 1 && (i.address || i.memory)) duties |= kSecond;
    if (i.lines) duties |= kLines;
    if (i.touch == Touch::Read || i.touch == Touch::Pop) duties |= kRead;
    if (i.touch == Touch::Write || i.touch == Touch::Push) duties |= kWrite;
    if (i.touch == Touch::Modify) duties |= kRead | kWrite;
    const bool flat = code_width == 8 && op.asize == 8 && op.seg < FS;
    if (i.memory && i.touch != Touch::None && flat && (op.flags & kOpMemory)) duties |= kFlat;
    i.room = u8(4 - std::min<unsigned>(i.size, 4));
    i.several = i.lines > 1 || i.rule == Rule::Rep || i.rule == Rule::RepPort;
    if (has_rule(i.rule)) duties |= kRule;
    if (n + 1 == count) duties |= kFinal;
    duties_[n] = u8(duties);
    needed_[n] = duties || (i.cost != i.clocks && !sees_no_time(f));
    op.handler = far_handler(op.handler);
  }
}

unsigned ClockOps::lay_out(const Op* ops, bool ends, Op* out) const {
  unsigned at = 0;
  for (unsigned n = 0; n < count_; ++n) {
    if (needed_[n]) {
      Op& clock = out[at];
      clock = {};
      clock.handler = kClockOps[duties_[n]];
      clock.offset = ops[n].offset;
      clock.cycles_left = ops[n].cycles_left;
      clock.count_left = ops[n].count_left;
      new (&out[at + 1]) Clocked(of_[n]);
      at += 2;
    }
    Op& op = out[at++] = ops[n];
    // The instruction itself starts when the pipeline lets it.
    if (needed_[n]) op.cycles_left = u16(op.cycles_left - (of_[n].cost - of_[n].clocks));
  }
  if (!ends) out[at++] = ops[count_];
  return at;
}

void ClockOps::put_carries(Op* slots) const {
  u64* const carries = reinterpret_cast<u64*>(slots);
  // By count_left. What is behind the first instruction depends on what was before it.
  for (unsigned n = 0; n < count_; ++n) carries[count_ - 1 - n] = n == 0 ? kNever : of_[n].after;
}

void left_before(Cpu& c, const Op* op) {
  const Op* end = op;
  while (!(end->flags & kOpEnds)) end += end->length ? 1 : 2;
  const u64 carry = reinterpret_cast<const u64*>(end + 2)[op->count_left];
  if (carry != kNever) c.clocks->carry = carry;
}

}  // namespace reprise::cpu
