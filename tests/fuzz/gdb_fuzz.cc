#include "tests/fuzz/gdb_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static reprise::GdbRig rig(2);  // costs more than a case
  reprise::debug_with(rig, {data, size});
  return 0;
}
