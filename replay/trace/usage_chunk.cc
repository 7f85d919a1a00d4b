#include "replay/trace/usage_chunk.h"

#include <bit>

namespace reprise::trace {

std::vector<u8> encode_usage(const Usage& usage) {
  ByteWriter out;
  usage.each_set([&](const auto& set) {
    u64 count = 0;
    for (const u64 word : set.words()) count += u64(std::popcount(word));
    out.varint(count);
    u64 next = 0;
    for (std::size_t i = 0; i < set.words().size(); ++i)
      for (u64 left = set.words()[i]; left; left &= left - 1) {
        const u64 member = i * 64 + u64(std::countr_zero(left));
        out.varint(member + 1 - next);
        next = member + 1;
      }
  });
  return out.data();
}

Result<void> decode_usage(std::span<const u8> payload, Usage& usage) {
  ByteReader in(payload);
  bool ok = true;
  usage.each_set([&](auto& set) {
    u64 next = 0;
    for (u64 count = in.varint(); ok && in.ok() && count > 0; --count) {
      const u64 gap = in.varint();
      ok = gap > 0 && gap <= set.kSize - next;
      if (!ok) return;
      next += gap;
      set.add(u32(next - 1));
    }
  });
  if (ok && in.ok() && in.at_end()) return {};
  return fail("the recording is damaged: what it says of a keyframe's use is broken");
}

}  // namespace reprise::trace
