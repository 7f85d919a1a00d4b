// Any bytes as a file of symbols: refused with a message, or names that can be found.
#include <cstdint>

#include "replay/core/check.h"
#include "tools/reprise-log/symbols.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reprise;
  log::Symbols symbols;
  const auto count = symbols.add({data, size}, 0x1000);
  check(count.ok() || !count.error().message.empty(), "a refusal says why");
  symbols.settle();
  for (const u64 address : {u64(0), u64(0x1000), u64(0x80000000), ~u64(0) - 1}) {
    const auto range = symbols.find(address);
    check(range.holds(address), "what was looked up lies in its range");
    check(range.name == log::Symbols::kNone || !symbols.name(range.name).empty(),
          "a name is a text");
  }
  return 0;
}
