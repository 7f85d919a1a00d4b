// The handlers of string instructions, by StringOp.
#pragma once

#include "cpu/decode/tables.h"

namespace reprise::cpu {

extern const HandlerSet string_sets[7];

}  // namespace reprise::cpu
