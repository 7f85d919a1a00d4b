// What a command of the human monitor is given.
#pragma once

#include <string>
#include <vector>

#include "qmp/operator.h"

namespace reprise {

using HmpWords = std::vector<std::string>;  // the command's name first

struct HmpState {
  Operator& op;
  unsigned cpu = 0;  // whose registers and memory are looked at
};

inline std::string hmp_said(const Result<void>& result) {
  return result ? "" : "Error: " + result.error().message + "\n";
}

}  // namespace reprise
