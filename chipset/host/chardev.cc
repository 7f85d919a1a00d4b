#include "chipset/host/chardev.h"

#include <algorithm>

namespace reprise {

void Chardev::connect_to(Port* in, Port* out, Port* break_in) {
  check(!in_ && !out_, "a character back end is connected twice");
  in_ = in;
  out_ = out;
  break_ = break_in;
  if (in_) in_->on_credit([this] { credit_grew(); });
  if (out_) out_->connect([this](std::span<const u8> bytes) { write(bytes); });
  const bool open = is_open();  // a server's first client may come once its thread runs
  connected();
  if (open && opened_) opened_(1);
}

void Chardev::disconnect() {
  if (in_) in_->on_credit({});
  if (out_) out_->connect({});
}

void OutputQueue::push(std::span<const u8> bytes, bool patient) {
  std::unique_lock lock(mutex_);
  while (!bytes.empty() && !closed_) {
    const std::size_t used = bytes_.size() - taken_;
    if (losing_ && used > kOutputLimit / 2) return;
    losing_ = false;
    const std::size_t room = patient ? bytes.size() : kOutputLimit - std::min(used, kOutputLimit);
    if (room == 0) {
      const auto has_room = [this] { return closed_ || bytes_.size() - taken_ < kOutputLimit; };
      if (!changed_.wait_for(lock, kPatience, has_room)) {
        losing_ = true;
        return;
      }
      continue;
    }
    const auto part = bytes.first(std::min(room, bytes.size()));
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    changed_.notify_all();
  }
}

std::vector<u8> OutputQueue::pop(std::size_t max) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || bytes_.size() > taken_; });
  const std::size_t count = std::min(max, bytes_.size() - taken_);
  const bool was_full = bytes_.size() - taken_ >= kOutputLimit;
  const auto from = bytes_.begin() + std::ptrdiff_t(taken_);
  std::vector<u8> part(from, from + std::ptrdiff_t(count));
  taken_ += count;
  if (taken_ == bytes_.size() || taken_ > kOutputLimit) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + std::ptrdiff_t(taken_));
    taken_ = 0;
  }
  writing_ = count;
  dropped_ = false;
  changed_.notify_all();
  if (was_full && bytes_.size() - taken_ < kOutputLimit && room_) room_();
  return part;
}

bool OutputQueue::full() const {
  const std::scoped_lock lock(mutex_);
  return !closed_ && bytes_.size() - taken_ >= kOutputLimit;
}

void OutputQueue::on_room(std::function<void()> told) {
  const std::scoped_lock lock(mutex_);
  room_ = std::move(told);
}

void OutputQueue::written() {
  bool drained = false;
  {
    const std::scoped_lock lock(mutex_);
    writing_ = 0;
    drained = bytes_.size() == taken_;
    changed_.notify_all();
  }
  if (drained && drained_) drained_();
}

void OutputQueue::append(std::span<const u8> bytes) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  changed_.notify_all();
}

std::size_t OutputQueue::size() const {
  const std::scoped_lock lock(mutex_);
  return bytes_.size() - taken_ + writing_;
}

bool OutputQueue::dropped() const {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

void OutputQueue::drop_all() {
  {
    const std::scoped_lock lock(mutex_);
    bytes_.clear();
    taken_ = 0;
    dropped_ = true;
    changed_.notify_all();
  }
  if (drained_) drained_();
}

void OutputQueue::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void OutputQueue::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return bytes_.size() == taken_ && !writing_; });
}

}  // namespace reprise
