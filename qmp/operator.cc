#include "qmp/operator.h"

namespace reprise {

std::string_view name(RunState state) {
  switch (state) {
    case RunState::Prelaunch:
      return "prelaunch";
    case RunState::Running:
      return "running";
    case RunState::Paused:
      return "paused";
    case RunState::Shutdown:
      return "shutdown";
    case RunState::IoError:
      return "io-error";
  }
  return "internal-error";
}

void OperatorQueue::post(Work work) {
  {
    const std::scoped_lock lock(mutex_);
    work_.push_back(std::move(work));
    waiting_.store(true, std::memory_order_release);
  }
  if (wake_) wake_();
}

void OperatorQueue::drop() {
  const std::scoped_lock lock(mutex_);
  work_.clear();
  waiting_.store(false, std::memory_order_release);
}

void OperatorQueue::run() {
  while (waiting()) {
    Work work;
    {
      const std::scoped_lock lock(mutex_);
      if (work_.empty()) {
        waiting_.store(false, std::memory_order_release);
        return;
      }
      work = std::move(work_.front());
      work_.pop_front();
    }
    work();
  }
}

}  // namespace reprise
