// The human monitor's commands for screen, keyboard and mouse.
#pragma once

#include <string>
#include <vector>

#include "qmp/operator.h"

namespace reprise {

using HmpWords = std::vector<std::string>;  // the command's name first
std::string hmp_screendump(Operator& op, const HmpWords& words);
std::string hmp_sendkey(Operator& op, const HmpWords& words);
std::string hmp_mouse_move(Operator& op, const HmpWords& words);
std::string hmp_mouse_button(Operator& op, const HmpWords& words);

}  // namespace reprise
