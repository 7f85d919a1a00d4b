#include "tests/fuzz/qmp_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const reprise::u8* data, std::size_t size) {
  static const reprise::qmp::Schema schema;
  reprise::qmp::fuzz_qmp(schema, {data, size});
  return 0;
}
