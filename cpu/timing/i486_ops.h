// Clock ops of the 486: before each instruction that needs one.
#pragma once

#include "cpu/timing/clock_ops.h"

namespace reprise::cpu {

class I486Ops : public ClockOps {
 public:
  void prepare(const Cpu& c, Op* ops, unsigned count, const u8* bytes, u64 linear, u16* costs,
               bool alone) override;
  unsigned lay_out(Op* ops, bool ends, Op* out) const override;
  void put_carries(Op* slots) const override;
  void left_before(Cpu& c, const Op* op) const override;

 private:
  Clocked of_[kMax];
  u8 duties_[kMax];
  bool needed_[kMax];
};

}  // namespace reprise::cpu
