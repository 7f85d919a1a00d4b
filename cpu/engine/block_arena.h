// Where decoded blocks lie: close together, in memory that the host may map by large pages, since
// code that runs all over a kernel is bound by the host's caches and TLB.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "replay/core/lazy_memory.h"

namespace reprise::cpu {

class BlockArena {
 public:
  static constexpr std::size_t kUnit = 64;  // a line of the host's cache; all pieces begin at one
  BlockArena() = default;
  ~BlockArena();
  BlockArena(const BlockArena&) = delete;
  void* take(std::size_t bytes);
  void give(void* piece, std::size_t bytes);
  void clear();  // nothing that was taken is used any more

 private:
  static constexpr std::size_t kSize = std::size_t(256) << 20, kUnits = 64;
  bool ours(const void* piece) const { return piece >= memory_ && piece < memory_ + kSize; }
  u8* memory_ = nullptr;   // reserved when first wanted
  std::size_t taken_ = 0;  // bytes at its front that were given out, some of them back since
  std::array<std::vector<void*>, kUnits> free_;  // by units
};

}  // namespace reprise::cpu
