// A call tree as text and as a picture.
#pragma once

#include <string>

#include "tools/reprise-log/call_tree.h"

namespace reprise::log {

enum class Measure { Instructions, Cycles };

inline u64 own(const Node& node, Measure measure) {
  return measure == Measure::Cycles ? node.cycles : node.instructions;
}

// "a;b;c 123" for each stack with a count: what flame graph tools read.
std::string folded(const Node& root, const Symbols& symbols, Measure measure);
// A flame graph: the outermost function at the bottom; hovering tells the numbers. Nothing else is
// needed to show it.
std::string flame_svg(const Node& root, const Symbols& symbols, Measure measure,
                      const std::string& title);

// By function: `total` also counts what it called, once however often it is on the stack.
struct FunctionRow {
  u32 name;
  u64 instructions = 0, cycles = 0, calls = 0, total = 0;
};
std::vector<FunctionRow> functions(const Node& root, const Symbols& symbols, Measure measure);

}  // namespace reprise::log
