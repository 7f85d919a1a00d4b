// A machine with stops of an operator, and what they met.
#pragma once

#include "tests/cpu/system_machine.h"

namespace reprise::cpu {

inline constexpr u64 kCode = Machine::kCode, kData = 0x20000;

class StopsTest : public SystemTest {
 protected:
  void watch(std::vector<StopCondition> list) {
    for (u32 i = 0; i < list.size(); ++i) list[i].id = i + 1;
    m.cluster->stops().set_stops(std::move(list), [this](const StopHit& hit) {
      if (hit.at == stood_at) return false;  // a run goes on from here
      hits.push_back(hit);
      return stops;
    });
  }
  // True if a stop ended it.
  bool run(u64 instructions = 100) {
    m.run(instructions);
    if (!m.cluster->take_stop()) return false;
    stood_at = m.cluster->position();
    return true;
  }
  void expect_hit(std::size_t i, StopKind kind, u64 icount, u64 pc, u64 address,
                  unsigned size = 0) {
    ASSERT_LT(i, hits.size());
    EXPECT_EQ(hits[i].kind, kind);
    EXPECT_EQ(hits[i].at.icount, icount);
    EXPECT_EQ(hits[i].pc, pc);
    EXPECT_EQ(hits[i].address, address);
    EXPECT_EQ(hits[i].size, size);
  }
  u64 icount() { return m.cluster->position().icount; }

  bool stops = true;  // the answer
  Position stood_at{kNever, kNever};
  std::vector<StopHit> hits;
};

inline StopCondition on(StopKind kind, u64 first, u64 last, bool physical = false) {
  StopCondition c;
  c.kind = kind;
  c.first = first;
  c.last = last;
  c.physical = physical;
  return c;
}
inline StopCondition pc(u64 at) { return on(StopKind::Pc, at, at); }
inline StopCondition physical(StopKind kind, u64 first, u64 last) {
  return on(kind, first, last, true);
}

}  // namespace reprise::cpu
