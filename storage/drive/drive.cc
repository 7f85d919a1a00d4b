#include "storage/drive/drive.h"

#include <algorithm>

#include "replay/core/hash.h"

namespace reprise {
namespace {

constexpr u64 kBillion = 1'000'000'000;
// Added to an answer: the machine stopped for this error, and the operator let it try again.
constexpr u64 kTriedAgain = 1 << 16;

Cycles later(Cycles at, Cycles by) { return by < kNever - 1 - at ? at + by : kNever - 1; }

}  // namespace

Drive::Drive(const DeviceContext& context, DriveSetup setup, std::unique_ptr<IoWorker> worker)
    : Device(context),
      scheduler_(context.scheduler),
      setup_(std::move(setup)),
      timer_(context.scheduler, context.path, 0, [this] { complete(); }),
      results_(context.door, context.path + ":result", PortKind::Input),
      media_(context.door, context.path + ":medium", PortKind::Input,
             [this](std::span<const u8> bytes) { receive_medium(bytes); }),
      worker_(std::move(worker)) {}

Drive::~Drive() { gate_->on_ready({}); }

// --- the controller's side ---

void Drive::read(u32 tag, u64 offset, u32 length) {
  submit(DriveOp::Read, tag, offset, length, {});
}

void Drive::write(u32 tag, u64 offset, std::span<const u8> data) {
  submit(DriveOp::Write, tag, offset, data.size(), data);
}

void Drive::discard(u32 tag, u64 offset, u64 length) {
  submit(DriveOp::Discard, tag, offset, length, {});
}

void Drive::flush(u32 tag) { submit(DriveOp::Flush, tag, 0, 0, {}); }

void Drive::submit(DriveOp op, u32 tag, u64 offset, u64 length, std::span<const u8> data) {
  check(accepts(), "too many requests in flight");
  if (op != DriveOp::Flush) {
    check(length > 0 && offset <= size() && length <= size() - offset, "outside the medium");
    check(op == DriveOp::Discard || length <= kMaxRequest, "a request too long");
  }
  Request request;
  request.op = op;
  request.tag = tag;
  request.offset = offset;
  request.length = length;
  request.data = std::make_shared<std::vector<u8>>(data.begin(), data.end());
  request.deadline = later(std::max(last_deadline_, scheduler_.now()), cost(op, offset, length));
  last_deadline_ = request.deadline;
  if (op != DriveOp::Flush) next_offset_ = offset + length;
  if (op == DriveOp::Write || op == DriveOp::Discard) {
    const u64 what[] = {u64(op), offset, length, hash64(data)};
    written_ = hash64({reinterpret_cast<const u8*>(what), sizeof what}, written_);
  }
  requests_.push_back(std::move(request));
  dispatch();
  arm();
}

// At least one cycle: a request is never due at the boundary that it was submitted at, after the
// questions of that boundary were asked.
Cycles Drive::cost(DriveOp op, u64 offset, u64 length) const {
  const LatencyModel& model = setup_.latency;
  u64 ns = model.flush_ns;
  if (op == DriveOp::Discard) ns = model.access_ns;
  if (op == DriveOp::Read || op == DriveOp::Write) {
    const u64 rate = std::max<u64>(model.bytes_per_second, 1);
    ns = offset == next_offset_ ? model.sequential_ns : model.access_ns;
    ns += u64((u128(length) * kBillion + rate - 1) / rate);
  }
  const u128 cycles = (u128(ns) * scheduler_.cpu_hz() + kBillion - 1) / kBillion;
  return cycles >= kNever / 2 ? kNever / 2 : std::max<Cycles>(Cycles(cycles), 1);
}

void Drive::abandon() {
  for (Request& request : requests_) request.abandoned = true;
}

bool Drive::busy() const {
  return std::any_of(requests_.begin(), requests_.end(), [](auto& r) { return !r.abandoned; });
}

// --- the worker ---

// A write behind a read of the same place waits, so that the read may be done again after a load.
bool Drive::held(std::size_t index) const {
  const Request& late = requests_[index];
  if (late.op != DriveOp::Write && late.op != DriveOp::Discard) return false;
  for (std::size_t i = 0; i < index; ++i) {
    const Request& early = requests_[i];
    if (early.op == DriveOp::Read && !early.answered &&
        early.offset < later(late.offset, late.length) &&
        late.offset < later(early.offset, early.length))
      return true;
  }
  return false;
}

// Gives the worker what it may do, in order.
void Drive::dispatch() {
  if (!worker_) return;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    Request& request = requests_[i];
    if (request.job || request.answered) continue;
    if (held(i)) return;
    auto job = std::make_shared<DriveJob>();
    job->op = request.op;
    job->offset = request.offset;
    job->length = request.length;
    job->epoch = epoch_;
    job->read_only = read_only_;
    if (request.op == DriveOp::Write) job->data = request.data;
    job->node = node_;
    job->gate = gate_;
    request.job = job;
    worker_->submit([job] { job->run(); });
  }
}

// After a failure, or for another try.
void Drive::dispatch_again(std::size_t first) {
  ++epoch_;
  for (std::size_t i = first; i < requests_.size(); ++i) requests_[i].job.reset();
  dispatch();
}

// --- the machine loop's side ---

bool Drive::settle_due() {
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    if (requests_[i].deadline > scheduler_.now()) break;
    while (!requests_[i].answered) {
      if (broken_ || stop_error_ || !answer(i)) return false;
    }
  }
  return true;
}

OnError Drive::policy(const Request& request, int error) const {
  if (request.job->lost) return OnError::Stop;
  if (request.op == DriveOp::Read) return setup_.rerror;
  if (setup_.werror != OnError::Enospc) return setup_.werror;
  return error == kENOSPC ? OnError::Stop : OnError::Report;
}

// One attempt of a request that is due. False: not now.
bool Drive::answer(std::size_t index) {
  Request& request = requests_[index];
  Door& door = results_.door();
  if (!request.job) return false;  // closed
  gate_->expect();
  if (!request.job->done() || !door.answerable()) return false;
  const int failed = request.job->error;
  const u64 told = door.ask(results_, [&] {
    return u64(failed) | (failed && policy(request, failed) == OnError::Stop ? kTriedAgain : 0);
  });
  if (told & kTriedAgain) {
    if (door.replaying()) return true;  // the recorded operator went on
    stop_error_ = failed;
    stop_message_ = request.job->message;
    stopped_in_read_ = request.op == DriveOp::Read;
    return false;
  }
  const int error = int(told & kMaxErrorNumber);
  if (failed && !error) {
    broken_ = Error{request.job->message, "GenericError", failed};
    return false;
  }
  if (request.op == DriveOp::Read && !error) request.data = request.job->data;
  take_result(request, error);
  if (failed) {
    dispatch_again(index + 1);
  } else {
    dispatch();
  }
  return true;
}

void Drive::take_result(Request& request, int error) {
  const OnError policy = request.op == DriveOp::Read ? setup_.rerror : setup_.werror;
  request.answered = true;
  request.error = policy == OnError::Ignore ? 0 : error;
  if (error && request.op == DriveOp::Read)
    request.data = std::make_shared<std::vector<u8>>(request.error ? 0 : request.length);
}

void Drive::retry() {
  if (!std::exchange(stop_error_, 0)) return;
  stop_message_.clear();
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    if (!requests_[i].answered) return dispatch_again(i);
  }
}

void Drive::complete() {
  if (requests_.empty()) return;
  if (!requests_.front().answered)
    check(settle_due(), "a drive's request is due, and its result was not asked for");
  const Request done = std::move(requests_.front());
  requests_.pop_front();
  arm();
  if (done.abandoned || !client_) return;
  const bool gives = done.op == DriveOp::Read && !done.error;
  client_->drive_done(done.tag, done.error, gives ? *done.data : std::vector<u8>());
}

void Drive::arm() {
  if (requests_.empty()) return timer_.cancel();
  timer_.arm(requests_.front().deadline);
}

// --- state ---

void Drive::Request::state(State& s) {
  // A load must not write into what a worker reads.
  if (!data || s.loading()) data = std::make_shared<std::vector<u8>>();
  if (s.loading()) job.reset();
  s("op", op, 0, u64(DriveOp::Flush))("tag", tag)("offset", offset, 0, kMaxImage);
  s("length", length, 0, kMaxImage)("deadline", deadline, 0, kNever - 1);
  s("abandoned", abandoned)("answered", answered)("error", error, 0, kMaxErrorNumber);
  s("data", *data, kMaxRequest);
}

// Whatever a stranger's state says: data as long as the request, and deadlines in order.
void Drive::Request::mend(Cycles not_before) {
  const bool moves = op == DriveOp::Read || op == DriveOp::Write;
  const bool has = op == DriveOp::Write || (op == DriveOp::Read && answered && !error);
  if (moves) length = std::min(length, kMaxRequest);
  if (data->size() != (has ? length : 0)) data->resize(has ? length : 0);
  deadline = std::max(deadline, not_before);
}

void Drive::state(State& s) {
  s("requests", requests_, kMaxInFlight)("last_deadline", last_deadline_);
  s("next_offset", next_offset_)("written", written_);
  s("inserted", inserted_)("tray_open", tray_open_)("read_only", read_only_);
  s("capacity", capacity_, 0, kMaxImage)("key", key_, kMaxKey);
  if (!s.loading()) return;
  loaded_ = true;
  stop_error_ = 0;
}

void Drive::settle() {
  if (loaded_) {
    loaded_ = false;
    // Jobs of before are not to be done: the worker does what comes now after them.
    gate_->fail(epoch_);
    Cycles deadline = 0;
    for (Request& request : requests_) {
      request.mend(deadline);
      deadline = request.deadline;
    }
    last_deadline_ = std::max(last_deadline_, deadline);
    find_medium();
    dispatch_again(0);
  }
  arm();
}

}  // namespace reprise
