// The run loop of one vCPU, and how handlers pass from block to block.
#pragma once

#include "cpu/cpu.h"
#include "cpu/engine/block_cache.h"
#include "cpu/memory/access.h"
#include "cpu/timing/p5_front.h"

namespace reprise::cpu {

// Has something to do: not halted, or woken by what is pending.
bool runnable(const Cpu& c);

// Runs from c.r[kRip] until the first boundary that reaches `stop` or the scheduler's deadline,
// until the vCPU halts or yields, or until the cluster is asked to exit.
void run(Cpu& c, Stop stop);

// Enters `b` if it ends before every limit; otherwise the chain ends before it.
[[gnu::always_inline]] inline bool enter(Cpu& c, const Block* b) {
  const Cycles cycle = c.cycle + b->cycles;
  const u64 icount = c.icount + b->count;
  if (cycle >= c.cycle_limit || icount >= c.icount_limit) [[unlikely]]
    return false;
  c.cycle = cycle;
  c.icount = icount;
  return true;
}
// Place: of the handler. One of a model of caches passes the front of the block by itself where it
// can, so that it is not one more op. How: control went there (p5::Went).
#define ENTER(Place, cpu, block, how)                                                  \
  do {                                                                                 \
    const Block* const entered = block;                                                \
    if (!enter(cpu, entered)) return nullptr;                                          \
    const Op* const its_first = entered->ops();                                        \
    if constexpr (Place::kLines)                                                       \
      if (p5::pass_front<p5::Went::how>(cpu, its_first)) DISPATCH(cpu, its_first + 1); \
    DISPATCH(cpu, its_first);                                                          \
  } while (0)

// The block at c.r[kRip] if it can be entered without the run loop: same mode, a page whose
// translation is cached, code decoded, flat code segment.
[[gnu::always_inline]] inline const Block* lookup_fast(const Cpu& c) {
  if (!(c.mode & kModeFlatCs) || c.single) return nullptr;
  const u64 linear = c.r[kRip];
  const FastCode& f = c.fast_code[linear >> 12 & (kCodeTlb - 1)];
  if (f.tag != (linear & ~u64(0xFFF))) return nullptr;
  const Block* b = f.page->find(linear & 0xFFF, c.mode);
  return b && !b->crossing ? b : nullptr;
}

// Goes on at c.r[kRip], wherever that is (indirect jumps, returns).
#define GO(Place, cpu)                            \
  do {                                            \
    const Block* const target = lookup_fast(cpu); \
    if (!target) return nullptr;                  \
    ENTER(Place, cpu, target, kTaken);            \
  } while (0)

// The rare ends of GO_LINK, out of line so that handlers need no stack frame: a link that is not
// set yet, and one into a page that is mapped otherwise now.
const Op* go_unlinked(Cpu& c, const Op* op, unsigned slot);
const Op* go_elsewhere(Cpu& c, const Op* op);

// Goes on at c.r[kRip] through link `slot` of the Links behind `op`. A link inside a page needs no
// check; one into another page holds while the code TLB maps that page as it did. A macro, since
// a jump to the next handler must stand in a handler itself.
#define GO_LINK(Place, cpu, op, slot, how)                                          \
  do {                                                                              \
    const Block* const linked = reinterpret_cast<const Links*>((op) + 1)->to[slot]; \
    if (!linked) [[unlikely]]                                                       \
      return go_unlinked(cpu, op, slot);                                            \
    if ((op)->flags & kOpFar) {                                                     \
      const u64 there = (cpu).r[kRip];                                              \
      const FastCode& f = (cpu).fast_code[there >> 12 & (kCodeTlb - 1)];            \
      if (f.tag != (there & ~u64(0xFFF)) || f.page != linked->page) [[unlikely]]    \
        return go_elsewhere(cpu, op);                                               \
    }                                                                               \
    ENTER(Place, cpu, linked, how);                                                 \
  } while (0)

// A call in 64-bit code, about to go on: the block behind it will soon be wanted again.
[[gnu::always_inline]] inline void note_call(Cpu& c, const Op* op, u64 return_ip) {
  Links* const links = const_cast<Links*>(reinterpret_cast<const Links*>(op + 1));
  __builtin_prefetch(links->to[1]);
  c.returns.push({return_ip, links});
}
// The block behind the call that returns to c.r[kRip]; null where that is not known. It holds while
// the code TLB maps the page as it did, as a link does.
[[gnu::always_inline]] inline const Block* returned_to(Cpu& c) {
  const ReturnStack::Call call = c.returns.pop();
  const u64 there = c.r[kRip];
  if (call.ip != there || !call.links) return nullptr;
  const Block* const b = call.links->to[1];
  const FastCode& f = c.fast_code[there >> 12 & (kCodeTlb - 1)];
  if (!b || f.tag != (there & ~u64(0xFFF)) || f.page != b->page || b->mode != c.mode)
    return nullptr;
  return b;
}

const Op* go_back(Cpu& c, const Op* op);  // otherwise

// Must the run loop look at something before the next instruction?
inline bool attention(const Cpu& c) {
  return (c.intr && (c.eflags & IF)) || (c.eflags & (TF | RF)) || c.pending || c.debug_trap ||
         c.activity != Activity::Running || c.yield || (c.dr[7] & 0xFF);
}

// Ends the block; the next instruction follows in memory. For what changes modes, flags that the
// run loop must look at, or translations.
template <auto Fn>
const Op* last(Cpu& c, const Op* op) {
  c.op = op;
  Fn(c, *op);
  c.r[kRip] = c.next_ip(op);
  if (attention(c)) return nullptr;
  GO(InReg, c);
}
// Ends the block; Fn sets r[kRip] as its last act (using c.ip(), c.next_ip() before).
template <auto Fn>
const Op* jump(Cpu& c, const Op* op) {
  c.op = op;
  Fn(c, *op);
  if (attention(c)) return nullptr;
  GO(InReg, c);
}

}  // namespace reprise::cpu
