#include "tools/reprise/opened_run.h"

#include <random>

#include "tools/reprise/files.h"
#include "tools/reprise/replay_options.h"

namespace reprise::tools {

Result<void> OpenedRun::open_files(Options& options) {
  if (options.replay.empty()) return load_files(options);
  file_ = TRY(trace::DiskFile::open(options.replay));
  auto recording = trace::Recording::open(*file_, trace::Recording::Kind::File, options.branch);
  if (!recording) return fail("-replay " + options.replay + ": " + recording.error().message);
  recording_.emplace(std::move(*recording));
  options.config = TRY(recorded_config(*recording_, options));
  return {};
}

Result<void> OpenedRun::open_disks(Options& options) {
  return recording_ ? disks_.open_replay(options, *recording_) : disks_.open(options);
}

Result<void> OpenedRun::build(const Options& options) {
  PcI440fx::HostOptions host{.blocks = options.blocks, .test_flip = options.test_flip};
  disks_.equip(host);
  machine_ = TRY(PcI440fx::create(options.config, host));
  machine_->set_no_reboot(!options.config.reboot);
  machine_->set_idle_jumps(false);  // the driver knows when to wait for the host
  if (options.test_slices) {
    // One to a million cycles, short ones as likely as long ones.
    machine_->set_slice_lengths(
        [random = std::mt19937_64(options.test_slices)]() mutable -> Cycles {
          return 1 + random() % (u64(1) << (random() % 20 + 1));
        });
  }
  return {};
}

}  // namespace reprise::tools
