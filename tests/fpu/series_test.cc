// The series give what MPFR gives, in every rounding, wherever they give anything; and they nearly
// always do.
#include "cpu/fpu/series.h"

#include <gtest/gtest.h>
#include <mpfr.h>

#include "tests/fpu/operands.h"

namespace reprise::cpu::fpu {
namespace {

using test::Random;

struct Number {
  explicit Number(int bits) { mpfr_init2(value, bits); }
  ~Number() { mpfr_clear(value); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  void set(u128 magnitude, i32 scale) {
    mpfr_set_ui_2exp(value, u64(magnitude >> 64), scale + 64, MPFR_RNDN);
    Number low(64);
    mpfr_set_ui_2exp(low.value, u64(magnitude), scale, MPFR_RNDN);
    mpfr_add(value, value, low.value, MPFR_RNDN);
  }
  mpfr_t value;
};

// `f(result, rounding)` is MPFR's, correctly rounded to the 64 bits of `result`.
template <class F>
void expect_same(const std::optional<Exact>& ours, int& known, F f) {
  if (!ours) return;
  ++known;
  constexpr std::pair<Rounding, mpfr_rnd_t> kRoundings[] = {
      {Rounding::nearest, MPFR_RNDN}, {Rounding::down, MPFR_RNDD}, {Rounding::up, MPFR_RNDU}};
  for (const auto& [rounding, theirs] : kRoundings) {
    Number expected(64);
    f(expected.value, theirs);
    const Rounded value = round(*ours, kExtended, rounding, 0);
    Number rounded(64);
    mpfr_set_ui_2exp(rounded.value, value.significand, value.exponent - 63, MPFR_RNDN);
    ASSERT_TRUE(mpfr_equal_p(expected.value, rounded.value))
        << mpfr_get_d(expected.value, MPFR_RNDN);
    ASSERT_EQ(value.flags, kPrecision);
  }
}

constexpr int kCases = 30'000;

TEST(Series, SineCosineTangent) {
  Random random(1);
  int known[4] = {};
  for (int i = 0; i < kCases; ++i) {
    // Of 66 bits, as they come from reduction; up to pi/4, which begins with C90FDAA2h.
    Angle angle{u128(random.pattern() | kTop) << 64 | u128(random.below(4)) << 62,
                -1 - i32(random.below(24))};
    if (angle.exponent == -1 && angle.magnitude >> 96 >= 0xC90FDAA2) angle.exponent = -2;
    Number exact(128);
    exact.set(angle.magnitude, angle.exponent - 127);
    const auto check = [&](int which, const std::optional<Exact>& ours, auto f) {
      expect_same(ours, known[which],
                  [&](mpfr_ptr to, mpfr_rnd_t how) { f(to, exact.value, how); });
    };
    ASSERT_NO_FATAL_FAILURE(check(0, series_sine(angle), mpfr_sin));
    ASSERT_NO_FATAL_FAILURE(check(1, series_cosine(angle), mpfr_cos));
    ASSERT_NO_FATAL_FAILURE(check(2, series_tangent(angle, false), mpfr_tan));
    ASSERT_NO_FATAL_FAILURE(check(3, series_tangent(angle, true), mpfr_cot));
  }
  for (const int count : known) EXPECT_GT(count, kCases * 99 / 100);
}

TEST(Series, AngleOfAPoint) {
  Random random(2);
  int known = 0;
  for (int i = 0; i < kCases; ++i) {
    Operand x{Kind::finite, bool(random.below(2)), false, i32(random.below(21)),
              random.pattern() | kTop};
    Operand y{Kind::finite, false, false, i32(random.below(21)), random.pattern() | kTop};
    if (random.below(4) == 0) y.significand = (x.significand + random.below(3) - 1) | kTop;
    if (random.below(4) == 0) y.exponent = x.exponent;
    Number a(64), b(64);
    mpfr_set_ui_2exp(a.value, x.significand, x.exponent - 63, MPFR_RNDN);
    mpfr_setsign(a.value, a.value, x.negative, MPFR_RNDN);
    mpfr_set_ui_2exp(b.value, y.significand, y.exponent - 63, MPFR_RNDN);
    ASSERT_NO_FATAL_FAILURE(
        expect_same(series_angle(x, y), known,
                    [&](mpfr_ptr to, mpfr_rnd_t how) { mpfr_atan2(to, b.value, a.value, how); }));
  }
  EXPECT_GT(known, kCases * 99 / 100);
}

// What is too near to be told: the sine of a tiny angle is nearly the angle.
TEST(Series, TinyAnglesAreLeft) {
  EXPECT_FALSE(series_sine({u128(kTop) << 64, -40}));
  EXPECT_FALSE(series_cosine({u128(kTop) << 64, -29 - 16}));
  EXPECT_FALSE(
      series_angle({Kind::finite, false, false, 50, kTop}, {Kind::finite, false, false, 0, kTop}));
}

}  // namespace
}  // namespace reprise::cpu::fpu
