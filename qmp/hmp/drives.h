// The human monitor's commands for drives and what is in them.
#pragma once

#include "qmp/hmp/command.h"

namespace reprise {

std::string hmp_info_block(Operator& op, const HmpWords& words);
std::string hmp_eject(Operator& op, const HmpWords& words);
std::string hmp_change(Operator& op, const HmpWords& words);

}  // namespace reprise
