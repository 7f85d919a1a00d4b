// Integer work: prime sieve, byte-wise CRC-32, quicksort, hash table with open addressing.
#include "bench.h"

enum { kNumbers = 1 << 21, kBytes = 1 << 16, kKeys = 1 << 19, kSlotBits = 16, kSlots = 1 << kSlotBits };

static uint8_t composite[kNumbers];
static uint64_t sum_of_primes(void) {
  memset(composite, 0, sizeof composite);
  uint64_t sum = 0;
  for (uint32_t n = 2; n < kNumbers; ++n) {
    if (composite[n]) continue;
    sum += n;
    for (uint64_t multiple = (uint64_t)n * n; multiple < kNumbers; multiple += n) composite[multiple] = 1;
  }
  return sum;
}

static uint32_t crc_table[256];
static uint8_t bytes[kBytes];
static void make_crc_table(void) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ (rest & 1 ? 0xEDB88320 : 0);
    crc_table[byte] = rest;
  }
}
static uint32_t crc32(uint32_t crc) {
  crc = ~crc;
  for (const uint8_t* at = bytes; at < bytes + kBytes; ++at) crc = crc_table[(uint8_t)crc ^ *at] ^ crc >> 8;
  return ~crc;
}

// Hoare's partition; the smaller part by recursion.
static uint32_t keys[kKeys];
static void sort(uint32_t* first, uint32_t* last) {
  while (first < last) {
    const uint32_t pivot = first[(last - first) / 2];
    uint32_t *low = first - 1, *high = last + 1;
    for (;;) {
      do ++low; while (*low < pivot);
      do --high; while (*high > pivot);
      if (low >= high) break;
      const uint32_t swapped = *low;
      *low = *high;
      *high = swapped;
    }
    if (high - first < last - high) {
      sort(first, high);
      first = high + 1;
    } else {
      sort(high + 1, last);
      last = high;
    }
  }
}

static struct {
  uint32_t key, value;
} slots[kSlots];
static uint64_t count_in_table(uint64_t seed, int operations) {
  memset(slots, 0, sizeof slots);
  uint64_t sum = 0;
  for (int i = 0; i < operations; ++i) {
    const uint32_t key = 1 + (uint32_t)(chance(&seed) % 40000);
    uint32_t at = key * 0x9E3779B1u >> (32 - kSlotBits);
    while (slots[at].key != 0 && slots[at].key != key) at = (at + 1) % kSlots;
    slots[at].key = key;
    slots[at].value += (uint32_t)i;
    sum += slots[at].value ^ at;
  }
  return sum;
}

int main(void) {
  uint64_t seed = 1, sum = kFoldStart;
  for (int round = 0; round < 8; ++round) {
    const uint64_t primes = sum_of_primes();
    sum = fold(sum, &primes, sizeof primes);
  }
  make_crc_table();
  for (int i = 0; i < kBytes; ++i) bytes[i] = (uint8_t)chance(&seed);
  uint32_t crc = 0;
  for (int round = 0; round < 400; ++round) crc = crc32(crc);
  sum = fold(sum, &crc, sizeof crc);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kKeys; ++i) keys[i] = (uint32_t)chance(&seed);
    sort(keys, keys + kKeys - 1);
    for (int i = 0; i < kKeys; i += 997) sum = fold(sum, &keys[i], sizeof keys[i]);
  }
  const uint64_t counted = count_in_table(5, 8000000);
  return done("int", fold(sum, &counted, sizeof counted));
}
