// The front of a block of a vCPU with `timing=p5`: an op before its first instruction's, which says
// how the block uses the pipes. What it does depends on what ran before; mostly it finds that
// nothing is to be added, and handlers that end blocks find that themselves.
#pragma once

#include "cpu/cpu.h"
#include "cpu/timing/p5.h"

namespace reprise::cpu::p5 {

// In place of an Op's operands.
struct Front {
  P5Exit exit;  // how the block leaves the pipes
  P5Left left;
  u16 address;   // registers that the first clock forms addresses of
  bool repeats;  // begins with a REP string instruction
  u8 spare;
};
static_assert(sizeof(Front) == 16);
inline constexpr std::size_t kFrontAt = offsetof(Op, rm);
static_assert(offsetof(Op, offset) == kFrontAt + sizeof(Front));
inline const Front& front(const Op* op) {
  return *reinterpret_cast<const Front*>(reinterpret_cast<const u8*>(op) + kFrontAt);
}

const Op* any_front(Cpu& c, const Op* op);  // its handler

// Holds the branch before against where control went, `at`; clocks that it takes more.
i64 resolve_branch(P5& k, u64 at);

// A limit was reached in the clock op `op`. The chain ends behind the instruction that comes next.
// A pair that is one handler is taken apart.
[[gnu::cold]] const Op* leave_behind(Cpu& c, const Op* op);
// ... behind the pair that comes next, which is one handler.
[[gnu::cold]] const Op* leave_behind_pair(Cpu& c, const Op* op);
#if REPRISE_TAIL_CALLS && defined(__clang__)
#define OTHERWISE(handler) [[clang::musttail]] return handler(c, op)
#else
#define OTHERWISE(handler) return handler(c, op)
#endif

// The next instruction runs after this front.
[[gnu::always_inline]] inline void leave_front(P5& k, const Front& f, u64 at) {
  k.exit = f.exit;
  k.left = f.left;
  k.at = at;
  k.counters.pairs += f.exit.pairs;
  k.counters.agi += f.exit.agi;
}

// How a handler knows that control left its block: by a branch that the model predicts, or by none.
enum class Went : u8 { kTaken, kNotTaken, kOn };

// Is there nothing to add at the front `op`, where control went, by a branch or on and on, in flat
// code? Then it has been passed.
template <Went How>
[[gnu::always_inline]] inline bool pass_front(Cpu& c, const Op* op) {
  P5& k = *c.p5;
  const Front& f = front(op);
  const u64 at = c.r[kRip];
  if (!k.exit.plain() || (k.exit.written & f.address) ||
      k.code_lines[at >> 5 & (P5::kSets - 1)] != at >> 5) [[unlikely]]
    return false;
  if (How != Went::kOn) {
    if (!k.goes_as_known(at, How == Went::kTaken)) [[unlikely]]
      return false;
    ++k.counters.branches;
  }
  leave_front(k, f, at);
  return true;
}

}  // namespace reprise::cpu::p5
