// What data and privilege add to the clocks of an instruction: the same in each model.
#pragma once

#include "cpu/timing/clock_ops.h"

namespace reprise::cpu {

// Linear address of the byte at `offset` in the running block.
inline u64 linear_code(const Cpu& c, unsigned offset) {
  const u64 ip = (c.r[kRip] + offset) & c.ip_mask();
  return c.code64() ? ip : u32(c.seg[CS].base + ip);
}
// ... of the datum that the instruction is about to touch.
u64 data_address(const Cpu& c, const Op* op, const Clocked& i);

// What a row says of a form, into `k`; returns the clocks that it takes at least. `index`: of the
// row, for far transfers.
int set_rule(Clocked& k, const Row& r, i16 index, const Form& f, u32 mode);

// Can nothing see at which cycle this instruction starts? It touches no memory, cannot fault, and
// does not read the time.
bool sees_no_time(const Form& f);
// Is there anything to work out at run time?
bool has_rule(Rule rule);
// By the Clocked two slots before `op`; nothing of the floating-point unit.
i64 rule_clocks(Cpu& c, const Op* op);
// Will the branch `op`, of Rule::Branch, be taken?
bool branches(const Cpu& c, const Op* op);

}  // namespace reprise::cpu
