// Breakpoints and watchpoints of an operator: where a run stops although the guest does not.
//
// They are not the guest's debug registers, and the guest cannot tell that they are there: the same
// instructions are executed at the same positions, with or without them.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "replay/core/types.h"

namespace reprise {

enum class StopKind : u8 {
  Pc,         // an instruction is about to be executed: linear addresses
  Read,       // memory was read by an instruction: linear or physical addresses
  Write,      // memory was written, physical ones by devices (DMA) too
  Access,     // either
  Port,       // IN or OUT
  Interrupt,  // an interrupt was delivered, external or by INT n: vectors
  Exception,  // an exception was delivered: vectors
};

struct StopCondition {
  u32 id = 0;  // the caller's
  StopKind kind = StopKind::Pc;
  u64 first = 0, last = 0;      // addresses, ports or vectors, inclusive
  bool physical = false;        // Read, Write, Access: guest-physical addresses
  std::optional<unsigned> cpu;  // only this vCPU
};

struct StopHit {
  u32 id = 0;
  StopKind kind = StopKind::Pc;
  // The boundary at which the machine stands if it stops: for Pc the one before the instruction,
  // for all else the one after the instruction, REP iteration or delivery that met the condition.
  Position at;
  unsigned cpu = 0;   // whose turn it was
  u64 pc = 0;         // linear address of the instruction that did it (or is about to)
  u64 address = 0;    // what was met: address, port or vector
  unsigned size = 0;  // bytes accessed
};

struct Usage;  // usage.h

// How a machine is told. An empty list costs nothing.
class Stops {
 public:
  virtual ~Stops() = default;
  // Called on the machine thread, inside run() or skip_to(); true: the machine is to stop at
  // hit.at, that is, run() or skip_to() returns there. It may be called for a Pc at which a run
  // begins: whoever continues from a breakpoint answers false there. Must not change the list.
  using OnHit = std::function<bool(const StopHit&)>;
  static constexpr std::size_t kMaxStops = 4096;
  // Replaces the list. At most kMaxStops. Between runs only.
  virtual void set_stops(std::vector<StopCondition> conditions, OnHit on_hit) = 0;
  // From a device, inside run(): the machine is to stop at the next boundary.
  virtual void stop_here() = 0;
  // What any condition could have met since forget_used(), which comes between runs too.
  virtual const Usage& used() const = 0;
  virtual void forget_used() = 0;
};

}  // namespace reprise
