// Inputs of a machine in words, by the port that they came through. A recording may hold any bytes.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "replay/core/types.h"

namespace reprise::log {

struct Decoded {
  std::string kind;  // "key", "mouse", "serial", "control", "debugger", "medium", "input"
  std::string text;
};

Decoded decode_input(const std::string& port, std::span<const u8> bytes);
// What the host answered; `failed`: not what an untroubled host says.
struct Answer {
  bool failed = false;
  std::string text;
};
Answer decode_answer(const std::string& port, u64 value);

}  // namespace reprise::log
