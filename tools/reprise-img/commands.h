// One function for each command; its value is the exit status.
#pragma once

#include "tools/program/program.h"

namespace reprise::img {

using tools::Words;

Result<int> create(const Words& words);
Result<int> info(const Words& words);
Result<int> check(const Words& words);
Result<int> map(const Words& words);
Result<int> compare(const Words& words);
Result<int> convert(const Words& words);

}  // namespace reprise::img
