// FailedWrites: what a guest wrote and the host could not keep.
//
// After a failed write nobody can say what the host's file holds there, and a replay, in which
// nothing fails, could not show the same. So a failed write takes effect for the guest all the same
// (it is told of the error as well): the bytes are held here, reads give them, a later write of the
// same range or a flush that succeeds lets go of them.
#pragma once

#include <map>
#include <vector>

#include "storage/block_node.h"

namespace reprise {

class FailedWrites final : public BlockNode {
 public:
  static constexpr u64 kMaxHeld = 64 << 20;  // bytes of data; zeros count nothing
  static constexpr std::size_t kMaxRanges = 1 << 16;

  explicit FailedWrites(std::shared_ptr<BlockNode> child) : child_(std::move(child)) {}

  std::string_view driver() const override { return "failed-writes"; }
  u64 size() const override { return child_->size(); }
  bool read_only() const override { return child_->read_only(); }
  Result<void> read(u64 offset, std::span<u8> out) override;
  Result<void> write(u64 offset, std::span<const u8> in) override;
  Result<void> flush() override;
  Result<void> discard(u64 offset, u64 length) override;
  Result<Extent> map(u64 offset, u64 length) override;

  // The last write or discard failed and there was no room to hold it: it has not taken effect, and
  // must be tried again before anything else.
  bool lost() const { return lost_; }
  bool empty() const { return held_.empty(); }
  BlockNode& child() { return *child_; }

 private:
  struct Range {
    u64 length = 0;
    std::vector<u8> data;  // empty: zeros
  };
  void forget(u64 offset, u64 length);
  void hold(u64 offset, u64 length, std::span<const u8> data);

  std::shared_ptr<BlockNode> child_;
  std::map<u64, Range> held_;  // by offset; ranges do not overlap
  u64 bytes_ = 0;
  bool lost_ = false;
};

}  // namespace reprise
