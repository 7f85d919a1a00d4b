// The human monitor's commands for snapshots and the place in a run.
#pragma once

#include "qmp/hmp/command.h"

namespace reprise {

std::string hmp_savevm(HmpState& state, const HmpWords& words);
std::string hmp_loadvm(HmpState& state, const HmpWords& words);
std::string hmp_delvm(HmpState& state, const HmpWords& words);
std::string hmp_info_snapshots(HmpState& state, const HmpWords& words);
std::string hmp_info_replay(HmpState& state, const HmpWords& words);

}  // namespace reprise
