// Drive: what a disk, CD or floppy controller reads and writes through. It makes host I/O
// deterministic.
//
// A request completes at a virtual time computed from it (the latency model); a worker does the
// host I/O meanwhile. If it is late, the machine waits (late(); monitors are still answered).
// Requests take effect in the order of submission; write data is taken at submission, read data is
// given at completion, on the machine thread, from a timer. The result (0 or an error number) is
// asked of the door once per attempt, before any timer of that boundary fires. Requests in flight,
// with their write data, are state: a load submits them again.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "replay/core/device.h"
#include "storage/block_node.h"
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
  LatencyModel latency;
  OnError rerror = OnError::Report, werror = OnError::Enospc;
  bool removable = false;
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
  // `data`: what was read, valid during the call. `error`: 0, or the error number to report.
  virtual void drive_done(u32 tag, int error, std::span<const u8> data) = 0;
  // The operator changed the medium (removable drives): look at drive.medium() again.
  virtual void medium_changed() {}
  // The operator wants the medium out while the guest has locked the tray; true: it is locked and
  // the guest has been asked (GESN), false: it may be taken.
  virtual bool eject_refused() { return false; }
};

class Drive final : public Device {
 public:
  static constexpr u64 kMaxRequest = 1 << 20;  // bytes; controllers split what is longer
  static constexpr std::size_t kMaxInFlight = 256;

  Drive(const DeviceContext& context, DriveSetup setup, std::unique_ptr<IoWorker> worker);
  ~Drive() override;

  // --- the controller's side; machine thread ---
  void connect(DriveClient& client) { client_ = &client; }
  bool present() const { return present_; }
  u64 size() const { return present_ ? size_ : 0; }  // bytes, whole sectors
  u64 sectors() const { return size() / kSectorSize; }
  bool read_only() const { return read_only_; }
  bool removable() const { return setup_.removable; }
  // The range lies inside the medium and has 1 to kMaxRequest bytes (programmer errors otherwise).
  void read(u32 tag, u64 offset, u32 length);
  void write(u32 tag, u64 offset, std::span<const u8> data);
  void discard(u32 tag, u64 offset, u64 length);  // any length
  void flush(u32 tag);
  // Replies to what is in flight are not wanted any more; what was written takes effect.
  void abandon();
  bool busy() const;  // something in flight that was not abandoned
  // The guest ejects or loads (START STOP UNIT): medium() and present() follow.
  void guest_eject();

  // --- the host's side; machine thread ---
  const std::string& id() const { return setup_.id; }
  const DriveSetup& setup() const { return setup_; }
  const std::optional<Medium>& medium() const { return medium_; }
  // At construction of the machine, before the run.
  void insert(Medium medium);
  // Through the door, so recorded: takes effect at a boundary. `force`: a locked tray does not
  // help.
  Result<void> post_eject(bool force);
  Result<void> post_insert(Medium medium);
  // In replay, where a medium that the operator inserted comes from.
  using MediumSource = std::function<Result<std::shared_ptr<BlockNode>>(const Medium&)>;
  void set_medium_source(MediumSource source) { medium_source_ = std::move(source); }

  // --- the machine loop's side ---
  // Asks for the results of requests that are due; false: the machine must wait here, for a late
  // worker or (stopped()) because an error policy says stop.
  bool settle_due();
  // Not 0: the error number that stopped the machine, until retry().
  int stopped() const { return stop_error_; }
  void retry();
  void on_ready(std::function<void()> wake);  // any thread: a late request is done

  std::string_view kind() const override { return "drive"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

 private:
  // ... the implementation's
  DriveSetup setup_;
  DriveClient* client_ = nullptr;
  std::optional<Medium> medium_;
  bool present_ = false, read_only_ = false;
  u64 size_ = 0;
  int stop_error_ = 0;
  MediumSource medium_source_;
  std::unique_ptr<IoWorker> worker_;
};

}  // namespace reprise
