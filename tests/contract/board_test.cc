// The contract for whole boards: no device is left out of the list, and a machine loaded from
// another's state, in the middle of whatever its processors do, goes on as the other does.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "chipset/board/pc_i440fx.h"
#include "replay/core/hash.h"
#include "replay/trace/driver.h"
#include "tests/contract/random_board.h"
#include "tests/support/contract.h"

namespace reprise {
namespace {

TEST(BoardContract, EveryDeviceIsInTheList) {
  std::set<std::string> tested;
  for (const DeviceUnderTest& device : devices_under_test()) {
    ContractRig rig(0);
    device.build(rig);
    for (const auto& [path, part] : rig.board.tree.all()) tested.emplace(part->kind());
  }
  std::mt19937_64 random(1);
  MachineConfig config;
  config.blobs["bios"] = random_firmware(random);
  config.cpus = 2;
  config.serial_ports = 3;
  config.debugcon = true;
  config.devices = {{"isa-debug-exit", {}}};
  const auto machine = board(config);
  for (const auto& [path, device] : machine->objects().all()) {
    const std::string kind(device->kind());
    EXPECT_TRUE(tested.contains(kind)) << path << " (" << kind << "): add it to device_list.cc";
  }
}

void run_to(PcI440fx& machine, Cycles cycle) {
  while (machine.position().cycles < cycle && !machine.exit_status().kind) {
    if (machine.idle()) {
      machine.skip_to(std::min(machine.scheduler().deadline(), cycle));
    } else {
      machine.run({cycle, kNever});
    }
  }
}

// Names and values of what is not alike.
std::string differing(PcI440fx& a, PcI440fx& b) {
  const std::vector<u8> image = save_objects(b.objects());
  CompareState compare(image);
  a.objects().state(compare);
  std::string text = compare.error();
  for (const StateDifference& d : compare.differences()) {
    text += d.name + ": " + d.here.substr(0, 40) + " / " + d.image.substr(0, 40) + "\n";
  }
  const MachineHashes ours = MachineHash(a).take(), theirs = MachineHash(b).take();
  for (std::size_t i = 0; i < ours.parts.size(); ++i) {
    if (ours.parts[i] != theirs.parts[i]) text += ours.parts[i].name + "\n";
  }
  return text;
}

TEST(BoardContract, ALoadedMachineGoesOnAsTheOriginal) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    std::mt19937_64 random(seed);
    const MachineConfig config = random_board(seed);
    const auto a = board(config), b = board(config);
    run_to(*a, 100'000 + random() % 1000);
    b->scheduler().set_now(a->scheduler().now());
    for (std::size_t i = 0; i < a->pages().blocks().size(); ++i) {
      const MemoryBlock& from = *a->pages().blocks()[i];
      b->pages().blocks()[i]->write(0, {from.data(), from.size()});
    }
    const std::vector<u8> image = save_objects(a->objects());
    const Result<void> loaded = load_objects(b->objects(), image);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    for (Cycles more = 100; more < 1'000'000; more *= 10) {
      ASSERT_EQ(a->position(), b->position()) << "seed " << seed;
      ASSERT_EQ(differing(*a, *b), "") << "seed " << seed;
      const Cycles until = a->position().cycles + more;
      run_to(*a, until);
      run_to(*b, until);
    }
  }
}

// Recorded with random slices and inputs, played with other slices: the chain of hashes is equal.
TEST(BoardContract, ARecordedRunReplays) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    std::mt19937_64 random(seed);
    const MachineConfig config = random_board(seed);
    MemoryFile file;
    Hash128 recorded;
    trace::RunOptions options;
    {
      const auto machine = board(config);
      trace::Recorder recorder(*machine, file, {"{}", "", "", 1 << 15});
      ASSERT_TRUE(recorder.begin({}).ok());
      options.control = [&] {
        options.slice = 1 + random() % 20'000;
        for (const auto& [name, port] : machine->door().ports()) {
          if (port->kind() != PortKind::Input || random() % 16) continue;
          machine->door().post(*port, std::vector<u8>(1 + random() % 8, u8(random() % 4)));
        }
        const bool over = machine->position().cycles > 1'000'000 || machine->exit_status().kind;
        return over ? trace::Verdict::End : trace::Verdict::Run;
      };
      trace::run_live(*machine, options, &recorder);
      ASSERT_TRUE(recorder.finish(0).ok());
      recorded = recorder.last_hashes().total();
    }
    const Result<trace::Recording> recording = trace::Recording::open(file);
    ASSERT_TRUE(recording.ok()) << recording.error().message;
    const auto machine = board(config);
    trace::Replayer replayer(*machine, *recording);
    options.control = [&] {
      options.slice = 1 + random() % 5'000;
      return trace::Verdict::Run;
    };
    EXPECT_TRUE(trace::run_replay(*machine, options, replayer));
    EXPECT_EQ(replayer.error(), "");
    ASSERT_FALSE(replayer.divergence()) << "seed " << seed << replayer.divergence()->message;
    EXPECT_EQ(replayer.last_hashes().total().hex(), recorded.hex());
  }
}

}  // namespace
}  // namespace reprise
