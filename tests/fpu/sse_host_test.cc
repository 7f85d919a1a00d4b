// SSE arithmetic against the host's own unit: results and flags, in every rounding mode, with FTZ
// and DAZ, exceptions masked and unmasked (the host then delivers SIGFPE), flags already set or
// not, so that fast and integer paths are both taken. Empty where the host is no x86.
#include <gtest/gtest.h>
#include <signal.h>
#include <ucontext.h>

#include <cstring>

#include "tests/fpu/operands.h"

#if defined(__x86_64__)
#include <emmintrin.h>
namespace reprise::cpu::fpu {
namespace {

using test::Random;

volatile u32 g_trapped;  // MXCSR at SIGFPE; 0: none

void on_fpe(int, siginfo_t*, void* context) {
  auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.fpregs;
  g_trapped = registers->mxcsr;
  registers->mxcsr = 0x1F80;  // masked, the instruction runs again
}

class SseHost : public ::testing::Test {
 protected:
  void SetUp() override {
    struct sigaction action = {};
    action.sa_sigaction = on_fpe;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGFPE, &action, &before_);
  }
  void TearDown() override { sigaction(SIGFPE, &before_, nullptr); }
  struct sigaction before_ = {};
};

u32 random_mxcsr(Random& random) {
  u32 mxcsr = 0x1F80;
  if (random.below(2)) mxcsr |= kPrecision;
  if (random.below(3) == 0) mxcsr |= u32(random.below(4)) << 13;
  if (random.below(4) == 0) mxcsr |= kMxcsrFtz;
  if (random.below(4) == 0) mxcsr |= kMxcsrDaz;
  if (random.below(16) == 0) mxcsr &= ~(u32(random.below(64)) << 7);
  return mxcsr;
}

template <class Bits>
__m128i load(Bits value) {
  return _mm_set_epi64x(0, i64(u64(value)));
}

// `statement` works on __m128i a, b and a u64 scalar.
#define RUN_HOST(instruction)                                                              \
  [](__m128i& a, __m128i b, u64& scalar, u32 mxcsr) {                                      \
    const u32 masked = 0x1F80;                                                             \
    u32 after = 0;                                                                         \
    g_trapped = 0;                                                                         \
    asm volatile("ldmxcsr %[csr]\n " instruction "\n stmxcsr %[after]\n ldmxcsr %[masked]" \
                 : [a] "+x"(a), [s] "+r"(scalar), [after] "=m"(after)                      \
                 : [b] "x"(b), [csr] "m"(mxcsr), [masked] "m"(masked));                    \
    return g_trapped ? u32(g_trapped) : after;                                             \
  }

template <class Host, class Ours>
void compare_all(Host host, Ours ours, auto source_a, auto source_b, u64 mask, bool to_scalar,
                 int cases = 50000) {
  Random random(0xABCDEF);
  int failures = 0;
  for (int i = 0; i < cases; ++i) {
    const auto a = source_a(random);
    auto b = source_b(random);
    if (random.below(16) == 0) b = decltype(b)(a);
    const u32 mxcsr = random_mxcsr(random);
    __m128i x = load(a);
    u64 scalar = 0;
    const u32 after = host(x, load(b), scalar, mxcsr);
    u64 expected = to_scalar ? scalar : u64(_mm_cvtsi128_si64(x));
    Sse sse(mxcsr);
    const u64 result = u64(ours(sse, a, b)) & mask;
    expected &= mask;
    const u32 flags = (mxcsr & 0x3F) | sse.raised();
    const bool trapped = g_trapped != 0;
    if (flags != (after & 0x3F) || trapped != sse.aborted() || (!trapped && result != expected)) {
      ADD_FAILURE() << std::hex << "a " << u64(a) << " b " << u64(b) << " mxcsr " << mxcsr
                    << ": got " << result << " flags " << flags << " trap " << sse.aborted()
                    << ", host " << expected << " flags " << (after & 0x3F) << " trap " << trapped;
      if (++failures == 10) return;
    }
  }
}

const auto single = [](Random& random) { return random.ieee<u32>(); };
const auto dbl = [](Random& random) { return random.ieee<u64>(); };
constexpr u64 kAll = ~u64(0), kLow = 0xFFFFFFFF;

#define BOTH(name, instruction, expression)    \
  TEST_F(SseHost, name##Single) {              \
    compare_all(                               \
        RUN_HOST(instruction "ss %[b], %[a]"), \
        [](Sse& sse, u32 a, u32 b) {           \
          (void)a, (void)b;                    \
          return expression;                   \
        },                                     \
        single, single, kLow, false);          \
  }                                            \
  TEST_F(SseHost, name##Double) {              \
    compare_all(                               \
        RUN_HOST(instruction "sd %[b], %[a]"), \
        [](Sse& sse, u64 a, u64 b) {           \
          (void)a, (void)b;                    \
          return expression;                   \
        },                                     \
        dbl, dbl, kAll, false);                \
  }

BOTH(Add, "add", sse.add(a, b))
BOTH(Subtract, "sub", sse.subtract(a, b))
BOTH(Multiply, "mul", sse.multiply(a, b))
BOTH(Divide, "div", sse.divide(a, b))
BOTH(SquareRoot, "sqrt", sse.square_root(b))
BOTH(Minimum, "min", sse.minimum(a, b))
BOTH(Maximum, "max", sse.maximum(a, b))
#define COMPARE(predicate) \
  BOTH(Compare##predicate, "cmp" #predicate, sse.compare(a, b, k##predicate) ? kAll : 0)
constexpr unsigned keq = 0, klt = 1, kle = 2, kunord = 3, kneq = 4, knlt = 5, knle = 6, kord = 7;
COMPARE(eq)
COMPARE(lt) COMPARE(le) COMPARE(unord) COMPARE(neq) COMPARE(nlt) COMPARE(nle) COMPARE(ord)
// ROUNDSS comes with SSE4.1.
#define ROUND(control)                                                                             \
  TEST_F(SseHost, Round##control) {                                                                \
    if (!__builtin_cpu_supports("sse4.1")) GTEST_SKIP();                                           \
    compare_all(                                                                                   \
        RUN_HOST("roundss $" #control ", %[b], %[a]"),                                             \
        [](Sse& sse, u32, u32 b) { return sse.round(b, control); }, single, single, kLow, false,   \
        30000);                                                                                    \
    compare_all(                                                                                   \
        RUN_HOST("roundsd $" #control ", %[b], %[a]"),                                             \
        [](Sse& sse, u64, u64 b) { return sse.round(b, control); }, dbl, dbl, kAll, false, 30000); \
  }
    ROUND(0) ROUND(1) ROUND(2) ROUND(3) ROUND(4) ROUND(8) ROUND(12)

        TEST_F(SseHost, Widen) {
  compare_all(
      RUN_HOST("cvtss2sd %[b], %[a]"), [](Sse& sse, u64, u32 b) { return sse.widen(b); }, dbl,
      single, kAll, false);
}
TEST_F(SseHost, Narrow) {
  compare_all(
      RUN_HOST("cvtsd2ss %[b], %[a]"), [](Sse& sse, u64, u64 b) { return sse.narrow(b); }, dbl, dbl,
      kLow, false);
}

const auto integer = [](Random& random) {
  const u64 bits = random.next(), shift = random.below(64);
  return random.below(8) ? u64(i64(bits) >> shift) : u64(1) << shift;
};

TEST_F(SseHost, FromInteger) {
  compare_all(
      RUN_HOST("movq %[b], %[s]\n cvtsi2sdq %[s], %[a]"),
      [](Sse& sse, u64, u64 b) { return sse.from_integer<u64>(i64(b)); }, dbl, integer, kAll,
      false);
  compare_all(
      RUN_HOST("movq %[b], %[s]\n cvtsi2ssq %[s], %[a]"),
      [](Sse& sse, u64, u64 b) { return sse.from_integer<u32>(i64(b)); }, dbl, integer, kLow,
      false);
  compare_all(
      RUN_HOST("movq %[b], %[s]\n cvtsi2ssl %k[s], %[a]"),
      [](Sse& sse, u64, u64 b) { return sse.from_integer<u32>(i32(b)); }, dbl, integer, kLow,
      false);
}

TEST_F(SseHost, ToInteger) {
#define TO_INTEGER(instruction, Bits, source, Integer, mask, mode)                               \
  compare_all(                                                                                   \
      RUN_HOST(instruction),                                                                     \
      [](Sse& sse, u64, Bits b) { return sse.to_integer<Integer>(b, mode); }, dbl, source, mask, \
      true, 60000);
  TO_INTEGER("cvttsd2siq %[b], %[s]", u64, dbl, i64, kAll, Rounding::zero)
  TO_INTEGER("cvttsd2sil %[b], %k[s]", u64, dbl, i32, kLow, Rounding::zero)
  TO_INTEGER("cvttss2siq %[b], %[s]", u32, single, i64, kAll, Rounding::zero)
  TO_INTEGER("cvttss2sil %[b], %k[s]", u32, single, i32, kLow, Rounding::zero)
  TO_INTEGER("cvtsd2siq %[b], %[s]", u64, dbl, i64, kAll, sse.rounding())
  TO_INTEGER("cvtsd2sil %[b], %k[s]", u64, dbl, i32, kLow, sse.rounding())
  TO_INTEGER("cvtss2siq %[b], %[s]", u32, single, i64, kAll, sse.rounding())
  TO_INTEGER("cvtss2sil %[b], %k[s]", u32, single, i32, kLow, sse.rounding())
}

}  // namespace
}  // namespace reprise::cpu::fpu
#endif
