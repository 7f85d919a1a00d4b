// Clock ops: what a timing model runs before an instruction.
//
// In a block of a modelled vCPU an instruction that needs one has two slots before its Op: the
// clock op, which has the position of the instruction, and a Clocked with what the model knows of
// it. Behind the block's Links lies, for each boundary inside it, what the pipeline has in it
// there: a chain that is left in the middle finds it by Op::count_left.
#pragma once

#include "cpu/cpu.h"
#include "cpu/timing/clocks.h"
#include "cpu/timing/form.h"
#include "cpu/timing/table.h"

namespace reprise::cpu {

struct Clocked {
  // Of the pipeline; see Form.
  u16 address, reads, writes;
  u16 cost;    // clocks that the block's sum has for it
  u16 clocks;  // its own, at least
  u8 decode;   // the decoder's, which an instruction before may hide
  bool byte_write : 1, memory : 1;
  bool straddles : 1;  // lies in two lines of code
  bool leaves : 1;     // control goes elsewhere, always
  // Of the rest.
  Rule rule;
  Touch touch;
  u8 size, miss;
  i16 a, b, c;
  u8 lines;          // of code (16 bytes) that it is the first in its block to need
  u8 room : 4;       // bytes past a doubleword's first at which the datum still fits
  bool several : 1;  // lines, or it may go on: the general way to fetch
  u64 after;         // Carry: behind it, if it is the first or last of its block; or P5Fp
};
static_assert(sizeof(Clocked) == sizeof(Op));
inline const Clocked& clocked(const Op* clock_op) {
  return *reinterpret_cast<const Clocked*>(clock_op + 1);
}

// The clock ops of one block that is being decoded, or of one instruction that runs alone.
class ClockOps {
 public:
  static constexpr unsigned kMax = 48;
  virtual ~ClockOps() = default;
  // `count` decoded ops, not relocated yet; `bytes`: their code, at linear address `linear`. Gives
  // the clocks of each, and puts in place of some handlers others that keep account. `alone`: one
  // that runs outside blocks.
  virtual void prepare(const Cpu& c, Op* ops, unsigned count, const u8* bytes, u64 linear,
                       u16* costs, bool alone) = 0;
  // The ops, finished, with theirs between: up to kSlots. Returns how many.
  virtual unsigned lay_out(Op* ops, bool ends, Op* out) const = 0;
  static constexpr unsigned kSlots = 3 * kMax + 2;
  // Goes behind the Links.
  unsigned carry_slots() const { return (count_ * kCarry + sizeof(Op) - 1) / sizeof(Op); }
  static constexpr unsigned kCarry = 8;  // bytes that a model keeps of a boundary, at most
  virtual void put_carries(Op* slots) const = 0;
  // A chain of the vCPU was left before `op`, in the middle of a block.
  virtual void left_before(Cpu& c, const Op* op) const = 0;
  // ... by a fault of `op`.
  virtual void faulted(Cpu&, const Op*) const {}

  // Bytes behind the block that prepare() looked at: what it made holds while they stay.
  unsigned peeked() const { return peeked_; }

 protected:
  // Those of the block that `op` is in, by Op::count_left.
  template <class Carry>
  static const Carry* carries(const Op* op) {
    while (!(op->flags & kOpEnds)) op += op->length ? 1 : op->osize;
    return reinterpret_cast<const Carry*>(op + 2);
  }
  unsigned count_ = 0, peeked_ = 0;
};

// Of a far transfer: the handler that asks afterwards which way was gone; others stay.
Handler far_handler(Handler plain);
// What an event adds to the single clock that it was counted with.
struct EventOrigin {
  bool protected_mode, v86;
  u8 cpl;
};
EventOrigin event_origin(Cpu& c);
void charge_event(Cpu& c, const EventOrigin& origin);

}  // namespace reprise::cpu
