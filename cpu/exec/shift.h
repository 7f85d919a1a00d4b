// Shifts, rotates, double shifts, multiplication, and bit operations.
//
// Undefined flags follow one documented choice: AF is cleared by shifts; OF of a multi-bit shift is
// computed as for the last single-bit step; counts of 0 change nothing.
#pragma once

#include "cpu/exec/alu.h"

namespace reprise::cpu {

template <class T>
inline constexpr unsigned kBits = 8 * sizeof(T);
template <class T>
inline constexpr u8 kCountMask = sizeof(T) == 8 ? 63 : 31;

// A shift by n is one by n - 1 and then one by 1, of which the flags are.
struct Shl {
  template <class T, class C>
  static T apply(C& c, T a, u8 n) {
    const T before = sizeof(T) >= 4 || n <= kBits<T> ? T(a << (n - 1)) : T(0);
    const T r = T(before << 1);
    c.flags.template set_mixed<T>(r, sext(before) >> 63 | (sext(T(before ^ r)) & Flags::kMixedOf));
    return r;
  }
};
struct Shr {
  template <class T, class C>
  static T apply(C& c, T a, u8 n) {
    const T before = sizeof(T) >= 4 || n <= kBits<T> ? T(a >> (n - 1)) : T(0);
    const T r = before >> 1;
    c.flags.template set_mixed<T>(r, sext(before) & (Flags::kMixedOf | Flags::kMixedCf));
    return r;
  }
};
struct Sar {
  template <class T, class C>
  static T apply(C& c, T a, u8 n) {
    using S = std::make_signed_t<T>;
    const S before = S(S(a) >> (sizeof(T) >= 4 || n <= kBits<T> ? n - 1 : kBits<T> - 1));
    const T r = T(before >> 1);
    c.flags.template set_mixed<T>(r, before & 1);
    return r;
  }
};
// Rotates change CF and OF only.
template <class T>
void rotate_flags(Cpu& c, bool cf, bool of) {
  c.flags.change(CF | OF, (cf ? CF : 0) | (of ? OF : 0));
}
struct Rol {
  template <class T>
  static T apply(Cpu& c, T a, u8 n) {
    const T r = std::rotl(a, n % kBits<T>);
    rotate_flags<T>(c, r & 1, bool(r & sign_bit<T>) != bool(r & 1));
    return r;
  }
};
struct Ror {
  template <class T>
  static T apply(Cpu& c, T a, u8 n) {
    const T r = std::rotr(a, n % kBits<T>);
    rotate_flags<T>(c, r & sign_bit<T>, bool(r & sign_bit<T>) != bool(r & (sign_bit<T> >> 1)));
    return r;
  }
};
struct Rcl {
  template <class T>
  static T apply(Cpu& c, T a, u8 n) {
    n %= kBits<T> + 1;
    bool cf = c.flags.cf();
    for (; n; --n) {
      const bool out = a & sign_bit<T>;
      a = T(a << 1 | cf);
      cf = out;
    }
    rotate_flags<T>(c, cf, bool(a & sign_bit<T>) != cf);
    return a;
  }
};
struct Rcr {
  template <class T>
  static T apply(Cpu& c, T a, u8 n) {
    n %= kBits<T> + 1;
    bool cf = c.flags.cf();
    for (; n; --n) {
      const bool out = a & 1;
      a = T(a >> 1 | (cf ? sign_bit<T> : T(0)));
      cf = out;
    }
    rotate_flags<T>(c, cf, bool(a & sign_bit<T>) != bool(a & (sign_bit<T> >> 1)));
    return a;
  }
};

enum class Count { kOne, kImm, kCl };
template <class A, Count C>
struct ShiftE {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_MODIFY(T);
    const auto e = P::template modify<T>(c, op);
    const u8 n =
        C == Count::kOne ? 1 : (C == Count::kImm ? u8(op->imm) : u8(c.r[RCX])) & kCountMask<T>;
    if (n)
      e.put(A::template apply<T>(c, e.get(), n));
    else
      e.put(e.get());
    NEXT;
  }
};

// SHLD, SHRD. A 16-bit shift by more than 16 is undefined: as if the operands were concatenated
// again (r:d:r), which is what processors do.
template <class T>
T double_shift_left(Cpu& c, T d, T s, u8 n) {
  if constexpr (sizeof(T) == 1) return d;
  if (n > kBits<T>) {
    const T old = d;
    d = s, s = old, n = u8(n - kBits<T>);
  }
  const T r = n == kBits<T> ? s : T(d << n | s >> (kBits<T> - n));
  const bool cf = d >> (kBits<T> - n) & 1;
  c.flags.set_mixed<T>(r, u64(cf) | (sext(T(r ^ d)) & Flags::kMixedOf));
  return r;
}
template <class T>
T double_shift_right(Cpu& c, T d, T s, u8 n) {
  if constexpr (sizeof(T) == 1) return d;
  if (n > kBits<T>) {
    const T old = d;
    d = s, s = old, n = u8(n - kBits<T>);
  }
  const T r = n == kBits<T> ? s : T(d >> n | s << (kBits<T> - n));
  const bool cf = d >> (n - 1) & 1;
  c.flags.set_mixed<T>(r, u64(cf) | (sext(T(r ^ d)) & Flags::kMixedOf));
  return r;
}
template <bool Left, Count C>
struct DoubleShift {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const auto e = P::template modify<T>(c, op);
    const u8 n = (C == Count::kImm ? u8(op->imm) : u8(c.r[RCX])) & kCountMask<T>;
    const T s = c.reg<T>(op->reg);
    if (n)
      e.put(Left ? double_shift_left<T>(c, e.get(), s, n)
                 : double_shift_right<T>(c, e.get(), s, n));
    else
      e.put(e.get());
    NEXT;
  }
};

// IMUL G, E and G, E, I. AF is cleared; SF, ZF and PF follow the low half.
struct Imul {
  template <class T, class C>
  static T apply(C& c, T a, T b) {
    using S = std::make_signed_t<T>;
    S r;
    const bool overflow = __builtin_mul_overflow(S(a), S(b), &r);
    c.flags.template set_mixed<T>(T(r), overflow ? Flags::kMixedCf | Flags::kMixedOf : 0);
    return T(r);
  }
};
struct ImulGE {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    const T b = P::template read<T>(c, op);
    c.set_reg<T>(op->reg, Imul::apply<T>(c, c.reg<T>(op->reg), b));
    NEXT;
  }
};
struct ImulGEI {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    const T b = P::template read<T>(c, op);
    c.set_reg<T>(op->reg, Imul::apply<T>(c, b, T(i64(op->imm))));
    NEXT;
  }
};

// Twice as wide as T.
template <class T>
struct Wide;
template <>
struct Wide<u8> {
  using U = u16;
  using S = i16;
};
template <>
struct Wide<u16> {
  using U = u32;
  using S = i32;
};
template <>
struct Wide<u32> {
  using U = u64;
  using S = i64;
};
template <>
struct Wide<u64> {
  using U = u128;
  using S = __int128;
};
// AX, DX:AX, EDX:EAX, RDX:RAX.
template <class T>
inline void set_halves(Cpu& c, T low, T high) {
  if constexpr (sizeof(T) == 1) {
    c.reg<u16>(RAX * 8) = u16(low | high << 8);
  } else {
    c.set_reg<T>(RAX * 8, low);
    c.set_reg<T>(RDX * 8, high);
  }
}
// MUL and IMUL E: the product there; flags as above.
template <bool Signed>
struct MulE {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    using U = std::conditional_t<Signed, std::make_signed_t<T>, T>;
    using W = std::conditional_t<Signed, typename Wide<T>::S, typename Wide<T>::U>;
    FAST_READ(T, T);
    const W product = W(W(U(P::template read<T>(c, op))) * W(U(c.reg<T>(RAX * 8))));
    const T low = T(product), high = T(product >> kBits<T>);
    set_halves<T>(c, low, high);
    const bool fits = product == W(U(low));
    c.flags.set_mixed<T>(low, fits ? 0 : Flags::kMixedCf | Flags::kMixedOf);
    NEXT;
  }
};

// --- bits
// -----------------------------------------------------------------------------------------------

enum class BitOp { kTest, kSet, kReset, kComplement };
template <BitOp B, class T>
T bit_apply(Cpu& c, T value, unsigned bit) {
  c.flags.change(CF, value >> bit & 1 ? CF : 0);
  const T mask = T(T(1) << bit);
  switch (B) {
    case BitOp::kSet:
      return value | mask;
    case BitOp::kReset:
      return T(value & ~mask);
    case BitOp::kComplement:
      return value ^ mask;
    default:
      return value;
  }
}
template <BitOp B>
struct BitI {  // BT.. E, imm8
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const unsigned bit = u8(op->imm) % kBits<T>;
    if constexpr (B == BitOp::kTest) {
      bit_apply<B, T>(c, P::template read<T>(c, op), bit);
    } else {
      const auto e = P::template modify<T>(c, op);
      e.put(bit_apply<B, T>(c, e.get(), bit));
    }
    NEXT;
  }
};
template <BitOp B>
struct BitG {  // BT.. E, G: in memory the bit offset moves the address
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    using S = std::make_signed_t<T>;
    const T index = c.reg<T>(op->reg);
    const unsigned bit = index % kBits<T>;
    if constexpr (!P::kMemory) {
      const T r = bit_apply<B, T>(c, c.reg<T>(op->rm), bit);
      if (B != BitOp::kTest) c.set_reg<T>(op->rm, r);
    } else {
      const i64 moved = i64(S(index)) >> (sizeof(T) == 8 ? 6 : sizeof(T) == 4 ? 5 : 4);
      const u64 offset = effective_offset(c, op) + u64(moved) * sizeof(T);
      const u64 linear = linear_at<T>(c, op, offset, B != BitOp::kTest);
      const T value =
          B == BitOp::kTest ? load<T>(c, op, linear, op->seg) : load_for_write<T>(c, op, linear);
      const T r = bit_apply<B, T>(c, value, bit);
      if (B != BitOp::kTest) store<T>(c, op, linear, r, op->seg);
    }
    NEXT;
  }
};
template <bool Forward>
struct BitScan {  // the destination keeps its value if the source is 0
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    const T value = P::template read<T>(c, op);
    if (value) {
      const unsigned bit = Forward ? unsigned(std::countr_zero(value))
                                   : kBits<T> - 1 - unsigned(std::countl_zero(value));
      c.set_reg<T>(op->reg, T(bit));
    }
    c.flags.change(ZF, value ? 0 : ZF);
    NEXT;
  }
};

}  // namespace reprise::cpu
