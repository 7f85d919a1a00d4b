// Machines that play a recording and nothing else: no monitors, terminals or displays; as many at
// once as are wanted, each on a thread of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "replay/timetravel/travel.h"
#include "replay/trace/host/disk_file.h"
#include "tools/reprise/disks.h"

namespace reprise::tools {

// A recording on disk and what it is of; any thread may read it.
class RecordedRun {
 public:
  // `disks`: images that do not lie beside the recording, by medium (-replay-disk).
  static Result<std::unique_ptr<RecordedRun>> open(const std::string& path,
                                                   std::map<std::string, std::string> disks = {});

  const std::string& path() const { return options_.replay; }
  const trace::Recording& recording() const { return *recording_; }
  const MachineConfig& config() const { return options_.config; }
  const Options& options() const { return options_; }

 private:
  Options options_;
  std::unique_ptr<trace::DiskFile> file_;
  std::optional<trace::Recording> recording_;
};

class ReplayMachine {
 public:
  struct Config {
    bool blocks = true;                         // -accel interp,blocks=off
    bool use_keyframes = true;                  // by travel(): else it only runs
    u64 test_flip = kNever;                     // see PcI440fx::HostOptions
    u64 budget = Timeline::kDefaultBudget;      // bytes of memory for states that travel() keeps
    std::function<bool()> poll = {};            // between slices; true: give up
    std::function<void(double)> progress = {};  // 0 to 1, of a journey
  };
  // The machine stands where the recording begins: at power-on, or at its first keyframe. `run`
  // must outlive it.
  static Result<std::unique_ptr<ReplayMachine>> create(const RecordedRun& run, Config config);
  ~ReplayMachine();

  PcI440fx& machine() { return *machine_; }
  const trace::Recording& recording() const { return run_.recording(); }
  trace::Replayer& replayer() { return *replayer_; }
  trace::Keyframes& keyframes() { return *keyframes_; }
  bool from_power_on() const { return from_power_on_; }

  // Plainly: from a keyframe to a boundary of the recorded run that lies behind, or to its end.
  // Nothing is kept on the way, and nothing of the last boundary was done. Before travel() only.
  Result<void> load(std::size_t keyframe);
  // From the last keyframe at or before `at`; from power-on where there is none.
  Result<void> load_before(Position at);
  Arrival run_to(Position at);
  // All that is left of that boundary is done: of two ways to it, then, the machine is the same.
  // False: it cannot be done; failure() says why, if it is wrong.
  bool complete();
  std::optional<std::string> failure() const;

  // Anywhere, and to breakpoints; states are kept on the way.
  TimeTravel& travel();

 private:
  ReplayMachine(const RecordedRun& run, Config config) : run_(run), config_(std::move(config)) {}
  Result<void> build();
  bool give_up();
  trace::RunOptions run_options();

  const RecordedRun& run_;
  const Config config_;
  Disks disks_;
  std::unique_ptr<PcI440fx> machine_;
  std::unique_ptr<trace::Replayer> replayer_;
  std::optional<trace::Keyframes> keyframes_;
  bool from_power_on_ = true;
  std::unique_ptr<Timeline> timeline_;
  std::unique_ptr<TimeTravel> travel_;
};

}  // namespace reprise::tools
