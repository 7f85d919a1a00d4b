// Time travel as an operator has it: where the run is, going elsewhere, breakpoints, snapshots.
//
// All of it happens on the machine thread. What takes long is started and answered later (Done), so
// that monitors are served meanwhile; one at a time. In a recording that is played, and in the past
// of a live run, the guest can be watched but not changed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replay/core/hash.h"
#include "replay/core/result.h"
#include "replay/core/stops.h"

namespace reprise {

enum class TravelMode {
  Live,    // at the present of a live run
  Past,    // a live run, somewhere in its past
  Replay,  // a recording is played
};

struct TravelStatus {
  TravelMode mode = TravelMode::Live;
  bool recording = false;  // to a file
  std::string file;        // of the recording that is written or played; empty: none
  Position now;
  Position first, last;      // how far one can go back and forward; live: last is the present
  std::string first_reason;  // why no further back: "the run began here", "ring full"
  bool busy = false;         // something was started and goes on
  double progress = 0;       // of that, 0 to 1
};

// Where to go.
struct TravelTarget {
  enum class Kind { Icount, Cycle, Percent, Begin, End } kind = Kind::Icount;
  u64 value = 0;       // icount or cycle
  double percent = 0;  // of the executed instructions
};

// Why the machine stands where it stands.
struct TravelStop {
  enum class Why {
    Arrived,      // where it was told to go, or all steps done
    Breakpoint,   // `hit`
    Begin,        // cannot go back further
    End,          // the recording ends here; in the past: the present is reached
    Interrupted,  // by stop()
    Failed        // `message`: divergence, a broken file
  } why = Why::Arrived;
  Position at;
  std::optional<StopHit> hit;
  std::string message;
};

// A breakpoint of the whole run. Conditions beyond StopKind's: positions, and text of a serial
// port.
struct TravelBreak {
  u32 id = 0;
  enum class Kind { Cpu, Icount, Cycle, Text } kind = Kind::Cpu;
  StopCondition condition;  // Cpu
  u64 position = 0;         // Icount, Cycle
  std::string text;         // Text, on port "/isa/serial0:out"
  std::string owner;        // "qmp", "gdb": so that a gdb that leaves takes its own along
};

struct SnapshotInfo {
  std::string name;
  Position at;
  std::string date;  // host's, ISO 8601
  u32 branch = 0;
};

struct BranchInfo {
  u32 number = 0;
  std::string name, date;
  std::optional<u32> parent;  // none: a run that began by itself
  Position from;              // where it parts from its parent
  bool current = false;
};

// How a run goes on live from a recording, or from its past.
struct LiveTarget {
  std::string name;                          // of the branch, for people
  std::string file;                          // it is recorded to; empty: to the flight recorder
  std::map<std::string, std::string> disks;  // by drive: the new image that it goes on with
};

// A question to the whole recording: where is a condition met, or a text put out?
struct TravelQuestion {
  static constexpr u64 kMaxLimit = 4096;
  StopCondition condition;
  std::string text;  // not empty: in place of the condition
  std::string port;
  u64 from = 0, to = kNever;  // icounts, inclusive
  enum class Order { First, Last } order = Order::First;
  u64 limit = 100;
};

struct TravelAnswer {
  std::vector<StopHit> hits;  // of a text: only the position
  bool complete = false;      // there are no more
};

// It is being answered, until it is told that it is done. Dropped, it gives up.
class TravelQuery {
 public:
  virtual ~TravelQuery() = default;
  virtual double progress() const = 0;                     // 0 to 1
  virtual void cancel() = 0;                               // and it is done soon
  virtual const Result<TravelAnswer>& answer() const = 0;  // once it is done
};

class OperatorTravel {
 public:
  using Done = std::function<void(const TravelStop&)>;
  virtual ~OperatorTravel() = default;

  virtual TravelStatus travel_status() const = 0;
  // Each is an error at once if it cannot be begun: busy, out of reach, a live run at its present
  // (forward travel there is stop/cont). The machine is paused when `done` is called.
  virtual Result<void> seek(const TravelTarget& target, Done done) = 0;
  // `count` instructions (positions of icount). Live at the present, forward: executes them.
  virtual Result<void> step(u64 count, bool reverse, Done done) = 0;
  // To the next breakpoint, or to an end. Live at the present, forward: like cont; `done` is called
  // when a breakpoint or stop() pauses the machine.
  virtual Result<void> run_on(bool reverse, Done done) = 0;
  // Ends what was started, where it is.
  virtual void interrupt() = 0;

  virtual Result<u32> add_break(TravelBreak what) = 0;  // its id, never 0
  virtual Result<void> remove_break(u32 id) = 0;
  virtual void remove_breaks_of(const std::string& owner) = 0;
  virtual std::vector<TravelBreak> breaks() const = 0;

  // Of the machine as it is.
  virtual MachineHashes hashes() = 0;

  // Machines of its own answer it; `done` is called once, on the machine thread.
  virtual Result<std::unique_ptr<TravelQuery>> ask(TravelQuestion question,
                                                   std::function<void()> done) = 0;

  virtual Result<void> save_snapshot(const std::string& name) = 0;
  virtual Result<void> load_snapshot(const std::string& name) = 0;
  virtual Result<void> delete_snapshot(const std::string& name) = 0;
  virtual std::vector<SnapshotInfo> snapshots() const = 0;
  virtual std::vector<BranchInfo> branches() const = 0;
  virtual Result<void> checkpoint() = 0;  // a keyframe, now, in the file that is written

  // Recording of a live run.
  virtual Result<void> record_start(const std::string& file) = 0;
  virtual Result<void> record_stop() = 0;
  virtual Result<void> record_save(const std::string& file) = 0;  // what the ring has
  // From a replay, or the past of a live run: goes on live from here.
  virtual Result<void> go_live(const LiveTarget& target) = 0;
};

}  // namespace reprise
