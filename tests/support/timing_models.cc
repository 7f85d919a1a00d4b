// The models that have tables.
#include "cpu/timing/i486.h"
#include "cpu/timing/p5.h"
#include "tests/support/timing_cases.h"

namespace reprise::cpu {

const TableModel& i486_model() {
  static const TableModel model{"i486", i486_rows(), i486::kTask, i486::kLocked, false};
  return model;
}

const TableModel& p5_model() {
  static const TableModel model{"p5", p5_rows(), kP5Task, kP5Locked, true};
  return model;
}

}  // namespace reprise::cpu
