#include "tests/support/timing_samples.h"

#include <algorithm>

namespace reprise::cpu {

i64 whole_clocks(const Row& row) {
  const auto& v = row.v;
  return row.rule == Rule::FpuRange ? (v[0] + v[1]) / 2 : row.rule == Rule::FpuPc ? v[2] : v[0];
}

i64 clocks_beside_integer(const Row& row) {
  return row.v[row.rule == Rule::FpuPc ? 3 : row.rule == Rule::FpuRange ? 2 : 1];
}

i64 clocks_beside_float(const Row& row) {
  return row.v[row.rule == Rule::FpuPc ? 4 : row.rule == Rule::FpuRange ? 3 : 2];
}

void set_up(TimingMachine& t, const Row& row) {
  const std::string_view s = row.sample, name = row.name;
  Cpu& c = t.c;
  if (s == "FF E6" || s == "FF D6") c.r[RSI] = t.end_ip();
  if (s == "FF 27" || s == "FF 17") t.data(0, u32(t.end_ip()));
  if (s == "C3" || s == "C2 00 00") t.stack(0, u32(t.end_ip()));
  if (s == "0F 22 C6" || s == "0F 01 F6") c.r[RSI] = c.cr0;
  if (s == "0F 22 DE") c.r[RSI] = c.cr3;
  if (s == "0F 32" || s == "0F 30") c.r[RCX] = 0x174;  // an MSR that does nothing by itself
  if (s == "0F 00 D8") c.r[RAX] = kTask, t.m.poke(Machine::kGdt + kTask + 5, 1, 0x89);
  if (name == "DIV" || name == "IDIV") c.r[RCX] = 7;
  if (name.substr(0, 2) == "BT") c.r[RCX] = 5;
  if (name == "POPF") t.stack(0, 2);
  if (!floating(row)) return;
  for (auto& r : c.fpu.physical) r = {u64(1) << 63, 0x3FFF};
  t.data(0, 0), t.data(1, 0), t.data(2, 0);
  if (name == "FLDCW" || name == "FLDENV" || name == "FRSTOR") t.data(0, 0x37F);
}

i64 clocks_beside(const TableModel& model, const Row& row) {
  const std::string_view s = row.sample, name = row.name;
  const bool wide = s.substr(0, 2) == "66";
  const i64 prefixes = wide + (s.substr(wide ? 3 : 0, 2) == "0F");
  i64 clocks = model.pairs ? std::max<i64>(0, prefixes - (row.v[0] - 1)) : wide;
  if (name == "XCHG" && row.operands[0] == 'm') clocks += model.locked;
  if (name == "LOCK") clocks += 3 + model.locked;
  if (row.rule == Rule::Port) clocks += kPortClocks;
  return clocks;
}

static const char* pair_name(Pair pair) {
  static constexpr const char* names[] = {"NP", "UV", "PU", "PV", "FX", "FXCH"};
  return names[unsigned(pair)];
}

TimingCase row_case(const Row& row, const std::string& way, i64 expected, i64 ours) {
  return {.id = std::string(row.name) + " " + row.operands,
          .what = way,
          .theirs = std::to_string(expected),
          .expected = double(expected),
          .ours = double(ours),
          .note = row.note,
          .pairs = pair_name(row.pair)};
}

}  // namespace reprise::cpu
