// The loop that every run goes through: live, recorded or replayed.
//
//   at each boundary where the machine stops:
//     where the machine waits for the host (a late disk), only the operator is asked;
//     a hash point that is due is taken;
//     inputs that are due are delivered, and after each one the timers that it made due;
//     the operator is asked (monitors, exit requests);
//   then the machine runs on: to the next hash point or the end of the slice, and in replay to the
//   next recorded input; or, with all vCPUs halted, time moves to the next timer or input.
//
// Where a slice ends never changes the guest: only hash points and deliveries look at the machine,
// and their positions are the same in the recording and in every replay of it.
#pragma once

#include <functional>
#include <optional>

#include "replay/trace/recorder.h"
#include "replay/trace/replayer.h"

namespace reprise::trace {

// Holds virtual time back for the host's sake. The implementations are in host/pace.h.
class Pace {
 public:
  virtual ~Pace() = default;
  // Sleeps until virtual time may be `cycle` (kNever: for ever), or until woken, or for a second.
  // Returns the cycle that virtual time may have now.
  virtual Cycles hold(Cycles cycle) = 0;
  // From now on, virtual time goes on from `now`: after a pause.
  virtual void rebase(Cycles now) = 0;
};

enum class Verdict { Run, Pause, End };

struct RunOptions {
  // Asked between slices, on the machine thread: answers monitors, looks for exit requests.
  std::function<Verdict()> control;
  // Told of each boundary before anything that comes there is done.
  std::function<void()> boundary;
  // run_live(): the machine goes no further before `control` has been asked there.
  Stop until;
  // A breakpoint has stopped the machine: it is no wonder if it does not get on.
  std::function<bool()> stopped;
  Pace* pace = nullptr;      // null: as fast as possible, and never asleep
  Cycles slice = 1'000'000;  // how long the operator may have to wait; read at each slice
};

// Runs until `control` says End. Records if there is a recorder; the caller finishes it.
void run_live(Machine& machine, RunOptions& options, Recorder* recorder = nullptr);

// A replay's loop, turn by turn.
class ReplayLoop {
 public:
  ReplayLoop(Machine& machine, RunOptions& options, Replayer& replayer)
      : machine_(machine), options_(options), replayer_(replayer) {}

  enum class Turn {
    Ran,      // to a boundary further on, or the machine waits for the host
    Arrived,  // `until` was reached before; nothing that comes at this boundary was done
    End,      // of the recording, or the replay has failed
    Quit,     // `control` said End
  };
  Turn turn(Stop until = {});
  // All that comes at this boundary is done, however much of it was: a keyframe that the operator
  // asked for may be of a machine that waits for the host, or has taken inputs. False: the recording
  // ends in it, the replay has failed, or `control` said End.
  bool complete();

 private:
  bool out_of_answers() const;
  bool idle(Stop until, Position target);
  Machine& machine_;
  RunOptions& options_;
  Replayer& replayer_;
};

// Runs to the end of the recording, and compares. False: `control` ended it before; otherwise look
// at replayer.divergence() and error().
bool run_replay(Machine& machine, RunOptions& options, Replayer& replayer);

}  // namespace reprise::trace
