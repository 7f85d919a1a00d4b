// The generator behind RDRAND and RDSEED: machine state, begun from the machine's seed, so that a
// run draws the same numbers again. A reset does not begin anew: a guest that boots twice in one
// run sees others the second time.
//
// Source: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). It
// passes the usual statistical tests; nothing here is secret.
#pragma once

#include "replay/core/state.h"

namespace reprise::cpu {

class RandomGenerator {
 public:
  // Each vCPU has a sequence of its own.
  RandomGenerator(u64 seed, unsigned vcpu) : state_(mix(mix(seed + kStep) + vcpu)) {}
  u64 next() { return mix(state_ += kStep); }
  void state(State& s) { s("state", state_); }

 private:
  static constexpr u64 kStep = 0x9E3779B97F4A7C15;
  static u64 mix(u64 z) {
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  u64 state_;
};

}  // namespace reprise::cpu
