// The operator's breakpoints and watchpoints as the vCPUs look at them.
//
// All but what is watched runs at full speed. A block never holds an instruction whose offset in
// its page is that of a Pc condition (blocks serve every mapping of their page, so only the offset
// is known): such instructions run alone, and their linear address is compared first. Pages with
// watched bytes get no host pointers, so accesses to them take the slow path and are compared
// there.
//
// What is met is kept until the next boundary, where the operator is told, in the order of the
// list. An access that crosses a page is met as two. A read by an instruction that faults
// afterwards does not count; a write that has happened does. An instruction that faulted meets its
// Pc again when it is tried again, a REP that goes on does not. Not counted as reads: tables that
// the processor reads by itself, fetches. Page walks and SMM write physical addresses only.
#pragma once

#include <bitset>
#include <utility>
#include <vector>

#include "cpu/debug/range_set.h"
#include "replay/core/stops.h"
#include "replay/core/usage.h"

namespace reprise::cpu {

struct Cpu;
class Cluster;

// Of c.op inside a block, of the next instruction between blocks.
u64 linear_pc(const Cpu& c);

class StopList final : public Stops {
 public:
  explicit StopList(Cluster& cluster) : cluster_(cluster) {}
  void set_stops(std::vector<StopCondition> conditions, OnHit on_hit) override;
  void stop_here() override;
  const Usage& used() const override { return used_; }
  void forget_used() override;

  // --- for the run loop, between two instructions
  // Must an instruction at this offset in its page run alone?
  bool alone(u64 linear) const { return !pc_.empty() && offsets_[linear & 0xFFF]; }
  // The instruction at r[kRip] is about to be executed; true: the machine is to stop before it.
  bool before_instruction(Cpu& c);
  bool pending() const { return !pending_.empty(); }
  // Tells what was met since the last boundary, which is `at`; true: the machine is to stop here.
  bool report(Position at);
  // The last instruction or delivery faulted.
  void forget_reads();
  bool stopped() const { return stopped_; }
  bool take_stopped() { return std::exchange(stopped_, false); }
  void forget();  // the machine is at another place

  // --- for accesses
  // Pages are noticed where they get host pointers; all pointers go when the usage is forgotten.
  void read(u64 linear, u64 physical) { used_.read(linear, physical); }
  void wrote(u64 linear, u64 physical) { used_.write(linear, physical); }
  void executes(u64 linear) { used_.executed.add(linear); }
  bool data() const { return data_; }
  // -d mem: nothing gets host pointers, and the trace is told of each access.
  bool shows_accesses() const { return shown_; }
  void show_accesses(bool on);
  // Must each access of this kind to the page be seen?
  bool watches(const Cpu& c, u64 linear, u64 physical, bool write) const;
  void accessed(Cpu& c, u64 linear, u64 physical, unsigned size, bool write);
  void wrote_physical(Cpu& c, u64 physical, unsigned size);
  void device_wrote(u64 physical, u64 size);
  void used_port(Cpu& c, u16 port, unsigned size);
  // `pc`: linear address of the instruction that was interrupted, or that asked for it.
  void delivered(Cpu& c, StopKind kind, u8 vector, u64 pc);

 private:
  struct Entry {
    StopCondition condition;
    StopHit hit = {};
    bool met = false;  // since the last boundary
    bool only_read = false;
  };
  void compile();
  void meet(u32 tag, unsigned cpu, u64 pc, u64 address, u64 size, bool read = false);
  void meet_all(const RangeSet& set, Cpu& c, u64 pc, u64 address, u64 size, bool read = false);

  Cluster& cluster_;
  OnHit on_hit_;
  std::vector<Entry> list_;
  std::vector<u32> pending_;  // indices of the list, each at most once
  bool stopped_ = false;      // a callback has said so
  bool data_ = false;         // any condition on memory, or shown_
  bool shown_ = false;
  Usage used_;
  RangeSet pc_, ports_, interrupts_, exceptions_;
  RangeSet linear_[2], physical_[2];  // [0] reads, [1] writes
  std::bitset<4096> offsets_;         // of Pc conditions in their pages
};

}  // namespace reprise::cpu
