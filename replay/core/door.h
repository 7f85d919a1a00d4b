// The door: the single way in and out of the machine.
//
// Host threads post; the machine thread delivers at instruction boundaries, and a log (recording)
// sees every delivery, answer and output with its position. In replay the log is the source.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "replay/core/types.h"

namespace reprise {

class Door;

// How a port's output is kept: Text is stored with positions, Digest rolls into a hash.
enum class PortKind : u8 { Input, Text, Digest };

// One named way through the door ("/isa/serial0:in"). Owned by the device or service that uses it.
class Port {
 public:
  using Receive = std::function<void(std::span<const u8>)>;
  using Sink = std::function<void(std::span<const u8>)>;

  Port(Door& door, std::string name, PortKind kind, Receive receive = {});
  ~Port();
  Port(const Port&) = delete;

  const std::string& name() const { return name_; }
  PortKind kind() const { return kind_; }
  Door& door() const { return door_; }

  // Machine thread. Grants the host room for `bytes` more on a stream port; the host posts no more
  // than it has been granted, and what it has not been granted stays in its socket. Credit is not
  // guest-visible and not part of the state: it is granted anew by settle().
  void set_credit(u64 bytes);
  // Any thread. How much the host may still post now: what was granted less what is under way; in
  // replay nothing. What is under way is read first: a delivery lowers the grant before it leaves
  // the door.
  u64 credit() const;
  // Called on the machine thread when credit becomes non-zero; host ends use it to wake up.
  void on_credit(std::function<void()> wake) { wake_ = std::move(wake); }
  // The host end of an output port (a terminal, a file). Muted in replay unless mirrored.
  void connect(Sink sink) { sink_ = std::move(sink); }
  // The device end, where it could not be given at construction.
  void receive(Receive receive) { receive_ = std::move(receive); }

 private:
  friend class Door;
  Door& door_;
  std::string name_;
  PortKind kind_;
  Receive receive_;
  Sink sink_;
  std::function<void()> wake_;
  std::atomic<u64> credit_{0};  // granted
  std::atomic<u64> posted_{0};  // bytes in the door's queue
};

// What a recording sees, and what a replay supplies.
class DoorLog {
 public:
  virtual ~DoorLog() = default;
  virtual void input(Position at, const Port& port, std::span<const u8> bytes) = 0;
  virtual void answer(Position at, const Port& port, u64 value) = 0;
  virtual void output(Position at, const Port& port, std::span<const u8> bytes) = 0;
};
class DoorSource {
 public:
  virtual ~DoorSource() = default;
  // The position of the next recorded input, {kNever, kNever} at the end of the log.
  virtual Position next() = 0;
  // Takes it. Only called when next() is due.
  virtual std::pair<std::string, std::vector<u8>> take() = 0;
  virtual u64 answer(Position at, const Port& port) = 0;
  // False: the recording ends here, before this question was answered.
  virtual bool answerable(Position) { return true; }
  // The machine has no such input port: what was taken goes nowhere.
  virtual void refused(const std::string& port) = 0;
};

class Door {
 public:
  // `position` is exact whenever the machine thread is inside the door.
  explicit Door(std::function<Position()> position) : position_(std::move(position)) {}
  Door(const Door&) = delete;

  // Machine thread: a value from the host on demand (wall clock, seed, a host error number).
  u64 ask(Port& port, const std::function<u64()>& host);
  // Machine thread: false when a replay is where its recording ends, and the recorded run was still
  // waiting for the host's answer.
  bool answerable() const {
    DoorSource* const source = source_;
    return !source || source->answerable(position_());
  }
  // Any thread: bytes for a device; false if the queue is full (the host keeps them) or in replay.
  bool post(Port& port, std::vector<u8> bytes);
  // Machine thread: bytes for the outside.
  void emit(Port& port, std::span<const u8> bytes);

  // The machine loop's half.
  bool deliver_next(Position now);  // delivers one input that is due at `now`; false: none is
  void deliver_due(Position now);   // delivers all that is due at `now`
  Position next_delivery() const;   // replay: position of the next input; live: never
  bool waiting() const { return waiting_.load(std::memory_order_acquire); }  // live: any posted
  void on_post(std::function<void()> wake) { on_post_ = std::move(wake); }   // any thread

  // Recording and replay. At most one of each; a source makes posts be refused.
  void record(DoorLog* log) { log_ = log; }
  void replay(DoorSource* source);
  bool replaying() const { return source_.load(std::memory_order_acquire) != nullptr; }
  void mirror_output(bool on) { mirror_ = on; }

  Port* find(const std::string& name) const;
  const std::map<std::string, Port*>& ports() const { return ports_; }

 private:
  friend class Port;
  struct Posted {
    Port* port;
    std::vector<u8> bytes;
  };
  static constexpr std::size_t kQueueLimit = 4096;  // posts; each is bounded by its port's credit

  std::function<Position()> position_;
  std::function<void()> on_post_;
  std::map<std::string, Port*> ports_;  // by name: iteration order is the same everywhere
  DoorLog* log_ = nullptr;
  std::atomic<DoorSource*> source_{nullptr};
  bool mirror_ = false;
  mutable std::mutex mutex_;  // guards queue_
  std::deque<Posted> queue_;
  std::atomic<bool> waiting_{false};
};

}  // namespace reprise
