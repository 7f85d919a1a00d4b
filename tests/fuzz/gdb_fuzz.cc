#include "tests/fuzz/gdb_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  reprise::debug_with({data, size});
  return 0;
}
