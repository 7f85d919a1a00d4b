// What an operator may do at the machine's console: look at the screen, use keyboard and mouse.
// Keys and motion go through the door, so they are recorded; in replay they are refused.
#pragma once

#include <span>
#include <string>

#include "chipset/input/keys.h"
#include "replay/core/result.h"

namespace reprise {

class OperatorConsole {
 public:
  virtual ~OperatorConsole() = default;
  // `format`: "ppm", "png", or empty for what the file's name says.
  virtual Result<void> screendump(const std::string& file, const std::string& format) = 0;
  virtual Result<void> send_keys(std::span<const QKeyCode> keys, u64 hold_ms) = 0;
  virtual Result<void> key(QKeyCode key, bool down) = 0;
  // Right, down, and the wheel away from the user.
  virtual Result<void> mouse_move(int dx, int dy, int dz) = 0;
  // Bits: 0 left, 1 middle, 2 right.
  virtual Result<void> mouse_buttons(unsigned buttons) = 0;
};

}  // namespace reprise
