// The transcendental instructions: special operands and their flags as the host's, other results
// within 1 ulp of the host's, and fixed answers that every host must give.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/fpu/operands.h"

namespace reprise::cpu::fpu {
namespace {

// Results of our own, correctly rounded; the second operand is y.
TEST(Transcendental, FixedAnswers) {
  const Operand one = decode(kOne), three = decode_integer(3);
  const auto expect = [](Float80 value, u16 exponent, u64 significand) {
    EXPECT_EQ(value.sign_exponent, exponent);
    EXPECT_EQ(value.significand, significand);
  };
  Fpu80 fpu(0x037F);
  expect(fpu.trigonometric(Fpu80::Trig::sine, one), 0x3FFE, 0xD76AA47848677021);
  expect(fpu.trigonometric(Fpu80::Trig::cosine, one), 0x3FFE, 0x8A51407DA8345C92);
  expect(fpu.fpatan(one, one), 0x3FFE, 0xC90FDAA22168C235);                    // pi/4
  expect(fpu.fyl2x(decode_integer(1024), three), 0x4003, 0xF000000000000000);  // 30, exact
  EXPECT_EQ(fpu.flags, kPrecision);
  // pi as the unit knows it: sin(fldpi) is minus what 66 bits lack.
  expect(fpu.trigonometric(Fpu80::Trig::sine, decode(constant(3, Rounding::nearest))), 0xBFBF,
         0x8000000000000000);
}

#if defined(__x86_64__)

using test::Random;

struct Result {
  Float80 value;
  u16 status = 0;
};

template <int kFunction>
Result host(Float80 x, Float80 y) {
  alignas(16) u8 a[16], b[16];
  std::memcpy(a, &x, 10);
  std::memcpy(b, &y, 10);
  u16 status = 0;
#define ON_HOST(number, instruction)                           \
  if constexpr (kFunction == number)                           \
  asm volatile("fninit\n fldt %[b]\n fldt %[a]\n " instruction \
               "\n fnstsw %[sw]\n fstpt %[a]\n fninit"         \
               : [a] "+m"(a), [sw] "=m"(status)                \
               : [b] "m"(b))
  ON_HOST(0, "fsin");
  ON_HOST(1, "fcos");
  ON_HOST(2, "fptan\n fxch");
  ON_HOST(3, "f2xm1");
  ON_HOST(4, "fyl2x");
  ON_HOST(5, "fyl2xp1");
  ON_HOST(6, "fpatan");
  Result result{{}, status};
  std::memcpy(&result.value.significand, a, 8);
  std::memcpy(&result.value.sign_exponent, a + 8, 2);
  return result;
}

// Distance in units of the last place; 0 for equal bits.
u64 distance(Float80 a, Float80 b) {
  if (a == b) return 0;
  const u128 x = u128(a.exponent()) << 63 | (a.significand & ~kTop);
  const u128 y = u128(b.exponent()) << 63 | (b.significand & ~kTop);
  if (a.negative() != b.negative()) return ~u64(0);
  const u128 difference = x > y ? x - y : y - x;
  return difference > 1000 ? 1000 : u64(difference);
}

Float80 unit_range(Random& random) {  // of magnitude below 1, often near 1 or tiny
  Float80 value = random.float80();
  if (value.exponent() >= 0x3FFF && value.exponent() < 0x7FFF)
    value.sign_exponent = u16((value.sign_exponent & 0x8000) | (0x3FFE - random.below(70)));
  return value;
}

template <int kFunction, class Ours>
void agree(Ours ours, auto source) {
  Random random(kFunction + 1);
  int failures = 0;
  for (int i = 0; i < 4000; ++i) {
    const Float80 x = source(random), y = random.float80();
    if (kFunction < 3 && !Fpu80::in_range(decode(x))) continue;
    const Result theirs = host<kFunction>(x, y);
    Fpu80 fpu(0x037F);
    const Float80 value = ours(fpu, decode(x), decode(y));
    const u8 early = kBefore | kOverflow;
    if (distance(value, theirs.value) > 1 || (fpu.flags & early) != (theirs.status & early)) {
      ADD_FAILURE() << std::hex << "x " << x.sign_exponent << ":" << x.significand << " y "
                    << y.sign_exponent << ":" << y.significand << " got " << value.sign_exponent
                    << ":" << value.significand << " flags " << int(fpu.flags) << ", host "
                    << theirs.value.sign_exponent << ":" << theirs.value.significand << " status "
                    << theirs.status;
      if (++failures == 10) return;
    }
  }
}

using Trig = Fpu80::Trig;
#define AGREE(name, number, expression, source) \
  TEST(Transcendental, name) {                  \
    agree<number>(                              \
        [](Fpu80& fpu, Operand x, Operand y) {  \
          (void)y;                              \
          return expression;                    \
        },                                      \
        source);                                \
  }
const auto any = [](Random& random) { return random.float80(); };
AGREE(Sine, 0, fpu.trigonometric(Trig::sine, x), any)
AGREE(Cosine, 1, fpu.trigonometric(Trig::cosine, x), any)
AGREE(Tangent, 2, fpu.trigonometric(Trig::tangent, x), any)
AGREE(F2xm1, 3, fpu.f2xm1(x), unit_range)
AGREE(Fyl2x, 4, fpu.fyl2x(x, y), any)
AGREE(Fpatan, 6, fpu.fpatan(x, y), any)
AGREE(Fyl2xp1, 5, fpu.fyl2xp1(x, y), [](Random& random) {
  Float80 value = unit_range(random);
  if (value.exponent() == 0x3FFE || value.exponent() == 0x3FFD) value.sign_exponent -= 2;
  return value;
})

#endif

// The documented bound of the estimates, and the estimates themselves by their sum.
TEST(Estimate, WithinBound) {
  u64 sum = 0;
  for (u32 exponent = 1; exponent < 253; exponent += 3) {
    for (u32 fraction = 0; fraction < 1u << 23; fraction += 997) {
      const u32 bits = exponent << 23 | fraction;
      const double x = std::bit_cast<float>(bits);
      const u32 r = reciprocal_estimate(bits), s = reciprocal_root_estimate(bits);
      const double product = std::bit_cast<float>(r) * x;
      const double root = std::bit_cast<float>(s);
      ASSERT_LE(std::abs(product - 1), 1.5 / 4096) << bits;
      ASSERT_LE(std::abs(root * root * x - 1), 2.999 / 4096) << bits;
      sum = sum * 31 + r + s;
    }
  }
  EXPECT_EQ(sum, 2247611651384552124u);
}

}  // namespace
}  // namespace reprise::cpu::fpu
