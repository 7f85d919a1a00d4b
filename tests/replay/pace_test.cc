#include "replay/trace/host/pace.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "replay/trace/host/disk_file.h"
#include "tests/replay/sessions.h"
#include "tests/storage/scratch_file.h"

namespace reprise::trace {
namespace {

struct TemporaryName {
  TemporaryName() { close(mkstemp(name)); }
  ~TemporaryName() { std::remove(name); }
  char name[32] = "/tmp/reprise-test-XXXXXX";
};

// Typed from another thread at whatever times the host makes of it: the replay is the same.
TEST(Pace, InputsAtRandomHostTimesReplay) {
  for (const bool real : {true, false}) {
    TemporaryName path;
    Hash128 recorded;
    {
      auto file = std::move(*DiskFile::create(path.name));
      EXPECT_FALSE(DiskFile::create(path.name).ok()) << "one recorder at a time";
      FakeMachine machine;
      HostPace pace(machine.scheduler().cpu_hz(), real);
      machine.door().on_post([&] { pace.wake(); });
      Recorder recorder(machine, *file, {"{}", "", "", kTestInterval});
      ASSERT_TRUE(recorder.begin({}).ok());
      std::atomic<bool> done{false};
      std::thread typist([&] {
        for (unsigned i = 0; i < 100; ++i) {
          machine.post(std::string(1, char(i)));
          std::this_thread::sleep_for(std::chrono::microseconds(i * 7 % 300));
        }
        done = true;
      });
      RunOptions options;
      options.pace = &pace;
      options.slice = 2000;
      options.control = [&] {
        return done && !machine.door().waiting() ? Verdict::End : Verdict::Run;
      };
      run_live(machine, options, &recorder);
      typist.join();
      ASSERT_TRUE(recorder.finish(0).ok());
      recorded = recorder.last_hashes().total();
    }
    const auto file = std::move(*DiskFile::open(path.name));
    for (unsigned round = 0; round < 3; ++round) {
      const Played played = play(*file, round);
      EXPECT_EQ(played.error, "");
      EXPECT_FALSE(played.divergence) << played.divergence->message;
      EXPECT_EQ(played.hash.hex(), recorded.hex());
    }
  }
}

TEST(Pace, RealTimeIsNotRunAheadOf) {
  HostPace pace(1'000'000, true);
  const auto before = std::chrono::steady_clock::now();
  while (pace.hold(20'000) < 20'000) {
  }
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(19));
  EXPECT_EQ(HostPace(1'000'000, false).hold(1'000'000'000), 1'000'000'000u);
}

// What drives' workers append meanwhile (DISK, DSKK) commits nothing.
TEST(DiskFile, OnlyAFlushIsAFlush) {
  const ScratchFile scratch;
  const auto file = DiskFile::create(scratch.path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_FALSE((*file)->overdue());
  for (unsigned i = 0; i < 12; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ASSERT_TRUE((*file)->append(std::vector<u8>(10)).ok());
  }
  EXPECT_TRUE((*file)->overdue());
  (*file)->flushed();
  EXPECT_FALSE((*file)->overdue());
}

TEST(DiskFile, SaysWhatItCannotDo) {
  EXPECT_FALSE(DiskFile::create("/nowhere/file").ok());
  EXPECT_FALSE(DiskFile::open("/nowhere/file").ok());
  EXPECT_FALSE(DiskFile::create("/dev/null").ok());
}

}  // namespace
}  // namespace reprise::trace
