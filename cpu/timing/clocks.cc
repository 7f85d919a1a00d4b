#include "cpu/timing/clocks.h"

namespace reprise::cpu {

bool Clocks::miss(unsigned set, u32 tag, bool fill) {
  if (!fill) return false;
  u32* const way = &tags[set * kWays];
  const u8 bits = order[set];
  unsigned victim = bits & 1 ? (bits & 4 ? 3 : 2) : (bits & 2 ? 1 : 0);
  for (unsigned i = kWays; i-- > 0;)
    if (way[i] == kEmpty) victim = i;
  way[victim] = tag;
  use(set, victim);
  return false;
}

void Clocks::state(State& s) {
  s("carry", carry, 0, (u64(1) << 59) - 1)("line", line)("rep_at", rep_at)("fpu_free", fpu_free)(
      "write_free", write_free);
  s("tags", tags)("order", order);
  Counters& n = counters;
  s("lines", n.lines)("line_misses", n.line_misses)("reads", n.reads)("read_misses", n.read_misses);
  s("writes", n.writes)("write_stalls", n.write_stalls)("misaligned", n.misaligned);
  s("taken", n.taken)("not_taken", n.not_taken)("fpu_waits", n.fpu_waits);
}

}  // namespace reprise::cpu
