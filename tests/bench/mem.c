// Memory: a chase through 32 MiB, then 64 MiB copied by SSE2, copied by REP MOVS, summed, and filled by REP STOS.
#include <emmintrin.h>
#include <stdlib.h>

#include "bench.h"

enum { kNodes = 4 << 20, kSteps = 8000000, kWords = 8 << 20 };

// One cycle through all nodes in random order (Sattolo).
static uint64_t chase(uint64_t seed) {
  uint64_t* next = malloc((size_t)kNodes * sizeof *next);
  if (!next) return 0;
  for (uint64_t i = 0; i < kNodes; ++i) next[i] = i;
  for (uint64_t i = kNodes - 1; i > 0; --i) {
    const uint64_t other = chance(&seed) % i, swapped = next[i];
    next[i] = next[other];
    next[other] = swapped;
  }
  uint64_t at = 0, sum = 0;
  for (int step = 0; step < kSteps; ++step) sum += at = next[at];
  free(next);
  return sum;
}

int main(void) {
  uint64_t sum = chase(3);
  uint64_t *from = malloc((size_t)kWords * 8), *to = malloc((size_t)kWords * 8);
  if (!from || !to) return 1;
  for (uint64_t i = 0; i < kWords; ++i) from[i] = i * 0x9E3779B97F4A7C15;
  for (size_t i = 0; i < kWords; i += 2)
    _mm_storeu_si128((__m128i*)(to + i), _mm_loadu_si128((const __m128i*)(from + i)));

  void *source = to, *target = from;
  size_t count = kWords;
  __asm__ volatile("rep movsq" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
  for (size_t i = 0; i < kWords; i += 4) sum = sum * 5 + from[i] + to[i + 1];

  target = to;
  count = kWords;
  __asm__ volatile("rep stosq" : "+D"(target), "+c"(count) : "a"(0x55ul) : "memory");
  return done("mem", sum + to[kWords / 3]);
}
