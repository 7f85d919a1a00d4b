// The run loop of one vCPU.
//
// At each turn of the loop the vCPU is at an instruction boundary: r[kRip], cycle and icount are
// exact. It takes what is pending, then runs a chain of blocks up to the limits, or, where a limit
// falls inside the next block or something must be looked at after each instruction, a single
// instruction. Both use the same handlers, so both compute the same.
#include "cpu/engine/run.h"

#include <algorithm>

#include "cpu/cluster.h"
#include "cpu/decode/decoder.h"
#include "cpu/engine/fetch.h"
#include "cpu/system/instructions.h"
#include "cpu/timing/clock_ops.h"

namespace reprise::cpu {

namespace {

// What request_leave() puts in place of the next handler.
const Op* break_block(Cpu& c, const Op* op) {
  c.op = op;
  return nullptr;
}

// After the scratch instruction, if that did not end the chain itself.
const Op* after_single(Cpu& c, const Op* op) {
  c.r[kRip] = (c.r[kRip] + op->offset) & c.ip_mask();
  return nullptr;
}

void restore_patch(Cpu& c) {
  if (!c.patched) return;
  c.patched->handler = c.patched_handler;
  c.patched = nullptr;
}

// Back to the boundary before `op` of the running block.
void unwind(Cpu& c, const Op* op) {
  c.r[kRip] = (c.r[kRip] + op->offset) & c.ip_mask();
  c.cycle -= op->cycles_left;
  c.icount -= op->count_left;
}

// Runs a chain of handlers until one ends it.
void run_chain(Cpu& c, const Op* op) {
  c.in_block = true;
#if REPRISE_TAIL_CALLS
  op->handler(c, op);
#else
  while (op) op = op->handler(c, op);
#endif
  if (c.patched) {
    // The chain ended at the replaced handler, or at a branch before it was reached.
    const Op* stopped = c.patched;
    restore_patch(c);
    if (c.op == stopped) {
      unwind(c, stopped);
      if (c.clocks && !c.single) c.clocks->ops->left_before(c, stopped);
    }
  }
  c.in_block = false;
}

// Runs exactly one instruction.
void step_one(Cpu& c) {
  if (TraceSink* trace = c.cluster.trace(); trace && trace->wants_each())
    trace->executed(c, {c.icount, c.cycle});
  Op* const first = c.scratch.get();
  Op* op = first;
  op[1] = {};
  const Fetched f = fetch_one(c, op);
  u16 cost = u16(c.cluster.timing().cost(linear_ip(c)));
  op->offset = 0;
  ClockOps* const clock_ops = c.clocks ? c.clocks->ops.get() : nullptr;
  if (clock_ops) clock_ops->prepare(c, op, 1, f.bytes, linear_ip(c), &cost, true);
  op->cycles_left = cost;
  op->count_left = 1;
  relocate(op);
  op->flags &= ~kOpFar;
  if (clock_ops) {
    Op plain = *op;
    op = first + clock_ops->lay_out(&plain, true, first) - 1;
    op[1] = {};
  }
  if (!(op->flags & kOpEnds)) {
    op[1] = {};
    op[1].handler = after_single;
    op[1].offset = op->length;
  }
  c.cycle += cost;
  c.icount += 1;
  c.single = true;
  c.returns.forget();  // a return must not be chained, nor a call be remembered
  run_chain(c, first);
  c.returns.forget();
  c.single = false;
  c.link = nullptr;
}

// An event has its own position: where it is all that happens, a replay stops before it or behind
// it.
void count_event(Cpu& c) {
  c.icount += 1;
  c.cycle += c.cluster.timing().event_cost();
  if (c.clocks) c.clocks->flush_pipeline();
}

void take_event(Cpu& c, u8 vector, EventKind kind) {
  count_event(c);
  c.activity = Activity::Running;
  if (TraceSink* trace = c.cluster.trace()) trace->event(c, vector, kind, false, 0);
  if (!c.clocks) return c.deliver(vector, kind);
  const EventOrigin origin = event_origin(c);
  c.deliver(vector, kind);
  charge_event(c, origin);
}

// Takes the first event that this boundary must deal with (Intel SDM volume 3, table 6-2).
bool take_pending(Cpu& c) {
  if (c.activity == Activity::Shutdown && !runnable(c)) return false;
  // A start-up IPI follows its INIT, which must be taken first.
  if ((c.pending & kPendSipi) && !(c.pending & kPendInit)) {
    c.pending &= ~kPendSipi;
    if (c.activity == Activity::WaitForSipi) {
      count_event(c);
      c.take_sipi();
      return true;
    }
  }
  const bool shadow = c.shadow_at == c.icount;
  if ((c.pending & kPendSmi) && !c.smm && c.activity != Activity::WaitForSipi) {
    c.pending &= ~kPendSmi;
    count_event(c);
    c.enter_smm();
    return true;
  }
  if ((c.pending & kPendInit) && !c.smm) {
    c.pending &= ~kPendInit;
    count_event(c);
    c.take_init();
    return true;
  }
  if (c.activity == Activity::WaitForSipi) return false;
  if (c.debug_trap && !shadow) {
    c.dr[6] |= c.debug_trap;
    c.debug_trap = 0;
    take_event(c, kDB, EventKind::Exception);
    return true;
  }
  if ((c.pending & kPendNmi) && !c.nmi_blocked && !shadow) {
    c.pending &= ~kPendNmi;
    take_event(c, kNMI, EventKind::Nmi);
    return true;
  }
  if (c.intr && (c.eflags & IF) && !shadow) {
    c.publish();
    take_event(c, c.apic->acknowledge(), EventKind::External);
    return true;
  }
  return false;
}

// Must the next instruction run alone?
bool must_step(Cpu& c) {
  if (!c.cluster.use_blocks()) return true;
  if (c.p5 && (c.p5->exit.paid || c.p5->exit.slack)) return true;
  if (c.eflags & TF) return true;
  if (c.cluster.stops().alone(linear_ip(c))) return true;
  if (c.dr[7] & 0xFF) return true;
  if (c.shadow_at == c.icount && (c.intr || c.pending || c.debug_trap)) return true;
  const TraceSink* trace = c.cluster.trace();
  return trace && trace->wants_each();
}

// Single instruction with what surrounds it: breakpoints before, traps after. False: the operator
// wants to stop before it.
bool step_with_traps(Cpu& c) {
  if ((c.dr[7] & 0xFF) && !(c.eflags & RF) && breakpoint_at(c, linear_ip(c))) {
    take_event(c, kDB, EventKind::Exception);
    return true;
  }
  StopList& stops = c.cluster.stops();
  if (stops.alone(linear_ip(c)) && stops.before_instruction(c)) return false;
  const bool trap = c.eflags & TF;
  c.steps_over = false;
  c.eflags &= ~RF;  // a REP that has not ended sets it again, a fault sets it in the saved image
  step_one(c);
  if (trap && !c.steps_over) c.debug_trap |= 1u << 14;
  return true;
}

void loop(Cpu& c, const Stop stop) {
  StopList& stops = c.cluster.stops();
  for (;;) {
    BlockCache& cache = c.cluster.blocks();
    if (cache.reclaim_due()) {
      cache.reclaim();
      c.link = nullptr;
      c.returns.forget();
    }
    if (stops.pending()) {
      c.publish();
      if (stops.report(c.position())) return;
    }
    c.cycle_limit = std::min(stop.cycles, c.scheduler.deadline());
    c.icount_limit = stop.icount;
    if (c.cluster.exit_requested() || c.yield) return;
    if (c.cycle >= c.cycle_limit || c.icount >= c.icount_limit) return;
    if (take_pending(c)) {
      c.link = nullptr;
      continue;
    }
    if (c.activity != Activity::Running) return;
    if (must_step(c)) {
      if (!step_with_traps(c)) return;
      continue;
    }
    c.eflags &= ~RF;  // it only matters to instruction breakpoints
    Links* const from = c.link;
    c.link = nullptr;
    Block* b = find_block(c);
    if (!b || stops.pending()) {  // the walk for the fetch may have met one
      step_one(c);
      continue;
    }
    if (from && from->owner && (c.mode & kModeFlatCs) && !b->crossing && !cache.reclaim_due())
      BlockCache::link(&from->to[c.link_index], from->owner, b);
    if (enter(c, b))
      run_chain(c, b->ops());
    else
      step_one(c);
  }
}

// The instruction, or the delivery, that was going on faulted.
void take_fault(Cpu& c) {
  restore_patch(c);
  if (c.in_block) {
    if (c.clocks && !c.single) c.clocks->ops->faulted(c, c.op);
    unwind(c, c.op);
  }
  c.in_block = c.single = false;
  c.link = nullptr;
  c.cluster.stops().forget_reads();
  c.icount += 1;
  c.cycle += c.cluster.timing().event_cost();
  const auto f = c.fault_info;
  if (TraceSink* trace = c.cluster.trace())
    trace->event(c, f.vector, EventKind::Exception, f.has_error, f.error);
  if (!c.clocks) return c.deliver_fault(f.vector, f.has_error, f.error);
  c.clocks->flush_pipeline();
  const EventOrigin origin = event_origin(c);
  c.deliver_fault(f.vector, f.has_error, f.error);
  charge_event(c, origin);
}

}  // namespace

bool runnable(const Cpu& c) {
  switch (c.activity) {
    case Activity::Running:
      return true;
    case Activity::Halted:
      return (c.intr && (c.eflags & IF)) || ((c.pending & kPendNmi) && !c.nmi_blocked) ||
             ((c.pending & kPendSmi) && !c.smm) || ((c.pending & kPendInit) && !c.smm) ||
             c.debug_trap;
    case Activity::WaitForSipi:
      if (c.pending & kPendInit) return !c.smm;  // a SIPI waits behind it
      return c.pending & kPendSipi;
    case Activity::Shutdown:  // SMI# and INIT# wait for the end of SMM
      return ((c.pending & kPendNmi) && !c.nmi_blocked) ||
             ((c.pending & (kPendSmi | kPendInit)) && !c.smm);
  }
  return false;
}

const Op* go_unlinked(Cpu& c, const Op* op, unsigned slot) {
  c.link = const_cast<Links*>(reinterpret_cast<const Links*>(op + 1));
  c.link_index = slot;
  return nullptr;
}

const Op* go_elsewhere(Cpu& c, const Op*) { GO(InReg, c); }

const Op* go_back(Cpu& c, const Op*) {
  const Block* const b = lookup_fast(c);
  if (!b) return nullptr;
  const ReturnStack::Call& call = c.returns.popped();
  if (call.links && call.ip == c.r[kRip] && !call.links->to[1] && call.links->owner &&
      !c.cluster.blocks().reclaim_due())
    BlockCache::link(&call.links->to[1], call.links->owner, const_cast<Block*>(b));
  ENTER(InReg, c, b, kTaken);
}

void run(Cpu& c, Stop stop) {
  c.link = nullptr;  // blocks may have gone since the last slice, and r[kRip] may be another
  c.returns.forget();
  for (;;) {
    // A fault anywhere below comes back here; nothing with a destructor lives on the way.
    if (setjmp(c.fault_exit) == 0) {
      loop(c, stop);
      return;
    }
    // A fault of the delivery itself comes back to the same place.
    take_fault(c);
  }
}

void Cpu::raise(u8 vector) {
  fault_info = {vector, false, 0};
  std::longjmp(fault_exit, 1);
}

void Cpu::raise(u8 vector, u32 error) {
  fault_info = {vector, true, error};
  std::longjmp(fault_exit, 1);
}

void Cpu::request_leave() {
  if (!in_block) return;
  cycle_limit = 0;
  if (patched || (op->flags & kOpEnds)) return;
  patched = const_cast<Op*>(op) + 1;
  patched_handler = patched->handler;
  patched->handler = break_block;
}

void Cpu::publish() { scheduler.set_now(in_block ? cycle - op->cycles_left : cycle); }

void Cpu::after_device() {
  const Cycles deadline = scheduler.deadline();
  if (deadline >= cycle_limit) return;
  cycle_limit = deadline;
  if (in_block && deadline <= cycle) request_leave();
}

u64 Cpu::ip() const { return in_block ? (r[kRip] + op->offset) & ip_mask() : r[kRip]; }

u64 Cpu::tsc() const { return position().cycles + tsc_offset; }

}  // namespace reprise::cpu
