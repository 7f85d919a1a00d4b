// A recording says what machine it is of. Options given beside -replay may repeat that, not change
// it.
#pragma once

#include "replay/trace/reader.h"
#include "tools/reprise/options.h"

namespace reprise::tools {

// The recorded machine with its blobs; an error names an option that contradicts it, and both
// values.
Result<MachineConfig> recorded_config(const trace::Recording& recording, const Options& options);

// FILE, or FILE,branch=N.
struct RecordingName {
  std::string file;
  std::optional<u32> branch;  // none: the one begun last
};
Result<RecordingName> recording_name(const std::string& text);
// The run that is looked at, as recording_name() takes it.
std::string name_of(const std::string& file, const trace::Recording& recording);

// An error names what is different in a machine whose JSON a recording has, but for what only
// matters at power-on.
Result<void> same_machine(const std::string& recorded, const MachineConfig& config);

}  // namespace reprise::tools
