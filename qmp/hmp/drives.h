// The human monitor's commands for drives and what is in them.
#pragma once

#include <string>
#include <vector>

#include "qmp/operator.h"

namespace reprise {

std::string hmp_info_block(Operator& op, const std::vector<std::string>& words);
std::string hmp_eject(Operator& op, const std::vector<std::string>& words);
std::string hmp_change(Operator& op, const std::vector<std::string>& words);

}  // namespace reprise
