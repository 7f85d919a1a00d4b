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

// --- breakpoints

// The same file as one that an older build wrote: nothing is said of what was used.
MemoryFile without_usage(const MemoryFile& file) {
  const auto recording = Recording::open(file);
  MemoryFile other;
  trace::ChunkWriter writer(other);
  check(writer.begin().ok(), "begin");
  for (const trace::Chunk& chunk : recording->chunks()) {
    const trace::ChunkHeader& h = chunk.header;
    const u32 type = h.type == trace::kUsed ? trace::four("????") : h.type;
    check(writer.chunk(type, h.first, h.last, *recording->payload(chunk)).ok(), "chunk");
  }
  return other;
}

// Where each of the writes to a page was.
std::vector<Position> writes(const Recording& recording, u64 page) {
  Traveller there(recording);
  std::vector<Position> all;
  StopCondition condition{
      0, StopKind::Write, page * kPageSize, page * kPageSize + kPageSize - 1, true, {}};
  there.machine.stops()->set_stops({condition}, [&](const StopHit& hit) {
    all.push_back(hit.at);
    return false;
  });
  trace::RunOptions options;
  trace::run_replay(there.machine, options, there.replayer);
  return all;
}

Breakpoint on_page(u64 page) {
  Breakpoint one;
  one.id = 7;
  one.condition = {0, StopKind::Write, page * kPageSize, page * kPageSize + kPageSize - 1, true,
                   {}};
  return one;
}

// With what the recording says of its use, without, and without keyframes: breakpoints are found in
// the same places, both ways.
TEST(TimeTravel, BreakpointsAreFoundWhateverIsPassedOver) {
  const Session session = trace::record(400'000, 11, 0, 2'000);
  const auto recording = Recording::open(session.file);
  const MemoryFile older_file = without_usage(session.file);
  const auto older = Recording::open(older_file);
  ASSERT_TRUE(older.ok());
  Traveller indexed(*recording, true), plain(*older, true), marks(*recording);
  ASSERT_GT(indexed.keyframes->count(), 10u);
  std::mt19937 random(4);
  unsigned found = 0;
  for (unsigned i = 0; i < 60; ++i) {
    const u64 from = random() % session.last.icount;
    const u64 page = random() % 64;
    const bool reverse = random() % 2;
    const std::vector<Position> truth = writes(*recording, page);
    std::vector<Breakpoint> breaks = {on_page(page)};
    Breakpoint fixed;
    fixed.id = 9;
    fixed.kind = Breakpoint::Kind::Icount;
    fixed.position = random() % session.last.icount;
    if (i % 3 == 0) breaks.push_back(fixed);
    // What is to be met: the write in between, or the fixed place.
    u64 want = reverse ? 0 : session.last.icount;
    bool met = false;
    for (const Position& at : truth) {
      const u64 place = reverse ? at.icount - 1 : at.icount;
      if (reverse ? place < from && place >= want : place > from && place < want)
        want = place, met = true;
    }
    if (breaks.size() > 1 && (reverse ? fixed.position < from && fixed.position >= want
                                      : fixed.position > from && fixed.position <= want))
      want = fixed.position, met = true;
    for (Traveller* there : {&indexed, &plain, &marks}) {
      ASSERT_EQ(there->travel->to_icount(from).message, "");
      const Arrival arrival =
          reverse ? there->travel->run_back(breaks) : there->travel->find_forward(breaks);
      ASSERT_EQ(arrival.message, "");
      EXPECT_EQ(arrival.why == Arrival::Why::Break, met) << i;
      if (!met) continue;
      EXPECT_EQ(arrival.at.icount, want) << i << (reverse ? " back" : " forward");
      ++found;
    }
    ASSERT_EQ(hash_of(indexed.machine), hash_of(marks.machine)) << i;
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(found, 60u);
}

// It is worth it: a page that is hardly ever written is found in a few steps.
TEST(TimeTravel, WhatCannotMatterIsPassedOver) {
  const Session session = trace::record(400'000, 11, 0, 2'000);
  const auto recording = Recording::open(session.file);
  Traveller there(*recording, true);
  ASSERT_EQ(there.travel->to_icount(kNever - 1).why, Arrival::Why::End);
  const u64 before = there.machine.steps;
  const Arrival begin = there.travel->run_back({on_page(5000)});
  EXPECT_EQ(begin.why, Arrival::Why::Begin);
  const Arrival end = there.travel->find_forward({on_page(5000)});
  EXPECT_EQ(end.why, Arrival::Why::End);
  EXPECT_LT(there.machine.steps - before, 2 * 2'500u);
}

// Played, all is seen: nothing is passed over.
TEST(TimeTravel, PlayingPassesNothingOver) {
  const Session session = trace::record(100'000, 12, 0, 2'000);
  const auto recording = Recording::open(session.file);
  Traveller there(*recording, true);
  EXPECT_EQ(there.travel->run_forward({on_page(5000)}).why, Arrival::Why::End);
  EXPECT_EQ(there.machine.steps, session.last.icount);
}

}  // namespace
}  // namespace reprise
