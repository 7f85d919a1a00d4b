// Any bytes as the beginning of an image: its format is named, and a raw disk whose format was
// guessed does not take another by any write.
#include <algorithm>
#include <cstdint>

#include "replay/core/check.h"
#include "storage/format/probe.h"
#include "storage/format/raw.h"
#include "tests/storage/memory_node.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reprise;
  const std::span<const u8> bytes(data, size);
  check(name_of(probe_format(bytes)) != "unknown", "every format has a name");

  const auto file = std::make_shared<MemoryNode>(u64(4096));
  const auto disk = open_format(file, "", "image").value();
  const u64 offset = size > 2 ? (data[0] | data[1] << 8) % 600 : 0;
  const u64 length = std::min<u64>(size, 2048);
  const bool taken = disk->write(offset, bytes.first(length)).ok();
  check(probe_format(*file).value() == ImageFormat::Raw, "a guessed raw image stays raw");
  check(taken || file->bytes == std::vector<u8>(4096), "what is refused is not written");
  return 0;
}
