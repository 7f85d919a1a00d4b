// Pairs of a comparison and the conditional jump behind it, as one handler each.
#pragma once

#include "cpu/exec/branch.h"

namespace reprise::cpu {

// CMP or TEST (A: Sub or And), then Jcc. Where an operand in memory is not at hand the comparison
// alone goes on; the branch is the next handler then.
template <class Compare, class A, unsigned Condition>
struct FusedJcc {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    if constexpr (P::kMemory && !P::kFlat) return Compare::template run<T, P>(c, op);
    FAST_READ(T, T);
    Compare::template compare<T, P>(c, op);
    constexpr Flags::Kind kind = std::is_same_v<A, Sub> ? Flags::kSub : Flags::kLogic;
    GO_CONDITIONAL(P, c, op + 1, u64, (c.flags.test_known<kind, Condition>()), kTaken, kNotTaken);
  }
};

}  // namespace reprise::cpu
