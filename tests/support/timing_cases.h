// Every row of a timing model's table, and every answer that is known from elsewhere, measured in a
// guest: what cpu/timing/README.md lists and the tests hold.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cpu/timing/table.h"
#include "replay/core/types.h"

namespace reprise::cpu {

struct TimingCase {
  std::string id, what;
  std::string theirs;   // as the source has it
  double expected = 0;  // clocks that the source gives for what was run
  double ours = 0;
  double tolerance = 0;  // relative
  std::string note;      // why it differs, if it may
  std::string pairs;     // pairing class of the row
  bool miss = false;     // a known one: listed, not held

  bool good() const {
    const double off = ours - expected;
    return off <= expected * tolerance && -off <= expected * tolerance;
  }
};

// A model with a table, and what a test has to know of it beside.
struct TableModel {
  const char* name;
  std::span<const Row> rows;
  TaskClocks task;
  unsigned locked;  // clocks of a locked access on the bus
  bool pairs;       // has two pipes, and hides prefixes by an instruction's own clocks
};
const TableModel& i486_model();
const TableModel& p5_model();

// `blocks`: as the machine's block cache.
std::vector<TimingCase> row_cases(const TableModel& model, bool blocks);
std::vector<TimingCase> far_cases(const TableModel& model, bool blocks);
std::vector<TimingCase> i486_known_cases(bool blocks);
std::vector<TimingCase> p5_known_cases(bool blocks);
// Of each row that has a sample: what it may pair with, and where.
std::vector<TimingCase> pair_cases(const TableModel& model, bool blocks);
// Penalties beside the same without them.
std::vector<TimingCase> p5_penalty_cases(bool blocks);
// What was measured on the chip.
std::vector<TimingCase> p5_silicon_cases(bool blocks);
// Its extension rule, in 64-bit mode.
std::vector<TimingCase> p5_extension_cases(bool blocks);
// Of rows that were in doubt: what reference tables print of them, beside the row's own figures.
std::vector<TimingCase> published_cases(const TableModel& model);
std::string published_table(const TableModel& model);

// The whole of cpu/timing/README.md, and the Pentium's part of it.
std::string timing_readme();
std::string p5_readme();
std::string timing_table(const std::vector<TimingCase>& cases);

}  // namespace reprise::cpu
