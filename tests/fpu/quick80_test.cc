// The quick ways of x87 arithmetic give what the long ways give: value, flags and C1. The long ways are compared
// with a processor (x87_host_test.cc).
#include "cpu/fpu/quick80.h"

#include <gtest/gtest.h>

#include "tests/fpu/operands.h"

namespace reprise::cpu::fpu {
namespace {

using test::Random;

constexpr u16 kControl = 0x037F;
constexpr int kCases = 200'000;

// Near each other, so that quotients are near 1, sums cancel, and roundings are near a half.
Float80 near(Random& random, Float80 value) {
  const u16 exponent = u16((value.exponent() + random.below(5) - 2) & 0x7FFF);
  return {value.significand + random.below(9) - 4, u16(exponent | random.below(2) << 15)};
}

struct Count {
  int usual = 0;
  ~Count() { EXPECT_GT(usual, kCases / 20); }  // else nothing was compared
};

void expect_same(const Quick& quick, Float80 value, const Fpu80& f, Float80 a, Float80 b) {
  const auto text = [&] {
    char hex[96];
    std::snprintf(hex, sizeof hex, "%04x:%016llx %04x:%016llx", a.sign_exponent,
                  (unsigned long long)a.significand, b.sign_exponent,
                  (unsigned long long)b.significand);
    return std::string(hex);
  };
  ASSERT_EQ(quick.value.significand, value.significand) << text();
  ASSERT_EQ(quick.value.sign_exponent, value.sign_exponent) << text();
  ASSERT_EQ(quick.inexact ? kPrecision : 0, f.flags) << text();
  ASSERT_EQ(quick.up, f.c1) << text();
}

template <class F>
void binary(Quick (*quickly)(Float80, Float80), F slowly) {
  Random random(1);
  Count count;
  for (int i = 0; i < kCases; ++i) {
    const Float80 a = random.float80(), b = i % 2 ? near(random, a) : random.float80();
    const Quick quick = quickly(a, b);
    if (!quick.ok) continue;
    ++count.usual;
    Fpu80 f(kControl);
    const Float80 value = slowly(f, decode(a), decode(b));
    ASSERT_NO_FATAL_FAILURE(expect_same(quick, value, f, a, b));
  }
}

using O = const Operand&;
TEST(Quick80, Add) {
  binary(quick_arithmetic<0>, [](Fpu80& f, O a, O b) { return f.add(a, b); });
}
TEST(Quick80, Multiply) {
  binary(quick_arithmetic<1>, [](Fpu80& f, O a, O b) { return f.multiply(a, b); });
}
TEST(Quick80, Subtract) {
  binary(quick_arithmetic<4>, [](Fpu80& f, O a, O b) { return f.subtract(a, b); });
  binary(quick_arithmetic<5>, [](Fpu80& f, O a, O b) { return f.subtract(b, a); });
}
TEST(Quick80, Divide) {
  binary(quick_arithmetic<6>, [](Fpu80& f, O a, O b) { return f.divide(a, b); });
  binary(quick_arithmetic<7>, [](Fpu80& f, O a, O b) { return f.divide(b, a); });
}

TEST(Quick80, SquareRoot) {
  Random random(2);
  Count count;
  for (int i = 0; i < kCases; ++i) {
    Float80 a = random.float80();
    if (i % 2) {  // squares, and their neighbours
      const u64 root = random.pattern() | kTop;
      const u128 square = u128(root) * root;
      a.significand = (u64(square >> 64) | kTop) + random.below(3) - 1;
    }
    const Quick quick = quick_square_root(a);
    if (!quick.ok) continue;
    ++count.usual;
    Fpu80 f(kControl);
    const Float80 value = f.square_root(decode(a));
    ASSERT_NO_FATAL_FAILURE(expect_same(quick, value, f, a, {}));
  }
}

TEST(Quick80, Loads) {
  Random random(3);
  for (int i = 0; i < kCases; ++i) {
    const u32 single = random.ieee<u32>();
    const u64 wide = random.ieee<u64>();
    const i64 integer = i64(random.next() << 1 >> random.below(64));
    Fpu80 f(kControl);
    const auto same = [](Float80 quick, Float80 value) {
      return quick.significand == 0 || quick == value;
    };
    ASSERT_TRUE(same(quick_f32(single), f.load_f32(single))) << single;
    ASSERT_TRUE(same(quick_f64(wide), f.load_f64(wide))) << wide;
    ASSERT_TRUE(same(quick_integer(integer), encode(decode_integer(integer)))) << integer;
    // No flags are lost: denormals, infinities and NaNs go the long way.
    ASSERT_EQ(quick_f32(single).significand != 0, Ieee<u32>::is_normal(single)) << single;
    ASSERT_EQ(quick_f64(wide).significand != 0, Ieee<u64>::is_normal(wide)) << wide;
  }
  EXPECT_EQ(quick_f64(0x3FF0'0000'0000'0000), kOne);
  EXPECT_EQ(quick_f32(0x3F80'0000), kOne);
  EXPECT_EQ(quick_integer(1), kOne);
  EXPECT_EQ(quick_integer(i64(kTop)), (Float80{kTop, 0xC03E}));
}

TEST(Quick80, Stores) {
  Random random(4);
  Count count;
  for (int i = 0; i < kCases; ++i) {
    Float80 a = random.float80();
    if (i % 2) a.significand = (a.significand & ~u64(0) << random.below(50)) + random.below(3) - 1;
    if (const Quick quick = quick_store<23, 127>(a); quick.ok) {
      ++count.usual;
      Fpu80 f(kControl);
      const u32 bits = f.store_f32(decode(a));
      ASSERT_NO_FATAL_FAILURE(expect_same(quick, {bits, 0}, f, a, {}));
    }
    if (const Quick quick = quick_store<52, 1023>(a); quick.ok) {
      Fpu80 f(kControl);
      const u64 bits = f.store_f64(decode(a));
      ASSERT_NO_FATAL_FAILURE(expect_same(quick, {bits, 0}, f, a, {}));
    }
  }
}

}  // namespace
}  // namespace reprise::cpu::fpu
