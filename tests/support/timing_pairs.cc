// Pairing classes of a table's rows: each sample before and behind a MOV that may go into either
// pipe and has nothing to do with it, and a floating-point one before FXCH. A pair takes what the
// longer of the two does, as neither changes memory beside the other; others take the sum.
#include <string_view>

#include "tests/support/timing_samples.h"

namespace reprise::cpu {

namespace {

constexpr const char* kMov = "89ED";  // MOV EBP,EBP
constexpr const char* kFxch = "D9C9";

class Pairs {
 public:
  Pairs(const TableModel& model, bool blocks) : model_(model), blocks_(blocks) {}
  std::vector<TimingCase> all() {
    for (const Row& row : model_.rows) one(row);
    return std::move(cases_);
  }

 private:
  void add(const Row& row, const char* way, i64 expected, const std::string& before,
           const std::string& behind) {
    TimingMachine t(model_.name, GuestKind::kProtected, blocks_);
    const i64 ours =
        t.clocks(from_hex(before + row.sample + behind), [&](TimingMachine& m) { set_up(m, row); });
    cases_.push_back(row_case(row, way, expected, ours));
  }
  void one(const Row& row) {
    const std::string_view name = row.name;
    const bool branch = row.rule == Rule::Predict, fpu = floating(row);
    if (!*row.sample || (row.rule != Rule::Fixed && !branch && !fpu)) return;
    if (name == "HLT" || name == "POPA" || name == "LEAVE") return;  // the last two write EBP
    const i64 own = fpu ? whole_clocks(row) - clocks_beside_integer(row)
                        : row.v[0] + clocks_beside(model_, row);
    const Pair pair = row.pair;
    const bool u = pair == Pair::UV || pair == Pair::PU, v = pair == Pair::UV || pair == Pair::PV;
    if (!branch) add(row, "before MOV", own + !u, "", kMov);
    add(row, "behind MOV", own + !v, kMov, "");
    if (fpu && pair != Pair::FXCH) {
      const bool fx = pair == Pair::FX;
      add(row, "before FXCH", fx ? own : whole_clocks(row) - clocks_beside_float(row) + 1, "",
          kFxch);
    }
  }

  const TableModel& model_;
  const bool blocks_;
  std::vector<TimingCase> cases_;
};

}  // namespace

std::vector<TimingCase> pair_cases(const TableModel& model, bool blocks) {
  return Pairs(model, blocks).all();
}

}  // namespace reprise::cpu
