// Paces virtual time by the host's clock, and sleeps while there is nothing to do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "replay/trace/driver.h"

namespace reprise::trace {

class HostPace final : public Pace {
 public:
  // `real`: virtual time does not run ahead of the host's. Otherwise it only sleeps for ever.
  HostPace(u64 cpu_hz, bool real) : hz_(cpu_hz), real_(real) { rebase(0); }

  void set_real(bool real) { real_ = real; }
  Cycles hold(Cycles cycle) override;
  void rebase(Cycles now) override;
  // Any thread: ends the hold under way, or the next one. Give it to Door::on_post.
  void wake();

 private:
  using Time = std::chrono::steady_clock::time_point;
  Cycles cycle_at(Time time) const;

  u64 hz_;
  bool real_;
  Time base_;
  Cycles base_cycle_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;  // under mutex_
};

}  // namespace reprise::trace
