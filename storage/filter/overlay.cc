#include "storage/filter/overlay.h"

#include <algorithm>
#include <vector>

#include "replay/core/check.h"
#include "storage/io_error.h"

namespace reprise {
namespace {

constexpr u64 kCopyPiece = 1 << 20;

u64 clusters_of(u64 bytes) { return (bytes + kClusterSize - 1) / kClusterSize; }

}  // namespace

Overlay::Overlay(std::shared_ptr<BlockNode> base, std::shared_ptr<BlockNode> top,
                 std::optional<u64> size)
    : base_(std::move(base)), top_(std::move(top)), size_(size.value_or(base_->size())) {
  check(top_->size() >= size_ && !top_->read_only(), "the top of an overlay takes all of it");
}

u64 Overlay::cluster_length(u64 cluster) const {
  return std::min(kClusterSize, size_ - cluster * kClusterSize);
}

// How many of `length` bytes at `offset` lie in clusters of the same state.
u64 Overlay::run_length(u64 offset, u64 length) const {
  const u64 first = offset / kClusterSize;
  const u64 run = map_.run(first, clusters_of(offset + length) - first);
  return std::min(length, (first + run) * kClusterSize - offset);
}

Result<void> Overlay::read_base(u64 offset, std::span<u8> out) {
  const u64 have = base_->size() - std::min(base_->size(), offset);
  const u64 there = std::min<u64>(out.size(), have);
  if (there) TRY(base_->read(offset, out.first(there)));
  std::ranges::fill(out.subspan(there), u8(0));
  return {};
}

Result<void> Overlay::read(u64 offset, std::span<u8> out) {
  if (!in_range(offset, out.size(), size_))
    return out_of_range(driver(), offset, out.size(), size_);
  while (!out.empty()) {
    const std::span<u8> piece = out.first(run_length(offset, out.size()));
    switch (map_.get(offset / kClusterSize)) {
      case ClusterState::Base:
        TRY(read_base(offset, piece));
        break;
      case ClusterState::Top:
        TRY(top_->read(offset, piece));
        break;
      case ClusterState::Zero:
        std::ranges::fill(piece, u8(0));
        break;
    }
    offset += piece.size();
    out = out.subspan(piece.size());
  }
  return {};
}

// Makes a cluster ours, with `in` at `begin` in it.
Result<void> Overlay::copy_up(u64 cluster, u64 begin, std::span<const u8> in) {
  std::vector<u8> content(cluster_length(cluster));
  if (in.size() < content.size() && map_.get(cluster) == ClusterState::Base)
    TRY(read_base(cluster * kClusterSize, content));
  std::ranges::copy(in, content.begin() + std::ptrdiff_t(begin));
  TRY(top_->write(cluster * kClusterSize, content));
  map_.set(cluster, 1, ClusterState::Top);
  return {};
}

Result<void> Overlay::write(u64 offset, std::span<const u8> in) {
  if (!in_range(offset, in.size(), size_)) return out_of_range(driver(), offset, in.size(), size_);
  while (!in.empty()) {
    const u64 cluster = offset / kClusterSize, begin = offset % kClusterSize;
    u64 length = std::min<u64>(in.size(), cluster_length(cluster) - begin);
    if (map_.get(cluster) == ClusterState::Top) {
      length = run_length(offset, in.size());
      TRY(top_->write(offset, in.first(length)));
    } else if (length == cluster_length(cluster)) {
      // Whole clusters need nothing of the old; many at once.
      const u64 end = offset + in.size();
      const u64 whole = end == size_ ? in.size() : in.size() / kClusterSize * kClusterSize;
      TRY(top_->write(offset, in.first(whole)));
      map_.set(cluster, clusters_of(whole), ClusterState::Top);
      length = whole;
    } else {
      TRY(copy_up(cluster, begin, in.first(length)));
    }
    offset += length;
    in = in.subspan(length);
  }
  return {};
}

Result<void> Overlay::discard(u64 offset, u64 length) {
  if (!in_range(offset, length, size_)) return out_of_range(driver(), offset, length, size_);
  const std::vector<u8> zeros(std::min(length, kClusterSize));
  while (length) {
    const u64 cluster = offset / kClusterSize, begin = offset % kClusterSize;
    u64 piece = std::min(length, cluster_length(cluster) - begin);
    if (piece < cluster_length(cluster)) {
      if (map_.get(cluster) != ClusterState::Zero)
        TRY(write(offset, std::span(zeros).first(piece)));
    } else {
      const u64 end = offset + length;
      const u64 last = end == size_ ? clusters_of(end) : end / kClusterSize;
      piece = std::min(run_length(offset, length), last * kClusterSize - offset);
      const bool ours = map_.get(cluster) == ClusterState::Top;
      map_.set(cluster, clusters_of(piece), ClusterState::Zero);
      // Only to give the room back: what the top holds there no longer counts.
      if (ours) (void)top_->discard(offset, piece).ok();
    }
    offset += piece;
    length -= piece;
  }
  return {};
}

Result<Extent> Overlay::map(u64 offset, u64 length) {
  if (length == 0 || !in_range(offset, length, size_))
    return out_of_range(driver(), offset, length, size_);
  const u64 run = run_length(offset, length);
  switch (map_.get(offset / kClusterSize)) {
    case ClusterState::Zero:
      return Extent{run, true, true, {}};
    case ClusterState::Top: {
      Extent extent = TRY(top_->map(offset, run));
      extent.allocated = true;
      return extent;
    }
    case ClusterState::Base:
      break;
  }
  if (offset >= base_->size()) return Extent{run, true, false, {}};
  Extent extent = TRY(base_->map(offset, std::min(run, base_->size() - offset)));
  extent.allocated = false;
  return extent;
}

std::set<u64> Overlay::clusters() const {
  std::set<u64> all;
  const u64 end = clusters_of(size_);
  for (u64 at = map_.next(0, end); at < end; at = map_.next(at + 1, end)) all.insert(all.end(), at);
  return all;
}

Result<void> Overlay::commit(BlockNode& target) {
  if (target.read_only()) return io_error(kEACCES, "commit: the image is open read-only");
  if (target.size() < size_)
    return Error{"commit: the image has " + std::to_string(target.size()) + " bytes, the disk " +
                     std::to_string(size_) + "; make the image larger first",
                 "GenericError", kENOSPC};
  std::vector<u8> content;
  const u64 end = clusters_of(size_);
  for (u64 at = map_.next(0, end); at < end; at = map_.next(at, end)) {
    const u64 begin = at * kClusterSize;
    u64 length = std::min(map_.run(at, end - at) * kClusterSize, size_ - begin);
    if (map_.get(at) == ClusterState::Zero) {
      TRY(target.discard(begin, length));
    } else {
      length = std::min(length, kCopyPiece);
      content.resize(length);
      TRY(top_->read(begin, content));
      TRY(target.write(begin, content));
    }
    at += clusters_of(length);
  }
  return target.flush();
}

}  // namespace reprise
