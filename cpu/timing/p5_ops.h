// Clock ops of the Pentium: one at the front of each block, and a few inside.
#pragma once

#include "cpu/timing/clock_ops.h"
#include "cpu/timing/p5.h"

namespace reprise::cpu {

// What the pipes need to know of an instruction.
struct P5Pipe {
  u16 address = 0;  // registers that addresses are formed of; rSP of the stack too
  u16 sources = 0;  // other registers that are read
  u16 writes = 0;   // not rSP where the stack moves it
  u16 clocks = 1;
  u8 prefixes = 0;  // that take the decoder a clock each
  Pair pair = Pair::NP;
  u8 stack = 0;           // 1: pushes, 2: pops
  bool disp_imm = false;  // has a displacement and an immediate
  bool reads_flags = false, writes_flags = false;
  bool ends = false;  // what follows is decoded afresh
  u8 branch = P5Branch::kNone;
  bool memory = false;  // of which the bank matters
};

// Which values a floating-point instruction waits for and leaves.
struct P5Fp {
  bool present : 1 = false;
  bool exchange : 1 = false;  // FXCH
  bool multiply : 1 = false;
  bool store : 1 = false;  // needs its value a clock before
  bool wait : 1 = false;   // FWAIT: for all that goes on
  u8 reads = 0;            // bits: ST(0), ST(i)
  u8 writes = 0;           // 1: ST(0), 2: ST(i), 3: what is pushed
  u8 i = 0;
  u8 overlap = 0;  // clocks beside floating-point instructions
  u8 spare[3] = {};
};
static_assert(sizeof(P5Fp) == sizeof(Clocked::after));

class P5Ops : public ClockOps {
 public:
  void prepare(const Cpu& c, Op* ops, unsigned count, const u8* bytes, u64 linear, u16* costs,
               bool alone) override;
  unsigned lay_out(Op* ops, bool ends, Op* out) const override;
  void put_carries(Op* slots) const override;
  void left_before(Cpu& c, const Op* op) const override;
  void faulted(Cpu& c, const Op* op) const override;

 private:
  P5Pipe pipe_[kMax];
  Clocked of_[kMax];
  P5Exit exit_[kMax];  // behind each
  u16 stall_[kMax];    // of the pair's clocks, before it starts
  u8 duties_[kMax];
  bool needed_[kMax];     // a clock op
  bool only_line_[kMax];  // for a line of code
  u8 pairs_ = 0, agi_ = 0;
  u16 bytes_ = 0;
  bool long_ = false;
};

}  // namespace reprise::cpu
