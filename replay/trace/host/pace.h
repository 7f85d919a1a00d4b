// Paces virtual time by the host's clock, and sleeps while there is nothing to do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "replay/trace/driver.h"

namespace reprise::trace {

class HostPace final : public Pace {
 public:
  // Until begin(), it can only be woken.
  HostPace() = default;
  HostPace(u64 cpu_hz, bool real) { begin(cpu_hz, real); }

  // `real`: virtual time does not run ahead of the host's. Otherwise it only sleeps for ever.
  void begin(u64 cpu_hz, bool real);
  void set_real(bool real) { real_ = real; }
  Cycles hold(Cycles cycle) override;
  void rebase(Cycles now) override;
  // Any thread: ends the hold under way, or the next one. Give it to Door::on_post.
  void wake();

 private:
  using Time = std::chrono::steady_clock::time_point;
  Cycles cycle_at(Time time) const;

  u64 hz_ = 1;
  bool real_ = false;
  Time base_;
  Cycles base_cycle_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;  // under mutex_
};

}  // namespace reprise::trace
