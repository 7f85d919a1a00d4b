// The human monitor's views of memory: x (as a vCPU sees it), xp (physical).
#pragma once

#include <optional>

#include "qmp/hmp/command.h"

namespace reprise {

std::string hmp_x(HmpState& state, const HmpWords& words);
std::string hmp_xp(HmpState& state, const HmpWords& words);

// "0x7c00", "$rip+16", "$esp - 4": numbers, and registers of the vCPU ($pc is linear).
std::optional<u64> hmp_address(const cpu::Cpu* cpu, const std::string& text);

}  // namespace reprise
