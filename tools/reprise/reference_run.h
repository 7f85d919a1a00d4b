// Runs of a recording that are held against each other: in this process, or by another build.
#pragma once

#include "tools/reprise/replay_machine.h"

namespace reprise::tools {

class ReferenceRun {
 public:
  virtual ~ReferenceRun() = default;
  // False: it cannot get there, since it leaves the recording before.
  virtual Result<bool> go(u64 icount) = 0;
  virtual Result<MachineHashes> hashes() = 0;  // there
  virtual PcI440fx* machine() { return nullptr; }
};

// Begins at the last keyframe at or before `since`, and takes nothing of the recording's states
// from there on.
Result<std::unique_ptr<ReferenceRun>> run_here(const RecordedRun& run, Position since,
                                               ReplayMachine::Config config);
// `binary` is another build of this program.
Result<std::unique_ptr<ReferenceRun>> run_there(const std::string& binary, const RecordedRun& run,
                                                std::function<bool()> give_up);

}  // namespace reprise::tools
