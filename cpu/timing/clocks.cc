#include "cpu/timing/clocks.h"

#include "cpu/timing/i486_ops.h"
#include "cpu/timing/p5_ops.h"

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

Clocks::Clocks(const Timing& timing) {
  tags.fill(kEmpty);
  if (timing.kind() == Timing::Kind::P5)
    p5 = std::make_unique<P5>(), ops = std::make_unique<P5Ops>();
  else
    ops = std::make_unique<I486Ops>();
}
Clocks::~Clocks() = default;

void Clocks::reset() {
  if (p5)
    *p5 = P5();
  else
    tags.fill(kEmpty), order = {};
  flush_pipeline();
  fpu_free = write_free = 0;
  counters = {};
  inherited = false;
  path = FarPath::Direct;
  parameters = task = 0;
}

std::vector<std::pair<const char*, u64>> Clocks::counted() const {
  if (p5) {
    const P5::Counters& n = p5->counters;
    return {{"pairs", n.pairs},
            {"code-misses", n.line_misses},
            {"code-tlb-misses", n.code_tlb_misses},
            {"read-misses", n.read_misses},
            {"write-misses", n.write_misses},
            {"write-stalls", n.write_stalls},
            {"data-tlb-misses", n.data_tlb_misses},
            {"misaligned", n.misaligned},
            {"bank-conflicts", n.bank_conflicts},
            {"address-stalls", n.agi},
            {"branches", n.branches},
            {"mispredicted", n.mispredicted},
            {"fpu-waits", n.fpu_waits}};
  }
  const Counters& n = counters;
  return {{"code-lines", n.lines},      {"code-misses", n.line_misses},
          {"reads", n.reads},           {"read-misses", n.read_misses},
          {"writes", n.writes},         {"write-stalls", n.write_stalls},
          {"misaligned", n.misaligned}, {"taken", n.taken},
          {"not-taken", n.not_taken},   {"fpu-waits", n.fpu_waits}};
}

void Clocks::state(State& s) {
  if (p5) {
    s("rep_at", rep_at)("p5", *p5);
    return;
  }
  s("carry", carry, 0, (u64(1) << 59) - 1)("line", line)("rep_at", rep_at)("fpu_free", fpu_free)(
      "write_free", write_free);
  s("tags", tags)("order", order);
  Counters& n = counters;
  s("lines", n.lines)("line_misses", n.line_misses)("reads", n.reads)("read_misses", n.read_misses);
  s("writes", n.writes)("write_stalls", n.write_stalls)("misaligned", n.misaligned);
  s("taken", n.taken)("not_taken", n.not_taken)("fpu_waits", n.fpu_waits);
}

}  // namespace reprise::cpu
