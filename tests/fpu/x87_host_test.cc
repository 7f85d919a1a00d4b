// x87 arithmetic against the host's own x87 unit: results and flags, bit for bit, in every
// rounding and precision mode, with exceptions masked and unmasked. Where the host is no x86 these
// tests are empty.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/fpu/operands.h"

#if defined(__x86_64__)
namespace reprise::cpu::fpu {
namespace {

using test::Random;

struct alignas(16) Image {
  u8 bytes[16] = {};
  Image() = default;
  explicit Image(Float80 value) {
    std::memcpy(bytes, &value.significand, 8);
    std::memcpy(bytes + 8, &value.sign_exponent, 2);
  }
  Float80 value() const {
    Float80 result;
    std::memcpy(&result.significand, bytes, 8);
    std::memcpy(&result.sign_exponent, bytes + 8, 2);
    return result;
  }
};

constexpr u16 kC1 = 0x200;

struct Host {
  Image st0, st1;
  u16 status = 0;  // after the instruction
};

// Runs `instruction` with ST0, ST1 loaded and `control` in force; leaves the registers in `host`.
#define HOST_OP(host, instruction, control_word)                                           \
  do {                                                                                     \
    const u16 control_ = (control_word), masked_ = 0x037F;                                 \
    asm volatile(                                                                          \
        "fninit\n fldt %[b]\n fldt %[a]\n fldcw %[cw]\n" instruction                       \
        "\n fnstsw %[sw]\n fnclex\n fldcw %[masked]\n fstpt %[a]\n fstpt %[b]\n fninit"    \
        : [a] "+m"((host).st0.bytes), [b] "+m"((host).st1.bytes), [sw] "=m"((host).status) \
        : [cw] "m"(control_), [masked] "m"(masked_));                                      \
  } while (0)

u16 control_word(Random& random) {
  const u16 rounding = u16(random.below(4) << 10);
  static constexpr u16 kPrecisions[] = {0x000, 0x200, 0x300, 0x300};
  const u16 masks = random.below(3) ? 0x3F : u16(random.below(64));
  return u16(rounding | kPrecisions[random.below(4)] | 0x40 | masks);
}

std::string describe(u16 control, Float80 a, Float80 b) {
  char text[160];
  std::snprintf(text, sizeof text, "cw %04x st0 %04x:%016llx st1 %04x:%016llx", control,
                a.sign_exponent, (unsigned long long)a.significand, b.sign_exponent,
                (unsigned long long)b.significand);
  return text;
}

bool wrong(const Fpu80& fpu, Float80 ours, const Host& host, Float80 before, bool check_c1) {
  const Float80 expected = fpu.aborted() ? before : ours;
  return fpu.flags != (host.status & 0x3F) || !(expected == host.st0.value()) ||
         (check_c1 && fpu.c1 != bool(host.status & kC1));
}

#define REPORT(fpu, ours, host, control, a, b)                                                  \
  EXPECT_EQ((fpu).flags, (host).status & 0x3F) << describe(control, a, b);                      \
  EXPECT_EQ((fpu).c1, bool((host).status & kC1)) << describe(control, a, b);                    \
  EXPECT_EQ((ours).sign_exponent, (host).st0.value().sign_exponent) << describe(control, a, b); \
  EXPECT_EQ((ours).significand, (host).st0.value().significand) << describe(control, a, b);     \
  if (++failures == 10) return;

// Where a hypervisor interrupts an instruction that needs the processor's help (an underflow that
// is not masked), the host now and then gives something else; not twice.
constexpr int kAsked = 3;

// `differs`: where processors do not agree.
#define BINARY_TEST_BUT(name, instruction, method, cases, differs) \
  TEST(X87Host, name) {                                            \
    Random random(0x1234);                                         \
    int failures = 0;                                              \
    for (int i = 0; i < cases; ++i) {                              \
      const Float80 a = random.float80(), b = random.float80();    \
      const u16 control = control_word(random);                    \
      if (differs) continue;                                       \
      Fpu80 fpu(control);                                          \
      const Float80 ours = method;                                 \
      Host host;                                                   \
      bool differ = true;                                          \
      for (int asked = 0; differ && asked < kAsked; ++asked) {     \
        host = {Image(a), Image(b)};                               \
        HOST_OP(host, instruction, control);                       \
        differ = wrong(fpu, ours, host, a, true);                  \
      }                                                            \
      if (differ) {                                                \
        REPORT(fpu, ours, host, control, a, b)                     \
      }                                                            \
    }                                                              \
  }

#define BINARY_TEST(name, instruction, method, cases) \
  BINARY_TEST_BUT(name, instruction, method, cases, false)

BINARY_TEST(Add, "fadd %%st(1), %%st", fpu.add(decode(a), decode(b)), 60000)
BINARY_TEST(Subtract, "fsub %%st(1), %%st", fpu.subtract(decode(a), decode(b)), 60000)
BINARY_TEST(SubtractReversed, "fsubr %%st(1), %%st", fpu.subtract(decode(b), decode(a)), 20000)
BINARY_TEST(Multiply, "fmul %%st(1), %%st", fpu.multiply(decode(a), decode(b)), 60000)
BINARY_TEST(Divide, "fdiv %%st(1), %%st", fpu.divide(decode(a), decode(b)), 60000)
BINARY_TEST(SquareRoot, "fsqrt", fpu.square_root(decode(a)), 60000)
BINARY_TEST(RoundToInteger, "frndint", fpu.round_to_integer(decode(a)), 60000)
// A tiny value scaled by zero: Intel's processors, and ours, give it as it is; AMD's underflow
// where that is not masked.
BINARY_TEST_BUT(Scale, "fscale", fpu.scale(decode(a), decode(b)), 60000,
                decode(a).is_finite() && !decode(a).is_zero() && !(a.sign_exponent & 0x7FFF) &&
                    decode(b).is_zero() && !(control & 0x10))

// C0, C3, C1 are quotient bits, C2 tells of a partial remainder.
template <bool kNearest>
void remainder_test() {
  Random random(99);
  int failures = 0;
  for (int i = 0; i < 60000; ++i) {
    const Float80 a = random.float80(), b = random.float80();
    const u16 control = control_word(random);
    // What is tiny and stays as it is, because the divisor is infinite, underflows on some processors
    // only.
    const bool tiny = !decode(a).is_zero() && !(a.sign_exponent & 0x7FFF);
    if (tiny && decode(b).is_infinity() && !(control & 0x10)) continue;
    Fpu80 fpu(control);
    const auto ours = fpu.remainder(decode(a), decode(b), kNearest);
    const u16 codes = u16((ours.quotient & 1) << 9 | (ours.quotient >> 1 & 1) << 14 |
                          (ours.quotient >> 2) << 8 | ours.partial << 10);
    Host host;
    bool differ = true;
    for (int asked = 0; differ && asked < kAsked; ++asked) {
      host = {Image(a), Image(b)};
      if constexpr (kNearest)
        HOST_OP(host, "fprem1", control);
      else
        HOST_OP(host, "fprem", control);
      const bool codes_wrong = !fpu.flags && codes != (host.status & 0x4700);
      differ = wrong(fpu, ours.value, host, a, false) || codes_wrong;
    }
    if (differ) {
      EXPECT_EQ(codes, host.status & 0x4700);
      REPORT(fpu, ours.value, host, control, a, b)
    }
  }
}
TEST(X87Host, Remainder) { remainder_test<false>(); }
TEST(X87Host, RemainderNearest) { remainder_test<true>(); }

TEST(X87Host, Compare) {
  Random random(5);
  int failures = 0;
  for (int i = 0; i < 60000; ++i) {
    const Float80 a = random.float80(), b = random.below(4) ? random.float80() : a;
    const u16 control = control_word(random);
    const bool quiet = random.below(2);
    Host host{Image(a), Image(b)};
    if (quiet)
      HOST_OP(host, "fucom", control);
    else
      HOST_OP(host, "fcom", control);
    Fpu80 fpu(control);
    const Order order = fpu.compare(decode(a), decode(b), quiet);
    static constexpr u16 kCodes[] = {0x100, 0x4000, 0, 0x4500};
    if (fpu.flags != (host.status & 0x3F) ||
        (!fpu.aborted() && kCodes[int(order)] != (host.status & 0x4500))) {
      EXPECT_EQ(kCodes[int(order)], host.status & 0x4500) << describe(control, a, b);
      EXPECT_EQ(fpu.flags, host.status & 0x3F) << describe(control, a, b);
      if (++failures == 10) return;
    }
  }
}

TEST(X87Host, Extract) {
  Random random(6);
  int failures = 0;
  for (int i = 0; i < 20000; ++i) {
    const Float80 a = random.float80();
    const u16 control = control_word(random);
    Image exponent, significand{a};
    u16 status = 0;
    const u16 masked = 0x037F;
    asm volatile(
        "fninit\n fldt %[a]\n fldcw %[cw]\n fxtract\n fnstsw %[sw]\n fnclex\n fldcw %[masked]\n"
        "fstpt %[a]\n fstpt %[b]\n fninit"
        : [a] "+m"(significand.bytes), [b] "+m"(exponent.bytes), [sw] "=m"(status)
        : [cw] "m"(control), [masked] "m"(masked));
    Fpu80 fpu(control);
    const auto ours = fpu.extract(decode(a));
    const bool same = fpu.flags == (status & 0x3F) &&
                      (fpu.aborted() || (ours.significand == significand.value() &&
                                         ours.exponent == exponent.value()));
    EXPECT_TRUE(same) << describe(control, a, {});
    if (!same && ++failures == 10) return;
  }
}

TEST(X87Host, Classify) {
  Random random(7);
  for (int i = 0; i < 5000; ++i) {
    const Float80 a = random.float80();
    Host host{Image(a), Image(a)};
    HOST_OP(host, "fxam", 0x037F);
    const unsigned code = (host.status >> 8 & 1) | (host.status >> 9 & 2) | (host.status >> 12 & 4);
    ASSERT_EQ(unsigned(classify(a)), code) << describe(0, a, a);
  }
}

template <class Bits, class Load, class Store>
void memory_test(const Load& load, const Store& store) {
  Random random(8);
  int failures = 0;
  for (int i = 0; i < 40000; ++i) {
    const Float80 a = random.float80();
    const Bits pattern = Bits(random.template ieee<Bits>());
    const u16 control = control_word(random), masked = 0x037F;
    u16 status = 0;
    Bits memory = 0x5A5A5A5A;
    const Image image{a};
    if constexpr (sizeof(Bits) == 4)
      asm volatile("fninit\n fldt %[a]\n fldcw %[cw]\n fsts %[m]\n fnstsw %[sw]\n fninit"
                   : [m] "+m"(memory), [sw] "=m"(status)
                   : [a] "m"(image.bytes), [cw] "m"(control));
    else
      asm volatile("fninit\n fldt %[a]\n fldcw %[cw]\n fstl %[m]\n fnstsw %[sw]\n fninit"
                   : [m] "+m"(memory), [sw] "=m"(status)
                   : [a] "m"(image.bytes), [cw] "m"(control));
    Fpu80 fpu(control);
    const Bits stored = store(fpu, a);
    const Bits expected = fpu.store_aborted() ? Bits(0x5A5A5A5A) : stored;
    if (expected != memory || fpu.flags != (status & 0x3F) || fpu.c1 != bool(status & kC1)) {
      EXPECT_EQ(expected, memory) << describe(control, a, {});
      EXPECT_EQ(fpu.flags, status & 0x3F) << describe(control, a, {});
      EXPECT_EQ(fpu.c1, bool(status & kC1)) << describe(control, a, {});
      if (++failures == 10) return;
    }
    Image loaded;
    if constexpr (sizeof(Bits) == 4)
      asm volatile(
          "fninit\n fldcw %[cw]\n flds %[m]\n fnstsw %[sw]\n fnclex\n fldcw %[masked]\n"
          "fstpt %[a]\n fninit"
          : [a] "=m"(loaded.bytes), [sw] "=m"(status)
          : [m] "m"(pattern), [cw] "m"(control), [masked] "m"(masked));
    else
      asm volatile(
          "fninit\n fldcw %[cw]\n fldl %[m]\n fnstsw %[sw]\n fnclex\n fldcw %[masked]\n"
          "fstpt %[a]\n fninit"
          : [a] "=m"(loaded.bytes), [sw] "=m"(status)
          : [m] "m"(pattern), [cw] "m"(control), [masked] "m"(masked));
    Fpu80 loader(control);
    const Float80 ours = load(loader, pattern);
    EXPECT_EQ(loader.flags, status & 0x3F) << std::hex << pattern;
    if (!loader.aborted()) {
      EXPECT_TRUE(ours == loaded.value()) << std::hex << pattern;
    }
  }
}

TEST(X87Host, Single) {
  memory_test<u32>([](Fpu80& fpu, u32 bits) { return fpu.load_f32(bits); },
                   [](Fpu80& fpu, Float80 a) { return fpu.store_f32(decode(a)); });
}
TEST(X87Host, Double) {
  memory_test<u64>([](Fpu80& fpu, u64 bits) { return fpu.load_f64(bits); },
                   [](Fpu80& fpu, Float80 a) { return fpu.store_f64(decode(a)); });
}

TEST(X87Host, Integers) {
  Random random(9);
  int failures = 0;
  for (int i = 0; i < 60000; ++i) {
    const Float80 a = random.float80();
    const u16 control = control_word(random);
    const Image image{a};
    u16 status = 0;
    const u64 untouched = 0x1111111111111111;
    u64 memory = untouched;
    const unsigned form = unsigned(random.below(5));
#define STORE(instruction)                                                                       \
  asm volatile("fninit\n fldt %[a]\n fldcw %[cw]\n " instruction " %[m]\n fnstsw %[sw]\n fninit" \
               : [m] "+m"(memory), [sw] "=m"(status)                                             \
               : [a] "m"(image.bytes), [cw] "m"(control))
    if (form == 0) STORE("fistps");
    if (form == 1) STORE("fistpl");
    if (form == 2) STORE("fistpll");
    if (form == 3) STORE("fisttpl");
    if (form == 4) STORE("fisttpll");
    static constexpr unsigned kBits[] = {16, 32, 64, 32, 64};
    Fpu80 fpu(control);
    const u64 stored = fpu.store_integer(decode(a), kBits[form], form >= 3);
    const u64 mask = ~u64(0) >> (64 - kBits[form]);
    const u64 expected = fpu.store_aborted() ? untouched & mask : stored & mask;
    if (expected != (memory & mask) || fpu.flags != (status & 0x3F) ||
        fpu.c1 != bool(status & kC1)) {
      EXPECT_EQ(expected, memory & mask) << describe(control, a, {}) << " form " << form;
      EXPECT_EQ(fpu.flags, status & 0x3F) << describe(control, a, {});
      EXPECT_EQ(fpu.c1, bool(status & kC1)) << describe(control, a, {});
      if (++failures == 10) return;
    }
  }
}

TEST(X87Host, PackedDecimal) {
  Random random(10);
  for (int i = 0; i < 20000; ++i) {
    const Float80 a = random.float80();
    const u16 control = u16(control_word(random) | 0x3F);
    const Image image{a};
    Image back;
    Fpu80::Packed memory = {};
    u16 status = 0;
    asm volatile("fninit\n fldt %[a]\n fldcw %[cw]\n fbstp %[m]\n fnstsw %[sw]\n fninit"
                 : [m] "+m"(memory), [sw] "=m"(status)
                 : [a] "m"(image.bytes), [cw] "m"(control));
    Fpu80 fpu(control);
    const Fpu80::Packed ours = fpu.store_bcd(decode(a));
    ASSERT_EQ(ours, memory) << describe(control, a, {});
    ASSERT_EQ(fpu.flags, status & 0x3F) << describe(control, a, {});
    ASSERT_EQ(fpu.c1, bool(status & kC1)) << describe(control, a, {});
    if (fpu.flags & kInvalid) continue;
    asm volatile("fninit\n fbld %[m]\n fstpt %[a]" : [a] "=m"(back.bytes) : [m] "m"(memory));
    ASSERT_TRUE(from_bcd(ours) == back.value());
  }
}

TEST(X87Host, Constants) {
  for (u16 rounding = 0; rounding < 4; ++rounding) {
    const u16 control = u16(0x037F | rounding << 10);
    Image values[7];
#define LOAD(index, instruction)                                       \
  asm volatile("fninit\n fldcw %[cw]\n " instruction "\n fstpt %[a]\n" \
               : [a] "=m"(values[index].bytes)                         \
               : [cw] "m"(control));
    LOAD(0, "fld1")
    LOAD(1, "fldl2t")
    LOAD(2, "fldl2e")
        LOAD(3, "fldpi") LOAD(4, "fldlg2") LOAD(5, "fldln2")
            LOAD(6, "fldz") for (unsigned i = 0; i < 7; ++i)
                EXPECT_TRUE(constant(i, Rounding(rounding)) == values[i].value())
        << i << " rc " << rounding;
  }
}

}  // namespace
}  // namespace reprise::cpu::fpu
#endif
