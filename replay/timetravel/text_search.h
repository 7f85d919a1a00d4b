// Where a port said something, as a recording has it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "replay/trace/reader.h"

namespace reprise {

// Calls visit(position) at each output that completes `text` on `port`, until it says false.
void each_text(const trace::Recording& recording, const std::string& port, const std::string& text,
               const std::function<bool(Position)>& visit);

// The position of the output that completed `text` on `port`: the first at or after `from`, and the
// last before `to`. The text may have come in pieces.
std::optional<Position> next_text(const trace::Recording& recording, const std::string& port,
                                  const std::string& text, Position from);
std::optional<Position> last_text(const trace::Recording& recording, const std::string& port,
                                  const std::string& text, Position to);

}  // namespace reprise
