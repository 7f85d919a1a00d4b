// USED chunks: what the run used from a keyframe to the next one, or to the end.
//
//   for each set of Usage, in its order: varint n, then n varints: a member - the member before it,
//   the first one + 1
#pragma once

#include "replay/core/usage.h"
#include "replay/trace/reader.h"

namespace reprise::trace {

std::vector<u8> encode_usage(const Usage& usage);
// Adds to what is in `usage`.
Result<void> decode_usage(std::span<const u8> payload, Usage& usage);

}  // namespace reprise::trace
