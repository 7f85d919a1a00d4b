// What the parts of the stress program share. It runs on Linux, as a process of its own or on a
// host: threads, signals, processes and memory get in each other's way as much as they can, and
// each part's sum is the same however they interleave. So a host's processor says what a guest has
// to say.
#pragma once
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t u64;

// What must hold on any machine. In a handler or a child, too: nothing but write and _exit.
#define CHECK(condition)                                            \
  do {                                                              \
    if (!(condition)) check_failed(__FILE__, __LINE__, #condition); \
  } while (0)
_Noreturn void check_failed(const char* file, int line, const char* condition);

// Order counts: for what happens in one order only. Otherwise sums of hash().
static inline u64 mix(u64 sum, u64 value) {
  sum = (sum ^ value) * 0x9E3779B97F4A7C15u;
  return sum ^ sum >> 29;
}
static inline u64 hash(u64 value) { return mix(mix(0x243F6A8885A308D3u, value), value >> 32); }
static inline u64 hash_bytes(const void* data, size_t length) {
  u64 sum = length;
  for (size_t i = 0; i < length; ++i) sum = mix(sum, ((const unsigned char*)data)[i]);
  return sum;
}
// xorshift; the state is never 0.
static inline u64 next(u64* state) {
  *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
  return *state;
}

// Threads number 0 to count - 1 run `body`; returns when all have.
void run_threads(int count, void (*body)(int number, void* argument), void* argument);

// Each takes how much there is to do (1: a few million instructions) and returns its sum.
u64 locks(unsigned rounds);
u64 turns(unsigned rounds);
u64 stencil(unsigned rounds);
u64 queue(unsigned rounds);
u64 churn(unsigned rounds);
u64 clones(unsigned rounds);
u64 vectors(unsigned rounds);
u64 alarms(unsigned rounds);
u64 faults(unsigned rounds);
u64 nested(unsigned rounds);
u64 overflow(unsigned rounds);
u64 queued(unsigned rounds);
u64 tree(unsigned rounds);
u64 programs(unsigned rounds);
u64 pipes(unsigned rounds);
u64 ping_pong(unsigned rounds);
u64 robust(unsigned rounds);
u64 mappings(unsigned rounds);
u64 copies(unsigned rounds);
u64 shootdown(unsigned rounds);
u64 files(unsigned rounds);
// What `programs` runs in another process.
int program(const char* seed);
