// The models that have tables.
#include "cpu/timing/i486.h"
#include "tests/support/timing_cases.h"

namespace reprise::cpu {

namespace {
constexpr unsigned kLocked = 5;  // M. Abrash: 5 and more
}

const TableModel& i486_model() {
  static const TableModel model{"i486", i486_rows(), i486::kTask, i486::kLocked, false};
  return model;
}

const TableModel& p5_model() {
  static const TableModel model{"p5", p5_rows(), kP5Task, kLocked, true};
  return model;
}

}  // namespace reprise::cpu
