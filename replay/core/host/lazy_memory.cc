#include "replay/core/lazy_memory.h"

#include <sys/mman.h>

namespace reprise {

namespace {

constexpr u64 kSmallPage = 4096, kLargePage = u64(2) << 20;

// MAP_NORESERVE: calloc would be refused what exceeds the host's free memory.
u8* map_memory(u64 size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<u8*>(memory);
}

}  // namespace

u8* reserve_memory(u64 size, HostPages pages) {
#ifdef MADV_HUGEPAGE
  if (pages == HostPages::Large && size >= kLargePage) {
    size = (size + kSmallPage - 1) & ~(kSmallPage - 1);
    u8* const memory = map_memory(size + kLargePage);
    if (!memory) return nullptr;
    const u64 before = -reinterpret_cast<u64>(memory) % kLargePage;
    release_memory(before ? memory : nullptr, before);
    release_memory(memory + before + size, kLargePage - before);
    madvise(memory + before, size, MADV_HUGEPAGE);  // a wish: may fail
    return memory + before;
  }
#endif
  return map_memory(size);
}

void release_memory(u8* memory, u64 size) {
  if (memory) munmap(memory, size);
}

}  // namespace reprise
