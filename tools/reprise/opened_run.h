// What a session runs: the machine and its disks, and the recording that is played, if one is.
#pragma once

#include <memory>
#include <optional>

#include "chipset/board/pc_i440fx.h"
#include "replay/trace/host/disk_file.h"
#include "replay/trace/reader.h"
#include "tools/reprise/disks.h"
#include "tools/reprise/options.h"

namespace reprise::tools {

// In this order; what is opened is said in the options.
class OpenedRun {
 public:
  // The recording of -replay, or the files that a live run begins with.
  Result<void> open_files(Options& options);
  Result<void> open_disks(Options& options);
  Result<void> build(const Options& options);

  const trace::Recording* recording() const { return recording_ ? &*recording_ : nullptr; }
  Disks& disks() { return disks_; }
  PcI440fx& machine() { return *machine_; }

 private:
  std::unique_ptr<trace::DiskFile> file_;  // of recording_
  std::optional<trace::Recording> recording_;
  Disks disks_;
  std::unique_ptr<PcI440fx> machine_;
};

}  // namespace reprise::tools
