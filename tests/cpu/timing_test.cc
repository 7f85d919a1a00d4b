// Timing models: clocks of code that runs in a guest, against tables and published measurements.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

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
  const auto cases = row_cases(i486_model(), GetParam());
  EXPECT_GE(cases.size(), 380u);
  hold(cases);
}

TEST_P(TimingModel, FarTransfersOfThe486) { hold(far_cases(i486_model(), GetParam())); }
TEST_P(TimingModel, WhatIsKnownOfThe486) { hold(i486_known_cases(GetParam())); }

TEST_P(TimingModel, EachRowOfTheP5) {
  const auto cases = row_cases(p5_model(), GetParam());
  EXPECT_GE(cases.size(), 380u);
  hold(cases);
}

TEST_P(TimingModel, FarTransfersOfTheP5) { hold(far_cases(p5_model(), GetParam())); }
TEST_P(TimingModel, WhatIsKnownOfTheP5) { hold(p5_known_cases(GetParam())); }
TEST_P(TimingModel, WhatWasMeasuredOfTheP5) { hold(p5_silicon_cases(GetParam())); }
TEST_P(TimingModel, PenaltiesOfTheP5) { hold(p5_penalty_cases(GetParam())); }
TEST_P(TimingModel, ExtensionRuleOfTheP5) { hold(p5_extension_cases(GetParam())); }
TEST_P(TimingModel, PairsOfTheP5) { hold(pair_cases(p5_model(), GetParam())); }

TEST(TimingRows, AreWhatReferencesPrint) {
  hold(published_cases(i486_model()));
  hold(published_cases(p5_model()));
}

// Penalties that no known answer has, each beside the same without it.
TEST_P(TimingModel, PenaltiesOfThe486) {
  const auto clocks = [](const char* code) {
    TimingMachine t("i486", GuestKind::kProtected, GetParam());
    return t.clocks(from_hex(code), [](TimingMachine& m) { m.c.r[RCX] = 1; });
  };
  EXPECT_EQ(clocks("8B4704"), 1);  // mov eax,[edi+4]
  EXPECT_EQ(clocks("8B4701"), 4);  // across a doubleword's boundary
  EXPECT_EQ(clocks("C70705000000"), 1);
  EXPECT_EQ(clocks("C7470405000000"), 2);          // immediate and displacement
  EXPECT_EQ(clocks("8D040F"), 2);                  // lea eax,[edi+ecx]: an index
  EXPECT_EQ(clocks("6689C8"), 2);                  // a prefix
  EXPECT_EQ(clocks("F7E16689C8"), 13 + 1);         // ... behind what takes long
  EXPECT_EQ(clocks("BB000002008B03"), 1 + 1 + 1);  // a base written just before
  EXPECT_EQ(clocks("BB00000200908B03"), 3);        // ... and not
  const std::string nops = "90909090909090909090909090";
  EXPECT_EQ(clocks(("EB0C" + nops.substr(2) + "89C8").c_str()), 3 + 1);
  EXPECT_EQ(clocks(("EB0D" + nops + "89C8").c_str()), 3 + 3 + 1);  // to two lines at once
  std::string writes;
  for (unsigned i = 0; i < 20; ++i) writes += "890F";
  EXPECT_EQ(clocks(writes.c_str()), 20 + 13);  // from the eighth on, each waits for a buffer
}

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
