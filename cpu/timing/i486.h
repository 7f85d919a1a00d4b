// The 486's pipeline, bus and rules, beside its table (i486_rows.cc).
//
// Source: M. Abrash, Graphics Programming Black Book, chapters 12 and 13 (rules of the pipeline, as
// he measured them).
#pragma once

#include <algorithm>

#include "cpu/timing/clock_ops.h"

namespace reprise::cpu::i486 {

inline constexpr unsigned kMisaligned = 3;   // a datum across a doubleword's boundary
inline constexpr unsigned kStraddles = 3;    // a branch to an instruction across a line's
inline constexpr unsigned kLineMiss = 2;     // code that is not in the cache; as data
inline constexpr unsigned kLocked = 4;       // the bus cycles of a locked access
inline constexpr unsigned kWriteClocks = 2;  // of a write on the bus, without wait states
inline constexpr unsigned kWriteBuffers = 4;
inline constexpr TaskClocks kTask = {199, 177, 180};

// Clocks of an instruction behind what `k` says is in the pipeline, which then has it in it.
//
// Time 0 is when it could start. An address is formed when the decoder is through with what the
// instruction before did not hide, and no sooner than two clocks behind the one that wrote a base
// register (three in real mode), and not exactly two behind a byte register's load. Stalls for
// caches and operands do not count for this: they are the model's, not the pipeline's.
inline unsigned advance(Carry& k, const Clocked& i, bool real) {
  unsigned t = unsigned(std::max(0, int(i.decode) - int(k.slack)));
  if (i.address & k.written1) t = std::max(t, real ? 2u : 1u);
  if (real && (i.address & k.written2)) t = std::max(t, 1u);
  if (i.memory)
    while ((t == 0 && k.byte2) || (t == 1 && k.byte1)) ++t;
  if (t == 0 && (i.reads & k.part1)) t = 1;
  const unsigned cost = t + i.clocks;
  k.written2 = cost == 1 ? k.written1 : 0;
  k.byte2 = cost == 1 && k.byte1;
  k.written1 = i.writes;
  k.byte1 = i.byte_write;
  k.part1 = i.byte_write ? i.writes : u16(0);
  k.slack = u8(std::clamp<int>(i.clocks - 1, 0, 15));
  k.branched = false;
  return cost;
}

// What the model knows of an instruction before it runs.
Clocked describe(const Form& f, u32 mode);

}  // namespace reprise::cpu::i486
