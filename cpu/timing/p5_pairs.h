// The Pentium's two pipes: what they need to know of an instruction, and which two they take at
// once.
//
// Source: Intel AP-500, Optimizations for Intel's 32-Bit Processors (classes of pairing); A. Fog,
// How to optimize for the Pentium family, chapters 8 to 10.
#pragma once

#include "cpu/timing/p5_ops.h"

namespace reprise::cpu::p5 {

// Of the decoded `op`; `k`: what its rule needs at run time, and its clocks alone.
P5Pipe describe(const Form& f, u32 mode, const Op& op, Clocked& k);
// Does `v` run beside `u`?
bool pairs(const P5Pipe& u, const P5Pipe& v);
// Clocks of the two together.
unsigned pair_clocks(const P5Pipe& u, const P5Pipe& v);

}  // namespace reprise::cpu::p5
