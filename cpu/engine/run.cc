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

u64 linear_ip(const Cpu& c) { return c.code64() ? c.r[kRip] : u32(c.seg[CS].base + c.r[kRip]); }

// Decodes the instruction at r[kRip] into `op`; faults of fetching are raised.
struct Fetched {
  u64 address = 0, address2 = 0;  // guest-physical; address2: of the second page, if it is used
  bool crossing = false;
  u8 bytes[15];
};
Fetched fetch_one(Cpu& c, Op* op) {
  const u64 ip = c.r[kRip];
  const u64 linear = linear_ip(c);
  if (c.code64() && !canonical(linear)) c.raise(kGP, 0);
  unsigned have = 0;
  const u32 limit = c.seg[CS].limit;
  const u64 allowed = c.code64() ? 15 : ip > limit ? 0 : std::min<u64>(15, u64(limit) - ip + 1);
  Fetched f;
  u8* const bytes = f.bytes;
  if (allowed == 0) c.raise(kGP, 0);
  f.address = c.translate_fetch(linear);
  c.cluster.stops().executes(linear);
  const unsigned room = unsigned(kPageSize - (linear & 0xFFF));
  const auto append = [&](u64 address, unsigned count) {
    const PhysPage page = c.phys_page(address);
    for (unsigned i = 0; i < count; ++i, ++have)
      bytes[have] = page.block ? page.block->data()[page.page * kPageSize + (address & 0xFFF) + i]
                               : u8(c.read_physical(address + i, 1));
  };
  const unsigned first = unsigned(std::min<u64>({15, room, allowed}));
  append(f.address, first);
  DecodeResult result = decode(c, bytes, have, op);
  if (result == DecodeResult::kMore && have < allowed) {
    const u64 next = c.code64() ? linear + room : u32(linear + room);
    f.crossing = true;
    f.address2 = c.translate_fetch(next);
    if (c.phys_page(f.address).block) {  // the walk may have marked an entry among these bytes
      have = 0;
      append(f.address, first);
    }
    append(f.address2, unsigned(std::min<u64>(15, allowed) - have));
    result = decode(c, bytes, have, op);
  }
  // Past the segment's limit, or longer than 15 bytes.
  if (result == DecodeResult::kMore) c.raise(kGP, 0);
  if (TraceSink* trace = c.cluster.trace()) trace->decoded(c, linear, {bytes, op->length});
  return f;
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

constexpr unsigned kMaxCount = ClockOps::kMax;

// Decodes a block that starts at r[kRip], of which `page` is the page.
Block* decode_block(Cpu& c, PageCode* page, u64 address) {
  BlockCache& cache = c.cluster.blocks();
  const u64 start = c.r[kRip];
  const u64 linear = linear_ip(c);
  const Timing& timing = c.cluster.timing();
  Op ops[kMaxCount + 3];
  u16 costs[kMaxCount + 1];
  const unsigned block_offset = address & 0xFFF;
  PageCode* page2 = nullptr;
  const u8* code = page->memory->data() + page->page * kPageSize;
  Fetched f;
  unsigned count = 0, bytes = 0;
  bool ends = false;
  while (count < kMaxCount) {
    const unsigned offset = block_offset + bytes;
    if (offset >= kPageSize || (count > 0 && c.cluster.stops().alone(offset))) break;
    const unsigned room = unsigned(kPageSize - offset);
    const u64 ip = start + bytes;
    const u32 limit = c.seg[CS].limit;
    if (!c.code64() && ip > std::min<u64>(limit, c.ip_mask())) break;
    const unsigned allowed =
        unsigned(std::min<u64>({15, room, c.code64() ? 15 : u64(limit) - ip + 1}));
    Op* op = &ops[count];
    if (decode(c, code + offset, allowed, op) == DecodeResult::kMore) break;
    op->offset = u16(bytes);
    costs[count] = u16(timing.cost(linear + bytes));
    if (TraceSink* trace = c.cluster.trace())
      trace->decoded(c, linear + bytes, {code + offset, op->length});
    bytes += op->length;
    ++count;
    if (op->flags & kOpEnds) {
      ends = true;
      break;
    }
  }
  if (count == 0) {  // the first instruction crosses into the next page
    const unsigned room = unsigned(kPageSize - block_offset);
    if (room >= 15 || (!c.code64() && start + room > c.seg[CS].limit)) return nullptr;
    // A device must not be read twice: step_one() does.
    const u64 next = c.code64() ? linear + room : u32(linear + room);
    if (!c.phys_page(c.translate_fetch(next)).block) return nullptr;
    f = fetch_one(c, ops);
    if (!f.crossing) return nullptr;
    const PhysPage second = c.phys_page(f.address2);
    if (!second.block) return nullptr;
    page2 = cache.page(*second.block, second.page);
    ops[0].offset = 0;
    costs[0] = u16(timing.cost(linear));
    bytes = ops[0].length;
    count = 1;
    ends = ops[0].flags & kOpEnds;
  }
  if (!ends) {  // control goes on behind the last instruction
    Op& next = ops[count];
    next = {};
    next.handler = next_block_handler(c.lines != nullptr);
    next.offset = u16(bytes);
    next.flags = kOpEnds | kOpFar;
  }
  ClockOps* const clock_ops = c.clocks ? c.clocks->ops.get() : nullptr;
  if (clock_ops)
    clock_ops->prepare(c, ops, count, page2 ? f.bytes : code + block_offset, linear, costs, false);
  unsigned cycles = 0;
  for (unsigned i = count; i-- > 0;) {
    cycles += costs[i];
    ops[i].cycles_left = u16(cycles);
    ops[i].count_left = u8(count - i);
  }
  check(cycles <= 0xFFFF, "a block takes more clocks than its Ops can say");
  for (unsigned i = 0; i < count; ++i) relocate(&ops[i]);
  Op& final_op = ops[count - (ends ? 1 : 0)];
  // With a 16-bit operand the target is cut to 64 KiB.
  const bool cut = final_op.osize == 2 && (c.mode & kModeWidth) != kMode16;
  if (page2 || cut || branches_out(final_op, block_offset)) final_op.flags |= kOpFar;

  Op with_clocks[ClockOps::kSlots];
  const Op* const all = clock_ops ? with_clocks : ops;
  unsigned stored = count + (ends ? 1 : 2);
  if (clock_ops)
    stored = clock_ops->lay_out(ops, ends, with_clocks) + 1;
  else
    fuse(ops, count);
  Block* const block = cache.make(stored + (clock_ops ? clock_ops->carry_slots() : 0));
  block->page = page;
  block->page2 = page2;
  block->crossing = page2 != nullptr;
  block->mode = c.mode;
  block->offset = u16(block_offset);
  std::copy(all, all + stored - 1, block->ops());
  new (&block->ops()[stored - 1]) Links{{nullptr, nullptr}, block, 0};
  if (clock_ops) clock_ops->put_carries(&block->ops()[stored]);
  block->cycles = cycles;
  block->count = u16(count);
  block->bytes = u16(bytes);
  const unsigned first = block->offset / 64;
  const unsigned final = std::min(block->offset + bytes, 4096u) - 1;
  block->lines = (~u64(0) >> (63 - (final / 64 - first))) << first;
  cache.add(block);
  return block;
}

// The block at r[kRip]; null where code is not in memory. Faults of fetching are raised.
Block* find_block(Cpu& c) {
  const u64 linear = linear_ip(c);
  if (c.code64() && !canonical(linear)) c.raise(kGP, 0);
  if (!c.code64() && c.r[kRip] > c.seg[CS].limit) c.raise(kGP, 0);
  const u64 tag = linear & ~u64(0xFFF);
  FastCode& f = c.fast_code[linear >> 12 & (kCodeTlb - 1)];
  if (f.tag != tag) {
    const PhysPage page = c.phys_page(c.translate_fetch(linear));
    if (!page.block) return nullptr;
    f = {tag, c.cluster.blocks().page(*page.block, page.page)};
    c.cluster.stops().executes(linear);
  }
  PageCode* const code = f.page;
  Block* b = code->find(linear & 0xFFF, c.mode);
  if (!b) b = decode_block(c, code, linear & 0xFFF);
  if (!b) return nullptr;
  if (b->crossing) {
    const u64 next = tag + kPageSize;
    const PhysPage second = c.phys_page(c.translate_fetch(c.code64() ? next : u32(next)));
    // The walk may have marked an entry among the instruction's own bytes.
    if (c.cluster.blocks().reclaim_due()) return nullptr;
    if (!second.block || second.block != b->page2->memory || second.page != b->page2->page) {
      c.cluster.blocks().drop_block(b);
      c.link = nullptr;
      return nullptr;
    }
  }
  if (!(c.mode & kModeFlatCs) &&
      c.r[kRip] + b->bytes - 1 > std::min<u64>(c.seg[CS].limit, c.ip_mask()))
    return nullptr;
  return b;
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
  ENTER(InReg, c, b);
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
