#include "replay/core/scheduler.h"

#include <tuple>

namespace reprise {

bool Scheduler::Earlier::operator()(const Timer* a, const Timer* b) const {
  return std::tie(a->deadline_, a->path_, a->index_) < std::tie(b->deadline_, b->path_, b->index_);
}

Cycles Scheduler::armed_deadline() const { return (*armed_.begin())->deadline_; }

void Scheduler::run_due() {
  while (!armed_.empty() && armed_deadline() <= now_) {
    Timer* timer = *armed_.begin();
    timer->cancel();
    timer->fire_();
  }
}

void Timer::arm(Cycles deadline) {
  cancel();
  if (deadline == kNever) return;
  deadline_ = deadline;
  armed_ = true;
  scheduler_.armed_.insert(this);
}

void Timer::cancel() {
  if (!armed_) return;
  scheduler_.armed_.erase(this);
  armed_ = false;
}

void Timer::state(State& s) {
  bool armed = armed_;
  Cycles deadline = armed_ ? deadline_ : 0;
  s("armed", armed)("deadline", deadline);
  if (!s.loading()) return;
  cancel();
  if (armed) arm(deadline);
}

}  // namespace reprise
