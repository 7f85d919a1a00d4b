// `new` for the tests' binary: as usual, but for threads that want its memory filled.
#include <cstdlib>
#include <cstring>
#include <new>

#include "tests/support/contract.h"

namespace reprise {
namespace {
thread_local bool filling = false;
thread_local u8 filling_with = 0;
}  // namespace

FilledMemory::FilledMemory(u8 fill) {
  check(!filling, "memory is being filled already");
  filling = true;
  filling_with = fill;
}

FilledMemory::~FilledMemory() { filling = false; }

}  // namespace reprise

// Not inlined, so that the compiler cannot drop the filling of memory that it knows to be dead.
[[gnu::noinline]] static void* filled(void* memory, std::size_t size) {
  if (!memory) throw std::bad_alloc();
  if (reprise::filling) std::memset(memory, reprise::filling_with, size);
  asm volatile("" : : "r"(memory) : "memory");
  return memory;
}
void* operator new(std::size_t size) { return filled(std::malloc(size ? size : 1), size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const std::size_t unit = std::size_t(alignment), whole = (size + unit - 1) / unit * unit;
  return filled(std::aligned_alloc(unit, whole ? whole : unit), size);
}
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
