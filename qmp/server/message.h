// QMP's messages as text: what a client says, and what it is told.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "replay/core/result.h"

namespace reprise::qmp {

using Json = nlohmann::json;

// A value that Splitter has cut out. No object has a member twice.
Result<Json> parse(std::string_view text);

struct Request {
  std::string command;
  Json arguments;
};
// {"execute": ..., "arguments": {...}, "id": ...}; the id, if any, is given even for an error.
Result<Request> read_request(const Json& message, std::optional<Json>& id);

// One line, ending in CR LF, its members in this order; a null pointer's is left out. `pretty`:
// many lines. Everything is ASCII.
using Members = std::initializer_list<std::pair<std::string_view, const Json*>>;
std::string line(Members members, bool pretty);

}  // namespace reprise::qmp
