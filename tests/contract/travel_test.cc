// Time travel on whole boards: wherever one goes in a run of hostile firmware, by marks or by
// keyframes, the machine is what the straight run was there.
#include "replay/timetravel/travel.h"

#include <gtest/gtest.h>

#include <random>

#include "chipset/board/pc_i440fx.h"
#include "replay/core/hash.h"
#include "tests/contract/random_board.h"

namespace reprise {
namespace {

std::string hash_of(Machine& machine) { return MachineHash(machine).take().total().hex(); }

struct Recorded {
  MemoryFile file;
  Position last;
};

Recorded record(const MachineConfig& config, u64 seed, u64 spacing) {
  Recorded recorded;
  std::mt19937_64 random(seed);
  const auto machine = board(config);
  trace::Recorder recorder(*machine, recorded.file, {"{}", "", "", 1 << 15},
                           {.keyframe_spacing = spacing});
  check(recorder.begin({}).ok(), "begin");
  trace::RunOptions options;
  options.control = [&] {
    options.slice = 1 + random() % 20'000;
    for (const auto& [name, port] : machine->door().ports()) {
      if (port->kind() != PortKind::Input || random() % 16) continue;
      machine->door().post(*port, std::vector<u8>(1 + random() % 8, u8(random() % 4)));
    }
    const bool over = machine->position().cycles > 600'000 || machine->exit_status().kind;
    return over ? trace::Verdict::End : trace::Verdict::Run;
  };
  trace::run_live(*machine, options, &recorder);
  check(recorder.finish(0).ok(), "finish");
  recorded.last = machine->position();
  return recorded;
}

// Hashes of a straight replay at some counts of instructions, if it gets to them.
std::map<u64, std::string> straight(const MachineConfig& config, const trace::Recording& recording,
                                    std::vector<u64> counts) {
  const auto machine = board(config);
  trace::Replayer replayer(*machine, recording);
  trace::RunOptions options;
  trace::ReplayLoop loop(*machine, options, replayer);
  std::map<u64, std::string> hashes;
  std::sort(counts.begin(), counts.end());
  for (const u64 count : counts) {
    while (machine->position().icount < count)
      if (loop.turn({kNever, count}) == trace::ReplayLoop::Turn::End) return hashes;
    hashes[count] = hash_of(*machine);
  }
  return hashes;
}

TEST(BoardTravel, SeeksAreTheStraightRun) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    const MachineConfig config = random_board(seed);
    const Recorded recorded = record(config, seed, seed % 4 ? 60'000 : 0);
    const auto recording = trace::Recording::open(recorded.file);
    ASSERT_TRUE(recording.ok()) << recording.error().message;
    std::mt19937_64 random(seed);
    std::vector<u64> counts;
    for (unsigned i = 0; i < 30; ++i) counts.push_back(1 + random() % recorded.last.icount);
    const auto truth = straight(config, *recording, counts);
    counts.clear();
    for (const auto& [count, hash] : truth) counts.push_back(count);
    ASSERT_FALSE(counts.empty());

    const auto machine = board(config);
    trace::Replayer replayer(*machine, *recording);
    auto keyframes = trace::Keyframes::open(*recording);
    ASSERT_TRUE(keyframes.ok()) << keyframes.error().message;
    if (keyframes->count() > 0) keyframes->starts_at_first(*machine);
    Timeline timeline(*machine);
    timeline.set_budget(4 << 20);
    TimeTravel::Config how;
    how.spacing = 1 + random() % 50'000;
    how.slice = 1 + random() % 9'000;
    how.after_go = [&] { machine->clear_exit_status(); };
    TimeTravel travel(*machine, replayer, timeline, &*keyframes, how);
    for (unsigned i = 0; i < 60; ++i) {
      const u64 count = counts[random() % counts.size()];
      const Arrival arrival = travel.to_icount(count);
      ASSERT_EQ(arrival.message, "") << "seed " << seed << " to " << count;
      ASSERT_EQ(arrival.at.icount, count) << "seed " << seed;
      ASSERT_EQ(hash_of(*machine), truth.at(count)) << "seed " << seed << ", journey " << i;
      const u64 back = std::min<u64>(count - 1, random() % 700);
      ASSERT_EQ(travel.step(back, true).at.icount, count - back);
      ASSERT_EQ(travel.step(back, false).at.icount, count);
      ASSERT_EQ(hash_of(*machine), truth.at(count)) << "seed " << seed << ", " << back << " steps";
    }
  }
}

}  // namespace
}  // namespace reprise
