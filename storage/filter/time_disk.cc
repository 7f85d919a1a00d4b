#include "storage/filter/time_disk.h"

#include <algorithm>

namespace reprise {

Result<std::vector<u8>> TimeDisk::content(u64 cluster) {
  const u64 offset = cluster * kClusterSize;
  std::vector<u8> bytes(std::min(kClusterSize, size_ - offset));
  TRY(now().read(offset, bytes));
  return bytes;
}

Result<void> TimeDisk::keep(u64 offset, u64 length) {
  if (length == 0) return {};
  for (u64 cluster = offset / kClusterSize; cluster <= (offset + length - 1) / kClusterSize;
       ++cluster) {
    if (tracks_ && !private_) written_.insert(cluster);
    if (!layers_.keeps(cluster)) continue;
    std::vector<u8> before = TRY(content(cluster));
    bytes_ += before.size();
    *layers_.keep(cluster) = std::move(before);
  }
  return {};
}

Result<void> TimeDisk::write(u64 offset, std::span<const u8> in) {
  TRY(keep(offset, in.size()));
  return now().write(offset, in);
}

Result<void> TimeDisk::discard(u64 offset, u64 length) {
  TRY(keep(offset, length));
  return now().discard(offset, length);
}

void TimeDisk::mark() {
  post([this] { layers_.mark(); });
}

void TimeDisk::adopt() {
  post([this] { layers_.adopt(), count(); });
}

// What cannot be read or written now could be before: the host fails. A later read says so, or the
// replay's hashes.
void TimeDisk::exchange(u64 cluster, std::vector<u8>& content) {
  auto here = this->content(cluster);
  if (!here || !now().write(cluster * kClusterSize, content)) return;
  content = std::move(*here);
}

void TimeDisk::go(std::size_t mark) {
  post([this, mark] {
    layers_.go(mark, [this](u64 cluster, std::vector<u8>& content) { exchange(cluster, content); });
    count();
  });
}

void TimeDisk::forget(std::size_t mark) {
  post([this, mark] { layers_.forget(mark), count(); });
}

void TimeDisk::clear() {
  post([this] { layers_.clear(), count(); });
}

void TimeDisk::count() {
  u64 sum = 0;
  layers_.each_layer([&](const auto& layer) {
    for (const auto& [cluster, content] : layer) sum += content.size();
  });
  bytes_ = sum;
}

void TimeDisk::changed(Overlay* overlay, Visit visit) {
  post([this, overlay, visit = std::move(visit)] {
    std::set<u64> clusters;
    if (overlay) clusters = overlay->clusters();
    layers_.each_layer([&](const auto& layer) {
      for (const auto& [cluster, kept] : layer) clusters.insert(cluster);
    });
    for (const u64 cluster : clusters)
      if (const auto bytes = content(cluster)) visit(cluster, *bytes);
  });
}

Result<void> TimeDisk::put(u64 cluster, std::span<const u8> content) {
  const auto here = this->content(cluster);
  if (here && std::ranges::equal(*here, content)) return {};
  return write(cluster * kClusterSize, content);
}

void TimeDisk::take_past(std::function<void(Result<void>)> done) {
  post([this, done = std::move(done)] {
    Result<void> taken;
    if (private_) taken = private_->commit(*child_);
    if (taken) private_.reset();
    done(taken);
  });
}

// Zeros are not written: a new file is zeros.
void TimeDisk::move_to(std::shared_ptr<BlockNode> node, std::function<void(Result<void>)> done) {
  post([this, node = std::move(node), done = std::move(done)] {
    for (u64 cluster = 0; cluster * kClusterSize < size_; ++cluster) {
      const auto bytes = content(cluster);
      if (!bytes) return done(bytes.error());
      if (std::ranges::all_of(*bytes, [](u8 byte) { return byte == 0; })) continue;
      const auto written = node->write(cluster * kClusterSize, *bytes);
      if (!written) return done(written);
    }
    const Result<void> flushed = node->flush();
    if (flushed) child_ = node, private_.reset();
    done(flushed);
  });
}

void TimeDisk::enter_past(std::shared_ptr<BlockNode> room) {
  post([this, room = std::move(room)] {
    private_ = std::make_shared<Overlay>(child_, room, size_);
  });
}

void TimeDisk::leave_past() {
  post([this] { private_.reset(); });
}

void TimeDisk::written(Visit visit, std::function<void(bool)> done) {
  post([this, visit = std::move(visit), done = std::move(done)] {
    bool ok = true;
    for (const u64 cluster : written_) {
      const auto bytes = content(cluster);
      if (bytes) visit(cluster, *bytes);
      ok = ok && bytes;
    }
    written_.clear();
    tracks_ = true;
    done(ok);
  });
}

}  // namespace reprise
