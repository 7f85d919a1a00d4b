// How recording and time travel drive a machine, whatever board it is.
#pragma once

#include "replay/core/device.h"
#include "replay/core/pages.h"
#include "replay/core/stops.h"
#include "replay/core/types.h"

namespace reprise {

class Machine {
 public:
  virtual ~Machine() = default;

  virtual Scheduler& scheduler() = 0;
  virtual Door& door() = 0;
  virtual PageStore& pages() = 0;
  virtual ObjectTree& objects() = 0;  // vCPUs included

  // Exact at every instruction boundary, and inside device accesses.
  virtual Position position() const = 0;
  // Runs vCPUs and device events until `until` is reached, or until an earlier instruction
  // boundary at which the machine asks for attention (all vCPUs halted, or a shutdown request).
  // Timers due at the final position have fired.
  // Delivers no inputs when driven by replay/trace/driver: an input that came between a hash point
  // and run() would be before the point in replay.
  virtual void run(Stop until) = 0;
  // The last run(), skip_to() or deliver() stopped at a boundary at which the host owes the machine
  // something that is not there yet (a disk is late, or an error policy stopped it): the timers of
  // this boundary have not fired, so no hash is to be taken here and nothing is delivered. run()
  // tries again.
  virtual bool waits_for_host() const { return false; }
  // Sleeps until that may have changed, or for a few milliseconds.
  virtual void wait_for_host() {}
  // Delivers the inputs that are due, and after each one does what it made due at this position
  // (timers, a reset): so that it does not matter which inputs arrived together.
  virtual void deliver() {
    while (door().deliver_next(position())) scheduler().run_due();
  }
  // All vCPUs are halted and nothing is pending: only a timer or an input can go on.
  virtual bool idle() const = 0;
  // Null: this machine has no breakpoints.
  virtual Stops* stops() { return nullptr; }
  // Moves time forward to `cycle` while idle (not past the next timer). Timers due then have fired.
  virtual void skip_to(Cycles cycle) = 0;
};

}  // namespace reprise
