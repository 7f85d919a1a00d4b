// What instructions cost, in clocks.
//
// `fixed`: one clock an instruction (and a REP iteration, and a delivered event).
// `test`: 0 to 40 clocks from a hash of the low 12 bits of RIP; it shakes out whatever assumes that
// cycles advance. Only tests use it.
#pragma once

#include <string>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise::cpu {

class Timing {
 public:
  static Result<Timing> create(const std::string& name) {
    if (name == "fixed") return Timing(false);
    if (name == "test") return Timing(true);
    return fail("timing=" + name + ": there are 'fixed' and 'test'");
  }
  unsigned cost(u64 ip) const {
    return test_ ? unsigned(((ip & 0xFFF) * 0x9E3779B97F4A7C15ull >> 40) % 41) : 1;
  }
  unsigned event_cost() const { return 1; }

 private:
  explicit Timing(bool test) : test_(test) {}
  bool test_;
};

}  // namespace reprise::cpu
