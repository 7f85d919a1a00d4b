#include "cpu/fpu/series.h"

#include <mpfr.h>

#include <array>
#include <utility>

namespace reprise::cpu::fpu {

namespace {

// Fractions are in units of 2^-128.

u128 high_product(u128 a, u128 b) {  // floor(a x b / 2^128)
  const u64 al = u64(a), ah = u64(a >> 64), bl = u64(b), bh = u64(b >> 64);
  const u128 middle = u128(al) * bh, other = u128(ah) * bl;
  const u128 carry = u128(u64(middle)) + u64(other) + u64(u128(al) * bl >> 64);
  return u128(ah) * bh + (middle >> 64) + (other >> 64) + (carry >> 64);
}

// floor(a / b x 2^128) for a < b, bit 127 of b set: Knuth's algorithm D with digits of 64 bits.
u128 quotient_fraction(u128 a, u128 b) {
  const u64 top = u64(b >> 64), bottom = u64(b);
  u128 result = 0;
  for (int digit = 0; digit < 2; ++digit) {
    u128 guess = a / top;  // at most two too large
    u128 rest = a - guess * top;
    while (guess >> 64 || guess * bottom > (rest << 64)) {
      --guess;
      rest += top;
      if (rest >> 64) break;
    }
    a = (a << 64) - guess * b;  // exact modulo 2^128, and less than b
    result = result << 64 | u64(guess);
  }
  return result;
}

// An error of less than kError units in the last of 128 bits does not change how the upper 64 are
// rounded: no multiple of half their unit is that near. Never exact, so a sticky bit is set.
constexpr u64 kError = 1 << 20;
std::optional<Exact> known(i32 exponent, u128 significand) {
  if (significand == 0) return {};
  const Exact value = normalized(false, exponent, significand);
  if (((u64(value.significand) + kError) & ~kTop) <= 2 * kError) return {};
  return Exact{false, value.exponent, value.significand | 1};
}

// z (c[0] - z (c[1] - z (c[2] - ...))), all below 1: off by at most 2 / (1 - z) units and the terms
// left out.
template <std::size_t N>
u128 alternating(u128 z, const std::array<u128, N>& c) {
  u128 sum = c[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) sum = c[i] - high_product(z, sum);
  return high_product(z, sum);
}

// 1/first!, 1/(first + 2)!, ...
template <std::size_t N>
constexpr std::array<u128, N> inverse_factorials(unsigned first) {
  std::array<u128, N> result = {};
  u128 term = ~u128(0);
  for (unsigned i = 2; i <= first; ++i) term /= i;
  for (unsigned i = 0; i < N; ++i) {
    result[i] = term;
    term = term / (first + 2 * i + 1) / (first + 2 * i + 2);
  }
  return result;
}
// With z = (pi/4)^2 the first term left out is below 2^-112 (z^14 / 29!) and 2^-117 (z^15 / 30!).
constexpr auto kSine = inverse_factorials<13>(3);
constexpr auto kCosine = inverse_factorials<14>(2);

// 1/3, 1/5, ...: with z = 2^-12, z^11 / 23 is left out.
constexpr auto kArcTangent = [] {
  std::array<u128, 10> result = {};
  for (unsigned i = 0; i < result.size(); ++i) result[i] = ~u128(0) / (2 * i + 3);
  return result;
}();

constexpr i32 kLeastExponent =
    -30;  // smaller angles are so near to their sine that it is not known

u128 fraction(const Angle& angle) { return angle.magnitude >> (-1 - angle.exponent); }
u128 square(u128 x) { return high_product(x, x); }

// Bits of the sine with the exponent of the angle; the cosine as a fraction, bit 127 set.
u128 sine_bits(const Angle& angle, u128 z) {
  return angle.magnitude - high_product(angle.magnitude, alternating(z, kSine));
}
u128 cosine_bits(u128 z) { return 0 - alternating(z, kCosine); }

struct Table {
  static constexpr unsigned kSteps = 32;
  std::array<u128, kSteps + 1> arc_tangents = {};
  u128 pi = 0;  // in units of 2^-126
};
Table make_table() {
  Table table;
  mpfr_t value;
  mpfr_init2(value, 192);
  const auto take = [&value](int scale) {  // floor(value x 2^scale)
    u128 result = 0;
    mpfr_mul_2si(value, value, scale - 64, MPFR_RNDZ);
    for (int half = 0; half < 2; ++half) {
      const u64 part = mpfr_get_ui(value, MPFR_RNDZ);
      result = result << 64 | part;
      mpfr_sub_ui(value, value, part, MPFR_RNDZ);
      mpfr_mul_2si(value, value, 64, MPFR_RNDZ);
    }
    return result;
  };
  for (unsigned i = 1; i <= Table::kSteps; ++i) {
    mpfr_set_ui_2exp(value, i, -5, MPFR_RNDZ);
    mpfr_atan(value, value, MPFR_RNDZ);
    table.arc_tangents[i] = take(128);
  }
  mpfr_const_pi(value, MPFR_RNDZ);
  table.pi = take(126);
  mpfr_clear(value);
  return table;
}
const Table& table() {
  static const Table made = make_table();
  return made;
}

// x A(x^2) for x < 2^-6, where A is the arc tangent's series; x may be scaled: `z` is its square.
u128 small_arc_tangent(u128 x, u128 z) { return x - high_product(x, alternating(z, kArcTangent)); }

}  // namespace

std::optional<Exact> series_sine(const Angle& angle) {
  if (angle.exponent < kLeastExponent) return {};
  return known(angle.exponent, sine_bits(angle, square(fraction(angle))));
}

std::optional<Exact> series_cosine(const Angle& angle) {
  if (angle.exponent < kLeastExponent) return {};
  return known(-1, cosine_bits(square(fraction(angle))));
}

std::optional<Exact> series_tangent(const Angle& angle, bool inverse) {
  if (angle.exponent < kLeastExponent) return {};
  const u128 z = square(fraction(angle));
  Exact sine = normalized(false, angle.exponent, sine_bits(angle, z));
  Exact cosine{false, -1, cosine_bits(z)};
  if (inverse) std::swap(sine, cosine);
  i32 exponent = sine.exponent - cosine.exponent - 1;
  if (sine.significand >= cosine.significand) {
    sine.significand >>= 1;
    ++exponent;
  }
  return known(exponent, quotient_fraction(sine.significand, cosine.significand));
}

std::optional<Exact> series_angle(const Operand& x, const Operand& y) {
  const auto less = [](const Operand& a, const Operand& b) {
    return std::pair(a.exponent, a.significand) < std::pair(b.exponent, b.significand);
  };
  const bool steep = less(x, y);
  const Operand &small = steep ? x : y, &large = steep ? y : x;
  const i32 distance = large.exponent - small.exponent;
  if (distance > -kLeastExponent) return {};

  // small / large = i/32 + what is left, and atan of it = atan(i/32) + atan(u).
  u64 i = 0;
  if (distance <= 6) {
    const u64 part = small.significand >> distance >> 32, whole = large.significand >> 32;
    i = (part * Table::kSteps + whole / 2) / whole;
  }
  const u128 a = u128(small.significand) << (40 - distance), b = u128(large.significand) << 40;
  const u128 step = a * Table::kSteps, target = b * i;
  const bool below = step < target;
  u128 over = below ? target - step : step - target, under = b * Table::kSteps + a * i;
  const int shift = leading_zeros(under);
  over <<= shift;
  under <<= shift;
  // u < 2^-6 is over / under; with i = 0 it is kept to 128 significant bits.
  i32 exponent = -1;
  if (i == 0 && over != 0) {
    const int more = leading_zeros(over) - 1;
    over <<= more;
    exponent -= more;
  }
  const u128 u = quotient_fraction(over, under);
  const u128 z = square(i == 0 ? u >> (-1 - exponent) : u);
  const u128 rest = small_arc_tangent(u, z);
  u128 angle = i == 0  ? rest
               : below ? table().arc_tangents[i] - rest
                       : table().arc_tangents[i] + rest;
  if (!steep && !x.negative) return known(exponent, angle);

  // pi/2 - angle, pi/2 + angle, pi - angle: in units of 2^-126.
  angle = angle >> 2 >> (-1 - exponent);
  const u128 pi = table().pi;
  return known(1, !steep ? pi - angle : x.negative ? pi / 2 + angle : pi / 2 - angle);
}

}  // namespace reprise::cpu::fpu
