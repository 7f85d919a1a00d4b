#include "storage/host/thread_worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <vector>

namespace reprise {
namespace {

TEST(ThreadWorker, RunsJobsInOrderAndAllOfThem) {
  std::vector<int> done;
  std::vector<std::thread::id> where;
  {
    ThreadWorker worker;
    for (int i = 0; i < 1000; ++i)
      worker.submit([&, i] { done.push_back(i), where.push_back(std::this_thread::get_id()); });
  }
  ASSERT_EQ(done.size(), 1000u);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(done[std::size_t(i)], i);
    EXPECT_EQ(where[std::size_t(i)], where[0]);
  }
  EXPECT_NE(where[0], std::this_thread::get_id());
}

TEST(ThreadWorker, JobsMaySubmitJobs) {
  std::atomic<int> done = 0;
  {
    ThreadWorker worker;
    worker.submit([&] { worker.submit([&] { worker.submit([&] { done = 3; }); }); });
  }
  EXPECT_EQ(done, 3);
}

// What a job holds may itself submit when it goes.
TEST(ThreadWorker, AJobsOwnEndMaySubmit) {
  std::atomic<bool> done = false;
  {
    ThreadWorker worker;
    const auto submit = [&](int*) { worker.submit([&] { done = true; }); };
    std::shared_ptr<int> held(nullptr, submit);
    worker.submit([kept = std::move(held)] {});
  }
  EXPECT_TRUE(done);
}

TEST(ThreadWorker, WaitReturnsWhenAJobIsDoneOrAfterAWhile) {
  const auto seconds = [begin = std::chrono::steady_clock::now()] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  ThreadWorker worker;
  worker.wait();  // for nothing
  std::promise<void> first, second;
  std::atomic<int> done = 0;
  worker.submit([&] { first.get_future().wait(), ++done; });
  worker.submit([&] { second.get_future().wait(), ++done; });
  const double before = seconds();
  worker.wait();  // a job that does not end
  EXPECT_GE(seconds() - before, 0.004);
  EXPECT_EQ(done, 0);
  first.set_value();
  while (!done) worker.wait();
  second.set_value();
  int waits = 0;
  for (; done < 2; ++waits) worker.wait();
  EXPECT_LT(waits, 1000);  // no spinning while the job goes on
}

}  // namespace
}  // namespace reprise
