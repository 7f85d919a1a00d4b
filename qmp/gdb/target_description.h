// The target description that gdb is given: which registers there are, and how they look.
#pragma once

#include <string>
#include <vector>

#include "cpu/debug/registers.h"

namespace reprise::gdb {

// "target.xml", complete in itself. Registers are numbered in their order.
std::string target_description(const std::vector<cpu::DebugRegister>& registers);

}  // namespace reprise::gdb
