#include "cpu/timing/p5_ops.h"

#include <bit>
#include <cstring>
#include <utility>

#include "cpu/cluster.h"
#include "cpu/decode/decoder.h"
#include "cpu/engine/run.h"
#include "cpu/timing/p5_front.h"
#include "cpu/timing/p5_pairs.h"
#include "cpu/timing/rules.h"

namespace reprise::cpu {

namespace {

enum Duty : unsigned {
  kLine = 1,      // begins in another line of code than the instruction before
  kBanks = 2,     // touches data in U, beside an instruction in V that does
  kCollides = 4,  // that one
  kRule = 8,      // data and privilege matter
  kFloat = 16     // an instruction of the floating-point unit
};
constexpr unsigned kDuties = 32, kNeedsClocked = kBanks | kCollides | kRule | kFloat;

// The banks of the data cache that the instruction's datum is in.
[[gnu::noinline]] u8 banks(const Cpu& c, const Op* op, const Clocked& i) {
  const u64 linear = data_address(c, op, i);
  return u8(1u << (linear >> 2 & 7) | 1u << ((linear + i.size - 1) >> 2 & 7));
}

// The floating-point unit; `start`: when the instruction could.
[[gnu::noinline]] i64 use_fpu(Cpu& c, const Op* op, Cycles start) {
  P5& k = *c.p5;
  const Clocked& i = clocked(op);
  const P5Fp f = std::bit_cast<P5Fp>(i.after);
  const auto ready = [&](unsigned n) -> Cycles& { return k.fp_ready[(c.fpu.top + n) & 7]; };
  if (f.exchange) {
    std::swap(ready(0), ready(f.i));
    if (!i.clocks) return 0;  // in V
    const Cycles at = std::max(start, k.fp_free);
    k.fp_free = at + 1;
    return i64(at - start);
  }
  Cycles at = std::max(start, k.fp_free);
  if (f.wait)
    for (const Cycles ready_at : k.fp_ready) at = std::max(at, ready_at);
  if (f.reads & 1) at = std::max(at, ready(0) + f.store);
  if (f.reads & 2) at = std::max(at, ready(f.i) + f.store);
  if (f.multiply) {
    at = std::max(at, k.fmul_free);
    k.fmul_free = at + 2;
  }
  unsigned clocks = unsigned(i.a);
  if (i.rule == Rule::FpuPc) {
    const unsigned precision = c.fpu.control >> 8 & 3;
    clocks = unsigned(precision == 0 ? i.a : precision == 2 ? i.b : i.c);
  }
  k.fp_free = at + clocks - std::min<unsigned>(f.overlap, clocks - 1);
  if (f.writes == 3) k.fp_ready[(c.fpu.top - 1) & 7] = at + clocks;
  if (f.writes == 1) ready(0) = at + clocks;
  if (f.writes == 2) ready(f.i) = at + clocks;
  if (at != start) ++k.counters.fpu_waits;
  return i64(at - start);
}

// Where the instruction begins. Early: the op stands before a pair that is one handler, and is of
// the second, whose offset is in `imm`.
template <bool Early>
u32 begins(const Op* op) {
  return Early ? u32(op->imm) : op->offset;
}

template <unsigned D, bool Early = false>
[[gnu::noinline]] const Op* clock_op(Cpu& c, const Op* op) {
  P5& k = *c.p5;
  i64 extra = 0;
  if constexpr (D & kLine) {
    const u64 at = linear_code(c, begins<Early>(op));
    if (k.code_lines[at >> 5 & (P5::kSets - 1)] != at >> 5) [[unlikely]]
      extra += p5::fetch_line(c, at);
  }
  constexpr unsigned slots = D & kNeedsClocked ? 2 : 1;
  if constexpr (D & kBanks) k.banks = banks(c, op + slots, clocked(op));
  if constexpr (D & kCollides)
    if (k.banks & banks(c, op + slots, clocked(op))) ++k.counters.bank_conflicts, ++extra;
  if constexpr (D & kRule) extra += rule_clocks(c, op + slots);
  if constexpr (D & kFloat) {
    const Clocked& i = clocked(op);
    extra += use_fpu(c, op, c.cycle + u64(extra) - op->cycles_left + i.cost - i.clocks);
  }
  if (extra) {
    c.cycle += u64(extra);
    if (c.cycle >= c.cycle_limit) [[unlikely]] {
      if constexpr (Early)
        OTHERWISE(p5::leave_behind_pair);
      else
        OTHERWISE(p5::leave_behind);
    }
  }
  DISPATCH(c, op + slots);
}

// Only the line of code, mostly at hand: calls nothing, and needs no stack frame.
template <bool Long, bool Early>
const Op* line_op(Cpu& c, const Op* op) {
  const u64 at = Long ? c.r[kRip] + begins<Early>(op) : linear_code(c, begins<Early>(op));
  if (c.p5->code_lines[at >> 5 & (P5::kSets - 1)] != at >> 5) [[unlikely]]
    OTHERWISE((clock_op<kLine, Early>));
  DISPATCH(c, op + 1);
}

template <unsigned... D>
constexpr std::array<Handler, kDuties> all_clock_ops(std::integer_sequence<unsigned, D...>) {
  return {clock_op<D>...};
}
constexpr auto kClockOps = all_clock_ops(std::make_integer_sequence<unsigned, kDuties>());

// The code at `linear`, to the end of its page; nothing where it is not at hand.
std::span<const u8> code_at(const Cpu& c, u64 linear) {
  u64 address = u32(linear);
  if (c.cr0 & CR0_PG) {
    const TlbEntry& e = c.code_tlb[linear >> 12 & (kCodeTlb - 1)];
    if (e.tag != linear >> 12) return {};
    address = e.frame << 12 | (linear & 0xFFF);
  }
  const PhysPage page = c.bus->page(address & kPageFrameMask, c.smm);
  if (!page.block) return {};
  return {page.block->data() + page.page * kPageSize + (address & 0xFFF),
          kPageSize - (address & 0xFFF)};
}

}  // namespace

void P5Ops::prepare(const Cpu& c, Op* ops, unsigned count, const u8* bytes, u64 linear, u16* costs,
                    bool alone) {
  const unsigned width = c.mode & kModeWidth;
  const unsigned code_width = width == kMode64 ? 8 : width == kMode32 ? 4 : 2;
  const auto same_page = [&](u64 a, u64 b) { return a >> 12 == b >> 12; };
  count_ = count;
  long_ = width == kMode64;
  pairs_ = agi_ = 0;
  peeked_ = 0;
  bytes_ = u16(ops[count - 1].offset + ops[count - 1].length);
  bool timeless[kMax];
  for (unsigned n = 0; n < count; ++n) {
    const Form f = parse_form(bytes + ops[n].offset, ops[n].length, code_width);
    pipe_[n] = p5::describe(f, c.mode, ops[n], of_[n]);
    timeless[n] = sees_no_time(f);
    const bool loop = f.map == 0 && f.opcode >= 0xE0 && f.opcode <= 0xE3;
    check(!(ops[n].flags & kOpDirect) || loop == !pipe_[n].branch,
          "what a branch's handler tells a front is not what the model has of it");
    // The model sees by where control went whether a Jcc was taken. To the instruction behind it,
    // and over the end of 4 GiB, that is not what the handler would tell the front.
    const u64 next_at = linear + ops[n].offset + ops[n].length;
    if (pipe_[n].branch == P5Branch::kConditionalU && (!ops[n].imm || (!long_ && !u32(next_at))))
      ops[n].handler = jcc_handler(ops[n], false);
  }
  P5Exit left;
  const P5Exit before = c.p5->exit;
  if (alone) left.paid = before.paid, left.slack = before.slack;
  if (left.paid) left.written = before.written, left.beside_memory = before.beside_memory;
  for (unsigned n = 0; n < count; ++n) {
    const P5Pipe& u = pipe_[n];
    Clocked& i = of_[n];
    const u64 next_at = linear + ops[n].offset + ops[n].length;
    // The decoder sees the instruction behind, in the same page.
    P5Pipe peeked;
    Op peeked_op;
    const P5Pipe* v = nullptr;
    if (n + 1 < count) {
      v = &pipe_[n + 1];
    } else if (!u.ends && same_page(linear + ops[n].offset, next_at - 1) &&
               same_page(next_at - 1, next_at)) {
      const std::span<const u8> code = code_at(c, next_at);
      Clocked unused;
      peeked_ = unsigned(std::min<std::size_t>(code.size(), 15));
      if (peeked_ && decode(c, code.data(), peeked_, &peeked_op) == DecodeResult::kOk) {
        peeked = p5::describe(parse_form(code.data(), peeked_op.length, code_width), c.mode,
                              peeked_op, unused);
        v = &peeked;
      }
    }
    stall_[n] = 0;
    duties_[n] = 0;
    P5Exit& e = exit_[n];
    e = {};
    if (left.paid) {  // in V
      costs[n] = 0;
      e.written = u16(left.written | u.writes);
      e.branch = u.branch == P5Branch::kConditionalU ? u8(P5Branch::kConditionalV) : u.branch;
      if (u.pair == Pair::FXCH) i.clocks = 0;
      if (left.beside_memory && u.memory) duties_[n] |= kCollides;
    } else {
      e.paid = v && !u.ends && p5::pairs(u, *v);
      const unsigned clocks = e.paid ? p5::pair_clocks(u, *v) : u.clocks;
      const u16 address = u16(u.address | (e.paid ? v->address : 0));
      const unsigned hidden = std::min<unsigned>(u.prefixes, left.slack + clocks - 1);
      const unsigned decode_clocks = u.prefixes - hidden;
      const bool agi = left.written & address;
      stall_[n] = u16(std::max<unsigned>(decode_clocks, n > 0 && agi));
      costs[n] = u16(stall_[n] + clocks);
      e.written = u.writes;
      e.branch = u.branch;
      pairs_ = u8(pairs_ + e.paid);
      e.agi = n > 0 && agi && !decode_clocks;
      agi_ = u8(agi_ + e.agi);
      e.beside_memory = e.paid && u.memory;
      if (e.beside_memory && v->memory) duties_[n] |= kBanks;
      const unsigned slack = left.slack + clocks - 1 - hidden;
      if (!e.paid && !u.ends && v && v->prefixes) e.slack = u8(std::min(slack, 15u));
      if (n == 0) of_[0].address = decode_clocks ? 0 : address;
    }
    if (u.ends && u.branch == P5Branch::kNone) e.written = 0;
    e.rep = i.rule == Rule::Rep || i.rule == Rule::RepPort;
    i.cost = u16(stall_[n] + i.clocks);
    if (n > 0 && (linear + ops[n].offset) >> 5 != (linear + ops[n - 1].offset) >> 5)
      duties_[n] |= kLine;
    if (std::bit_cast<P5Fp>(i.after).present)
      duties_[n] |= kFloat;
    else if (has_rule(i.rule) || i.rule == Rule::Far || i.rule == Rule::Return ||
             i.rule == Rule::Interrupt)  // far_transfer() asks for the row
      duties_[n] |= kRule;
    const bool waits = n > 0 && stall_[n] && !timeless[n];
    needed_[n] = duties_[n] || waits;
    only_line_[n] = duties_[n] == kLine && !waits;
    ops[n].handler = far_handler(ops[n].handler);
    left = e;
  }
  if (alone && before.paid) of_[0].address = 0;
}

unsigned P5Ops::lay_out(Op* ops, bool ends, Op* out) const {
  unsigned at = 0;
  const auto slot = [&](unsigned n, Handler handler, u8 slots) -> Op& {
    Op& clock = out[at++];
    clock = {};
    clock.handler = handler;
    clock.offset = ops[n].offset;
    clock.cycles_left = ops[n].cycles_left;
    clock.count_left = ops[n].count_left;
    clock.osize = slots;
    return clock;
  };
  p5::Front f = {};
  f.exit = exit_[count_ - 1];
  f.exit.pairs = pairs_;
  f.exit.agi = agi_;
  f.address = of_[0].address;
  f.left.after = bytes_;
  f.left.branch = f.exit.branch != P5Branch::kNone ? ops[count_ - 1].offset : bytes_;
  f.repeats = exit_[0].rep;
  Op& first = slot(0, p5::any_front, 1);
  std::memcpy(reinterpret_cast<u8*>(&first) + p5::kFrontAt, &f, sizeof f);
  // What is one handler has nothing between it. The second's line of code may be fetched before the
  // pair, where that has no other clock op: of instructions in registers nobody sees when they ran.
  const auto apart = [&](unsigned n) {
    return needed_[n] && !(only_line_[n] && n > 1 && !needed_[n - 1]);
  };
  Handler plain[kMax];
  for (unsigned n = 0; n < count_; ++n) plain[n] = ops[n].handler;
  const auto is_pair = [&](unsigned n) { return ops[n].handler != plain[n]; };
  const unsigned last = count_ - 1;
  if (last && !apart(last) && !(needed_[last] && (ops[last - 1].flags & kOpMemory)))
    fuse_branch(ops, count_);
  for (unsigned from = 0, n = 1; n <= count_; ++n) {
    if (n < count_ && !apart(n)) continue;
    fuse_chains(ops + from, n - from);
    from = n;
  }
  check(!(needed_[0] && is_pair(0)), "leave_behind() would go on with the pair");
  for (unsigned n = 0; n < count_; ++n) {
    const bool two = duties_[n] & kNeedsClocked;
    if (is_pair(n) && needed_[n + 1])
      slot(n, long_ ? line_op<true, true> : line_op<false, true>, 1).imm = ops[n + 1].offset;
    else if (needed_[n] && !(n && is_pair(n - 1)))
      slot(n,
           duties_[n] != kLine ? kClockOps[duties_[n]]
           : long_             ? line_op<true, false>
                               : line_op<false, false>,
           two ? 2 : 1);
    if (two) new (&out[at++]) Clocked(of_[n]);
    Op& op = out[at++] = ops[n];
    // The instruction itself starts when the pipes let it.
    if (n == 0 || needed_[n]) op.cycles_left = u16(op.cycles_left - stall_[n]);
  }
  if (!ends) out[at++] = ops[count_];
  return at;
}

void P5Ops::put_carries(Op* slots) const {
  static_assert(sizeof(P5Exit) <= kCarry);
  P5Exit* const carries = reinterpret_cast<P5Exit*>(slots);
  u8 pairs = pairs_, agi = agi_;
  for (unsigned n = 0; n < count_; ++n) {
    P5Exit e = exit_[n];
    if (e.paid) --pairs;
    agi = u8(agi - e.agi);
    e.branch = P5Branch::kNone;
    e.pairs = pairs, e.agi = agi;
    carries[count_ - 1 - n] = e;
  }
}

void P5Ops::faulted(Cpu& c, const Op* op) const {
  const P5Exit& left = carries<P5Exit>(op)[op->count_left - 1];
  c.p5->counters.pairs -= left.pairs;
  c.p5->counters.agi -= left.agi;
}

void P5Ops::left_before(Cpu& c, const Op* op) const {
  P5& k = *c.p5;
  // By what is left, the record behind the instruction before; at the front nothing was done.
  k.exit = carries<P5Exit>(op)[op->count_left];
  k.counters.pairs -= k.exit.pairs;
  k.counters.agi -= k.exit.agi;
  k.at = linear_code(c, 0), k.left = {};
}

}  // namespace reprise::cpu
