// Every row of a timing model's table, and every answer that is known from elsewhere, measured in a
// guest: what cpu/timing/README.md lists and the tests hold.
#pragma once

#include <string>
#include <vector>

#include "replay/core/types.h"

namespace reprise::cpu {

struct TimingCase {
  std::string id, what;
  std::string theirs;   // as the source has it
  double expected = 0;  // clocks that the source gives for what was run
  double ours = 0;
  double tolerance = 0;  // relative
  std::string note;      // why it differs, if it may
  bool miss = false;     // a known one: listed, not held

  bool good() const {
    const double off = ours - expected;
    return off <= expected * tolerance && -off <= expected * tolerance;
  }
};

// `blocks`: as the machine's block cache.
std::vector<TimingCase> i486_row_cases(bool blocks);
std::vector<TimingCase> i486_far_cases(bool blocks);
std::vector<TimingCase> i486_known_cases(bool blocks);
// The whole of cpu/timing/README.md.
std::string timing_readme();

}  // namespace reprise::cpu
