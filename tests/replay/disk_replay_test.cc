// Runs with a disk, recorded and replayed: whatever the host's disk does, and whatever has become
// of the image since.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "replay/trace/driver.h"
#include "storage/filter/overlay.h"
#include "storage/filter/pin_filter.h"
#include "storage/filter/replay_base.h"
#include "storage/host/thread_worker.h"
#include "tests/replay/disk_machine.h"
#include "tests/storage/faulty_node.h"

namespace reprise::trace {
namespace {

class LateWorker final : public IoWorker {
 public:
  explicit LateWorker(u64 seed) : random_(seed) {}
  void submit(std::function<void()> job) override {
    worker_.submit([job = std::move(job), us = random_() % 4 ? 0 : random_() % 500] {
      if (us) std::this_thread::sleep_for(std::chrono::microseconds(us));
      job();
    });
  }
  void wait() override { std::this_thread::sleep_for(std::chrono::microseconds(20)); }

 private:
  std::mt19937_64 random_;
  ThreadWorker worker_;
};

// A recording that remembers what the image was at each append: what a kill -9 there would leave.
class WatchedFile final : public RecordingFile {
 public:
  explicit WatchedFile(const std::vector<u8>& image) : image_(image) {}
  Result<void> append(std::span<const u8> bytes) override {
    if (watching) killed.push_back({file.content.size(), image_});
    return file.append(bytes);
  }
  Result<void> read_at(u64 offset, std::span<u8> bytes) const override {
    return file.read_at(offset, bytes);
  }
  u64 size() const override { return file.size(); }
  Result<void> sync() override { return {}; }
  bool overdue() const override { return ++asked_ % 8 == 0; }

  struct Killed {
    std::size_t length;
    std::vector<u8> image;
  };
  MemoryFile file;
  std::vector<Killed> killed;
  bool watching = false;

 private:
  const std::vector<u8>& image_;
  mutable unsigned asked_ = 0;
};

struct Recorded {
  std::vector<u8> before, after;  // the image
  std::vector<u8> file;
  std::vector<WatchedFile::Killed> killed;
  Hash128 hash;
  u64 waits = 0;
};

struct How {
  Cycles cycles = 20'000'000;
  u64 worker = 0;  // seed of a late one; 0: none
  bool watch = false, embed = false, faults = false, end_in_waiting = false,
       end_after_waiting = false;
  DriveSetup setup = {.id = "d"};
};

std::vector<u8> image_of(u64 seed) {
  std::vector<u8> bytes(DiskMachine::kDisk);
  std::mt19937_64 random(seed);
  for (u64 at = 0; at < bytes.size(); at += 8) {
    const u64 value = random();
    std::copy_n(reinterpret_cast<const u8*>(&value), 8, bytes.begin() + std::ptrdiff_t(at));
  }
  return bytes;
}

std::unique_ptr<IoWorker> worker(u64 seed) {
  if (seed) return std::make_unique<LateWorker>(seed);
  return std::make_unique<InlineWorker>();
}

Recorded record(u64 seed, const How& how = {}) {
  Recorded recorded;
  recorded.before = image_of(seed);
  auto image = std::make_shared<FaultyNode>(0);
  image->bytes = recorded.before;
  std::mt19937_64 random(seed);
  if (how.faults) {
    image->fault = [&random](char, u64) { return random() % 8 ? 0 : random() % 2 ? 5 : 28; };
  }
  WatchedFile file(image->bytes);
  DiskMachine machine(seed, worker(how.worker), how.setup);
  Recorder recorder(machine, file, {"{}", "", "", 1 << 20}, {.embed_disks = how.embed});
  machine.drive().insert(
      {"d", "d.img", DiskMachine::kDisk, false,
       std::make_shared<PinFilter>(image, recorder.disks(), "d", DiskMachine::kDisk)});
  check(recorder.begin({}).ok(), "begin");
  file.watching = how.watch;
  RunOptions options;
  std::mt19937_64 slices(seed + 1);
  bool waited = false;
  options.control = [&] {
    options.slice = 1 + slices() % 200'000;
    recorded.waits += machine.waits_for_host();
    const bool just_came = std::exchange(waited, machine.waits_for_host()) && !waited;
    if (machine.drive().stopped()) machine.drive().retry();
    const Cycles now = machine.position().cycles;
    if (now < how.cycles) {
      // However the slices fall, the run ends at the first boundary behind.
      options.slice = std::min(options.slice, how.cycles - now);
      return Verdict::Run;
    }
    if (machine.waits_for_host() && !how.end_in_waiting) return Verdict::Run;
    if (how.end_in_waiting && !machine.waits_for_host()) return Verdict::Run;
    if (how.end_after_waiting && !just_came) return Verdict::Run;
    return Verdict::End;
  };
  run_live(machine, options, &recorder);
  machine.drive().close();
  check(recorder.finish(0).ok(), "finish");
  recorded.hash = recorder.last_hashes().total();
  recorded.after = image->bytes;
  recorded.file = file.file.content;
  recorded.killed = std::move(file.killed);
  return recorded;
}

struct Played {
  std::string error;
  Hash128 hash;
  Position last;
};

Played play(const std::vector<u8>& content, std::shared_ptr<BlockNode> image, u64 seed,
            u64 late = 0, DriveSetup setup = {.id = "d"}) {
  const MemoryFile file(content);
  const auto recording = Recording::open(file);
  if (!recording) return {recording.error().message, {}, {}};
  const auto index = DiskIndex::open(*recording);
  if (!index) return {index.error().message, {}, {}};
  DiskMachine machine(seed, worker(late), setup);
  const auto base = std::make_shared<ReplayBase>(
      *index, "d", DiskMachine::kDisk,
      ReplayBase::Image{image, "d.img", "there is no d.img", "give it"});
  machine.drive().insert(
      {"d", "d.img", DiskMachine::kDisk, false,
       std::make_shared<Overlay>(base, std::make_shared<FaultyNode>(DiskMachine::kDisk))});
  Replayer replayer(machine, *recording);
  RunOptions options;
  std::mt19937_64 slices(seed + late + 99);
  options.control = [&] {
    options.slice = 1 + slices() % 200'000;
    return machine.drive().broken() ? Verdict::End : Verdict::Run;
  };
  run_replay(machine, options, replayer);
  Played played{replayer.error(), replayer.last_hashes().total(), machine.position()};
  if (replayer.divergence()) played.error = "diverged: " + replayer.divergence()->message;
  if (machine.drive().broken()) played.error = machine.drive().broken()->message;
  return played;
}

std::shared_ptr<BlockNode> node_of(const std::vector<u8>& bytes) {
  auto node = std::make_shared<FaultyNode>(0);
  node->bytes = bytes;
  return node;
}

// The recording has changed the image: what it kept comes first.
TEST(DiskReplay, PlaysWithTheImageThatTheRunLeft) {
  for (u64 seed = 1; seed <= 8; ++seed) {
    const Recorded run = record(seed);
    ASSERT_NE(run.before, run.after);
    for (const auto& image : {run.before, run.after}) {
      const Played played = play(run.file, node_of(image), seed);
      EXPECT_EQ(played.error, "");
      EXPECT_EQ(played.hash, run.hash);
    }
  }
}

TEST(DiskReplay, ALateDiskDoesNotChangeTheRun) {
  for (u64 seed = 1; seed <= 4; ++seed) {
    const Recorded prompt = record(seed), late = record(seed, {.worker = seed + 5});
    EXPECT_GT(late.waits, 0u);
    EXPECT_EQ(late.hash, prompt.hash);
    EXPECT_EQ(late.after, prompt.after);
    const Played played = play(late.file, node_of(late.after), seed, 3);
    EXPECT_EQ(played.error, "");
    EXPECT_EQ(played.hash, late.hash);
  }
}

// After a kill -9 at any moment the file plays to its last commit, with the image as it was then.
TEST(DiskReplay, ARecorderKilledAnywhere) {
  for (u64 seed = 11; seed <= 13; ++seed) {
    const Recorded run = record(seed, {.cycles = 10'000'000, .watch = true});
    ASSERT_GT(run.killed.size(), 20u);
    Position furthest;
    for (const auto& killed : run.killed) {
      const std::vector<u8> head(run.file.begin(),
                                 run.file.begin() + std::ptrdiff_t(killed.length));
      const Played played = play(head, node_of(killed.image), seed);
      ASSERT_EQ(played.error, "") << "killed at " << killed.length;
      EXPECT_GE(played.last, furthest);
      furthest = played.last;
    }
    EXPECT_GT(furthest.cycles, 5'000'000u);
  }
}

// Ended by the operator while the machine waits for the disk.
TEST(DiskReplay, ARunThatEndsInWaiting) {
  for (u64 seed = 21; seed <= 26; ++seed) {
    const Recorded run =
        record(seed, {.cycles = 3'000'000, .worker = seed, .end_in_waiting = true});
    for (const u64 late : {u64(0), seed}) {
      const Played played = play(run.file, node_of(run.after), seed, late);
      EXPECT_EQ(played.error, "");
      EXPECT_EQ(played.hash, run.hash);
    }
  }
}

// Ended where the disk's answer has just come: a replay whose own disk is late must not end before.
TEST(DiskReplay, ARunThatEndsAfterWaiting) {
  for (u64 seed = 21; seed <= 26; ++seed) {
    const Recorded run =
        record(seed, {.cycles = 3'000'000, .worker = seed, .end_after_waiting = true});
    for (const u64 late : {u64(0), seed, seed + 1, seed + 2}) {
      const Played played = play(run.file, node_of(run.after), seed, late);
      EXPECT_EQ(played.error, "");
      EXPECT_EQ(played.hash, run.hash);
    }
  }
}

TEST(DiskReplay, ErrorsOfTheHostUnderEachPolicy) {
  unsigned waits = 0;
  for (const OnError policy : {OnError::Report, OnError::Ignore, OnError::Enospc, OnError::Stop}) {
    const OnError reads = policy == OnError::Enospc ? OnError::Report : policy;
    for (u64 seed = 31; seed <= 38; ++seed) {
      How how{.faults = true, .setup = {.id = "d", .rerror = reads, .werror = policy}};
      how.worker = seed % 2 ? seed : 0;
      const Recorded run = record(seed, how);
      waits += unsigned(run.waits);
      const Played played = play(run.file, node_of(run.after), seed, 0, how.setup);
      EXPECT_EQ(played.error, "") << "policy " << int(policy) << " seed " << seed;
      EXPECT_EQ(played.hash, run.hash);
    }
  }
  EXPECT_GT(waits, 0u);
}

TEST(DiskReplay, AnImageThatIsNotTheRecordedOne) {
  const Recorded run = record(41);
  std::vector<u8> image = run.after;
  for (u64 at = 100; at < image.size(); at += kClusterSize) ++image[at];
  const Played played = play(run.file, node_of(image), 41);
  EXPECT_NE(played.error.find("the image d.img of d has changed"), std::string::npos)
      << played.error;
  image = run.after;
  image.resize(1000);
  EXPECT_NE(play(run.file, node_of(image), 41).error.find("shorter"), std::string::npos);
  EXPECT_NE(play(run.file, nullptr, 41).error.find("there is no d.img; give it"),
            std::string::npos);
}

TEST(DiskReplay, ARecordingThatEmbedsItsDisksNeedsNoImage) {
  for (u64 seed = 51; seed <= 53; ++seed) {
    const Recorded run = record(seed, {.embed = true});
    const Played played = play(run.file, nullptr, seed);
    EXPECT_EQ(played.error, "");
    EXPECT_EQ(played.hash, run.hash);
  }
}

// Clusters that are overwritten as a whole and were never read are not kept.
TEST(DiskReplay, WhatNobodyReadIsNotKept) {
  class Log final : public DiskLog {
   public:
    void pin(const std::string&, u64 cluster, u64) override { pins.push_back(cluster); }
    void keep(const std::string&, u64 cluster, std::span<const u8> content) override {
      kept.push_back(cluster);
      length += content.size();
    }
    bool embeds() const override { return false; }
    std::vector<u64> pins, kept;
    u64 length = 0;
  } log;
  constexpr u64 kSize = 100 * kClusterSize + 512;
  PinFilter filter(std::make_shared<FaultyNode>(kSize), log, "d", kSize);
  std::vector<u8> data(3 * kClusterSize);
  ASSERT_TRUE(filter.read(2 * kClusterSize + 5, std::span(data).first(10)).ok());
  ASSERT_TRUE(filter.write(kClusterSize, data).ok());           // 1, 2, 3
  ASSERT_TRUE(filter.write(10 * kClusterSize - 1, data).ok());  // parts of 9 and 12
  ASSERT_TRUE(
      filter.discard(50 * kClusterSize, kSize - 50 * kClusterSize - 1).ok());  // part of 100
  ASSERT_TRUE(filter.discard(0, kSize).ok());
  ASSERT_TRUE(filter.read(0, data).ok());
  EXPECT_EQ(log.pins, std::vector<u64>{2});
  EXPECT_EQ(log.kept, (std::vector<u64>{2, 9, 12, 100}));
  EXPECT_EQ(log.length, 3 * kClusterSize + 512);
}

TEST(DiskReplay, TheFirstThatWasKeptHolds) {
  MemoryFile file;
  ChunkWriter writer(file);
  ASSERT_TRUE(writer.begin().ok());
  const std::string head = RecordingHeader{"{}", "", "", 5000}.to_json();
  ASSERT_TRUE(
      writer.chunk(kHead, {}, {}, {reinterpret_cast<const u8*>(head.data()), head.size()}).ok());
  DiskRecorder log(writer, false);
  for (const u8 value : {u8(1), u8(2)}) {
    log.keep("d", 7, std::vector<u8>(512, value));
    log.pin("d", 9, value);
  }
  log.flush();
  const auto recording = Recording::open(file);
  ASSERT_TRUE(recording.ok());
  const auto index = DiskIndex::open(*recording);
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(**index->kept("d", 7), std::vector<u8>(512, 1));
  EXPECT_EQ(index->pinned("d", 9), std::optional<u64>(1));
  EXPECT_FALSE(index->kept("d", 9)->has_value());
  EXPECT_FALSE(index->pinned("e", 9).has_value());
}

// A recording from a stranger.
TEST(DiskReplay, BrokenDiskChunksAreRefused) {
  const auto opened = [](u32 type, const std::vector<u8>& payload) {
    MemoryFile file;
    ChunkWriter writer(file);
    check(writer.begin().ok(), "begin");
    const std::string head = RecordingHeader{"{}", "", "", 5000}.to_json();
    check(writer.chunk(kHead, {}, {}, {reinterpret_cast<const u8*>(head.data()), head.size()}).ok(),
          "head");
    check(writer.chunk(type, {}, {}, payload).ok(), "chunk");
    const auto recording = Recording::open(file);
    return recording.ok() && DiskIndex::open(*recording).ok();
  };
  ByteWriter good;
  good.string("d");
  good.varint(7);
  good.u64_(1);
  EXPECT_TRUE(opened(kDisk, good.data()));
  EXPECT_TRUE(opened(kPins, good.data()));
  for (const u32 type : {kDisk, kPins}) {
    EXPECT_FALSE(opened(type, {}));
    EXPECT_FALSE(opened(type, {200, 'd'}));
    EXPECT_FALSE(opened(type, std::vector<u8>(100, 90)));  // a name too long
  }
  EXPECT_FALSE(opened(kPins, std::vector<u8>(good.data().begin(), good.data().end() - 1)));
  good.bytes(std::vector<u8>(kClusterSize));
  EXPECT_FALSE(opened(kDisk, good.data()));
}

}  // namespace
}  // namespace reprise::trace
