// A recording says what machine it is of. Options given beside -replay may repeat that, not change
// it.
#pragma once

#include "replay/trace/reader.h"
#include "tools/reprise/options.h"

namespace reprise::tools {

// The recorded machine with its blobs; an error names an option that contradicts it, and both
// values.
Result<MachineConfig> recorded_config(const trace::Recording& recording, const Options& options);

}  // namespace reprise::tools
