// Machines made from a recording, while the built-in guest tests them.
#include "tools/reprise/replay_machine.h"

#include <gtest/gtest.h>

#include <thread>

#include "replay/core/hash.h"
#include "tests/storage/scratch_file.h"
#include "tools/reprise/files.h"

namespace reprise::tools {
namespace {

constexpr u64 kSpacing = 300'000;

// Records the guest; the header may say that another machine did it.
Hash128 record(const std::string& path, i64 said_rtc_base) {
  MachineConfig config;
  config.ram_bytes = 64 << 20;
  config.cpus = 2;
  config.blobs["bios"] = builtin_guest();
  config.devices = {{"isa-debug-exit", {}}};
  const auto machine = std::move(*PcI440fx::create(config));
  machine->set_idle_jumps(false);
  const auto file = std::move(*trace::DiskFile::create(path));
  MachineConfig said = config;
  said.rtc_base = said_rtc_base;
  trace::Recorder recorder(*machine, *file, {said.to_json(), "test", "today"},
                           {.keyframe_spacing = kSpacing});
  check(recorder.begin({*config.blobs["bios"]}).ok(), "begin");
  trace::RunOptions run;
  run.control = [&] {
    return machine->exit_status().kind ? trace::Verdict::End : trace::Verdict::Run;
  };
  trace::run_live(*machine, run, &recorder);
  check(recorder.finish(0).ok(), "finish");
  return recorder.last_hashes().total();
}

std::unique_ptr<ReplayMachine> machine_of(const RecordedRun& run) {
  auto made = ReplayMachine::create(run, {});
  check(made.ok(), "a machine for the recording");
  return std::move(*made);
}
std::string hash_of(ReplayMachine& machine) {
  return MachineHash(machine.machine()).take().total().hex();
}

TEST(ReplayMachine, PiecesAreTheWhole) {
  const ScratchFile file;
  const Hash128 hash = record(file.path, 0);
  const auto run = RecordedRun::open(file.path);
  ASSERT_TRUE(run.ok()) << run.error().message;

  const auto whole = machine_of(**run);
  EXPECT_TRUE(whole->from_power_on());
  std::map<u64, std::string> straight;  // by icount
  const std::size_t frames = whole->keyframes().count();
  ASSERT_GE(frames, 4u);
  for (std::size_t k = 0; k < frames; ++k) {
    const Position at = whole->keyframes().at(k);
    const Arrival arrival = whole->run_to(at);
    ASSERT_EQ(arrival.why, Arrival::Why::There) << arrival.message;
    ASSERT_EQ(whole->machine().position(), at);
    straight[at.icount] = hash_of(*whole);
  }
  ASSERT_EQ(whole->run_to({kNever, kNever}).why, Arrival::Why::End);
  EXPECT_EQ(hash_of(*whole), hash.hex());

  // Each piece on a thread of its own, in no order.
  std::map<u64, std::string> begins[2], ends[2];
  std::vector<std::thread> threads;
  for (const unsigned odd : {0u, 1u})
    threads.emplace_back([&, odd] {
      const auto machine = machine_of(**run);
      for (std::size_t k = frames; k-- > 0;) {
        if (k % 2 != odd) continue;
        if (!machine->load(k)) return;
        begins[odd][machine->machine().position().icount] = hash_of(*machine);
        machine->run_to(k + 1 < frames ? machine->keyframes().at(k + 1)
                                       : run->get()->recording().last());
        ends[odd][machine->machine().position().icount] = hash_of(*machine);
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::map<u64, std::string> expected = straight;
  begins[0].merge(begins[1]);
  EXPECT_EQ(begins[0], expected);
  expected.erase(expected.begin());
  expected[run->get()->recording().last().icount] = hash.hex();
  ends[0].merge(ends[1]);
  EXPECT_EQ(ends[0], expected);

  const auto traveller = machine_of(**run);
  for (const auto& [icount, state] : straight) {
    if (icount == 0) continue;
    ASSERT_EQ(traveller->travel().to_icount(icount + 1000).why, Arrival::Why::There);
    ASSERT_EQ(traveller->travel().step(1000, true).why, Arrival::Why::There);
    EXPECT_EQ(hash_of(*traveller), state);
  }
}

TEST(ReplayMachine, SaysWhereItIsNotTheRecordedRun) {
  const ScratchFile file;
  record(file.path, 12345);
  const auto run = RecordedRun::open(file.path);
  ASSERT_TRUE(run.ok()) << run.error().message;
  const auto machine = machine_of(**run);
  const Arrival arrival = machine->run_to({kNever, kNever});
  EXPECT_EQ(arrival.why, Arrival::Why::Failed);
  ASSERT_TRUE(machine->replayer().divergence());
  EXPECT_EQ(machine->replayer().divergence()->parts, std::vector<std::string>{"/isa/rtc"});
}

TEST(ReplayMachine, WhatIsNoRecordingIsRefused) {
  const ScratchFile file;
  const auto run = RecordedRun::open(file.path);
  ASSERT_FALSE(run.ok());
  EXPECT_NE(run.error().message.find(file.path), std::string::npos);
}

}  // namespace
}  // namespace reprise::tools
