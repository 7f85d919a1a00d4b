// PinFilter: tells a recording what an image held when the run began, over which it stands.
//
// The first read of a cluster pins its hash, or keeps it where the recording holds the disks
// (embed=disks). Before its first overwrite the old content is kept, unless nothing of it was read
// and nothing of it is left: then a replay does not need it.
// What cannot be kept is not overwritten: where the host cannot read a cluster, a write fails, too.
#pragma once

#include <string>
#include <vector>

#include "replay/core/disk_log.h"
#include "storage/block_node.h"
#include "storage/filter/cluster_map.h"

namespace reprise {

class PinFilter final : public BlockNode {
 public:
  // `size`: of the medium, whole sectors; what lies behind it is not pinned, nor reached.
  PinFilter(std::shared_ptr<BlockNode> child, DiskLog& log, std::string medium, u64 size)
      : child_(std::move(child)), log_(log), medium_(std::move(medium)), size_(size) {}

  // Another recording begins, which knows nothing yet.
  void restart() { known_.clear(); }

  std::string_view driver() const override { return "pin"; }
  u64 size() const override { return size_; }
  bool read_only() const override { return child_->read_only(); }
  Result<void> read(u64 offset, std::span<u8> out) override;
  Result<void> write(u64 offset, std::span<const u8> in) override;
  Result<void> flush() override { return child_->flush(); }
  Result<void> discard(u64 offset, u64 length) override;
  Result<Extent> map(u64 offset, u64 length) override { return child_->map(offset, length); }

 private:
  // What the recording knows of a cluster.
  static constexpr ClusterState kNothing = ClusterState::Base, kHash = ClusterState::Top,
                                kAll = ClusterState::Zero;
  // Nothing, because not all of it could be read; but the guest has seen some of it.
  static constexpr ClusterState kSeen = ClusterState(3);
  u64 length_of(u64 cluster) const;
  Result<void> fetch(u64 cluster);
  Result<void> keep_before(u64 offset, u64 length);

  std::shared_ptr<BlockNode> child_;
  DiskLog& log_;
  std::string medium_;
  u64 size_;
  ClusterMap known_;
  std::vector<u8> buffer_;  // a cluster
};

}  // namespace reprise
