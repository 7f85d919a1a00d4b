// The integer path of SSE arithmetic: every operand, rounding mode, mask, FTZ and DAZ.
#include "cpu/fpu/sse.h"

namespace reprise::cpu::fpu {

template <class Bits>
Operand Sse::decode(Bits bits) const {
  using F = Ieee<Bits>;
  const bool negative = bits & F::kSign;
  const Bits exponent = F::exponent(bits);
  const u64 fraction = u64(bits & F::kFractionMask) << (63 - F::kFraction);
  if (exponent == F::kMaxExponent) {
    if (fraction == 0) return {Kind::infinity, negative, false, 0, kTop};
    return {bits & F::kQuiet ? Kind::quiet : Kind::signalling, negative, false, 0, kTop | fraction};
  }
  const i32 bias = F::kFormat.max_exponent;
  if (exponent) return {Kind::finite, negative, false, i32(exponent) - bias, kTop | fraction};
  if (fraction == 0 || (mxcsr_ & kMxcsrDaz)) return {Kind::zero, negative, false, 0, 0};
  const int shift = std::countl_zero(fraction);
  return {Kind::finite, negative, true, 1 - bias - shift, fraction << shift};
}

template <class Bits>
Bits Sse::finish(const Exact& value) {
  using F = Ieee<Bits>;
  const Rounded result = fpu::round(value, F::kFormat, rounding(), unmasked(), mxcsr_ & kMxcsrFtz);
  raise(result.flags);
  const Bits sign = result.negative ? F::kSign : 0;
  if (result.kind == Kind::infinity) return sign | F::kInfinity;
  const Bits fraction = Bits((result.significand & ~kTop) >> (63 - F::kFraction));
  if (!(result.significand & kTop)) return sign | fraction;
  const Bits exponent = Bits(result.exponent + F::kFormat.max_exponent);
  return sign | (exponent & F::kMaxExponent) << F::kFraction | fraction;
}

template <class Bits>
Bits Sse::propagate(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (F::is_signalling(left) || F::is_signalling(right)) raise(kInvalid);
  return (F::is_nan(left) ? left : right) | F::kQuiet;
}

template <class Bits>
void Sse::check_denormals(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (!(mxcsr_ & kMxcsrDaz) && (F::is_denormal(left) || F::is_denormal(right))) raise(kDenormal);
}

template <class Bits>
Bits Sse::slow_add(Bits left, Bits right, bool subtract) {
  using F = Ieee<Bits>;
  if (F::is_nan(left) || F::is_nan(right)) return propagate(left, right);
  if (subtract) right ^= F::kSign;
  const Operand a = decode(left), b = decode(right);
  if (a.is_infinity() && b.is_infinity() && left != right) return invalid<Bits>();
  check_denormals(left, right);
  if (a.is_infinity()) return left;
  if (b.is_infinity()) return right;
  return finish<Bits>(sum(a, b, rounding()));
}

template <class Bits>
Bits Sse::slow_multiply(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (F::is_nan(left) || F::is_nan(right)) return propagate(left, right);
  const Operand a = decode(left), b = decode(right);
  const Bits sign = (left ^ right) & F::kSign;
  if ((a.is_infinity() && b.is_zero()) || (a.is_zero() && b.is_infinity())) return invalid<Bits>();
  check_denormals(left, right);
  if (a.is_infinity() || b.is_infinity()) return sign | F::kInfinity;
  if (a.is_zero() || b.is_zero()) return sign;
  return finish<Bits>(product(a, b));
}

// NaNs: of the factors, in order, then the addend. Infinity times zero is invalid unless that.
template <class Bits>
Bits Sse::slow_multiply_add(Bits left, Bits right, Bits addend, bool negate_product,
                            bool negate_addend) {
  using F = Ieee<Bits>;
  const auto nan = [](Bits bits) { return F::is_nan(bits); };
  if (nan(left) || nan(right) || nan(addend)) {
    if (F::is_signalling(left) || F::is_signalling(right) || F::is_signalling(addend))
      raise(kInvalid);
    return (nan(left) ? left : nan(right) ? right : addend) | F::kQuiet;
  }
  if (negate_product) left ^= F::kSign;
  if (negate_addend) addend ^= F::kSign;
  const Operand a = decode(left), b = decode(right), c = decode(addend);
  const Bits sign = (left ^ right) & F::kSign;
  if ((a.is_infinity() && b.is_zero()) || (a.is_zero() && b.is_infinity())) return invalid<Bits>();
  const bool infinite = a.is_infinity() || b.is_infinity();
  if (infinite && c.is_infinity() && sign != (addend & F::kSign)) return invalid<Bits>();
  check_denormals(left, right);
  check_denormals(addend, addend);
  if (infinite) return sign | F::kInfinity;
  if (c.is_infinity()) return addend;
  const Exact exact = a.is_zero() || b.is_zero() ? Exact{sign != 0, 0, 0} : product(a, b);
  return finish<Bits>(sum(exact, exact_of(c), rounding()));
}

// Half precision has denormals whatever MXCSR says (SDM volume 1, 14.4).
u32 Sse::from_half(u16 value) {
  const u32 sign = u32(value & 0x8000) << 16, exponent = value >> 10 & 31, fraction = value & 0x3FF;
  if (exponent == 31) {
    if (fraction && !(fraction & 0x200)) raise(kInvalid);
    return sign | 0x7F800000 | fraction << 13 | (fraction ? 0x400000 : 0);
  }
  if (exponent) return sign | (exponent + 112) << 23 | fraction << 13;
  if (!fraction) return sign;
  const int shift = std::countl_zero(fraction) - 21;  // the highest bit to bit 10
  return sign | u32(113 - shift) << 23 | (fraction << shift & 0x3FF) << 13;
}

u16 Sse::to_half(u32 value, unsigned control) {
  const Operand a = decode(value);
  const u16 sign = a.negative ? 0x8000 : 0;
  if (a.is_nan()) {
    if (a.kind == Kind::signalling) raise(kInvalid);
    return u16(sign | 0x7E00 | (a.significand & ~kTop) >> 53);
  }
  if (a.is_infinity()) return sign | 0x7C00;
  check_denormals(value, value);
  const Rounding mode = control & 4 ? rounding() : Rounding(control & 3);
  const Rounded result = fpu::round(exact_of(a), kHalf, mode, unmasked());
  raise(result.flags);
  // A denormal is never exact, also where the underflow is not masked (as seen on Intel's
  // processors).
  if (a.denormal) raise(kPrecision);
  if (result.kind == Kind::infinity) return sign | 0x7C00;
  const u16 fraction = u16((result.significand & ~kTop) >> 53);
  if (!(result.significand & kTop)) return sign | fraction;
  return u16(sign | (result.exponent + kHalf.max_exponent) << 10 | fraction);
}

template <class Bits>
Bits Sse::slow_divide(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (F::is_nan(left) || F::is_nan(right)) return propagate(left, right);
  const Operand a = decode(left), b = decode(right);
  const Bits sign = (left ^ right) & F::kSign;
  if ((a.is_infinity() && b.is_infinity()) || (a.is_zero() && b.is_zero())) return invalid<Bits>();
  if (b.is_zero() && a.is_finite())
    raise(kZeroDivide);  // hides a denormal dividend
  else
    check_denormals(left, right);
  if (a.is_infinity() || b.is_zero()) return sign | F::kInfinity;
  if (a.is_zero() || b.is_infinity()) return sign;
  return finish<Bits>(quotient(a, b));
}

template <class Bits>
Bits Sse::slow_square_root(Bits value) {
  using F = Ieee<Bits>;
  if (F::is_nan(value)) return propagate(value, value);
  const Operand a = decode(value);
  if (a.is_zero()) return value & F::kSign;
  if (a.negative) return invalid<Bits>();
  check_denormals(value, value);
  if (a.is_infinity()) return value;
  return finish<Bits>(fpu::square_root(a));
}

template <class Bits>
Bits Sse::square_root(Bits value) {
  using F = Ieee<Bits>;
  using Host = typename F::Host;
  if (fast_ && precision_set() && F::is_normal(value) && !(value & F::kSign)) {
    if constexpr (F::kIsSingle)
      return std::bit_cast<Bits>(__builtin_sqrtf(std::bit_cast<Host>(value)));
    else
      return std::bit_cast<Bits>(__builtin_sqrt(std::bit_cast<Host>(value)));
  }
  return slow_square_root(value);
}

template <class Bits>
Relation Sse::slow_compare(Bits left, Bits right, bool quiet) {
  using F = Ieee<Bits>;
  if (F::is_nan(left) || F::is_nan(right)) {
    if (!quiet || F::is_signalling(left) || F::is_signalling(right)) raise(kInvalid);
    return Relation::unordered;
  }
  check_denormals(left, right);
  const int result = order(decode(left), decode(right));
  return result < 0 ? Relation::less : result > 0 ? Relation::greater : Relation::equal;
}

// MINPS and MAXPS: with a NaN, or two zeros, the second operand as it is.
template <class Bits>
Bits Sse::slow_select(Bits left, Bits right, bool smaller) {
  using F = Ieee<Bits>;
  const Relation relation = slow_compare(left, right, false);
  const bool first = relation == (smaller ? Relation::less : Relation::greater);
  const Bits chosen = first ? left : right;
  return (mxcsr_ & kMxcsrDaz) && F::is_denormal(chosen) ? chosen & F::kSign : chosen;
}

template <class Bits>
Bits Sse::round(Bits value, unsigned control) {
  using F = Ieee<Bits>;
  if (F::is_nan(value)) return propagate(value, value);
  const Operand a = decode(value);
  if (a.is_zero()) return value & F::kSign;
  if (a.is_infinity() || a.exponent >= F::kFraction) return value;
  const Rounding mode = control & 4 ? rounding() : Rounding(control & 3);
  const RoundedInteger result = fpu::round_to_integer(a, mode);
  if (result.inexact && !(control & 8)) raise(kPrecision);
  return Bits(value & F::kSign) | std::bit_cast<Bits>(typename F::Host(result.magnitude));
}

u64 Sse::slow_widen(u32 value) {
  const Operand a = decode(value);
  if (a.is_nan()) {
    if (a.kind == Kind::signalling) raise(kInvalid);
    return u64(a.negative) << 63 | Ieee<u64>::kInfinity | Ieee<u64>::kQuiet |
           (a.significand & ~kTop) >> 11;
  }
  if (a.is_infinity()) return u64(a.negative) << 63 | Ieee<u64>::kInfinity;
  check_denormals(value, value);
  return finish<u64>(exact_of(a));
}

u32 Sse::slow_narrow(u64 value) {
  const Operand a = decode(value);
  if (a.is_nan()) {
    if (a.kind == Kind::signalling) raise(kInvalid);
    return u32(a.negative) << 31 | Ieee<u32>::kInfinity | Ieee<u32>::kQuiet |
           u32((a.significand & ~kTop) >> 40);
  }
  if (a.is_infinity()) return u32(a.negative) << 31 | Ieee<u32>::kInfinity;
  check_denormals(value, value);
  return finish<u32>(exact_of(a));
}

template <class Bits>
Bits Sse::slow_from_integer(i64 value) {
  const u64 magnitude = value < 0 ? ~u64(value) + 1 : u64(value);
  return finish<Bits>(normalized(value < 0, 127, magnitude));
}

// Denormal operands are not reported by these conversions.
template <class Bits>
i64 Sse::slow_to_integer(Bits value, Rounding rounding, unsigned width) {
  const Operand a = decode(value);
  const u64 limit = u64(1) << (width - 1);
  RoundedInteger result;
  if (a.kind < Kind::infinity) result = fpu::round_to_integer(a, rounding);
  if (a.kind >= Kind::infinity || result.overflow || result.magnitude > limit - !a.negative) {
    raise(kInvalid);
    return i64(~u64(0) << (width - 1));
  }
  if (result.inexact) raise(kPrecision);
  return i64(a.negative ? ~result.magnitude + 1 : result.magnitude);
}

#define REPRISE_SSE_ELEMENT(Bits)                                     \
  template Bits Sse::square_root(Bits);                               \
  template Bits Sse::round(Bits, unsigned);                           \
  template Bits Sse::slow_add(Bits, Bits, bool);                      \
  template Bits Sse::slow_multiply(Bits, Bits);                       \
  template Bits Sse::slow_divide(Bits, Bits);                         \
  template Bits Sse::slow_multiply_add(Bits, Bits, Bits, bool, bool); \
  template Bits Sse::slow_square_root(Bits);                          \
  template Relation Sse::slow_compare(Bits, Bits, bool);              \
  template Bits Sse::slow_select(Bits, Bits, bool);                   \
  template Bits Sse::slow_from_integer<Bits>(i64);                    \
  template i64 Sse::slow_to_integer(Bits, Rounding, unsigned);
REPRISE_SSE_ELEMENT(u32)
REPRISE_SSE_ELEMENT(u64)
#undef REPRISE_SSE_ELEMENT

}  // namespace reprise::cpu::fpu
