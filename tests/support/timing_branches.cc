// Near branches, predicted and so that the last two of four runs go otherwise than those before.
// What a wrong guess costs shows at the next instruction, which is one of a clock.
#include <algorithm>
#include <functional>

#include "tests/support/timing_samples.h"

namespace reprise::cpu {

namespace {

constexpr unsigned kChain = 8;

// Jumps or calls, 256 bytes apart: too many for a set of the branch target buffer.
std::vector<u8> chain(u8 opcode) {
  std::vector<u8> code(kChain * 256 + 1, 0x90);
  for (unsigned n = 0; n < kChain; ++n) {
    const u8 branch[5] = {opcode, 256 - 5, 0, 0, 0};
    std::copy(branch, branch + 5, code.begin() + n * 256);
  }
  return code;
}

}  // namespace

std::vector<TimingCase> branch_cases(const TableModel& model, const Row& row, bool blocks) {
  using Prepare = std::function<void(TimingMachine&)>;
  const auto run = [&](const std::vector<u8>& code, const Prepare& prepare) {
    TimingMachine t(model.name, GuestKind::kProtected, blocks);
    return t.clocks(code, prepare) - 1;
  };
  const auto& v = row.v;
  // Behind the branch is an instruction whose last byte, 4 on, is another one; either is a clock.
  const std::string code(row.sample), behind = "B890909090", mov = "89C8";
  const std::vector<u8> followed = from_hex(code + behind);
  if (row.encodings[0] == '7') {
    const auto flags = [](u64 value) {
      return [value](TimingMachine& t) { t.c.flags.set_raw(value); };
    };
    const Prepare turn = [](TimingMachine& t) { t.c.flags.set_raw(t.round() == 2 ? ZF : 0); };
    return {
        row_case(row, "taken as predicted", v[0], run(followed, flags(ZF))),
        row_case(row, "not taken as predicted", v[0], run(followed, flags(0))),
        row_case(row, "mispredicted in U", v[1], run(followed, turn)),
        row_case(row, "mispredicted in V", v[2], run(from_hex(mov + code + behind), turn)),
    };
  }
  if (code[0] == 'E') {
    const i64 all = run(chain(code[1] == 'B' ? 0xE9 : 0xE8), {});
    return {row_case(row, "predicted", v[0], run(followed, {})),
            row_case(row, "eight, mispredicted", v[1] * kChain, all)};
  }
  // An indirect one is taken, even to what is behind it.
  const auto lead = [&](TimingMachine& t, unsigned more) {
    const u32 to = u32(t.code_ip() + from_hex(code).size() + more);
    t.c.r[RSI] = to;
    t.data(0, to);
    t.stack(0, to);
  };
  return {
      row_case(row, "predicted", v[0], run(followed, [&](TimingMachine& t) { lead(t, 0); })),
      row_case(row, "mispredicted", v[1],
               run(followed, [&](TimingMachine& t) { lead(t, t.round() & 1 ? 4 : 0); })),
  };
}

}  // namespace reprise::cpu
