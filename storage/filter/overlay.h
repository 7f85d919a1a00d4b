// Overlay: copy-on-write by whole 64 KiB clusters over a base that is only read, into a node of our
// own (a temporary file). For -snapshot, replay, and whatever must leave an image alone.
//
// A cluster is ours only once all of it stands in the top; a write that fails leaves each cluster
// either as it was or, if it was ours already, partly written, as a disk may. The base may be
// shorter than the disk: what it lacks is zeros. The map of clusters lives in memory alone.
#pragma once

#include <set>

#include "storage/block_node.h"
#include "storage/filter/cluster_map.h"

namespace reprise {

class Overlay final : public BlockNode {
 public:
  // The top has at least `size` bytes (none: the base's), all of them rubbish to us.
  Overlay(std::shared_ptr<BlockNode> base, std::shared_ptr<BlockNode> top,
          std::optional<u64> size = {});

  std::string_view driver() const override { return "overlay"; }
  u64 size() const override { return size_; }
  bool read_only() const override { return false; }
  Result<void> read(u64 offset, std::span<u8> out) override;
  Result<void> write(u64 offset, std::span<const u8> in) override;
  Result<void> flush() override { return top_->flush(); }
  Result<void> discard(u64 offset, u64 length) override;
  // `allocated`: it is ours.
  Result<Extent> map(u64 offset, u64 length) override;

  // Writes what is ours to `target` (the base's image, open for writing) and through to its disk.
  // Changes nothing here: should it fail, do it again. Where it succeeds, forget() may follow.
  Result<void> commit(BlockNode& target);
  // Those that are ours.
  std::set<u64> clusters() const;
  // Everything is the base's again.
  void forget() { map_.clear(); }

 private:
  Result<void> read_base(u64 offset, std::span<u8> out);
  Result<void> copy_up(u64 cluster, u64 begin, std::span<const u8> in);
  u64 cluster_length(u64 cluster) const;
  u64 run_length(u64 offset, u64 length) const;

  std::shared_ptr<BlockNode> base_, top_;
  u64 size_;
  ClusterMap map_;
};

}  // namespace reprise
