// long double: multiplications, additions, divisions and square roots; then sines and arc tangents.
//
// The transcendental part has a sum of its own: its last bits differ from one maker's unit to another's.
#include "bench.h"

static long double root(long double x) {
  __asm__("fsqrt" : "+t"(x));
  return x;
}
static long double sine(long double x) {
  __asm__("fsin" : "+t"(x));
  return x;
}
static long double angle(long double y, long double x) {
  long double result;
  __asm__("fpatan" : "=t"(result) : "0"(x), "u"(y) : "st(1)");
  return result;
}

int main(void) {
  long double chaos = 0.375L, harmonic = 0, total = 0;
  for (int n = 1; n <= 5500000; ++n) {
    chaos = 3.8125L * chaos * (1.0L - chaos);
    harmonic += 1.0L / n;
    total += root(chaos + harmonic) * 0.125L - chaos;
  }
  const uint64_t sum = fold(kFoldStart, &total, 10);
  long double turning = 0;
  for (int n = 0; n < 400000; ++n) turning += sine(chaos * (n & 1023)) + angle(chaos + n, harmonic);
  done("x87-transcendental", fold(kFoldStart, &turning, 10));
  return done("x87", sum);
}
