// What an operator (QMP, HMP) may do with the machine, and the queue by which host
// threads reach the machine thread: the work is done there, between two instructions.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

namespace cpu {
struct Cpu;
}
class OperatorConsole;
class OperatorDebug;
class OperatorDrives;
class OperatorTravel;

enum class RunState { Prelaunch, Running, Paused, Shutdown, IoError };
std::string_view name(RunState state);  // QMP's word: "prelaunch", "running", ...

struct OperatorIdentity {
  std::string name;  // -name; empty: none
  std::string uuid;  // -uuid, likewise
};

struct OperatorChardev {
  std::string label;    // its id, or what it belongs to: "serial0"
  std::string address;  // "tcp:127.0.0.1:4444", "file:log"
};

// A recording to be played in place of this run.
struct ReplayTarget {
  std::string file;
  std::optional<u32> branch;                 // none: the last
  std::map<std::string, std::string> disks;  // by drive: its image, where it is not beside the file
};

class Operator {
 public:
  virtual ~Operator() = default;
  virtual RunState run_state() const = 0;
  virtual void quit() = 0;
  virtual void stop() = 0;
  virtual Result<void> cont() = 0;
  // Through the door: recorded.
  virtual Result<void> system_reset() = 0;
  virtual Result<void> system_powerdown() { return fail("this machine has no power button"); }
  virtual Result<void> inject_nmi() { return fail("this machine has no NMI"); }
  virtual OperatorIdentity identity() const { return {}; }
  virtual std::vector<OperatorChardev> chardevs() const { return {}; }
  virtual std::vector<const cpu::Cpu*> cpus() const = 0;
  virtual OperatorDrives* drives() { return nullptr; }    // null: there are none
  virtual OperatorConsole* console() { return nullptr; }  // null: no screen, no keyboard
  virtual OperatorTravel* travel() { return nullptr; }    // null: only the present
  virtual OperatorDebug* debug() { return nullptr; }
  // This run ends, and the recording is played from its beginning, with the same monitors. An error
  // leaves all as it is.
  virtual Result<void> open_replay(const ReplayTarget&) {
    return fail("this program cannot replay");
  }
  // Where gdb may connect from now on ("tcp::1234"), or "none". What to tell the operator.
  virtual Result<std::string> gdbserver(const std::string& device) {
    return fail("gdbserver " + device + ": this program has none");
  }
};

// Work for the machine thread that leaves no trace in the guest.
class OperatorQueue {
 public:
  using Work = std::function<void()>;

  void on_post(std::function<void()> wake) { wake_ = std::move(wake); }
  void post(Work work);  // any thread
  bool waiting() const { return waiting_.load(std::memory_order_acquire); }
  void run();   // machine thread: all that is there
  void drop();  // likewise, undone: who posted it has gone

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::deque<Work> work_;
  std::atomic<bool> waiting_{false};
};

}  // namespace reprise
