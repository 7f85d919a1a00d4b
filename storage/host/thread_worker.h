// An IoWorker with a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "replay/core/types.h"
#include "storage/drive/io_worker.h"

namespace reprise {

class ThreadWorker final : public IoWorker {
 public:
  ThreadWorker() : thread_([this] { loop(); }) {}
  ~ThreadWorker() override;  // does what was submitted, then returns
  void submit(std::function<void()> job) override;
  void wait() override;  // at once when there is nothing to wait for

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::deque<std::function<void()>> jobs_;
  u64 unfinished_ = 0, finished_ = 0;  // jobs; the one under way is unfinished
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace reprise
