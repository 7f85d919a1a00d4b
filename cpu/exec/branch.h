// Near jumps, calls and returns, PUSH and POP.
//
// Direct branches go through the Links behind their Op (engine/run.h). r[kRip] is the block's
// start, to which op->imm (target) and op->disp (next instruction) are relative.
#pragma once

#include "cpu/engine/run.h"
#include "cpu/exec/alu.h"

namespace reprise::cpu {

template <class T>
constexpr bool is64 = sizeof(T) == 8;

// Faults if a branch may not go to `ip`: outside the code segment, or not canonical.
template <class T = u16>
[[gnu::always_inline]] inline void check_target(Cpu& c, const Op* op, u64 ip) {
  if (is64<T> || c.code64() ? canonical(ip) : ip <= c.seg[CS].limit) [[likely]]
    return;
  c.op = op;
  c.raise(kGP, 0);
}

// Likewise for a relative branch in code of width T; inside a page nothing can be wrong in 64-bit
// mode.
template <class T>
[[gnu::always_inline]] inline void check_direct(Cpu& c, const Op* op, u64 ip) {
  if (is64<T> && !(op->flags & kOpFar)) return;
  check_target<T>(c, op, ip);
}
template <class T>
inline void fall_through(Cpu& c, const Op* op) {
  c.r[kRip] += u64(i64(op->disp));
  if (!is64<T>) c.r[kRip] &= c.ip_mask();
}

struct JmpJ {
  static constexpr bool kGoes = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const u64 ip = T(c.r[kRip] + u64(i64(op->imm)));
    check_direct<T>(c, op, ip);
    c.r[kRip] = ip;
    GO_LINK(P, c, op, 0, kTaken);
  }
};

// Ends a conditional branch of code width T; `to`, `on`: how it goes (p5::Went). A macro for the
// same reason as GO_LINK.
#define GO_CONDITIONAL(P, c, op, T, taken, to, on)       \
  do {                                                   \
    if (taken) {                                         \
      const u64 ip = T(c.r[kRip] + u64(i64((op)->imm))); \
      check_direct<T>(c, op, ip);                        \
      c.r[kRip] = ip;                                    \
      GO_LINK(P, c, op, 0, to);                          \
    }                                                    \
    fall_through<T>(c, op);                              \
    GO_LINK(P, c, op, 1, on);                            \
  } while (0)

template <class Test>
struct JccJ {
  static constexpr bool kGoes = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    GO_CONDITIONAL(P, c, op, T, Test::test(c, op), kTaken, kNotTaken);
  }
};
template <unsigned Condition>
struct OneCondition {
  static bool test(Cpu& c, const Op*) { return c.flags.test(Condition); }
};
// LOOPNE, LOOPE, LOOP, JCXZ: op->arg 0 to 3; the counter has the address size. No model predicts
// them.
struct LoopJ {
  static constexpr bool kGoes = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const auto sized = [op](u64 v) {
      return op->asize == 2 ? u16(v) : op->asize == 4 ? u32(v) : v;
    };
    const u64 count = sized(c.r[RCX] - (op->arg != 3));
    const bool taken =
        op->arg == 3 ? !count : count && (op->arg == 2 || c.flags.zf() == (op->arg == 1));
    if (taken) check_target(c, op, T(c.r[kRip] + u64(i64(op->imm))));  // before RCX changes
    if (op->arg != 3) {
      if (op->asize == 2)
        c.reg<u16>(RCX * 8) = u16(count);
      else
        c.r[RCX] = count;
    }
    GO_CONDITIONAL(P, c, op, T, taken, kOn, kOn);
  }
};

struct CallJ {
  static constexpr bool kStack = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const u64 ip = T(c.r[kRip] + u64(i64(op->imm)));
    check_direct<T>(c, op, ip);
    FAST_PUSH(T);
    const T next = T((c.r[kRip] + u64(i64(op->disp))) & (is64<T> ? ~u64(0) : c.ip_mask()));
    push<T, P>(c, op, next);
    if constexpr (is64<T>) note_call(c, op, next);
    c.r[kRip] = ip;
    GO_LINK(P, c, op, 0, kTaken);
  }
};
struct JmpE {
  static constexpr bool kGoes = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const u64 ip = P::template read<T>(c, op);
    check_target(c, op, ip);
    c.r[kRip] = ip;
    GO(P, c);
  }
};
struct CallE {
  static constexpr bool kStack = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const u64 ip = P::template read<T>(c, op);
    check_target(c, op, ip);
    const T next = T(c.next_ip(op));
    push<T, P>(c, op, next);
    if constexpr (is64<T>) note_call(c, op, next);
    c.r[kRip] = ip;
    GO(P, c);
  }
};
struct RetNear {  // C3; C2 releases op->imm bytes more
  static constexpr bool kStack = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_POP(T);
    const u64 ip = peek<T, P>(c, op);
    check_target<T>(c, op, ip);
    set_sp<sizeof(T)>(c, c.r[RSP] + sizeof(T) + u16(op->imm));
    c.r[kRip] = ip;
    if constexpr (is64<T>) {
      const Block* const b = returned_to(c);
      if (!b) [[unlikely]]
        return go_back(c, op);
      ENTER(P, c, b, kTaken);
    } else {
      GO(P, c);
    }
  }
};

struct PushE {
  static constexpr bool kStack = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_PUSH(T);
    push<T, P>(c, op, P::template read<T>(c, op));
    NEXT;
  }
};
struct PushI {
  static constexpr bool kStack = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_PUSH(T);
    push<T, P>(c, op, T(i64(op->imm)));
    NEXT;
  }
};
struct PopZ {
  static constexpr bool kStack = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_POP(T);
    const T value = pop<T, P>(c, op);
    c.set_reg<T>(op->rm, value);
    NEXT;
  }
};
struct PopE {  // an address that uses rSP sees it already moved
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const T value = peek<T>(c, op);
    const u64 sp = c.r[RSP];
    if constexpr (P::kMemory) {
      set_sp(c, sp + sizeof(T));
      const u64 moved = c.r[RSP];
      const u64 offset = effective_offset(c, op);
      c.r[RSP] = sp;  // a fault must find it unmoved
      const u64 linear = linear_at<T>(c, op, offset, true);
      store<T>(c, op, linear, value, op->seg);
      c.r[RSP] = moved;
    } else {
      set_sp(c, sp + sizeof(T));
      c.set_reg<T>(op->rm, value);
    }
    NEXT;
  }
};
struct Leave {
  static constexpr bool kStack = true;
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const u64 frame = c.r[RBP];
    c.op = op;
    const T value = load<T, P::kLines>(c, op, stack_address(c, frame, sizeof(T), false), SS);
    set_sp(c, frame + sizeof(T));
    c.set_reg<T>(RBP * 8, value);
    NEXT;
  }
};

}  // namespace reprise::cpu
