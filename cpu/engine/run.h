// The run loop of one vCPU, and how handlers pass from block to block.
#pragma once

#include "cpu/cpu.h"
#include "cpu/engine/block_cache.h"
#include "cpu/memory/access.h"

namespace reprise::cpu {

// Has something to do: not halted, or woken by what is pending.
bool runnable(const Cpu& c);

// Runs from c.r[kRip] until the first boundary that reaches `stop` or the scheduler's deadline,
// until the vCPU halts or yields, or until the cluster is asked to exit.
void run(Cpu& c, Stop stop);

// Enters `b` if it ends before every limit; otherwise ends the chain before it.
inline const Op* enter(Cpu& c, const Block* b) {
  const Cycles cycle = c.cycle + b->cycles;
  const u64 icount = c.icount + b->count;
  if (cycle >= c.cycle_limit || icount >= c.icount_limit) [[unlikely]]
    return nullptr;
  c.cycle = cycle;
  c.icount = icount;
  return b->ops.get();
}

#if REPRISE_TAIL_CALLS
#define ENTER(cpu, block)                \
  do {                                   \
    const Op* first = enter(cpu, block); \
    if (!first) return nullptr;          \
    DISPATCH(cpu, first);                \
  } while (0)
#else
#define ENTER(cpu, block) return enter(cpu, block)
#endif

// The block at c.r[kRip] if it can be entered without the run loop: same mode, a page whose
// translation is cached, code decoded, flat code segment.
inline Block* lookup_fast(const Cpu& c) {
  if (!(c.mode & kModeFlatCs) || c.single) return nullptr;
  const u64 linear = c.r[kRip];
  const FastCode& f = c.fast_code[linear >> 12 & (kCodeTlb - 1)];
  if (f.tag != (linear & ~u64(0xFFF))) return nullptr;
  Block* b = f.page->find(linear & 0xFFF, c.mode);
  return b && !b->crossing ? b : nullptr;
}

// Goes on at c.r[kRip], wherever that is (indirect jumps, returns).
#define GO(cpu)                             \
  do {                                      \
    const Block* target = lookup_fast(cpu); \
    if (!target) return nullptr;            \
    ENTER(cpu, target);                     \
  } while (0)

// Goes on at c.r[kRip] through link `slot` of the Links behind `op`. A link inside a page needs no
// check; one into another page holds while the code TLB maps that page as it did.
#define GO_LINK(cpu, op, slot)                                                   \
  do {                                                                           \
    Links* links = const_cast<Links*>(reinterpret_cast<const Links*>((op) + 1)); \
    const Block* target = links->to[slot];                                       \
    if (!target) [[unlikely]] {                                                  \
      (cpu).link = links;                                                        \
      (cpu).link_index = slot;                                                   \
      return nullptr;                                                            \
    }                                                                            \
    if ((op)->flags & kOpFar) {                                                  \
      const u64 linear = (cpu).r[kRip];                                          \
      const FastCode& f = (cpu).fast_code[linear >> 12 & (kCodeTlb - 1)];        \
      if (f.tag != (linear & ~u64(0xFFF)) || f.page != target->page) {           \
        target = lookup_fast(cpu);                                               \
        if (!target) return nullptr;                                             \
      }                                                                          \
    }                                                                            \
    ENTER(cpu, target);                                                          \
  } while (0)

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
  GO(c);
}
// Ends the block; Fn sets r[kRip] as its last act (using c.ip(), c.next_ip() before).
template <auto Fn>
const Op* jump(Cpu& c, const Op* op) {
  c.op = op;
  Fn(c, *op);
  if (attention(c)) return nullptr;
  GO(c);
}

}  // namespace reprise::cpu
