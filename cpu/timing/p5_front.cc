#include "cpu/timing/p5_front.h"

#include "cpu/decode/decoder.h"
#include "cpu/timing/rules.h"

namespace reprise::cpu::p5 {

// Beside the branch's own clocks a flush takes 3, for a condition in V 4, for what always branches
// to the same place 2: the table has the sums.
i64 resolve_branch(P5& k, u64 at) {
  const bool taken = k.taken(at);
  const u32 branch = u32(k.branch_at());
  P5::BtbSet& set = k.btb[branch & (P5::kBtbSets - 1)];
  ++k.counters.branches;
  bool right = !taken;  // as is expected of what is not there
  bool settled = true;
  if (const unsigned way = set.find(branch); way < 4) {
    u8& counter = set.counter[way];
    right = (counter >= 2) == taken && (!taken || set.target[way] == u32(at));
    if (taken ? counter < 3 : counter > 0) counter = u8(counter + (taken ? 1 : -1));
    if (taken) set.target[way] = u32(at);
    settled = counter == (taken ? 3 : 0);
  } else if (taken) {
    const unsigned next = set.next;
    u64& other = k.known_at(set.branch[next]);
    if (other >> 33 == set.branch[next] >> P5::kKnownBits) other = P5::kNone;
    set.branch[next] = branch, set.target[next] = u32(at), set.counter[next] = 3;
    set.next = (next + 1) & 3;
  }
  k.known_at(branch) = settled ? P5::known_as(branch, at, taken) : P5::kNone;
  if (right) return 0;
  ++k.counters.mispredicted;
  k.exit.written = 0;  // what was written has long been
  return k.exit.branch == P5Branch::kConditionalV ? 4 : k.exit.branch == P5Branch::kDirect ? 2 : 3;
}

[[gnu::noinline]] const Op* leave_behind(Cpu& c, const Op* op) {
  op += op->osize;
  c.op = op;
  while (!c.op->length) c.op += c.op->osize;
  c.request_leave();
  const Handler plain = unfused(op->handler);
  return plain ? plain(c, op) : op->handler(c, op);
}

[[gnu::noinline]] const Op* leave_behind_pair(Cpu& c, const Op* op) {
  c.op = op + 2;
  c.request_leave();
  return op[1].handler(c, op + 1);
}

[[gnu::flatten]] const Op* any_front(Cpu& c, const Op* op) {
  P5& k = *c.p5;
  const Front& f = front(op);
  const u64 at = linear_code(c, 0);
  if ((k.exit.paid | k.exit.slack) && !c.single) {
    // The block was summed up without: its instructions run one by one.
    c.cycle -= op->cycles_left;
    c.icount -= op->count_left;
    return nullptr;
  }
  i64 extra = 0;
  if (k.exit.branch) {
    if (k.goes_as_known(at, k.taken(at)))
      ++k.counters.branches;
    else
      extra = resolve_branch(k, at);
  }
  if (k.exit.rep && !f.repeats) c.clocks->rep_at = kNever;
  if (k.exit.written & f.address) {
    ++k.counters.agi;
    ++extra;
  }
  if (k.code_lines[at >> 5 & (P5::kSets - 1)] != at >> 5) extra += fetch_line(c, at);
  leave_front(k, f, at);
  if (extra) {
    c.cycle += u64(extra);
    if (c.cycle >= c.cycle_limit) OTHERWISE(leave_behind);
  }
  DISPATCH(c, op + 1);
}

}  // namespace reprise::cpu::p5
