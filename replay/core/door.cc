#include "replay/core/door.h"

#include <utility>

#include "replay/core/check.h"

namespace reprise {

Port::Port(Door& door, std::string name, PortKind kind, Receive receive)
    : door_(door), name_(std::move(name)), kind_(kind), receive_(std::move(receive)) {
  check(door_.ports_.emplace(name_, this).second, "two ports share a name");
}

Port::~Port() {
  door_.ports_.erase(name_);
  const std::scoped_lock lock(door_.mutex_);
  std::erase_if(door_.queue_, [this](const Door::Posted& posted) { return posted.port == this; });
}

void Port::set_credit(u64 bytes) {
  const u64 before = credit_.exchange(bytes, std::memory_order_acq_rel);
  if (bytes > before && wake_ && !door_.replaying()) wake_();
}

u64 Port::credit() const {
  if (door_.replaying()) return 0;
  const u64 posted = posted_.load(std::memory_order_acquire);
  const u64 granted = credit_.load(std::memory_order_acquire);
  return granted > posted ? granted - posted : 0;
}

// Who waits for room hears of it when a replay is over.
void Door::replay(DoorSource* source) {
  {
    const std::scoped_lock lock(mutex_);
    source_ = source;
  }
  if (source) return;
  for (const auto& [name, port] : ports_)
    if (port->wake_ && port->credit() > 0) port->wake_();
}

u64 Door::ask(Port& port, const std::function<u64()>& host) {
  const Position at = position_();
  DoorSource* const source = source_;
  const u64 value = source ? source->answer(at, port) : host();
  if (log_) log_->answer(at, port, value);
  return value;
}

bool Door::post(Port& port, std::vector<u8> bytes) {
  {
    const std::scoped_lock lock(mutex_);
    if (source_ || queue_.size() >= kQueueLimit) return false;
    port.posted_.fetch_add(bytes.size(), std::memory_order_acq_rel);
    queue_.push_back({&port, std::move(bytes)});
    waiting_.store(true, std::memory_order_release);
  }
  if (on_post_) on_post_();
  return true;
}

void Door::emit(Port& port, std::span<const u8> bytes) {
  if (log_) log_->output(position_(), port, bytes);
  if (port.sink_ && (!source_ || mirror_)) port.sink_(bytes);
}

Position Door::next_delivery() const {
  DoorSource* const source = source_;
  return source ? source->next() : Position{kNever, kNever};
}

void Door::deliver_due(Position now) {
  while (deliver_next(now)) {
  }
}

bool Door::deliver_next(Position now) {
  if (DoorSource* const source = source_) {
    if (source->next() > now) return false;
    const auto [name, bytes] = source->take();
    Port* port = find(name);
    if (!port || !port->receive_) {
      source->refused(name);
      return true;
    }
    if (log_) log_->input(now, *port, bytes);
    port->receive_(bytes);
    return true;
  }
  if (!waiting()) return false;
  Posted posted;
  {
    const std::scoped_lock lock(mutex_);
    if (queue_.empty()) {
      waiting_.store(false, std::memory_order_release);
      return false;
    }
    posted = std::move(queue_.front());
    queue_.pop_front();
  }
  Port& port = *posted.port;
  if (port.receive_) {
    if (log_) log_->input(now, port, posted.bytes);
    port.receive_(posted.bytes);
  }
  port.posted_.fetch_sub(posted.bytes.size(), std::memory_order_acq_rel);
  if (port.wake_ && port.credit() > 0) port.wake_();
  return true;
}

Port* Door::find(const std::string& name) const {
  const auto it = ports_.find(name);
  return it == ports_.end() ? nullptr : it->second;
}

}  // namespace reprise
