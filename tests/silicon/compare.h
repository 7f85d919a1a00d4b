// What two processors must agree on after an experiment.
#pragma once

#include <string>

#include "tests/silicon/generator.h"

namespace reprise::cpu::silicon {

// An outcome without what is not compared: undefined flags, what a fault leaves open, pointers in
// images of the x87 unit. Two outcomes agree if these are equal.
struct Seen {
  int vector = -1;
  u32 error = 0, rflags = 0;
  u64 cr2 = 0, rip = 0;
  u64 r[16] = {};
  std::array<u8, 512> fx = {};
  std::array<u8, 256> high = {};
  Window window;
};
Seen seen(const Made& made, const Outcome& o, const u8* window, bool undefined_too);

// The differences as text; empty if there are none.
std::string differences(const Made& made, const Seen& host, const Seen& ours);

// A few bytes of it, for golden files: one part each, so that a difference can be named.
struct Digest {
  u8 vector = 0;  // FFh: ran to the end; FEh: not compared
  u8 flags = 0;   // CF, PF, AF, ZF, SF, DF, OF
  u8 registers = 0, rest = 0, memory = 0, fx = 0;
  bool operator==(const Digest&) const = default;
};
inline constexpr u8 kNotCompared = 0xFE;
Digest digest(const Seen& s, bool wide);
// What the experiment starts from.
u32 input_digest(const Made& made);

// The instruction, the registers: all that is needed to look into it.
std::string describe(const Made& made, u64 seed);

// Processors differ here, and ours is one of the ways: the reason, or null. `theirs`, `ours`: the
// outcomes; `intel`: who made the other.
const char* ambiguous(const Made& made, const Outcome& theirs, const Outcome& ours, bool intel);

}  // namespace reprise::cpu::silicon
