#include "cpu/fpu/exact.h"

#include <utility>

namespace reprise::cpu::fpu {

Exact normalized(bool negative, i32 exponent, u128 significand) {
  if (significand == 0) return {negative, 0, 0};
  const int shift = leading_zeros(significand);
  return {negative, exponent - shift, significand << shift};
}

Exact exact_of(const Operand& value) {
  return {value.negative, value.exponent, u128(value.is_finite() ? value.significand : 0) << 64};
}

Exact sum(const Operand& left, const Operand& right, Rounding rounding) {
  return sum(exact_of(left), exact_of(right), rounding);
}

Exact sum(const Exact& left, const Exact& right, Rounding rounding) {
  if (left.significand == 0 && right.significand == 0) {
    const bool mixed = left.negative != right.negative;
    return {mixed ? rounding == Rounding::down : left.negative, 0, 0};
  }
  if (left.significand == 0) return right;
  if (right.significand == 0) return left;
  const Exact *big = &left, *small = &right;
  if (big->exponent < small->exponent ||
      (big->exponent == small->exponent && big->significand < small->significand))
    std::swap(big, small);
  // One bit of headroom: bit 126 is the integer bit of the larger operand.
  const u128 a = shift_right_sticky(big->significand, 1);
  const u128 b =
      shift_right_sticky(small->significand, u32(big->exponent) - u32(small->exponent) + 1);
  if (left.negative == right.negative) return normalized(left.negative, big->exponent + 1, a + b);
  if (a == b) return {rounding == Rounding::down, 0, 0};
  return normalized(big->negative, big->exponent + 1, a - b);
}

Exact product(const Operand& left, const Operand& right) {
  return normalized(left.negative != right.negative, left.exponent + right.exponent + 1,
                    u128(left.significand) * right.significand);
}

Exact quotient(const Operand& left, const Operand& right) {
  const bool negative = left.negative != right.negative;
  // Two steps of long division give 63 + 64 bits of quotient, then a sticky bit.
  const u128 divisor = right.significand;
  const u128 first = u128(left.significand) << 63;
  const u128 high = first / divisor;
  const u128 second = (first - high * divisor) << 64;
  const u128 low = second / divisor;
  const bool rest = second != low * divisor;
  // high has bit 63 or 62 set: the value is (high.low) x 2^(difference of exponents - 63 - 64).
  return normalized(negative, left.exponent - right.exponent, (high << 64 | low) | rest);
}

namespace {

// floor of the root of a radicand of 127 or 128 bits. The host's square root is only where the
// search begins: the integer found is the same from any beginning.
u64 integer_root(u128 radicand) {
  const double seed = __builtin_sqrt(double(u64(radicand >> 64))) * 0x1p32;
  u128 root = seed >= 0x1p64 ? ~u64(0) : u64(seed);
  root = (root + radicand / root) / 2;
  if (root > ~u64(0)) root = ~u64(0);
  while (root * root > radicand) --root;
  while (root < ~u64(0) && (root + 1) * (root + 1) <= radicand) ++root;
  return u64(root);
}

}  // namespace

Exact square_root(const Operand& value) {
  if (value.is_zero()) return {value.negative, 0, 0};
  // The radicand as an integer with an even exponent; its root has 64 bits.
  const bool odd = value.exponent & 1;
  const u128 radicand = u128(value.significand) << (odd ? 64 : 63);
  u128 root = integer_root(radicand);
  u128 rest = radicand - root * root;
  // Two guard bits, digit by digit; then a sticky bit is enough to round.
  for (int step = 0; step < 2; ++step) {
    rest <<= 2;
    const u128 trial = root << 2 | 1;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1;
    }
  }
  return normalized(false, (value.exponent - odd) / 2, root << 62 | (rest != 0));
}

int order(const Operand& left, const Operand& right) {
  if (left.is_zero() && right.is_zero()) return 0;
  const auto sign = [](const Operand& x) { return x.is_zero() ? 0 : x.negative ? -1 : 1; };
  if (sign(left) != sign(right)) return sign(left) < sign(right) ? -1 : 1;
  int magnitude = 0;
  if (left.is_infinity() || right.is_infinity()) {
    magnitude = int(left.is_infinity()) - int(right.is_infinity());
  } else {
    const std::pair a(left.exponent, left.significand), b(right.exponent, right.significand);
    magnitude = a < b ? -1 : a > b ? 1 : 0;
  }
  return left.negative ? -magnitude : magnitude;
}

namespace {

struct Kept {
  u64 significand = 0;  // left-aligned at bit 63
  bool carry = false;   // rounded up to the next power of two; the significand is then 0
  bool inexact = false;
  bool up = false;
};

Kept keep(u128 value, int precision, Rounding rounding, bool negative) {
  const int dropped = 128 - precision;
  const u128 rest = value << precision;  // the dropped bits, left-aligned
  u64 kept = u64(value >> 64) & (~u64(0) << (dropped - 64));
  if (rest == 0) return {kept, false, false, false};
  const u64 unit = u64(1) << (dropped - 64);
  const bool half = bool(rest >> 127), more = (rest << 1) != 0;
  const bool up = rounds_up(rounding, negative, kept & unit, half, more);
  if (up) kept += unit;
  return {kept, up && kept == 0, true, up};
}

Rounded overflowed(const Kept& kept, i32 exponent, const Exact& value, const Format& format,
                   Rounding rounding, u8 unmasked) {
  const u8 inexact = kept.inexact ? kPrecision : 0;
  if (unmasked & kOverflow) {
    if (format.wrap && exponent - format.wrap > format.max_exponent)  // FSCALE only
      return {Kind::infinity, value.negative, true, kOverflow | kPrecision, 0, 0};
    return {Kind::finite,           value.negative,  kept.up, u8(kOverflow | inexact),
            exponent - format.wrap, kept.significand};
  }
  const bool to_infinity =
      rounding == Rounding::nearest || rounding == (value.negative ? Rounding::down : Rounding::up);
  const u64 largest = ~u64(0) << (64 - format.precision);
  return {to_infinity ? Kind::infinity : Kind::finite,
          value.negative,
          to_infinity,
          u8(kOverflow | kPrecision),
          format.max_exponent,
          largest};
}

}  // namespace

Rounded round(const Exact& value, const Format& format, Rounding rounding, u8 unmasked,
              bool flush) {
  if (value.significand == 0) return {Kind::zero, value.negative, false, 0, 0, 0};
  Kept kept = keep(value.significand, format.precision, rounding, value.negative);
  i32 exponent = value.exponent;
  if (kept.carry) {
    kept.significand = kTop;
    ++exponent;
  }
  if (exponent > format.max_exponent)
    return overflowed(kept, exponent, value, format, rounding, unmasked);
  u8 flags = kept.inexact ? kPrecision : 0;
  if (exponent >= format.min_exponent)
    return {Kind::finite, value.negative, kept.up, flags, exponent, kept.significand};

  // Tiny.
  if (unmasked & kUnderflow) {
    if (format.wrap && exponent + format.wrap < format.min_exponent)  // FSCALE only
      return {Kind::zero, value.negative, false, kUnderflow | kPrecision, 0, 0};
    return {Kind::finite,           value.negative,         kept.up,
            u8(flags | kUnderflow), exponent + format.wrap, kept.significand};
  }
  if (flush) return {Kind::zero, value.negative, false, kUnderflow | kPrecision, 0, 0};
  const u128 shifted =
      shift_right_sticky(value.significand, u32(format.min_exponent) - u32(value.exponent));
  kept = keep(shifted, format.precision, rounding, value.negative);
  flags = kept.inexact ? kUnderflow | kPrecision : 0;
  return {kept.significand ? Kind::finite : Kind::zero,
          value.negative,
          kept.up,
          flags,
          format.min_exponent,
          kept.significand};
}

RoundedInteger round_to_integer(const Operand& value, Rounding rounding) {
  if (value.is_zero()) return {};
  if (value.exponent >= 64) return {~u64(0), false, false, true};
  // 64 bits of integer, 64 bits of fraction.
  const u128 fixed = shift_right_sticky(u128(value.significand) << 64, u32(63 - value.exponent));
  const u64 whole = u64(fixed >> 64), fraction = u64(fixed);
  const bool up =
      rounds_up(rounding, value.negative, whole & 1, fraction >> 63, (fraction << 1) != 0);
  if (up && whole == ~u64(0)) return {~u64(0), true, true, true};
  return {whole + up, fraction != 0, up, false};
}

}  // namespace reprise::cpu::fpu
