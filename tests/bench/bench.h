// Shared by the workloads that `make bench` runs in a Linux guest: a generator, and the line that says that the
// work came out as it must. A workload has no timer of its own: the host takes processor time between the
// init script's BEGIN and END.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// splitmix64 (Vigna, public domain): good enough, and no state that could be all zero.
static inline uint64_t chance(uint64_t* state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

// Folds the bytes of a result into a sum: FNV-1a.
static inline uint64_t fold(uint64_t sum, const void* data, size_t size) {
  for (size_t i = 0; i < size; ++i) sum = (sum ^ ((const unsigned char*)data)[i]) * 0x100000001B3;
  return sum;
}
enum { kFoldStart = 0x811C9DC5 };

static inline int done(const char* name, uint64_t sum) {
  printf("SUM %s %016llx\n", name, (unsigned long long)sum);
  return 0;
}
