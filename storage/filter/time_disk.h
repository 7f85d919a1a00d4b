// TimeDisk: a medium whose contents can be put back to earlier marks (replay/core/layered.h), by
// whole 64 KiB clusters: before its first overwrite behind a mark, a cluster's content is kept.
//
// It is told of marks on the machine thread and does everything on the drive's worker, in order
// with the requests: so a mark is where the drive's queue is, nobody waits, and requests in flight,
// which a load submits again, find what they found. While a live run is in its past, what is
// written (and put back) goes to an overlay; the image stays as it is in the present.
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <vector>

#include "replay/core/layered.h"
#include "storage/filter/overlay.h"

namespace reprise {

class TimeDisk final : public BlockNode, public Layered {
 public:
  using Worker = std::function<void(std::function<void()>)>;

  // `size`: of the medium. Jobs run at once until there is a worker.
  TimeDisk(std::shared_ptr<BlockNode> child, u64 size) : child_(std::move(child)), size_(size) {}
  void set_worker(Worker worker) { worker_ = std::move(worker); }

  // --- BlockNode; on the worker ---
  std::string_view driver() const override { return "time"; }
  u64 size() const override { return size_; }
  bool read_only() const override { return child_->read_only(); }
  Result<void> read(u64 offset, std::span<u8> out) override { return now().read(offset, out); }
  Result<void> write(u64 offset, std::span<const u8> in) override;
  Result<void> flush() override { return now().flush(); }
  Result<void> discard(u64 offset, u64 length) override;
  Result<Extent> map(u64 offset, u64 length) override { return now().map(offset, length); }

  // --- Layered; on the machine thread ---
  void mark() override;
  void adopt() override;
  void go(std::size_t mark) override;
  void forget(std::size_t mark) override;
  void clear() override;
  u64 bytes() const override { return bytes_.load(); }

  // --- on the machine thread ---
  // From here on nothing reaches the child, until leave_past(): the caller has gone to where it
  // left.
  void enter_past(std::shared_ptr<BlockNode> room);
  void leave_past();
  // The past becomes the present: the child gets what was written there. `done`, on the worker.
  void take_past(std::function<void(Result<void>)> done);
  // From here on another node holds the content; this one's is copied there. Likewise.
  void move_to(std::shared_ptr<BlockNode> node, std::function<void(Result<void>)> done);
  // Told, on the worker, of each cluster that was written since the last call, as it is where the
  // drive's queue is now; then `done`. From the first call on.
  using Visit = std::function<void(u64 cluster, std::span<const u8> content)>;
  void written(Visit visit, std::function<void(bool ok)> done);
  // Told, on the worker, what clusters hold now that were written behind any mark, or that are the
  // overlay's.
  void changed(Overlay* overlay, Visit visit);
  // On the worker: what a cluster is to hold.
  Result<void> put(u64 cluster, std::span<const u8> content);
  // On the worker: the clusters hold what the last call of written() was told.
  void forget_written() { written_.clear(); }
  // On the worker, in order: something of the child changes.
  void post(std::function<void()> job) { worker_ ? worker_(std::move(job)) : job(); }

 private:
  BlockNode& now() { return private_ ? *private_ : *child_; }
  const BlockNode& now() const { return private_ ? *private_ : *child_; }
  Result<void> keep(u64 offset, u64 length);
  Result<std::vector<u8>> content(u64 cluster);
  void exchange(u64 cluster, std::vector<u8>& content);
  void count();

  // The worker's.
  std::shared_ptr<BlockNode> child_;
  std::shared_ptr<Overlay> private_;
  u64 size_;
  LayerStack<u64, std::vector<u8>> layers_;
  bool tracks_ = false;
  std::set<u64> written_;

  std::atomic<u64> bytes_{0};
  Worker worker_;
};

}  // namespace reprise
