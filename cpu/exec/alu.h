// Two-operand arithmetic and logic, and the moves: the handlers that most instructions are.
//
// Source: Intel SDM volume 2. An operation is a struct with apply(cpu, a, b) that sets flags and
// returns the result; a form says where the operands are. Whatever can fault comes first: modify()
// checks a destination in memory for writing before apply() touches the flags.
#pragma once

#include "cpu/decode/tables.h"

namespace reprise::cpu {

// --- operations
// --------------------------------------------------------------------------------------

// C: Cpu, or Quiet where nothing can look at the flags before another instruction sets them all.
struct Quiet {
  explicit Quiet(Cpu&) {}
  struct {
    template <class T>
    void set_add(T, T, T) const {}
    template <class T>
    void set_sub(T, T, T) const {}
    template <class T>
    void set_logic(T) const {}
    template <class T>
    void set_mixed(T, u64) const {}
  } flags;
};

struct Add {
  template <class T, class C>
  static T apply(C& c, T a, T b) {
    const T r = T(a + b);
    c.flags.template set_add<T>(a, b, r);
    return r;
  }
};
struct Sub {
  template <class T, class C>
  static T apply(C& c, T a, T b) {
    const T r = T(a - b);
    c.flags.template set_sub<T>(a, b, r);
    return r;
  }
};
template <class T>
constexpr T sign_bit = T(T(1) << (8 * sizeof(T) - 1));

// Of a sum, in the form of Flags::set_mixed: where bits 4 carried, and where the sign is wrong.
template <class T>
u64 sum_af_of(T a, T b, T r) {
  return ((a ^ b ^ r) & Flags::kMixedAf) | (sext(T((a ^ r) & (b ^ r))) & Flags::kMixedOf);
}
template <class T>
u64 difference_af_of(T a, T b, T r) {
  return ((a ^ b ^ r) & Flags::kMixedAf) | (sext(T((a ^ b) & (a ^ r))) & Flags::kMixedOf);
}

struct Adc {
  template <class T>
  static T apply(Cpu& c, T a, T b) {
    T sum, r;
    const bool first = __builtin_add_overflow(a, b, &sum);
    const bool cf = first | __builtin_add_overflow(sum, T(c.flags.cf()), &r);
    c.flags.set_mixed<T>(r, cf | sum_af_of<T>(a, b, r));
    return r;
  }
};
struct Sbb {
  template <class T>
  static T apply(Cpu& c, T a, T b) {
    T difference, r;
    const bool first = __builtin_sub_overflow(a, b, &difference);
    const bool cf = first | __builtin_sub_overflow(difference, T(c.flags.cf()), &r);
    c.flags.set_mixed<T>(r, cf | difference_af_of<T>(a, b, r));
    return r;
  }
};
struct And {
  template <class T, class C>
  static T apply(C& c, T a, T b) {
    const T r = a & b;
    c.flags.template set_logic<T>(r);
    return r;
  }
};
struct Or {
  template <class T, class C>
  static T apply(C& c, T a, T b) {
    const T r = a | b;
    c.flags.template set_logic<T>(r);
    return r;
  }
};
struct Xor {
  template <class T, class C>
  static T apply(C& c, T a, T b) {
    const T r = a ^ b;
    c.flags.template set_logic<T>(r);
    return r;
  }
};
struct Inc {
  template <class T>
  static T apply(Cpu& c, T a) {
    const T r = T(a + 1);
    c.flags.set_mixed<T>(r, c.flags.cf() | sum_af_of<T>(a, 1, r));
    return r;
  }
};
struct Dec {
  template <class T>
  static T apply(Cpu& c, T a) {
    const T r = T(a - 1);
    c.flags.set_mixed<T>(r, c.flags.cf() | difference_af_of<T>(a, 1, r));
    return r;
  }
};
struct Neg {
  template <class T>
  static T apply(Cpu& c, T a) {
    return Sub::apply<T>(c, 0, a);
  }
};
struct Not {
  template <class T>
  static T apply(Cpu&, T a) {
    return T(~a);
  }
};

// --- forms
// --------------------------------------------------------------------------------------------

template <class A>
struct EG {  // op E, G
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_MODIFY(T);
    const auto e = P::template modify<T>(c, op);
    e.put(A::template apply<T>(c, e.get(), c.reg<T>(op->reg)));
    NEXT;
  }
};
template <class A>
struct GE {  // op G, E
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    const T b = P::template read<T>(c, op);
    c.set_reg<T>(op->reg, A::template apply<T>(c, c.reg<T>(op->reg), b));
    NEXT;
  }
};
template <class A>
struct EI {  // op E, immediate
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_MODIFY(T);
    const auto e = P::template modify<T>(c, op);
    e.put(A::template apply<T>(c, e.get(), T(i64(op->imm))));
    NEXT;
  }
};
template <class A>
struct E1 {  // op E
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_MODIFY(T);
    const auto e = P::template modify<T>(c, op);
    e.put(A::template apply<T>(c, e.get()));
    NEXT;
  }
};
// CMP and TEST: no result.
template <class A>
struct CompareEG {
  template <class T, class P>
  static void compare(Cpu& c, const Op* op) {
    A::template apply<T>(c, P::template read<T>(c, op), c.reg<T>(op->reg));
  }
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    compare<T, P>(c, op);
    NEXT;
  }
};
template <class A>
struct CompareGE {
  template <class T, class P>
  static void compare(Cpu& c, const Op* op) {
    const T b = P::template read<T>(c, op);
    A::template apply<T>(c, c.reg<T>(op->reg), b);
  }
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    compare<T, P>(c, op);
    NEXT;
  }
};
template <class A>
struct CompareEI {
  template <class T, class P>
  static void compare(Cpu& c, const Op* op) {
    A::template apply<T>(c, P::template read<T>(c, op), T(i64(op->imm)));
  }
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    compare<T, P>(c, op);
    NEXT;
  }
};

// --- moves
// -----------------------------------------------------------------------------------------------

struct MovEG {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_WRITE(T, T);
    P::template write<T>(c, op, c.reg<T>(op->reg));
    NEXT;
  }
};
struct MovGE {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    c.set_reg<T>(op->reg, P::template read<T>(c, op));
    NEXT;
  }
};
struct MovEI {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_WRITE(T, T);
    P::template write<T>(c, op, T(i64(op->imm)));
    NEXT;
  }
};
struct MovZI {  // MOV r, imm of full width
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    c.set_reg<T>(op->rm, T(op->imm64()));
    NEXT;
  }
};
struct Lea {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    c.set_reg<T>(op->reg, T(P::kFlat ? flat_address(c, op) : effective_offset(c, op)));
    NEXT;
  }
};
template <class Source, bool Signed>
struct MovExtend {  // MOVZX, MOVSX, MOVSXD (which with 66h reads 16 bits)
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    using S = std::conditional_t<(sizeof(T) < sizeof(Source)), T, Source>;
    FAST_READ(T, S);
    const S value = P::template read<S>(c, op);
    c.set_reg<T>(op->reg, Signed ? T(i64(std::make_signed_t<S>(value))) : T(value));
    NEXT;
  }
};
struct Xchg {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const auto e = P::template modify<T>(c, op);
    const T old = e.get();
    e.put(c.reg<T>(op->reg));
    c.set_reg<T>(op->reg, old);
    NEXT;
  }
};
struct XchgAcc {  // XCHG rAX, r; with rAX itself it is NOP and keeps the upper half
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    if (op->rm == RAX * 8) NEXT;
    const T old = c.reg<T>(op->rm);
    c.set_reg<T>(op->rm, c.reg<T>(RAX * 8));
    c.set_reg<T>(RAX * 8, old);
    NEXT;
  }
};
struct Setcc {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_WRITE(T, u8);
    P::template write<u8>(c, op, c.flags.test(op->arg));
    NEXT;
  }
};
struct Cmovcc {  // reads memory whatever the condition; a 32-bit one clears the upper half always
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    const T value = P::template read<T>(c, op);
    c.set_reg<T>(op->reg, c.flags.test(op->arg) ? value : c.reg<T>(op->reg));
    NEXT;
  }
};
struct Xadd {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const auto e = P::template modify<T>(c, op);
    const T old = e.get();
    const T sum = Add::apply<T>(c, old, c.reg<T>(op->reg));
    c.set_reg<T>(op->reg, old);
    e.put(sum);
    NEXT;
  }
};
struct Cmpxchg {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const auto e = P::template modify<T>(c, op);
    const T old = e.get(), acc = c.reg<T>(RAX * 8);
    Sub::apply<T>(c, acc, old);
    if (acc == old) {
      e.put(c.reg<T>(op->reg));
    } else {
      if (P::kMemory) e.put(old);  // the bus cycle always writes; a register stays as it is
      c.set_reg<T>(RAX * 8, old);
    }
    NEXT;
  }
};

}  // namespace reprise::cpu
