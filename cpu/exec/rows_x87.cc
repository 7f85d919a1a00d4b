// The opcode map of the x87: D8h to DFh and FWAIT.
#include "cpu/exec/x87_rows.h"

namespace reprise::cpu {

void add_x87_rows(Tables& t) {
  add_x87_move_rows(t);
  add_x87_arithmetic_rows(t);
  add_x87_control_rows(t);
}

}  // namespace reprise::cpu
