#include "cpu/timing/i486_ops.h"

#include <utility>

#include "cpu/cluster.h"
#include "cpu/engine/run.h"
#include "cpu/timing/i486.h"
#include "cpu/timing/rules.h"

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

// The floating-point unit takes one instruction at a time, and works on beside what is not its own.
u64 wait_for_fpu(Clocks& k, Cycles start) {
  if (k.fpu_free <= start) return 0;
  ++k.counters.fpu_waits;
  return k.fpu_free - start;
}

// What data and privilege add; `start`: when the instruction starts.
[[gnu::noinline]] i64 apply_rule(Cpu& c, const Op* op, Cycles start) {
  Clocks& k = *c.clocks;
  const Clocked& i = clocked(op - 2);
  switch (i.rule) {
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
    default:
      return rule_clocks(c, op);
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

}  // namespace

void I486Ops::prepare(const Cpu& c, Op* ops, unsigned count, const u8* bytes, u64 linear,
                      u16* costs, bool) {
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

unsigned I486Ops::lay_out(Op* ops, bool ends, Op* out) const {
  unsigned at = 0;
  for (unsigned n = 0; n < count_; ++n) {
    if (needed_[n]) {
      Op& clock = out[at];
      clock = {};
      clock.handler = kClockOps[duties_[n]];
      clock.offset = ops[n].offset;
      clock.cycles_left = ops[n].cycles_left;
      clock.count_left = ops[n].count_left;
      clock.osize = 2;
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

void I486Ops::put_carries(Op* slots) const {
  u64* const carries = reinterpret_cast<u64*>(slots);
  // By count_left. What is behind the first instruction depends on what was before it.
  for (unsigned n = 0; n < count_; ++n) carries[count_ - 1 - n] = n == 0 ? kNever : of_[n].after;
}

void I486Ops::left_before(Cpu& c, const Op* op) const {
  const u64 carry = carries<u64>(op)[op->count_left];
  if (carry != kNever) c.clocks->carry = carry;
}

}  // namespace reprise::cpu
