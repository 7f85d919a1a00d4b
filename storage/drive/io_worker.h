// The seam between a drive and the thread that does its host I/O.
#pragma once

#include <functional>

namespace reprise {

class IoWorker {
 public:
  virtual ~IoWorker() = default;  // what was submitted is done first
  // Jobs run one at a time, in order.
  virtual void submit(std::function<void()> job) = 0;
  // Returns when a job that was under way is done, or after a few milliseconds.
  virtual void wait() {}
};

// At once, on the caller's thread: for tests and tools. The thread is in storage/host.
class InlineWorker final : public IoWorker {
 public:
  void submit(std::function<void()> job) override { job(); }
};

}  // namespace reprise
