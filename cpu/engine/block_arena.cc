#include "cpu/engine/block_arena.h"

#include <new>

namespace reprise::cpu {
namespace {

std::size_t units_of(std::size_t bytes) {
  return (bytes + BlockArena::kUnit - 1) / BlockArena::kUnit;
}

// Under the address sanitizer each block is the host's own, so that it sees a stale one used.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPool = false;
#else
constexpr bool kPool = true;
#endif

}  // namespace

BlockArena::~BlockArena() { release_memory(memory_, kSize); }

void* BlockArena::take(std::size_t bytes) {
  const std::size_t units = units_of(bytes);
  if (kPool && units < kUnits) {
    if (!free_[units].empty()) {
      void* const piece = free_[units].back();
      free_[units].pop_back();
      return piece;
    }
    if (!memory_) memory_ = reserve_memory(kSize, HostPages::Large);
    if (memory_ && kSize - taken_ >= units * kUnit) {
      taken_ += units * kUnit;
      return memory_ + taken_ - units * kUnit;
    }
  }
  return ::operator new(bytes, std::align_val_t(kUnit));
}

void BlockArena::give(void* piece, std::size_t bytes) {
  if (memory_ && ours(piece))
    free_[units_of(bytes)].push_back(piece);
  else
    ::operator delete(piece, std::align_val_t(kUnit));
}

void BlockArena::clear() {
  for (auto& pieces : free_) pieces.clear();
  taken_ = 0;
}

}  // namespace reprise::cpu
