// A model's table: for each form of an instruction its clocks, in rows as manuals print them.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "cpu/timing/form.h"

namespace reprise::cpu {

// How the figures of a row are meant. `v` holds them in the order named here.
enum class Rule : u8 {
  Fixed,      // clocks
  Mode,       // real, protected, virtual-8086
  Branch,     // taken, not
  Predict,    // predicted, mispredicted in the U pipe, in the V pipe
  Jump,       // clocks; a near transfer that always goes elsewhere
  Port,       // real, protected where allowed, protected by the I/O map, virtual-8086
  Bits,       // 13 to v[1]: 10 + the bits of the multiplier, at least 3
  Scan,       // lowest, highest: by the zeros that BSF and BSR pass over
  Rotate,     // lowest, highest: by the count
  Condition,  // true, false
  Equal,      // equal, not
  Enter,      // level 0, level 1, base of more, each level
  Rep,        // count 0, base, each, count 1
  RepPort,    // real, allowed, by map, v86: bases; each
  Fpu,        // clocks; concurrent with integer instructions, with floating-point ones
  FpuPc,      // 24, 53, 64 bits of precision control; concurrent with each
  FpuMode,    // real, protected
  FpuRange,   // lowest, highest, concurrent with each: the middle is charged
  Wait,       // clocks, after the floating-point unit has ended
  Far,        // real, protected, gate, TSS, task gate, gate inward, ... with parameters; each
  Return,     // real, same level, outward, to virtual-8086 mode, to a task
  Interrupt,  // real, same level, inward, from v86, task gate; INTO that does nothing
  Tlb,        // hit, miss
  Paging,     // off, on
  Level,      // privilege level 0, others
};

// How an instruction pairs on a Pentium, as Intel's AP-500 has it.
enum class Pair : u8 {
  NP,    // not: runs alone, in the U pipe
  UV,    // in either pipe
  PU,    // in the U pipe only
  PV,    // in the V pipe, or alone
  FX,    // with FXCH behind it
  FXCH,  // behind one of these
};

struct Row {
  const char* name;
  const char* operands;
  Rule rule;
  std::array<i16, 8> v;
  // Opcodes: XX or 0FXX, then /d for a ModRM digit or =XX for a whole ModRM byte, then r or m for
  // its form, w for operands of 16 bits, * under REP.
  const char* encodings;
  const char*
      sample;   // 32-bit code for the test, [edi] where there is memory; "": a test of its own
  u8 miss = 2;  // clocks more where a read misses the cache
  const char* note = "";
  Pair pair = Pair::NP;
};

// Task switches, clocks: to a 32-bit task, to one in virtual-8086 mode, to a 16-bit one.
using TaskClocks = std::array<u16, 3>;

class ClockTable {
 public:
  explicit ClockTable(std::span<const Row> rows);
  // Null: the table has no such form; see the extension rule (README.md).
  const Row* find(const Form& f) const;

 private:
  struct Entry {
    const Row* row;
    i16 digit = -1, modrm = -1;
    bool reg_form = true, memory_form = true, word = false, rep = false;
  };
  std::vector<Entry> entries_[4][256];
};

std::span<const Row> i486_rows();
std::span<const Row> p5_rows();
// As the Pentium manual's table of task switches has them (IBM's Assembly Language Processor
// Reference, OS/2 Toolkit 4.5, prints it).
inline constexpr TaskClocks kP5Task = {85, 71, 87};

}  // namespace reprise::cpu
