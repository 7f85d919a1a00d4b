#include "tests/rubbish/attack.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>

#include "gen/rubbish_guest.h"
#include "replay/trace/driver.h"
#include "replay/trace/file.h"

namespace reprise::rubbish {
namespace {

constexpr u8 kDone = 0x2a, kTooManyResets = 0xee;
constexpr u32 kSum = 0x1008;  // guest.asm: SUM, RNG, LOOPS, FAULTS, INTS, RESETS
constexpr long kMayGrowKib = 64 << 10;
constexpr double kMayWait = 5;  // seconds; sanitizers and a busy host included

long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long size = 0, resident = 0;
  statm >> size >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

MachineConfig config_of(const Script& script, const Bench& setup) {
  MachineConfig config;
  config.ram_bytes = 16 << 20;
  config.cpus = setup.cpus;
  config.blobs["bios"] = script.firmware(kDone);
  config.devices = {{"isa-debug-exit", {{"iobase", "0x501"}, {"iosize", "1"}}}};
  if (setup.configure) setup.configure(config);
  return config;
}

std::unique_ptr<PcI440fx> machine_of(const MachineConfig& config, const Bench& setup) {
  auto made = PcI440fx::create(config, setup.host ? setup.host() : PcI440fx::HostOptions{});
  if (!made) {
    ADD_FAILURE() << made.error().message;
    return nullptr;
  }
  (*made)->set_idle_jumps(false);
  return std::move(*made);
}

// Ends the program when it has not been fed for a while.
class Watchdog {
 public:
  explicit Watchdog(double seconds) : seconds_(unsigned(seconds) + 1) {
    std::signal(SIGALRM, bark);
    feed();
  }
  ~Watchdog() {
    alarm(0);
    std::signal(SIGALRM, SIG_DFL);
  }
  Watchdog(const Watchdog&) = delete;
  void feed() const { alarm(seconds_); }

 private:
  static void bark(int) {
    constexpr char kMessage[] = "rubbish: a slice does not end: a device hangs\n";
    (void)!write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    std::abort();
  }
  unsigned seconds_;
};

u32 word(PcI440fx& machine, u32 at) {
  u8 bytes[4] = {};
  for (const MemoryBlock* block : machine.pages().blocks())
    if (block->name() == "ram") block->read(at, bytes);
  return u32(bytes[0]) | u32(bytes[1]) << 8 | u32(bytes[2]) << 16 | u32(bytes[3]) << 24;
}

void replay(const trace::Recording& recording, const MachineConfig& config, const Bench& setup,
            const Hash128& want, Position last) {
  const auto machine = machine_of(config, setup);
  if (!machine) return;
  const auto planted = setup.plant ? setup.plant(*machine) : nullptr;
  const Watchdog watchdog(setup.host_seconds);
  // Where slices end must not matter either.
  machine->set_slice_lengths([random = std::mt19937_64(7)]() mutable -> Cycles {
    return 1 + random() % (u64(1) << (random() % 20 + 1));
  });
  trace::Replayer replayer(*machine, recording);
  trace::RunOptions options;
  options.control = [&] {
    watchdog.feed();
    return trace::Verdict::Run;
  };
  EXPECT_TRUE(trace::run_replay(*machine, options, replayer));
  EXPECT_EQ(replayer.error(), "");
  if (const auto& divergence = replayer.divergence()) {
    std::string parts;
    for (const std::string& part : divergence->parts) parts += " " + part;
    ADD_FAILURE() << "the replay left the recording: " << divergence->message << parts;
  }
  EXPECT_EQ(replayer.last_hashes().total(), want);
  EXPECT_EQ(machine->position(), last);
}

}  // namespace

// The script stands below the firmware, which ends at 4 GiB.
Blob Script::firmware(u8 exit) const {
  constexpr u64 kUnit = 64 << 10;
  Script whole = *this;
  whole.add(kEnd, 1, 0, exit, 1);
  const u64 size = (whole.image_.size() + kUnit - 1) / kUnit * kUnit;
  auto image = std::make_shared<std::vector<u8>>(size + kUnit);
  std::copy(whole.image_.begin(), whole.image_.end(), image->begin());
  std::copy(std::begin(kRubbishGuest), std::end(kRubbishGuest), image->end() - kUnit);
  const u32 begin = u32((u64(1) << 32) - image->size());
  for (unsigned i = 0; i < 4; ++i) (*image)[image->size() - 20 + i] = u8(begin >> 8 * i);
  return image;
}

Outcome attack(const Script& script, const Bench& setup) {
  Outcome outcome;
  const MachineConfig config = config_of(script, setup);
  const auto machine = machine_of(config, setup);
  if (!machine) return outcome;
  const auto planted = setup.plant ? setup.plant(*machine) : nullptr;
  const auto seconds = [begin = std::chrono::steady_clock::now()] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const long before = resident_kib();
  MemoryFile file;
  trace::Recorder recorder(*machine, file, {config.to_json(), "test", "today"});
  EXPECT_TRUE(recorder.begin({}));
  trace::RunOptions options;
  double asked = seconds();
  std::optional<Watchdog> watchdog(setup.host_seconds);
  options.control = [&] {
    watchdog->feed();
    outcome.longest_slice =
        std::max(outcome.longest_slice, seconds() - std::exchange(asked, seconds()));
    if (machine->exit_status().kind) return trace::Verdict::End;
    if (machine->position().cycles > setup.cycles) outcome.why_not = "out of cycles";
    if (seconds() > setup.host_seconds) outcome.why_not = "out of time";
    if (machine->idle() && machine->scheduler().deadline() == kNever) outcome.why_not = "asleep";
    return outcome.why_not.empty() ? trace::Verdict::Run : trace::Verdict::End;
  };
  trace::run_live(*machine, options, &recorder);
  watchdog.reset();
  EXPECT_TRUE(recorder.finish(0));

  const ExitStatus exit = machine->exit_status();
  outcome.ended = exit.kind == ExitStatus::DebugExit && exit.code == kDone * 2 + 1;
  outcome.current = word(*machine, kSum - 8);
  if (exit.kind == ExitStatus::DebugExit && exit.code == kTooManyResets * 2 + 1)
    outcome.why_not = "too many resets";
  else if (exit.kind && !outcome.ended)
    outcome.why_not = "exit status of kind " + std::to_string(exit.kind);
  outcome.sum = word(*machine, kSum);
  outcome.faults = word(*machine, kSum + 12);
  outcome.interrupts = word(*machine, kSum + 16);
  outcome.resets = word(*machine, kSum + 20);
  outcome.last = machine->position();
  outcome.grown_kib = resident_kib() - before;
  outcome.seconds = seconds();
  EXPECT_LT(outcome.grown_kib, kMayGrowKib);
  EXPECT_LT(outcome.longest_slice, kMayWait);
  EXPECT_LT(outcome.seconds, setup.host_seconds);

  const auto recording = trace::Recording::open(file);
  EXPECT_TRUE(recording);
  if (recording) replay(*recording, config, setup, recorder.last_hashes().total(), outcome.last);
  return outcome;
}

}  // namespace reprise::rubbish
