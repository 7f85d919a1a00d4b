// Virtual time: the scheduler owns "now", timers fire in order of (deadline, id), and a Clock
// derives a device's tick count from the absolute cycle by exact integer arithmetic.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "replay/core/state.h"
#include "replay/core/types.h"

namespace reprise {

class Timer;

class Scheduler {
 public:
  explicit Scheduler(u64 cpu_hz) : cpu_hz_(cpu_hz) {}
  Scheduler(const Scheduler&) = delete;

  u64 cpu_hz() const { return cpu_hz_; }

  // The current cycle. Inside a slice the CPU publishes the cycle at which its instruction began
  // before it touches any device, so this is exact wherever a device can look.
  Cycles now() const { return now_; }
  void set_now(Cycles now) { now_ = now; }

  // The earliest deadline, or kNever. The CPU looks again after each access to a device, so a
  // timer armed inside a slice shortens that slice at once.
  Cycles deadline() const { return armed_.empty() ? kNever : armed_deadline(); }

  // Fires every timer whose deadline is not after now(), in order of (deadline, id). A timer that
  // re-arms itself for a time not after now() fires again within this call.
  void run_due();

 private:
  friend class Timer;
  struct Earlier {
    bool operator()(const Timer* a, const Timer* b) const;
  };
  Cycles armed_deadline() const;

  u64 cpu_hz_;
  Cycles now_ = 0;
  std::set<Timer*, Earlier> armed_;
};

// A one-shot alarm. Its id is its device's path and its own index among that device's timers.
class Timer {
 public:
  Timer(Scheduler& scheduler, std::string path, unsigned index, std::function<void()> fire)
      : scheduler_(scheduler), path_(std::move(path)), index_(index), fire_(std::move(fire)) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;

  // Arms (or moves) the alarm; a deadline in the past fires at the next opportunity.
  void arm(Cycles deadline);
  void cancel();
  bool armed() const { return armed_; }
  Cycles deadline() const { return armed_ ? deadline_ : kNever; }
  void state(State& s);  // "armed", "deadline"; load re-arms

 private:
  friend class Scheduler;
  Scheduler& scheduler_;
  std::string path_;
  unsigned index_;
  std::function<void()> fire_;
  Cycles deadline_ = 0;
  bool armed_ = false;
};

// A counter at `hz` that has run since cycle 0. Pure function of the absolute cycle.
class Clock {
 public:
  Clock(const Scheduler& scheduler, u64 hz) : scheduler_(scheduler), hz_(hz) {}
  u64 hz() const { return hz_; }
  // floor(now * hz / cpu_hz)
  u64 ticks() const { return ticks_at(scheduler_.now()); }
  u64 ticks_at(Cycles cycle) const { return u64(u128(cycle) * hz_ / scheduler_.cpu_hz()); }
  // The first cycle at which ticks() >= tick; kNever if that is out of range.
  Cycles cycle_of(u64 tick) const {
    const u128 cycle = (u128(tick) * scheduler_.cpu_hz() + hz_ - 1) / hz_;
    return cycle >= kNever ? kNever : Cycles(cycle);
  }

 private:
  const Scheduler& scheduler_;
  u64 hz_;
};

}  // namespace reprise
