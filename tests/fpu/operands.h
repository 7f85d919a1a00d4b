// Operands for floating-point tests: edges of every format and random values near them.
#pragma once

#include "cpu/fpu/float80.h"
#include "cpu/fpu/sse.h"

namespace reprise::cpu::fpu::test {

class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() {  // SplitMix64
    u64 z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  u64 below(u64 limit) { return next() % limit; }
  // Few significant bits, runs of ones or zeros, or anything.
  u64 pattern() {
    const u64 bits = next();
    switch (below(6)) {
      case 0:
        return 0;
      case 1:
        return ~u64(0) << below(64);
      case 2:
        return u64(1) << below(64);
      case 3:
        return ~(~u64(0) << below(64)) ^ (bits & 3);
      case 4:
        return bits & ~u64(0) << below(64);
      default:
        return bits;
    }
  }
  // Exponents at the ends, in the middle, or anywhere.
  u32 exponent(u32 max) {
    switch (below(8)) {
      case 0:
        return 0;
      case 1:
        return u32(below(3));
      case 2:
        return max;
      case 3:
        return max - u32(below(4));
      case 4:
        return u32(below(max + 1));
      default:
        return max / 2 - 34 + u32(below(70));
    }
  }
  Float80 float80() {
    const u16 e = u16(exponent(0x7FFF) | below(2) << 15);
    u64 significand = pattern();
    if ((e & 0x7FFF) && below(16)) significand |= kTop;
    return {significand, e};
  }
  template <class Bits>
  Bits ieee() {
    using F = Ieee<Bits>;
    return Bits(below(2)) << (F::kWidth - 1) |
           Bits(exponent(u32(F::kMaxExponent))) << F::kFraction |
           (Bits(pattern() >> (64 - F::kWidth)) & F::kFractionMask);
  }

 private:
  u64 state_;
};

}  // namespace reprise::cpu::fpu::test
