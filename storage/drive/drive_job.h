// One attempt at a drive's request, as its worker sees it.
//
// After a failure the worker does nothing more of that epoch, until the machine thread has decided
// what becomes of the request that failed: so requests take effect in order, whatever fails.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/filter/failed_writes.h"
#include "storage/io_error.h"

namespace reprise {

inline constexpr int kEROFS = 30, kENOMEDIUM = 123, kMaxErrorNumber = 4095;

enum class DriveOp : u8 { Read, Write, Discard, Flush };

// What a drive and the jobs that it has submitted share.
class DriveGate {
 public:
  bool passes(u64 epoch) const { return epoch > failed_.load(std::memory_order_acquire); }
  void fail(u64 epoch);  // nothing of this epoch, or an older one, is done any more
  // The machine thread will wait: tell it of the next job that is done.
  void expect() { expected_.store(true); }
  void done();
  void on_ready(std::function<void()> wake);

 private:
  std::atomic<u64> failed_{0};
  std::atomic<bool> expected_{false};
  std::mutex mutex_;
  std::function<void()> wake_;  // under mutex_
};

struct DriveJob {
  DriveOp op = DriveOp::Read;
  u64 offset = 0, length = 0, epoch = 0;
  bool read_only = false;
  std::shared_ptr<std::vector<u8>> data;  // to write, or what was read
  std::shared_ptr<FailedWrites> node;     // null: the drive is empty
  std::shared_ptr<DriveGate> gate;

  // Valid when done() says so.
  int error = 0;      // an error number
  bool lost = false;  // it failed, and the guest would see neither the old nor the new bytes
  std::string message;

  bool done() const { return done_.load(); }
  void run();  // on the worker

 private:
  Result<void> perform();
  std::atomic<bool> done_{false};
};

}  // namespace reprise
