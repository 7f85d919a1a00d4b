// -test-faults: errors of the host, made to order. For tests.
//
//   ID:OP:NUMBER:ERROR[,...]
//   OP      read, write, flush, discard, any
//   NUMBER  0: the first such request fails; 5: the sixth; 5+: it and all after it; 5*3: three
//   ERROR   EIO, ENOSPC, or a number
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/filter/fault.h"

namespace reprise::tools {

Result<std::map<std::string, std::vector<FaultRule>>> parse_faults(const std::string& text);

}  // namespace reprise::tools
