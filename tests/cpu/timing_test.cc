// Timing models: clocks of code that runs in a guest, against tables and published measurements.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/support/timing_cases.h"

namespace reprise::cpu {
namespace {

void hold(const std::vector<TimingCase>& cases) {
  for (const TimingCase& t : cases) {
    if (t.miss) continue;
    EXPECT_TRUE(t.good()) << t.id << " (" << t.what << "): " << t.ours << ", not " << t.expected;
  }
}

class TimingModel : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Blocks, TimingModel, testing::Bool());

TEST_P(TimingModel, EachRowOfThe486) {
  const auto cases = i486_row_cases(GetParam());
  EXPECT_GE(cases.size(), 380u);
  hold(cases);
}

TEST_P(TimingModel, FarTransfersOfThe486) { hold(i486_far_cases(GetParam())); }
TEST_P(TimingModel, WhatIsKnownOfThe486) { hold(i486_known_cases(GetParam())); }

// The file says what the guest takes.
TEST(TimingReadme, IsWhatWouldBeMadeAgain) {
  const std::string path = "cpu/timing/README.md", made = timing_readme();
  if (std::getenv("REPRISE_WRITE_TIMING")) std::ofstream(path) << made;
  std::ifstream in(path);
  const std::string kept(std::istreambuf_iterator<char>(in), {});
  EXPECT_TRUE(kept == made) << path << ": REPRISE_WRITE_TIMING=1 writes it";
}

}  // namespace
}  // namespace reprise::cpu
