#include "replay/core/lazy_memory.h"

#include <sys/mman.h>

namespace reprise {

// MAP_NORESERVE: calloc would be refused what exceeds the host's free memory.
u8* reserve_memory(u64 size, HostPages pages) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
#ifdef MADV_HUGEPAGE
  if (pages == HostPages::Large) madvise(memory, size, MADV_HUGEPAGE);  // a wish: may fail
#endif
  return static_cast<u8*>(memory);
}

void release_memory(u8* memory, u64 size) {
  if (memory) munmap(memory, size);
}

}  // namespace reprise
