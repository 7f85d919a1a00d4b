// The samples of a table's rows: what they need, and what of their clocks is not their row's.
#pragma once

#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

namespace reprise::cpu {

inline constexpr i64 kPortClocks = 1000;  // an access to a port takes 1 us beside, in any model

inline bool floating(const Row& row) { return row.rule >= Rule::Fpu && row.rule <= Rule::FpuRange; }
// Of a floating-point row, where one figure is enough.
i64 whole_clocks(const Row& row);
i64 clocks_beside_integer(const Row& row);
i64 clocks_beside_float(const Row& row);
// Registers and memory, wherever the sample runs.
void set_up(TimingMachine& t, const Row& row);
// Prefixes that the form needs, the bus of a locked access.
i64 clocks_beside(const TableModel& model, const Row& row);
TimingCase row_case(const Row& row, const std::string& way, i64 expected, i64 ours);
// A near branch, predicted and not.
std::vector<TimingCase> branch_cases(const TableModel& model, const Row& row, bool blocks);

}  // namespace reprise::cpu
