#include "storage/host/thread_worker.h"

#include <chrono>
#include <csignal>

#include "replay/core/check.h"

namespace reprise {

namespace {
// What an operator may wait for an answer beside a late disk.
constexpr std::chrono::milliseconds kWait{5};
}  // namespace

ThreadWorker::~ThreadWorker() {
  check(thread_.get_id() != std::this_thread::get_id(), "a worker that ends itself");
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ThreadWorker::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    ++unfinished_;
  }
  wake_.notify_one();
}

void ThreadWorker::wait() {
  std::unique_lock lock(mutex_);
  if (!unfinished_) return;
  done_.wait_for(lock, kWait, [this, before = finished_] { return finished_ != before; });
}

void ThreadWorker::loop() {
  sigset_t all;  // signals are for the machine's thread
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }  // what the job held ends before the lock is taken again
    lock.lock();
    --unfinished_;
    ++finished_;
    done_.notify_all();
  }
}

}  // namespace reprise
