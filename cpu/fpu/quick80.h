// The usual case of x87 arithmetic, quickly: normal operands, a normal result, all exceptions
// masked, RC to nearest, PC 64 bits. Then no flag but precision can arise, and a few integer
// operations give the result that exact.h's way through 128 bits would give
// (tests/fpu/quick80_test.cc holds one against the other). What is not usual is said by `ok` being
// false, and everybody goes the long way.
//
// Everything is by value and inline: handlers that call it stay without a stack frame.
#pragma once

#include "cpu/fpu/float80.h"

namespace reprise::cpu::fpu {

inline constexpr u16 kUsualControl = 0x033F,
                     kUsualControlMask = 0x0F3F;  // PC, RC and the masks of FCW
inline bool usual(u16 control) { return (control & kUsualControlMask) == kUsualControl; }

struct Quick {
  Float80 value;
  bool ok = false;
  bool inexact = false;
  bool up = false;  // C1
};

inline bool is_normal(Float80 x) { return x.significand >> 63 && u16(x.exponent() - 1) < 0x7FFE; }

// Loads: significand 0 if there is no usual case.
inline Float80 quick_f32(u32 bits) {
  const u32 exponent = bits >> 23 & 0xFF;
  if (exponent - 1 >= 0xFE) return {};
  return {kTop | u64(bits) << 40, u16((bits >> 16 & 0x8000) | (exponent + 16383 - 127))};
}
inline Float80 quick_f64(u64 bits) {
  const u32 exponent = u32(bits >> 52) & 0x7FF;
  if (exponent - 1 >= 0x7FE) return {};
  return {kTop | bits << 11, u16((bits >> 48 & 0x8000) | (exponent + 16383 - 1023))};
}
inline Float80 quick_integer(i64 value) {
  if (value == 0) return {};
  const u64 magnitude = value < 0 ? 0 - u64(value) : u64(value);
  const int shift = std::countl_zero(magnitude);
  return {magnitude << shift, u16((value < 0 ? 0x8000 : 0) | (16383 + 63 - shift))};
}

// `high` has bit 63 set; `low` are the next 64 bits, the last of them sticky.
inline Quick quick_rounded(u16 sign, i32 exponent, u64 high, u64 low) {
  const bool up = low > kTop || (low == kTop && (high & 1));
  high += up;
  if (high == 0) {
    high = kTop;
    ++exponent;
  }
  return {{high, u16(sign | u16(exponent))}, u32(exponent) - 1 < 0x7FFE, low != 0, up};
}

inline Quick quick_multiply(Float80 left, Float80 right) {
  if (!is_normal(left) || !is_normal(right)) return {};
  u128 product = u128(left.significand) * right.significand;
  const bool large = product >> 127;
  product <<= !large;
  const u16 sign = (left.sign_exponent ^ right.sign_exponent) & 0x8000;
  return quick_rounded(sign, left.exponent() + right.exponent() - 16383 + large, u64(product >> 64),
                       u64(product));
}

inline Quick quick_add(Float80 left, Float80 right) {
  if (!is_normal(left) || !is_normal(right)) return {};
  const bool swap = left.exponent() < right.exponent() ||
                    (left.exponent() == right.exponent() && left.significand < right.significand);
  const Float80 big = swap ? right : left, small = swap ? left : right;
  const int distance = big.exponent() - small.exponent();
  if (distance > 63) return {};
  const u16 sign = big.sign_exponent & 0x8000;
  // Bit 126 is the integer bit of the larger; nothing is shifted out.
  const u128 a = u128(big.significand) << 63, b = u128(small.significand) << 63 >> distance;
  const bool differ = (left.sign_exponent ^ right.sign_exponent) & 0x8000;
  const u128 total = differ ? a - b : a + b;
  const u64 high = u64(total >> 64);
  if (high == 0) return {};  // much was cancelled, or all
  const int shift = std::countl_zero(high);
  const u128 aligned = total << shift;
  return quick_rounded(sign, big.exponent() + 1 - shift, u64(aligned >> 64), u64(aligned));
}

inline Float80 negated(Float80 x) { return {x.significand, u16(x.sign_exponent ^ 0x8000)}; }

inline Quick quick_divide(Float80 left, Float80 right) {
  if (!is_normal(left) || !is_normal(right)) return {};
  const u64 divisor = right.significand;
  const bool large = left.significand >= divisor;
  const u128 dividend = u128(left.significand) << (large ? 63 : 64);
  const u64 quotient = u64(dividend / divisor), rest = u64(dividend) - quotient * divisor;
  // The next bits, as far as rounding asks: below half, half, above.
  const u64 low = rest == 0                ? 0
                  : rest > divisor - rest  ? ~u64(0)
                  : rest == divisor - rest ? kTop
                                           : 1;
  const u16 sign = (left.sign_exponent ^ right.sign_exponent) & 0x8000;
  return quick_rounded(sign, left.exponent() - right.exponent() + 16383 - !large, quotient, low);
}

// The host's square root of the upper half is where the search for the integer root begins; the
// integer found is the same from any beginning.
inline Quick quick_square_root(Float80 value) {
  if (!is_normal(value) || value.negative()) return {};
  const bool odd = !(value.exponent() & 1);  // the bias is odd
  const u128 radicand = u128(value.significand) << (odd ? 64 : 63);
  const double seed = __builtin_sqrt(double(u64(radicand >> 64))) * 0x1p32;
  u64 root = seed >= 0x1p64 ? ~u64(0) : u64(seed);
  // One step of Newton from 52 good bits is off by a few units at most; the quotient has 64 bits or
  // one more.
  const u128 mean = (root + radicand / root) / 2;
  root = mean > ~u64(0) ? ~u64(0) : u64(mean);
  while (u128(root) * root > radicand) --root;
  u128 rest = radicand - u128(root) * root;
  while (rest > 2 * u128(root)) {
    rest -= 2 * u128(root) + 1;
    ++root;
  }
  const u64 low = rest == 0 ? 0 : rest > root ? ~u64(0) : 1;  // half is never met
  return quick_rounded(0, (value.exponent() - 16383 - odd) / 2 + 16383, root, low);
}

// By the ModRM reg field: FADD, FMUL, FSUB, FSUBR, FDIV, FDIVR.
template <unsigned Kind>
inline Quick quick_arithmetic(Float80 left, Float80 right) {
  if constexpr (Kind == 0) return quick_add(left, right);
  if constexpr (Kind == 1) return quick_multiply(left, right);
  if constexpr (Kind == 4) return quick_add(left, negated(right));
  if constexpr (Kind == 5) return quick_add(negated(left), right);
  if constexpr (Kind == 6) return quick_divide(left, right);
  if constexpr (Kind == 7) return quick_divide(right, left);
}

// To single or double precision, as bits of that format in `value.significand`.
template <int kFraction, int kFormatBias>
inline Quick quick_store(Float80 value) {
  constexpr int kDropped = 63 - kFraction;
  if (!is_normal(value)) return {};
  const u64 rest = value.significand << (64 - kDropped), unit = u64(1) << kDropped;
  u64 kept = value.significand >> kDropped << kDropped;
  const bool up = rest > kTop || (rest == kTop && (kept & unit));
  kept += up ? unit : 0;
  const i32 exponent = value.exponent() - 16383 + kFormatBias + (kept == 0);
  const u64 fraction = kept << 1 >> (64 - kFraction);
  const u64 sign = u64(value.negative()) << (sizeof(u64) * 8 - 1) >> (kFraction == 23 ? 32 : 0);
  return {{sign | u64(u32(exponent)) << kFraction | fraction, 0},
          u32(exponent) - 1 < u32(2 * kFormatBias),
          rest != 0,
          up};
}

}  // namespace reprise::cpu::fpu
