#include "storage/filter/replay_base.h"

#include <algorithm>

#include "replay/core/hash.h"
#include "storage/io_error.h"

namespace reprise {

Result<void> ReplayBase::write(u64, std::span<const u8>) {
  return Error{"what a replay begins from is not written", "GenericError", kEACCES};
}

Result<void> ReplayBase::discard(u64 offset, u64 length) {
  return length ? write(offset, {}) : Result<void>();
}

Result<void> ReplayBase::fetch(u64 cluster) {
  if (fetched_ == cluster) return {};
  fetched_ = kNever;
  const u64 offset = cluster * kClusterSize, length = std::min(kClusterSize, size_ - offset);
  if (std::optional<std::vector<u8>> kept = TRY(source_.kept(medium_, cluster))) {
    if (kept->size() != length)
      return Error{"the recording keeps cluster " + std::to_string(cluster) + " of " + medium_ +
                       " with " + std::to_string(kept->size()) + " bytes instead of " +
                       std::to_string(length),
                   "GenericError", kEIO};
    buffer_ = std::move(*kept);
    fetched_ = cluster;
    return {};
  }
  if (!image_.node) return Error{image_.why_none + "; " + image_.advice, "GenericError", kEIO};
  const std::optional<u64> pin = source_.pinned(medium_, cluster);
  if (image_.node->size() < offset + length)
    return Error{"the image " + image_.name + " of " + medium_ +
                     " is shorter than it was when the " + "run was recorded (" +
                     std::to_string(image_.node->size()) + " bytes, then " + std::to_string(size_) +
                     "); " + image_.advice,
                 "GenericError", kEIO};
  buffer_.resize(length);
  TRY(image_.node->read(offset, buffer_));
  if (pin && hash64(buffer_) != *pin)
    return Error{"the image " + image_.name + " of " + medium_ +
                     " has changed since the run was recorded, in the " +
                     std::to_string(length >> 10) + " KiB at offset " + std::to_string(offset) +
                     "; " + image_.advice,
                 "GenericError", kEIO};
  fetched_ = cluster;
  checked_.set(cluster, 1, ClusterState::Top);
  return {};
}

Result<void> ReplayBase::read(u64 offset, std::span<u8> out) {
  if (!in_range(offset, out.size(), size_))
    return out_of_range("replay", offset, out.size(), size_);
  while (!out.empty()) {
    const u64 cluster = offset / kClusterSize, skip = offset % kClusterSize;
    u64 length = std::min<u64>(out.size(), kClusterSize - skip);
    if (checked_.get(cluster) == ClusterState::Top && fetched_ != cluster) {
      const u64 clusters = (skip + out.size() + kClusterSize - 1) / kClusterSize;
      length = std::min<u64>(out.size(), checked_.run(cluster, clusters) * kClusterSize - skip);
      TRY(image_.node->read(offset, out.first(length)));
    } else {
      TRY(fetch(cluster));
      std::copy_n(buffer_.begin() + std::ptrdiff_t(skip), length, out.begin());
    }
    offset += length;
    out = out.subspan(length);
  }
  return {};
}

}  // namespace reprise
