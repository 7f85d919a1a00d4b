// One function for each command; its value is the exit status.
#pragma once

#include "tools/program/program.h"

namespace reprise::log {

using tools::Words;

inline constexpr int kDiffers = 3;  // exit status: not the recorded run, not the same recording

Result<int> info(const Words& words);
Result<int> timeline(const Words& words);
Result<int> verify(const Words& words);
Result<int> diff(const Words& words);
Result<int> extract(const Words& words);
Result<int> trim(const Words& words);
Result<int> compact(const Words& words);
Result<int> profile(const Words& words);

}  // namespace reprise::log
