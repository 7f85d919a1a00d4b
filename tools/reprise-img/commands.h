// One function for each command; its value is the exit status.
#pragma once

#include <string>
#include <vector>

#include "replay/core/result.h"

namespace reprise::img {

using Words = std::vector<std::string>;  // what follows the command's name

Result<int> create(const Words& words);
Result<int> info(const Words& words);
Result<int> check(const Words& words);
Result<int> map(const Words& words);
Result<int> compare(const Words& words);
Result<int> convert(const Words& words);

}  // namespace reprise::img
