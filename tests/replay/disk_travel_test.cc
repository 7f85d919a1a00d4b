// Disks travel with the machine: by marks, by keyframes of the recording, and in the past of a run
// whose image stays as it is.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "replay/timetravel/travel.h"
#include "storage/filter/overlay.h"
#include "storage/filter/pin_filter.h"
#include "storage/filter/replay_base.h"
#include "storage/filter/time_disk.h"
#include "tests/replay/disk_machine.h"
#include "tests/storage/faulty_node.h"

namespace reprise::trace {
namespace {

constexpr u64 kDisk = DiskMachine::kDisk;

std::shared_ptr<FaultyNode> image_of(u64 seed) {
  auto node = std::make_shared<FaultyNode>(kDisk);
  std::mt19937_64 random(seed);
  for (u8& byte : node->bytes) byte = u8(random());
  return node;
}

std::string state_of(Machine& machine, BlockNode& disk) {
  std::vector<u8> bytes(kDisk);
  check(disk.read(0, bytes).ok(), "read");
  return MachineHash(machine).take().total().hex() + " " + hash128(bytes).hex();
}

struct DiskRun {
  std::shared_ptr<FaultyNode> image;
  MemoryFile file;
  Position last;
};

DiskRun record(u64 seed, u64 spacing) {
  DiskRun run;
  run.image = image_of(seed);
  DiskMachine machine(seed, std::make_unique<InlineWorker>());
  Recorder* written = nullptr;
  std::shared_ptr<TimeDisk> disk;
  Recorder::Options how;
  how.keyframe_spacing = spacing;
  how.media = [] { return std::vector<std::string>{"d"}; };
  how.say_disks = [&](u32 frame) {
    const auto count = std::make_shared<u64>(0);
    disk->written(
        [&written, frame, count](u64 cluster, std::span<const u8> content) {
          written->disks().held("d", frame, cluster, content);
          ++*count;
        },
        [&written, frame, count](bool) { written->disks().held_all("d", frame, *count); });
  };
  Recorder recorder(machine, run.file, {"{}", "", "", 1 << 20}, how);
  written = &recorder;
  disk = std::make_shared<TimeDisk>(
      std::make_shared<PinFilter>(run.image, recorder.disks(), "d", kDisk), kDisk);
  machine.drive().insert({"d", "d.img", kDisk, false, disk});
  check(recorder.begin({}).ok(), "begin");
  RunOptions options;
  options.control = [&] {
    return machine.position().cycles < 30'000'000 ? Verdict::Run : Verdict::End;
  };
  run_live(machine, options, &recorder);
  machine.drive().close();
  check(recorder.finish(0).ok(), "finish");
  run.last = machine.position();
  return run;
}

// A replay of a run, with the image that the run has left.
struct Playing {
  Playing(const DiskRun& run, const Recording& recording, u64 seed)
      : index(*DiskIndex::open(recording)),
        base(std::make_shared<ReplayBase>(index, "d", kDisk,
                                          ReplayBase::Image{run.image, "d.img", "", ""})),
        overlay(std::make_shared<Overlay>(base, std::make_shared<FaultyNode>(kDisk))),
        disk(std::make_shared<TimeDisk>(overlay, kDisk)),
        machine(seed, std::make_unique<InlineWorker>()) {
    machine.drive().insert({"d", "d.img", kDisk, false, disk});
    replayer.emplace(machine, recording);
  }
  DiskIndex index;
  std::shared_ptr<ReplayBase> base;
  std::shared_ptr<Overlay> overlay;
  std::shared_ptr<TimeDisk> disk;
  DiskMachine machine;
  std::optional<Replayer> replayer;
};

std::map<u64, std::string> straight(const DiskRun& run, const Recording& recording, u64 seed,
                                    const std::vector<u64>& counts) {
  Playing playing(run, recording, seed);
  RunOptions options;
  ReplayLoop loop(playing.machine, options, *playing.replayer);
  std::map<u64, std::string> states;
  for (const u64 count : counts) {
    while (playing.machine.position().icount < count)
      if (loop.turn({kNever, count}) == ReplayLoop::Turn::End) return states;
    states[count] = state_of(playing.machine, *playing.disk);
  }
  return states;
}

TEST(DiskTravel, SeeksAreTheStraightRun) {
  for (u64 seed = 1; seed <= 6; ++seed) {
    const DiskRun run = record(seed, seed % 3 ? 2'000 : 0);
    const auto recording = Recording::open(run.file);
    ASSERT_TRUE(recording.ok()) << recording.error().message;
    std::mt19937_64 random(seed);
    std::vector<u64> counts;
    for (unsigned i = 0; i < 40; ++i) counts.push_back(1 + random() % (run.last.icount - 1));
    std::sort(counts.begin(), counts.end());
    const auto truth = straight(run, *recording, seed, counts);
    ASSERT_EQ(truth.size(), std::set<u64>(counts.begin(), counts.end()).size());

    Playing playing(run, *recording, seed);
    auto keyframes = Keyframes::open(*recording, &playing.index);
    ASSERT_TRUE(keyframes.ok()) << keyframes.error().message;
    if (seed % 3) {
      EXPECT_GT(keyframes->count(), 3u);
      keyframes->starts_at_first(playing.machine);
    }
    Timeline timeline(playing.machine);
    timeline.join(*playing.disk);
    timeline.set_budget(seed % 2 ? 64 << 20 : 2 << 20);
    TimeTravel::Config how;
    how.spacing = 300 + random() % 3'000;
    how.before_load = [&](std::size_t frame) {
      playing.overlay->forget();
      playing.index.go("d", keyframes->chunk(frame));
      playing.base->restart();
    };
    TimeTravel travel(playing.machine, *playing.replayer, timeline, &*keyframes, how);
    for (unsigned i = 0; i < 150; ++i) {
      const u64 count = counts[random() % counts.size()];
      const Arrival arrival = travel.to_icount(count);
      ASSERT_EQ(arrival.message, "") << "seed " << seed;
      ASSERT_EQ(arrival.at.icount, count);
      ASSERT_EQ(state_of(playing.machine, *playing.disk), truth.at(count))
          << "seed " << seed << ", journey " << i << " to " << count;
    }
  }
}

// Whatever is written in the past, the image is that of the present, and so is the disk afterwards.
TEST(TimeDisk, ThePastLeavesTheImageAlone) {
  const auto image = image_of(3);
  TimeDisk disk(image, kDisk);
  const auto content = [&] {
    std::vector<u8> bytes(kDisk);
    check(disk.read(0, bytes).ok(), "read");
    return bytes;
  };
  std::mt19937_64 random(3);
  const auto scribble = [&] {
    for (unsigned i = 0; i < 6; ++i) {
      const std::vector<u8> bytes(1 + random() % 100'000, u8(random()));
      ASSERT_TRUE(disk.write(random() % (kDisk - bytes.size()), bytes).ok());
    }
    ASSERT_TRUE(disk.discard(random() % (kDisk / 2), random() % (kDisk / 2)).ok());
  };
  std::vector<std::vector<u8>> marks;
  for (unsigned i = 0; i < 5; ++i) {
    disk.mark();
    marks.push_back(content());
    scribble();
  }
  disk.mark();  // the present
  marks.push_back(content());
  const std::vector<u8> present = image->bytes;
  disk.enter_past(std::make_shared<FaultyNode>(kDisk));
  for (unsigned i = 0; i < 40; ++i) {
    const std::size_t mark = random() % marks.size();
    disk.go(mark);
    ASSERT_EQ(content(), marks[mark]) << "mark " << mark;
    if (random() % 2) scribble();
    ASSERT_EQ(image->bytes, present);
  }
  disk.go(marks.size() - 1);
  disk.leave_past();
  EXPECT_EQ(content(), present);
  EXPECT_EQ(image->bytes, present);
}

}  // namespace
}  // namespace reprise::trace
