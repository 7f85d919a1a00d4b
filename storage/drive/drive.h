// Drive: what a disk, CD or floppy controller reads and writes through. It makes host I/O
// deterministic.
//
// A request completes at a virtual time computed from it (the latency model); a worker does the
// host I/O meanwhile. If it is late, the machine waits (settle_due(); monitors are still answered).
// Requests take effect in the order of submission, and what failed took effect too as far as the
// guest can read (storage/filter/failed_writes.h); write data is taken at submission, read data is
// given at completion, on the machine thread, from a timer. The result (0 or an error number) is
// asked of the door once per attempt, before any timer of that boundary fires. Requests in flight,
// with their data, are state: a load submits them again. So that this is exact, a write is kept
// from the worker while a read of the same place is in flight.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "replay/core/device.h"
#include "storage/drive/drive_job.h"
#include "storage/drive/io_worker.h"

namespace reprise {

// How long a request takes in virtual time. README states the defaults.
struct LatencyModel {
  u64 access_ns = 100'000;     // a request that does not follow the last one
  u64 sequential_ns = 20'000;  // one that does
  u64 bytes_per_second = 500'000'000;
  u64 flush_ns = 200'000;
  static LatencyModel disk() { return {}; }
  static LatencyModel cdrom() { return {2'000'000, 100'000, 20'000'000, 0}; }
  static LatencyModel floppy() { return {0, 0, 1'000'000, 0}; }  // the controller adds seeks
};

enum class OnError : u8 { Report, Ignore, Enospc, Stop };  // -drive rerror=, werror=

struct DriveSetup {
  std::string id;  // "ide0-hd0": the name that operators use
  LatencyModel latency = {};
  OnError rerror = OnError::Report, werror = OnError::Enospc;
  bool removable = false;
  bool has_tray = false;  // CD: it opens and closes
};

// What is in a drive. The guest sees size and read_only; the rest is the host's.
struct Medium {
  std::string key;   // names it in recordings: "ide1-cd0", after a change "ide1-cd0#2"
  std::string file;  // for operators
  u64 size = 0;      // bytes; the guest sees whole sectors
  bool read_only = false;
  std::shared_ptr<BlockNode> node;
};

// The controller's end.
class DriveClient {
 public:
  virtual ~DriveClient() = default;
  // `data`: what was read, valid during the call; when errors are ignored, zeros. `error`: 0, or
  // the error number to report.
  virtual void drive_done(u32 tag, int error, std::span<const u8> data) = 0;
  // The operator changed the medium (removable drives): look at drive.present() again.
  virtual void medium_changed() {}
  // The guest holds the tray locked.
  virtual bool tray_locked() const { return false; }
  // The operator wants the medium out while the guest holds the tray locked; true: the guest has
  // been asked for it (GESN) and the medium stays, false: it may be taken.
  virtual bool eject_refused() { return tray_locked(); }
};

class Drive final : public Device {
 public:
  static constexpr u64 kMaxRequest = 1 << 20;  // bytes; controllers split what is longer
  static constexpr std::size_t kMaxInFlight = 256;
  static constexpr std::size_t kMaxKey = 80;  // of a medium

  Drive(const DeviceContext& context, DriveSetup setup, std::unique_ptr<IoWorker> worker);
  ~Drive() override;

  // --- the controller's side; machine thread ---
  void connect(DriveClient& client) { client_ = &client; }
  // There is a medium, and the tray is closed.
  bool present() const { return inserted_ && !tray_open_; }
  u64 size() const { return present() ? capacity_ : 0; }  // bytes, whole sectors
  u64 sectors() const { return size() / kSectorSize; }
  bool read_only() const { return read_only_; }
  bool removable() const { return setup_.removable; }
  // One more request may be submitted. False only when a guest has reset its controller again and
  // again with requests under way: report an error then.
  bool accepts() const { return requests_.size() < kMaxInFlight; }
  // The range lies inside the medium and has 1 to kMaxRequest bytes (programmer errors otherwise).
  void read(u32 tag, u64 offset, u32 length);
  void write(u32 tag, u64 offset, std::span<const u8> data);
  void discard(u32 tag, u64 offset, u64 length);  // any length
  void flush(u32 tag);
  // Replies to what is in flight are not wanted any more; what was written takes effect.
  void abandon();
  bool busy() const;  // something in flight that was not abandoned
  // The guest opens the tray, or closes it (START STOP UNIT): present() follows.
  void guest_eject() { tray_open_ = true; }
  void guest_load() { tray_open_ = false; }
  bool tray_open() const { return tray_open_; }

  // --- the host's side; machine thread ---
  const std::string& id() const { return setup_.id; }
  const DriveSetup& setup() const { return setup_; }
  const std::optional<Medium>& medium() const { return medium_; }
  bool locked() const { return client_ && client_->tray_locked(); }
  // At construction of the machine, before the run.
  void insert(Medium medium);
  // Through the door, so recorded: takes effect at a boundary. `force`: a locked tray does not
  // help. The medium that goes in has a key that no other had.
  Result<void> post_eject(bool force);
  Result<void> post_insert(Medium medium);
  // What a message of that to the port ":medium" puts in; nothing: it puts in nothing.
  static std::optional<Medium> inserted(std::span<const u8> message);
  // In replay, where a medium that the operator inserted comes from.
  using MediumSource = std::function<Result<std::shared_ptr<BlockNode>>(const Medium&)>;
  void set_medium_source(MediumSource source) { medium_source_ = std::move(source); }
  // Done behind what was submitted, in order with it.
  void on_worker(std::function<void()> job) { worker_ ? worker_->submit(std::move(job)) : job(); }
  // Waits until the worker has done what was submitted; nothing is submitted any more.
  void close() { worker_.reset(); }

  // --- the machine loop's side ---
  // Asks for the results of requests that are due; false: the machine must wait here, for a late
  // worker or (stopped()) because an error policy says stop, or for ever (broken()).
  bool settle_due();
  // Not 0: the error number that stopped the machine, until retry().
  int stopped() const { return stop_error_; }
  const std::string& stop_message() const { return stop_message_; }
  bool stopped_in_read() const { return stopped_in_read_; }
  void retry();
  // A replay cannot go on: what the host gives is not what was recorded.
  const std::optional<Error>& broken() const { return broken_; }
  void on_ready(std::function<void()> wake) { gate_->on_ready(std::move(wake)); }  // any thread
  // Waits a little for the worker, where there is no pace to sleep in.
  void wait() const {
    if (worker_) worker_->wait();
  }

  std::string_view kind() const override { return "drive"; }
  void reset() override { abandon(); }
  void settle() override;
  void state(State& s) override;

 private:
  struct Request {
    DriveOp op = DriveOp::Read;
    u32 tag = 0;
    u64 offset = 0, length = 0;
    Cycles deadline = 0;
    bool abandoned = false;
    bool answered = false;  // the result is known; it is given at the deadline's boundary
    int error = 0;
    std::shared_ptr<std::vector<u8>> data;  // to write; what was read, when answered
    std::shared_ptr<DriveJob> job;          // the host's: the attempt under way, if any
    void state(State& s);
    void mend(Cycles not_before);
  };

  void submit(DriveOp op, u32 tag, u64 offset, u64 length, std::span<const u8> data);
  Cycles cost(DriveOp op, u64 offset, u64 length) const;
  void dispatch();
  bool held(std::size_t index) const;
  void dispatch_again(std::size_t first);
  bool answer(std::size_t index);
  void take_result(Request& request, int error);
  OnError policy(const Request& request, int error) const;
  void complete();
  void arm();

  void receive_medium(std::span<const u8> bytes);
  void put_in(Medium medium);
  void take_out();
  void find_medium();

  Scheduler& scheduler_;
  DriveSetup setup_;
  DriveClient* client_ = nullptr;
  Timer timer_;
  Port results_, media_;

  // What the guest can see, now or later.
  std::deque<Request> requests_;
  Cycles last_deadline_ = 0;
  u64 next_offset_ = 0;  // where a request goes on without a seek
  u64 written_ = 0;      // a running hash of what was written
  bool inserted_ = false, tray_open_ = false, read_only_ = false;
  u64 capacity_ = 0;
  std::string key_;

  // The host's.
  std::optional<Medium> medium_;
  std::shared_ptr<FailedWrites> node_;
  std::map<std::string, Medium> incoming_;  // posted, not yet delivered; by key
  MediumSource medium_source_;
  std::shared_ptr<DriveGate> gate_ = std::make_shared<DriveGate>();
  u64 epoch_ = 1;
  bool loaded_ = false;
  int stop_error_ = 0;
  std::string stop_message_;
  bool stopped_in_read_ = false;
  std::optional<Error> broken_;
  std::unique_ptr<IoWorker> worker_;  // the last: it goes before what its jobs use
};

}  // namespace reprise
