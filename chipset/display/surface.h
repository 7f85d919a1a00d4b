// A picture as screenshots and displays read it.
#pragma once

#include <vector>

#include "replay/core/types.h"

namespace reprise {

struct Surface {
  unsigned width = 0, height = 0;
  std::vector<u32> pixels;  // XRGB8888 (X is 0), line by line

  const u32* line(unsigned y) const { return pixels.data() + std::size_t(y) * width; }
  u32* line(unsigned y) { return pixels.data() + std::size_t(y) * width; }
};

// What became different: lines [first, end); nothing if they are equal.
struct Damage {
  unsigned first = 0, end = 0;
  bool resized = false;
  bool any() const { return first != end; }
};

}  // namespace reprise
