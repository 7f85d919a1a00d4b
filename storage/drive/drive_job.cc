#include "storage/drive/drive_job.h"

namespace reprise {

void DriveGate::fail(u64 epoch) {
  u64 before = failed_.load();
  while (before < epoch && !failed_.compare_exchange_weak(before, epoch)) {
  }
}

void DriveGate::done() {
  if (!expected_.exchange(false)) return;
  const std::scoped_lock lock(mutex_);
  if (wake_) wake_();
}

void DriveGate::on_ready(std::function<void()> wake) {
  const std::scoped_lock lock(mutex_);
  wake_ = std::move(wake);
}

void DriveJob::run() {
  if (!gate->passes(epoch)) return;  // it will be submitted again
  const Result<void> result = perform();
  if (!result) {
    error = result.error().number;
    if (error <= 0 || error > kMaxErrorNumber) error = kEIO;
    message = result.error().message;
    lost = op != DriveOp::Read && node && node->lost();
    gate->fail(epoch);
  }
  done_.store(true);
  gate->done();
}

Result<void> DriveJob::perform() {
  if (!node) return Error{"there is no medium in the drive", "GenericError", kENOMEDIUM};
  // Only a state from a stranger's snapshot asks for what lies outside.
  if (offset > node->size() || length > node->size() - offset)
    return Error{"a request lies outside the medium", "GenericError", kEIO};
  switch (op) {
    case DriveOp::Read:
      data = std::make_shared<std::vector<u8>>(length);
      return node->read(offset, *data);
    case DriveOp::Write:
      if (read_only) return Error{"the medium is read-only", "GenericError", kEROFS};
      return node->write(offset, *data);
    case DriveOp::Discard:
      if (read_only) return Error{"the medium is read-only", "GenericError", kEROFS};
      return node->discard(offset, length);
    case DriveOp::Flush:
      return node->flush();
  }
  return {};
}

}  // namespace reprise
