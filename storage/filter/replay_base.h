// ReplayBase: a medium as it was when the recorded run began.
//
// What the recording kept comes first: recording may have changed the image since. Everything else
// is the image's, checked against its pin: an image that is not the recorded one is an error that
// says so. Only read; what a replay writes goes to an overlay.
#pragma once

#include <string>
#include <vector>

#include "replay/core/disk_log.h"
#include "storage/block_node.h"
#include "storage/filter/cluster_map.h"

namespace reprise {

class ReplayBase final : public BlockNode {
 public:
  // `image`: null if there is none, and `why_none` says why. `name` and `advice` are for messages.
  struct Image {
    std::shared_ptr<BlockNode> node;
    std::string name, why_none, advice;
  };
  ReplayBase(const DiskSource& source, std::string medium, u64 size, Image image)
      : source_(source), medium_(std::move(medium)), size_(size), image_(std::move(image)) {}

  std::string_view driver() const override { return "replay"; }
  u64 size() const override { return size_; }
  bool read_only() const override { return true; }
  // The source holds something else now: what was fetched counts no more.
  void restart() {
    checked_.clear();
    fetched_ = kNever;
  }
  Result<void> read(u64 offset, std::span<u8> out) override;
  Result<void> write(u64, std::span<const u8>) override;
  Result<void> flush() override { return {}; }
  Result<void> discard(u64, u64) override;
  Result<Extent> map(u64, u64 length) override { return Extent{length, false, true, {}}; }

 private:
  Result<void> fetch(u64 cluster);

  const DiskSource& source_;
  std::string medium_;
  u64 size_;
  Image image_;
  ClusterMap checked_;      // Top: the image's, and as it was
  std::vector<u8> buffer_;  // the cluster that was fetched last
  u64 fetched_ = kNever;
};

}  // namespace reprise
