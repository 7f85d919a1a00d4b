// The human monitor's commands for screen, keyboard and mouse.
#pragma once

#include <optional>

#include "chipset/input/keys.h"
#include "qmp/hmp/command.h"

namespace reprise {

std::string hmp_screendump(Operator& op, const HmpWords& words);
std::string hmp_sendkey(Operator& op, const HmpWords& words);
std::string hmp_mouse_move(Operator& op, const HmpWords& words);
std::string hmp_mouse_button(Operator& op, const HmpWords& words);

// By the number of a set 1 scan code, 80h and more for those after E0h.
std::optional<QKeyCode> key_by_number(unsigned code);

}  // namespace reprise
