#include "replay/trace/host/pace.h"

namespace reprise::trace {
namespace {

constexpr u64 kBillion = 1'000'000'000;
constexpr std::chrono::nanoseconds kLongest{kBillion};

}  // namespace

void HostPace::begin(u64 cpu_hz, bool real) {
  hz_ = cpu_hz;
  real_ = real;
  rebase(0);
}

void HostPace::rebase(Cycles now) {
  base_ = std::chrono::steady_clock::now();
  base_cycle_ = now;
}

Cycles HostPace::cycle_at(Time time) const {
  const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(time - base_).count();
  return base_cycle_ + Cycles(u128(u64(elapsed)) * hz_ / kBillion);
}

Cycles HostPace::hold(Cycles cycle) {
  if (!real_ && cycle != kNever) return cycle;
  const Time now = std::chrono::steady_clock::now();
  Time until = now + kLongest;
  if (real_ && cycle <= cycle_at(until)) {
    const u128 ahead = u128(cycle > base_cycle_ ? cycle - base_cycle_ : 0) * kBillion;
    until = base_ + std::chrono::nanoseconds(u64((ahead + hz_ - 1) / hz_));
  }
  if (until > now) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [this] { return woken_; });
    woken_ = false;
  }
  return real_ ? cycle_at(std::chrono::steady_clock::now()) : 0;
}

void HostPace::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

}  // namespace reprise::trace
