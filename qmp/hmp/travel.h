// The human monitor's commands for snapshots and the place in a run. A journey goes on when its
// command has been answered: `info replay` says where it is.
#pragma once

#include "qmp/hmp/command.h"

namespace reprise {

std::string hmp_savevm(HmpState& state, const HmpWords& words);
std::string hmp_loadvm(HmpState& state, const HmpWords& words);
std::string hmp_delvm(HmpState& state, const HmpWords& words);
std::string hmp_info_snapshots(HmpState& state, const HmpWords& words);
std::string hmp_info_replay(HmpState& state, const HmpWords& words);
std::string hmp_info_branches(HmpState& state, const HmpWords& words);
std::string hmp_replay_seek(HmpState& state, const HmpWords& words);
std::string hmp_replay_step(HmpState& state, const HmpWords& words);
std::string hmp_replay_continue(HmpState& state, const HmpWords& words);
std::string hmp_replay_break(HmpState& state, const HmpWords& words);
std::string hmp_replay_delete_break(HmpState& state, const HmpWords& words);
std::string hmp_replay_open(HmpState& state, const HmpWords& words);
std::string hmp_replay_live(HmpState& state, const HmpWords& words);
std::string hmp_record_start(HmpState& state, const HmpWords& words);
std::string hmp_record_stop(HmpState& state, const HmpWords& words);
std::string hmp_record_save(HmpState& state, const HmpWords& words);

}  // namespace reprise
