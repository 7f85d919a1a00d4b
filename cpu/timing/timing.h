// What instructions cost, in clocks.
//
// `fixed`: one clock an instruction (and a REP iteration, and a delivered event).
// `test`: 0 to 40 clocks from a hash of the low 12 bits of RIP; it shakes out whatever assumes that
// cycles advance. Only tests use it.
// `i486`: an Intel 486DX, by tables of clocks per form and by what its pipeline, cache and write
// buffer are known to add (README.md beside this file has every figure, and what is not modelled).
// `p5`: a Pentium: its two pipes, caches, branch prediction and floating-point unit (likewise).
//
// How a model works. The rows of a table (table.h, i486_rows.cc) give each form its clocks. What
// only depends on the instructions themselves (clocks, prefixes, a register that is an address too
// soon) is summed when a block is decoded, into Op::cycles_left, as with `fixed`. What depends on
// data or history (caches, misalignment, which way a branch goes, who is privileged) is added at
// run time by a clock op, which is put before the instruction where it needs one (clock_ops.h). So
// the handlers of instructions know nothing of models, and `fixed` pays for none.
//
// What an instruction inherits from those before it is in Clocks (clocks.h), which is machine
// state. A sum made at decode assumes that a block inherits nothing; its first two clock ops add
// what it does inherit: nothing reaches farther, see Carry. So single steps, blocks, slices and
// snapshots count the same.
#pragma once

#include <string>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise::cpu {

class Timing {
 public:
  enum class Kind : u8 { Fixed, Test, I486, P5 };
  static std::vector<std::string> names() { return {"fixed", "i486", "p5", "test"}; }
  static Timing fixed() { return Timing(Kind::Fixed); }
  static Result<Timing> create(const std::string& name) {
    if (name == "fixed") return fixed();
    if (name == "test") return Timing(Kind::Test);
    if (name == "i486") return Timing(Kind::I486);
    if (name == "p5") return Timing(Kind::P5);
    return fail("timing=" + name + ": there are 'fixed', 'i486', 'p5' and 'test'");
  }
  Kind kind() const { return kind_; }
  unsigned cost(u64 ip) const {
    return kind_ == Kind::Test ? unsigned(((ip & 0xFFF) * 0x9E3779B97F4A7C15ull >> 40) % 41) : 1;
  }
  unsigned event_cost() const { return 1; }
  // Has clock ops, and state in each vCPU.
  bool modelled() const { return kind_ == Kind::I486 || kind_ == Kind::P5; }

 private:
  explicit Timing(Kind kind) : kind_(kind) {}
  Kind kind_;
};

}  // namespace reprise::cpu
