#include "replay/trace/driver.h"

#include <algorithm>

namespace reprise::trace {
namespace {

// False: the run is to end.
bool consult(Machine& machine, RunOptions& options) {
  if (!options.control) return true;
  Verdict verdict = options.control();
  if (verdict != Verdict::Pause) return verdict == Verdict::Run;
  do {
    if (options.pace) options.pace->hold(kNever);
    verdict = options.control();
  } while (verdict == Verdict::Pause);
  if (options.pace) options.pace->rebase(machine.position().cycles);
  return verdict == Verdict::Run;
}

// Where the host owes the machine something: monitors are answered, nothing else happens. False:
// the run is to end.
bool wait_for_host(Machine& machine, RunOptions& options) {
  if (!consult(machine, options)) return false;
  machine.run({machine.position().cycles, kNever});
  if (!machine.waits_for_host()) return true;
  if (options.pace) {
    options.pace->hold(kNever);
  } else {
    machine.wait_for_host();
  }
  return true;
}

Cycles later(Cycles now, Cycles by) { return by < kNever - now ? now + by : kNever; }

// With all vCPUs halted, time moves to the next timer, or to where an input arrives meanwhile.
// Timers that are due at the new time have fired.
void idle_live(Machine& machine, RunOptions& options) {
  if (machine.door().waiting()) return;  // delivered before any jump
  const Cycles now = machine.position().cycles;
  const Cycles deadline = machine.scheduler().deadline();
  Cycles reached = deadline;
  if (options.pace) reached = std::clamp(options.pace->hold(deadline), now, deadline);
  if (reached == deadline ? deadline != kNever : machine.door().waiting()) {
    machine.skip_to(reached);
  }
}

// Likewise, but where inputs arrive is known. False: nothing will ever happen.
bool idle_replay(Machine& machine, Position target) {
  const Position at = machine.position();
  const Cycles input = target.icount == at.icount ? target.cycles : kNever;
  const Cycles to = std::min(machine.scheduler().deadline(), input);
  if (to == kNever) return false;
  machine.skip_to(to);
  return true;
}

}  // namespace

void run_live(Machine& machine, RunOptions& options, Recorder* recorder) {
  for (;;) {
    if (machine.waits_for_host()) {
      if (!wait_for_host(machine, options)) return;
      continue;
    }
    if (recorder && machine.position().cycles >= recorder->next_hash()) recorder->hash_point();
    machine.deliver();
    if (!consult(machine, options)) return;
    if (recorder) recorder->tick();
    if (machine.idle()) {
      idle_live(machine, options);
      continue;
    }
    Stop stop{later(machine.position().cycles, options.slice), kNever};
    if (recorder) stop.cycles = std::min(stop.cycles, recorder->next_hash());
    machine.run(stop);
    if (options.pace) options.pace->hold(machine.position().cycles);
  }
}

bool run_replay(Machine& machine, RunOptions& options, Replayer& replayer) {
  for (;;) {
    const Position at = machine.position();
    if (machine.waits_for_host()) {
      // The recorded run ended while it waited here, or was cut.
      if (replayer.failed() || (at >= replayer.last() && replayer.out_of_answers())) break;
      if (!wait_for_host(machine, options)) return false;
      continue;
    }
    if (at.cycles >= replayer.next_hash()) replayer.hash_point();
    machine.deliver();
    if (replayer.failed() || at >= replayer.last()) break;
    if (!consult(machine, options)) return false;

    const Position target = std::min(replayer.next(), replayer.last());
    if (machine.idle()) {
      if (idle_replay(machine, target)) continue;
      replayer.stuck("the guest halts for ever at " + text(at) + "; the recording goes on to " +
                     text(target));
      break;
    }
    machine.run({std::min(replayer.next_hash(), later(at.cycles, options.slice)), target.icount});
    if (machine.position() == at && !machine.idle()) {
      replayer.stuck("the machine does not get past " + text(at) + "; the recording goes on to " +
                     text(target));
      break;
    }
    if (options.pace) options.pace->hold(machine.position().cycles);
  }
  if (!replayer.failed()) replayer.finish();
  return true;
}

}  // namespace reprise::trace
