// Two instructions in one dispatch, where the second works on the register that the first set.
//
// The value stays in a register of the host's between them: through Cpu::r it would take the time
// of a store and a load, which is most of what a simple instruction takes. Compilers write such
// pairs all the time, since an x86 instruction has two operands: a move, and what is done to the
// copy.
//
// Neither can fault, so nothing sees the flags of the first where the second sets them all.
#pragma once

#include "cpu/exec/shift.h"

namespace reprise::cpu {

// What can be the first: Plain is what it is alone, target() the register that it sets, value()
// what that is then. Flags: Cpu, or Quiet.
//
// What can be the second: input() is the register it reads that the first may have set, result()
// what it sets target() to, given the input's value.
//
// usable(): the instruction is what this says. A shift by 0 changes no flags.
struct ChainTraits {
  static constexpr bool kFlags = true;
  static bool usable(const Op&) { return true; }
  static u8 rm(const Op& op) { return op.rm; }
  static u8 reg(const Op& op) { return op.reg; }
};
template <class A>
struct ChainRegister : ChainTraits {  // op r, r
  using Plain = EG<A>;
  static constexpr auto target = rm, input = rm;
  template <class T, class Flags>
  static T value(Cpu& c, Flags& flags, const Op* op) {
    return A::template apply<T>(flags, c.reg<T>(op->rm), c.reg<T>(op->reg));
  }
  template <class T>
  static T result(Cpu& c, const Op* op, T a) {
    return A::template apply<T>(c, a, c.reg<T>(op->reg));
  }
};
template <class A>
struct ChainSource : ChainTraits {  // op r, r of which the first sets the second operand
  using Plain = EG<A>;
  static constexpr auto target = rm, input = reg;
  template <class T>
  static T result(Cpu& c, const Op* op, T b) {
    return A::template apply<T>(c, c.reg<T>(op->rm), b);
  }
};
template <class A>
struct ChainImmediate : ChainTraits {
  using Plain = EI<A>;
  static constexpr auto target = rm, input = rm;
  template <class T, class Flags>
  static T value(Cpu& c, Flags& flags, const Op* op) {
    return A::template apply<T>(flags, c.reg<T>(op->rm), T(i64(op->imm)));
  }
  template <class T>
  static T result(Cpu& c, const Op* op, T a) {
    return A::template apply<T>(c, a, T(i64(op->imm)));
  }
};
template <class A>
struct ChainShift : ChainTraits {
  using Plain = ShiftE<A, Count::kImm>;
  static constexpr auto target = rm, input = rm;
  static bool usable(const Op& op) {
    return op.imm & (op.osize == 8 ? kCountMask<u64> : kCountMask<u32>);
  }
  template <class T, class Flags>
  static T value(Cpu& c, Flags& flags, const Op* op) {
    return A::template apply<T>(flags, c.reg<T>(op->rm), u8(op->imm & kCountMask<T>));
  }
  template <class T>
  static T result(Cpu& c, const Op* op, T a) {
    return A::template apply<T>(c, a, u8(op->imm & kCountMask<T>));
  }
};
struct ChainImul : ChainTraits {
  using Plain = ImulGE;
  static constexpr auto target = reg, input = reg;
  template <class T, class Flags>
  static T value(Cpu& c, Flags& flags, const Op* op) {
    return Imul::apply<T>(flags, c.reg<T>(op->reg), c.reg<T>(op->rm));
  }
  template <class T>
  static T result(Cpu& c, const Op* op, T a) {
    return Imul::apply<T>(c, a, c.reg<T>(op->rm));
  }
};
struct ChainImulSource : ChainTraits {
  using Plain = ImulGE;
  static constexpr auto target = reg, input = rm;
  template <class T>
  static T result(Cpu& c, const Op* op, T b) {
    return Imul::apply<T>(c, c.reg<T>(op->reg), b);
  }
};
struct ChainImulImmediate : ChainTraits {
  using Plain = ImulGEI;
  static constexpr auto target = reg, input = rm;
  template <class T, class Flags>
  static T value(Cpu& c, Flags& flags, const Op* op) {
    return Imul::apply<T>(flags, c.reg<T>(op->rm), T(i64(op->imm)));
  }
  template <class T>
  static T result(Cpu& c, const Op* op, T b) {
    return Imul::apply<T>(c, b, T(i64(op->imm)));
  }
};
struct ChainMove : ChainTraits {
  using Plain = MovEG;
  static constexpr bool kFlags = false;
  static constexpr auto target = rm, input = reg;
  template <class T, class Flags>
  static T value(Cpu& c, Flags&, const Op* op) {
    return c.reg<T>(op->reg);
  }
  template <class T>
  static T result(Cpu&, const Op*, T a) {
    return a;
  }
};

template <class First, class Second>
struct Chain {
  template <class T>
  static const Op* run(Cpu& c, const Op* op) {
    std::conditional_t<Second::kFlags, Quiet, Cpu&> flags(c);
    const T a = First::template value<T>(c, flags, op);
    c.set_reg<T>(First::target(*op), a);
    ++op;
    c.set_reg<T>(Second::target(*op), Second::template result<T>(c, op, a));
    NEXT;
  }
};

}  // namespace reprise::cpu
