// Far transfers, interrupts and tasks: their clocks depend on the way they go, which is known when
// they have gone it.
#include <string_view>

#include "cpu/cluster.h"
#include "cpu/engine/run.h"
#include "cpu/system/instructions.h"
#include "cpu/timing/clock_ops.h"
#include "cpu/timing/i486.h"
#include "cpu/timing/rules.h"

namespace reprise::cpu {

namespace {

std::span<const Row> rows_of(const Clocks& k) { return k.p5 ? p5_rows() : i486_rows(); }
const Row* event_row(std::span<const Row> rows) {
  for (const Row& r : rows)
    if (r.name == std::string_view("hw_interrupt/exception")) return &r;
  return nullptr;
}
i64 task_clocks(const Clocks& k) { return (k.p5 ? kP5Task : i486::kTask)[k.task]; }

// What `row` says of the way that was gone, less what was charged before.
i64 far_clocks(const Cpu& c, const Row& row, const EventOrigin& from) {
  const Clocks& k = *c.clocks;
  const auto& v = row.v;
  const bool prot = from.protected_mode && !from.v86;
  const bool switched = k.path == FarPath::Tss || k.path == FarPath::TaskGate;
  switch (row.rule) {
    case Rule::Far:
      if (k.path == FarPath::Tss) return v[3] + task_clocks(k) - v[1];
      if (k.path == FarPath::TaskGate) return v[4] + task_clocks(k) - v[1];
      if (c.cpl != from.cpl && v[5])
        return (k.parameters ? v[6] + v[7] * k.parameters : v[5]) - v[1];
      return k.path == FarPath::Gate ? v[2] - v[1] : 0;
    case Rule::Return:
      if (switched) return v[4] + task_clocks(k) - v[1];
      if (prot && c.v86()) return v[3] - v[1];
      return c.cpl != from.cpl ? v[2] - v[1] : 0;
    default: {
      const i64 charged = from.v86 ? v[3] : prot ? v[1] : v[0];
      if (switched) return v[4] + task_clocks(k) - charged;
      return prot && c.cpl != from.cpl ? v[2] - charged : 0;
    }
  }
}

template <auto Fn>
void far_transfer(Cpu& c, const Op& op) {
  const EventOrigin from = event_origin(c);
  const Clocked& i = clocked(&op - 2);
  const bool idle = Fn == into && !c.flags.of();
  Fn(c, op);
  if (idle) return;
  const Row& row = rows_of(*c.clocks)[std::size_t(i.a)];
  i64 more = far_clocks(c, row, from);
  // INTO's block has paid for doing nothing.
  if (Fn == into)
    more += (from.v86 ? row.v[3] : from.protected_mode ? row.v[1] : row.v[0]) - i.clocks;
  c.cycle += u64(more);
}

}  // namespace

Handler far_handler(Handler h) {
  static constexpr struct {
    Handler plain, asks;
  } all[] = {
      {jump<jmp_far_direct>, jump<far_transfer<jmp_far_direct>>},
      {jump<jmp_far_memory>, jump<far_transfer<jmp_far_memory>>},
      {jump<call_far_direct>, jump<far_transfer<call_far_direct>>},
      {jump<call_far_memory>, jump<far_transfer<call_far_memory>>},
      {jump<ret_far>, jump<far_transfer<ret_far>>},
      {jump<int3>, jump<far_transfer<int3>>},
      {jump<int_n>, jump<far_transfer<int_n>>},
      {jump<into>, jump<far_transfer<into>>},
      {jump<iret>, jump<far_transfer<iret>>},
  };
  for (const auto& each : all)
    if (h == each.plain) return each.asks;
  return h;
}

EventOrigin event_origin(Cpu& c) {
  c.clocks->path = FarPath::Direct;
  c.clocks->parameters = 0;
  return {c.protected_mode(), c.v86(), c.cpl};
}

void charge_event(Cpu& c, const EventOrigin& from) {
  static const Row* const rows[2] = {event_row(i486_rows()), event_row(p5_rows())};
  const Row* const row = rows[c.p5 != nullptr];
  const i64 base = from.v86 ? row->v[3] : from.protected_mode ? row->v[1] : row->v[0];
  c.cycle += u64(base + far_clocks(c, *row, from)) - c.cluster.timing().event_cost();
}

}  // namespace reprise::cpu
