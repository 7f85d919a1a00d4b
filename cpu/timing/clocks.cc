#include "cpu/timing/clocks.h"

namespace reprise::cpu {

// Pseudo-LRU, as the 486 has it: bit 0 tells whether the
// older half is ways 0-1 or 2-3; bits 1 and 2 which way of each half is older.
bool Clocks::look_up(u64 line_number, bool fill) {
  const unsigned set = unsigned(line_number) & (kSets - 1);
  u64* const way = &tags[set * kWays];
  u8& bits = order[set];
  const auto use = [&bits](unsigned i) {
    if (i < 2)
      bits = u8((bits & 4) | 1 | (i == 0 ? 2 : 0));
    else
      bits = u8((bits & 2) | (i == 2 ? 4 : 0));
  };
  for (unsigned i = 0; i < kWays; ++i)
    if (way[i] == line_number) {
      use(i);
      return true;
    }
  if (!fill) return false;
  unsigned victim = kWays;
  for (unsigned i = 0; i < kWays && victim == kWays; ++i)
    if (way[i] == kNever) victim = i;
  if (victim == kWays) victim = bits & 1 ? (bits & 4 ? 3 : 2) : (bits & 2 ? 1 : 0);
  way[victim] = line_number;
  use(victim);
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
