#include "storage/filter/pin_filter.h"

#include <algorithm>

#include "replay/core/hash.h"

namespace reprise {

u64 PinFilter::length_of(u64 cluster) const {
  return std::min(kClusterSize, size_ - cluster * kClusterSize);
}

Result<void> PinFilter::fetch(u64 cluster) {
  buffer_.resize(length_of(cluster));
  return child_->read(cluster * kClusterSize, buffer_);
}

Result<void> PinFilter::read(u64 offset, std::span<u8> out) {
  if (!log_.active()) return child_->read(offset, out);
  while (!out.empty()) {
    const u64 cluster = offset / kClusterSize, skip = offset % kClusterSize;
    const u64 clusters = (skip + out.size() + kClusterSize - 1) / kClusterSize;
    const ClusterState state = known_.get(cluster);
    const bool fresh = state == kNothing || state == kSeen;
    const u64 run = fresh ? 1 : known_.run(cluster, clusters);
    const u64 length = std::min<u64>(out.size(), run * kClusterSize - skip);
    // Where another part of the cluster cannot be read, this one goes unpinned.
    if (fresh && fetch(cluster)) {
      if (log_.embeds()) {
        log_.keep(medium_, cluster, buffer_);
        known_.set(cluster, 1, kAll);
      } else {
        log_.pin(medium_, cluster, hash64(buffer_));
        known_.set(cluster, 1, kHash);
      }
      std::copy_n(buffer_.begin() + std::ptrdiff_t(skip), length, out.begin());
    } else {
      TRY(child_->read(offset, out.first(length)));
      if (fresh) known_.set(cluster, 1, kSeen);
    }
    offset += length;
    out = out.subspan(length);
  }
  return {};
}

Result<void> PinFilter::keep_before(u64 offset, u64 length) {
  const u64 end = offset + length, last = (end - 1) / kClusterSize;
  for (u64 cluster = offset / kClusterSize; cluster <= last;) {
    const ClusterState state = known_.get(cluster);
    const u64 start = cluster * kClusterSize;
    const bool whole = start >= offset && start + length_of(cluster) <= end;
    u64 run = 1;
    if (state == kAll) {
      run = known_.run(cluster, last - cluster + 1);
    } else if (state == kNothing && whole) {
      // The last of a run may be covered in part only; it comes again.
      run = known_.run(cluster, last - cluster + 1);
      const u64 behind = (cluster + run - 1) * kClusterSize + length_of(cluster + run - 1);
      if (run > 1 && behind > end) --run;
      known_.set(cluster, run, kAll);
    } else {
      TRY(fetch(cluster));
      log_.keep(medium_, cluster, buffer_);
      known_.set(cluster, 1, kAll);
    }
    cluster += run;
  }
  return {};
}

Result<void> PinFilter::write(u64 offset, std::span<const u8> in) {
  if (!in.empty() && log_.active()) TRY(keep_before(offset, in.size()));
  return child_->write(offset, in);
}

Result<void> PinFilter::discard(u64 offset, u64 length) {
  if (length && log_.active()) TRY(keep_before(offset, length));
  return child_->discard(offset, length);
}

}  // namespace reprise
