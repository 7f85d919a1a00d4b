// An IoWorker with a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "storage/drive/io_worker.h"

namespace reprise {

class ThreadWorker final : public IoWorker {
 public:
  ThreadWorker() : thread_([this] { loop(); }) {}
  ~ThreadWorker() override;  // does what was submitted, then returns
  void submit(std::function<void()> job) override;

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace reprise
