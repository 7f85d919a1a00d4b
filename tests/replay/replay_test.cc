#include <gtest/gtest.h>

#include "tests/replay/sessions.h"

namespace reprise::trace {
namespace {

std::string why(const Played& played) {
  return played.error + (played.divergence ? played.divergence->message : "");
}

TEST(Replay, EqualsTheRecordedRunWhateverTheSlices) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Session session = record(300'000, seed, 7);
    const Played played = play(session.file, seed + 1000);
    EXPECT_EQ(why(played), "");
    EXPECT_EQ(played.last, session.last);
    EXPECT_EQ(played.hash.hex(), session.hash.hex());
    EXPECT_EQ(Recording::open(session.file)->end()->exit_status, 7u);
  }
}

TEST(Replay, RunsWithOtherInputsDiffer) {
  EXPECT_NE(record(300'000, 1).hash.hex(), record(300'000, 2).hash.hex());
}

// Within one interval, and by the name of what differs.
TEST(Replay, NamesTheDeviceThatDiverges) {
  const Session session = record(300'000, 3);
  FakeMachine machine;
  machine.break_accumulator_at(5'000);
  const Played played = play(session.file, machine);
  ASSERT_TRUE(played.divergence);
  EXPECT_GE(played.divergence->at.icount, 5'000u);
  EXPECT_LE(played.divergence->since.icount, 5'000u);
}

TEST(Replay, NamesTheMemoryThatDiverges) {
  const Session session = record(300'000, 3);
  FakeMachine machine;
  machine.break_memory_at(5'000);
  const Played played = play(session.file, machine);
  ASSERT_TRUE(played.divergence);
  EXPECT_EQ(played.divergence->parts, std::vector<std::string>{"memory:ram"});
  EXPECT_LE(played.divergence->at.cycles, played.divergence->since.cycles + 3 * kTestInterval);
}

TEST(Replay, FindsWrongOutputAtItsPosition) {
  const Session session = record(300'000, 3);
  FakeMachine machine;
  machine.break_output_at(5'000);
  const Played played = play(session.file, machine);
  ASSERT_TRUE(played.divergence);
  EXPECT_NE(played.divergence->message.find("output differs"), std::string::npos);
  EXPECT_GE(played.divergence->at.icount, 5'000u);
  EXPECT_LE(played.divergence->at.icount, 7'000u);
}

TEST(Replay, AnotherMachineIsNoticedNotFollowed) {
  FakeMachine other(2);
  EXPECT_TRUE(play(record(300'000, 3).file, other).divergence);
}

TEST(Replay, RefusesInputsFromOutside) {
  const Session session = record(50'000, 3);
  const Result<Recording> recording = Recording::open(session.file);
  FakeMachine machine;
  Replayer replayer(machine, *recording);
  EXPECT_FALSE(machine.post("x"));
  EXPECT_FALSE(machine.door().waiting());
}

TEST(Replay, CommandsComeBackAtTheirPosition) {
  const auto run = [](MemoryFile& file, bool replay) {
    FakeMachine machine;
    std::vector<std::pair<std::string, Position>> seen;
    Port commands(machine.door(), "/machine:command", PortKind::Input, [&](auto bytes) {
      seen.emplace_back(std::string(bytes.begin(), bytes.end()), machine.position());
    });
    RunOptions options;
    if (replay) {
      const Result<Recording> recording = Recording::open(file);
      Replayer replayer(machine, *recording);
      EXPECT_TRUE(run_replay(machine, options, replayer));
      EXPECT_FALSE(replayer.failed());
      EXPECT_FALSE(machine.door().post(commands, {1}));
      return seen;
    }
    Recorder recorder(machine, file, {"", "", "", kTestInterval});
    EXPECT_TRUE(recorder.begin({}).ok());
    unsigned turn = 0;
    options.slice = 777;
    options.control = [&] {
      if (++turn == 20) machine.door().post(commands, {'r', 's', 't'});
      return turn == 60 ? Verdict::End : Verdict::Run;
    };
    run_live(machine, options, &recorder);
    EXPECT_TRUE(recorder.finish(0).ok());
    return seen;
  };
  MemoryFile file;
  const auto recorded = run(file, false);
  ASSERT_EQ(recorded.size(), 1u);
  EXPECT_EQ(run(file, true), recorded);
}

// A port that the machine lacks: the recording's fault, not ours.
TEST(Replay, UnknownPortDiverges) {
  MemoryFile file;
  {
    FakeMachine machine;
    Port extra(machine.door(), "/extra:in", PortKind::Input, [](auto) {});
    Recorder recorder(machine, file, {"", "", "", kTestInterval});
    ASSERT_TRUE(recorder.begin({}).ok());
    machine.door().post(extra, {1});
    RunOptions options;
    options.control = [&] {
      return machine.position().cycles > 9000 ? Verdict::End : Verdict::Run;
    };
    run_live(machine, options, &recorder);
    ASSERT_TRUE(recorder.finish(0).ok());
  }
  const Played played = play(file);
  ASSERT_TRUE(played.divergence);
  EXPECT_NE(played.divergence->message.find("/extra:in"), std::string::npos);
}

}  // namespace
}  // namespace reprise::trace
