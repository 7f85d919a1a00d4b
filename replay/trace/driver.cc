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

}  // namespace

void run_live(Machine& machine, RunOptions& options, Recorder* recorder) {
  for (;;) {
    if (machine.waits_for_host()) {
      if (!wait_for_host(machine, options)) return;
      continue;
    }
    if (options.boundary) options.boundary();
    if (recorder && recorder->keyframe_due()) (void)recorder->keyframe().ok();
    if (recorder && machine.position().cycles >= recorder->next_hash()) recorder->hash_point();
    machine.deliver();
    if (!consult(machine, options)) return;
    if (recorder) recorder->tick();
    if (machine.idle()) {
      idle_live(machine, options);
      continue;
    }
    Stop stop{std::min(later(machine.position().cycles, options.slice), options.until.cycles),
              options.until.icount};
    if (recorder) stop.cycles = std::min(stop.cycles, recorder->next_hash());
    machine.run(stop);
    if (options.pace) options.pace->hold(machine.position().cycles);
  }
}

// Like idle_live(), but where inputs arrive is known. False: nothing will ever happen.
bool ReplayLoop::idle(Stop until, Position target) {
  const Position at = machine_.position();
  const Cycles input = target.icount == at.icount ? target.cycles : kNever;
  const Cycles to = std::min({machine_.scheduler().deadline(), input, until.cycles});
  if (to == kNever) return false;
  machine_.skip_to(to);
  return true;
}

// The recorded run ended while it waited here, or was cut.
bool ReplayLoop::out_of_answers() const {
  return replayer_.failed() ||
         (machine_.position() >= replayer_.last() && replayer_.out_of_answers());
}

bool ReplayLoop::complete() {
  if (!wait_for_host(machine_, options_)) return false;
  while (machine_.waits_for_host())
    if (out_of_answers() || !wait_for_host(machine_, options_)) return false;
  if (machine_.position().cycles >= replayer_.next_hash()) replayer_.hash_point();
  machine_.deliver();
  return !replayer_.failed();
}

ReplayLoop::Turn ReplayLoop::turn(Stop until) {
  const Position at = machine_.position();
  if (machine_.waits_for_host()) {
    if (out_of_answers()) return Turn::End;
    return wait_for_host(machine_, options_) ? Turn::Ran : Turn::Quit;
  }
  if (at.cycles >= until.cycles || at.icount >= until.icount) return Turn::Arrived;
  if (at.cycles >= replayer_.next_hash()) replayer_.hash_point();
  machine_.deliver();
  if (replayer_.failed() || at >= replayer_.last()) return Turn::End;
  if (!consult(machine_, options_)) return Turn::Quit;

  const Position target = std::min(replayer_.next(), replayer_.last());
  if (machine_.idle()) {
    if (idle(until, target)) return Turn::Ran;
    replayer_.stuck("the guest halts for ever at " + text(at) + "; the recording goes on to " +
                    text(target));
    return Turn::End;
  }
  machine_.run({std::min({replayer_.next_hash(), later(at.cycles, options_.slice), until.cycles}),
                std::min(target.icount, until.icount)});
  if (machine_.position() == at && !machine_.idle() && !machine_.waits_for_host()) {
    if (options_.stopped && options_.stopped()) return Turn::Ran;
    replayer_.stuck("the machine does not get past " + text(at) + "; the recording goes on to " +
                    text(target));
    return Turn::End;
  }
  if (options_.pace) options_.pace->hold(machine_.position().cycles);
  return Turn::Ran;
}

bool run_replay(Machine& machine, RunOptions& options, Replayer& replayer) {
  ReplayLoop loop(machine, options, replayer);
  ReplayLoop::Turn turn;
  do turn = loop.turn();
  while (turn == ReplayLoop::Turn::Ran);
  if (turn == ReplayLoop::Turn::Quit) return false;
  if (!replayer.failed()) replayer.finish();
  return true;
}

}  // namespace reprise::trace
