// Going anywhere in a run that is known: forwards and backwards, to positions and to breakpoints.
//
// Every place is reached in one way: go to a state before it (a mark of the timeline, or a keyframe
// of the recording) and run forward, comparing with the recording as any replay does. Marks are set
// on the way, denser towards the target, so that the next step back is near one.
//
// Where the machine stands after a journey nothing of that boundary was done yet (inputs, hash): it
// is the state that a straight run has there. Nothing here reads clocks or threads; `poll` is asked
// between slices and may end a journey.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "replay/core/stops.h"
#include "replay/timetravel/timeline.h"
#include "replay/trace/driver.h"
#include "replay/trace/keyframe.h"

namespace reprise {

// A breakpoint of a journey.
struct Breakpoint {
  u32 id = 0;
  enum class Kind : u8 { Condition, Icount, Cycle, Text } kind = Kind::Condition;
  StopCondition condition;  // Condition; its id is this one's
  u64 position = 0;         // Icount, Cycle
  std::string port, text;   // Text: what a port puts out
};

struct Arrival {
  enum class Why { There, Break, Begin, End, Interrupted, Failed } why = Why::There;
  Position at;
  std::optional<StopHit> hit;
  std::string message;  // Failed
};

class TimeTravel {
 public:
  struct Config {
    std::function<bool()> poll;            // true: give up
    std::function<void(double)> progress;  // 0 to 1
    // Disks: what they held at a keyframe is to be there before the devices' state is.
    std::function<void(std::size_t keyframe)> before_load;
    std::function<void()> after_go;  // the machine has become what it was
    u64 spacing = 100'000'000;       // icounts between marks on the way
    Cycles slice = 1'000'000;
    bool past = false;  // of a live run: its present is the last mark, which is only gone to
  };
  // The machine stands at a boundary; that becomes the first mark if there is none.
  TimeTravel(Machine& machine, trace::Replayer& replayer, Timeline& timeline,
             trace::Keyframes* keyframes, Config config);

  Position first() const;  // how far back one can go
  Position last() const { return replayer_.last(); }

  Arrival to_icount(u64 icount);
  Arrival to_cycle(Cycles cycle);
  Arrival to_mark(std::size_t mark);  // exactly
  Arrival step(u64 count, bool reverse);
  // To the next breakpoint, or the end; whatever lies on the way is seen and compared.
  Arrival run_forward(const std::vector<Breakpoint>& breaks, trace::Pace* pace = nullptr);
  // The same place, by the shortest way: what cannot have met a breakpoint is passed over.
  Arrival find_forward(const std::vector<Breakpoint>& breaks);
  // To the last moment before now at which one was met: before the instruction that met it.
  Arrival run_back(const std::vector<Breakpoint>& breaks);

 private:
  struct Goal {
    u64 icount = kNever;
    Cycles cycle = kNever;
    bool before(Position at) const { return at.icount < icount && at.cycles < cycle; }
  };
  // A moment that a breakpoint names by itself.
  struct Moment {
    Position at;
    Goal goal;
    u32 id = 0;
  };
  Arrival to(Goal goal);
  Arrival to_first();
  // Where marks are set on the way: nowhere, evenly, or denser and denser towards the goal.
  enum class Marks { None, Even, Towards };
  Arrival forward(Goal goal, Marks marks, trace::Pace* pace = nullptr);
  Arrival forward_to(Position end, Marks marks);
  Arrival at_end();
  Arrival arrived(Arrival::Why why, std::string message = {}) const;
  static Arrival landed(Arrival arrival, const StopHit& hit);
  bool start_before(Goal goal, std::optional<Arrival>& failed);
  Result<bool> go_before(Position end);
  Result<void> go(std::size_t mark);
  Result<void> load(std::size_t keyframe);
  void mark();
  Result<void> set_stops(const std::vector<Breakpoint>& breaks, Stops::OnHit on_hit);
  Goal next_fixed(const std::vector<Breakpoint>& breaks, u32& id) const;
  std::optional<Moment> last_fixed(const std::vector<Breakpoint>& breaks, Position now) const;
  std::size_t keyframes_before(Position end) const;
  Result<std::optional<Position>> pass_over(const std::vector<StopCondition>& conditions,
                                            Goal goal);
  Arrival meet(const std::vector<Breakpoint>& breaks, const std::function<Arrival(Goal)>& run);
  Marks marks_forward() const;
  std::optional<StopHit> last_hit(const std::vector<Breakpoint>& breaks, Position end,
                                  Arrival& way);
  StopHit fixed_hit(u32 id) const;

  Machine& machine_;
  trace::Replayer& replayer_;
  Timeline& timeline_;
  trace::Keyframes* keyframes_;
  Config config_;
  bool gave_up_ = false;
  bool stopped_ = false;  // by a breakpoint, in the last run
  std::optional<StopHit> stop_hit_;
};

}  // namespace reprise
