// Wherever one goes in a recorded run, and however, the machine is what the straight run was there.
#include "replay/timetravel/travel.h"

#include <gtest/gtest.h>

#include "tests/replay/sessions.h"

namespace reprise {
namespace {

using trace::Recording;
using trace::Replayer;
using trace::Session;

std::string hash_of(FakeMachine& machine) { return MachineHash(machine).take().total().hex(); }

// Hashes of a straight replay at given counts of instructions.
std::map<u64, std::string> straight(const Recording& recording, const std::vector<u64>& counts) {
  FakeMachine machine;
  Replayer replayer(machine, recording);
  trace::RunOptions options;
  trace::ReplayLoop loop(machine, options, replayer);
  std::map<u64, std::string> hashes;
  std::vector<u64> sorted = counts;
  std::sort(sorted.begin(), sorted.end());
  for (const u64 count : sorted) {
    while (machine.position().icount < count) {
      if (loop.turn({kNever, count}) == trace::ReplayLoop::Turn::End) return hashes;
    }
    hashes[count] = hash_of(machine);
  }
  return hashes;
}

struct Traveller {
  explicit Traveller(const Recording& recording, bool use_keyframes = false, u64 spacing = 5'000,
                     u64 budget = 1 << 20)
      : replayer(machine, recording), timeline(machine) {
    auto found = trace::Keyframes::open(recording);
    check(found.ok(), "keyframes");
    if (use_keyframes) {
      keyframes.emplace(std::move(*found));
      keyframes->starts_at_first(machine);
    }
    timeline.set_budget(budget);
    TimeTravel::Config config;
    config.spacing = spacing;
    config.slice = 700;
    travel.emplace(machine, replayer, timeline, keyframes ? &*keyframes : nullptr, config);
  }
  FakeMachine machine;
  Replayer replayer;
  Timeline timeline;
  std::optional<trace::Keyframes> keyframes;
  std::optional<TimeTravel> travel;
};

TEST(TimeTravel, SeeksAreTheStraightRun) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    const bool keyframes = seed >= 4;
    const Session session = trace::record(400'000, seed, 0, seed % 2 ? 2'000 : 9'000);
    const auto recording = Recording::open(session.file);
    ASSERT_TRUE(recording.ok());
    std::mt19937 random(seed);
    std::vector<u64> counts;
    for (unsigned i = 0; i < 60; ++i) counts.push_back(1 + random() % (session.last.icount - 1));
    const auto truth = straight(*recording, counts);
    Traveller there(*recording, keyframes, 1'000 + seed * 2'000, seed % 2 ? 1 << 20 : 120'000);
    if (keyframes) {
      ASSERT_GT(there.keyframes->count(), 3u);
    }
    for (unsigned i = 0; i < 300; ++i) {
      const u64 count = counts[random() % counts.size()];
      const Arrival arrival = there.travel->to_icount(count);
      ASSERT_EQ(arrival.message, "");
      ASSERT_EQ(arrival.at.icount, count);
      ASSERT_EQ(hash_of(there.machine), truth.at(count)) << "seek " << i << " to " << count;
    }
  }
}

TEST(TimeTravel, StepsBackAndForth) {
  const Session session = trace::record(300'000, 5);
  const auto recording = Recording::open(session.file);
  std::vector<u64> counts;
  for (u64 count = 10'000; count < 11'100; ++count) counts.push_back(count);
  const auto truth = straight(*recording, counts);
  Traveller there(*recording);
  u64 at = 10'500;
  ASSERT_EQ(there.travel->to_icount(at).at.icount, at);
  std::mt19937 random(9);
  for (unsigned i = 0; i < 400; ++i) {
    const bool reverse = random() % 2;
    u64 steps = 1 + random() % (random() % 2 ? 3 : 500);
    if (reverse ? at - 10'000 < steps : 11'099 - at < steps) steps = 1;
    if (at == 10'000 || at == 11'099) continue;
    at = reverse ? at - steps : at + steps;
    ASSERT_EQ(there.travel->step(steps, reverse).at.icount, at);
    ASSERT_EQ(hash_of(there.machine), truth.at(at)) << "step " << i;
  }
}

TEST(TimeTravel, EndsAreEnds) {
  const Session session = trace::record(200'000, 6);
  const auto recording = Recording::open(session.file);
  Traveller there(*recording);
  const std::string begin = hash_of(there.machine);
  const Arrival end = there.travel->to_icount(kNever - 1);
  EXPECT_EQ(end.why, Arrival::Why::End) << end.message;
  EXPECT_EQ(there.replayer.last_hashes().total().hex(), session.hash.hex());
  const Arrival again = there.travel->step(1, false);
  EXPECT_EQ(again.why, Arrival::Why::End) << again.message;
  EXPECT_EQ(there.travel->to_icount(0).why, Arrival::Why::Begin);
  EXPECT_EQ(hash_of(there.machine), begin);
  EXPECT_EQ(there.travel->to_icount(kNever - 1).why, Arrival::Why::End);
}

}  // namespace
}  // namespace reprise
