// cpu/timing/README.md, written from what the tests measure.
#include <algorithm>
#include <cstdio>

#include "tests/support/timing_cases.h"

namespace reprise::cpu {

namespace {

constexpr const char* kHead =
    R"(# Timing models: what is counted, and against what it was held

This file is made by `REPRISE_WRITE_TIMING=1 build/unit-tests --gtest_filter=TimingReadme.*`, which runs the code of
each line in a guest and reads the cycles; a test holds that it is what would be made again. "theirs" is the source's
figure, "ours" what the guest took, with blocks and without.

## i486

An Intel 486DX, by its published clock counts and by what its pipeline was measured to do (M. Abrash, *Graphics
Programming Black Book*, chapters 12, 13, 19, 45; the *Intel486 Processor Programmer's Reference Manual*'s tables as the
HelpPC reference prints them; IBM's *ALP Programming Guide and Reference*, OS/2 Toolkit 4.5, for XADD, BT and REP).
Nobody has a trace of the chip cycle by cycle: the claim is that every published row and every published measurement
below is met, not more.

What is counted, in this order for each instruction:

- **The pipeline** (`i486.h`): a clock for each prefix, for an index register, and for an immediate beside a
  displacement, unless a longer instruction before hides it; a base register (rSP of PUSH, POP, CALL, RET too) written
  just before: 1 (real mode 2, and 1 an instruction later); a byte register loaded exactly two clocks before an address
  is formed: 1; a register read in full whose byte was just written: 1. A taken branch empties it.
- **Code**: a line of 16 bytes that is not in the cache, 2; a branch to an instruction that lies in two lines, 3.
- **Data**: a read that misses, by its row (2; 6 where it is written back; 5 for JMP and CALL); a datum across a
  doubleword's boundary, 3; a write, when four are waiting, until there is room (2 clocks each on the bus); a locked
  access, 4.
- **Its own clocks**, by its row: by mode, by privilege, by what a branch does, by the bits of a multiplier or a scan.
- **The floating-point unit** works beside the integer one for the clocks that the row says; the next instruction for it
  waits.
- REP string instructions: base and clocks for each, the base again after an interruption.
- Interrupts, exceptions, gates, far transfers and task switches, by the way that was gone.

The cache is 8 KiB, unified, 4 ways of 16-byte lines, pseudo-LRU, write-through without allocation, by physical address.
It, the pipeline, the write buffer and the floating-point unit are the vCPU's state: saved, hashed, replayed.

Conventions, where no source gives more: clocks of which only a range is published grow with the operand in proportion
(BSF, BSR, RCL, RCR); those of floating-point instructions with a range are its middle. **Extension rule, version 1**:
a form that the table has not (64-bit, CMOV, MMX, SSE, ...) takes 1 clock, 2 where it reads memory, 3 where it changes it;
SYSCALL, SYSENTER and their returns 20; 64-bit forms take what their 32-bit ones do; REX and 0F cost nothing; forms with
VEX take 1 clock, whatever they touch. No 486 ran them: this is a convention.

The cost on the host's side (`make bench PARTS=timing`, processor time of a boot of Debian's cloud kernel to power-off,
1.47e9 instructions of 64-bit code): `fixed` 3.22 s, `i486` 3.05 times that, `p5` 1.58 times; of a 32-bit kernel
(`-cpu pentium3`) `p5` 1.47 times.

Not modelled, by name: TLB misses (13 to 28 clocks: ours has other entries than the 486's); the cache in string
instructions, page walks, descriptor tables and stack frames of far transfers; a fill that is going on; invalidation by
INVD, WBINVD and CR0.CD; the write-back time of WBINVD; wait states (the bus has none; a port access takes 1 us, as with
`fixed`). Stalls for the cache and clocks that depend on operands do not hide what the pipeline would add.

)";

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

std::string timing_table(const std::vector<TimingCase>& cases) {
  const bool pairs = std::any_of(cases.begin(), cases.end(), [](const TimingCase& t) {
    return t.pairs != "" && t.pairs != "NP";
  });
  const bool ids = !cases.empty() && !cases[0].id.empty();
  std::string out = ids ? "| what | case |" : "| case |";
  out += pairs ? " pairs | theirs | ours | |\n" : " theirs | ours | |\n";
  out += ids ? "|---|---|" : "|---|";
  out += pairs ? "---|---|---|---|\n" : "---|---|---|\n";
  for (const TimingCase& t : cases) {
    if (ids) out += "| " + t.id + " ";
    out += "| " + t.what + " | " + (pairs ? t.pairs + " | " : "") + number(t.expected) + " | " +
           number(t.ours) + " | " + (t.miss || !t.good() ? "**miss** " : "") + t.note + " |\n";
  }
  return out;
}

std::string timing_readme() {
  std::string out = kHead;
  const auto known = i486_known_cases(true), rows = row_cases(i486_model(), true),
             far = far_cases(i486_model(), true);
  out += "### Known answers\n\nClocks of a copy or an iteration, code in the cache.\n\n" +
         timing_table(known);
  out += "\nMisses among them: ";
  std::string misses;
  for (const TimingCase& t : known)
    if (t.ours != t.expected) misses += (misses.empty() ? "" : ", ") + t.id;
  out += (misses.empty() ? "none" : misses + " (measured, within 5 %: see its note)") + ".\n";
  out += "\n### Far transfers, interrupts, tasks\n\n" + timing_table(far);
  out +=
      "\n### Rows held against further tables\n\nThe figures of rows that were less sure than the "
      "others, as other references print them (named under p5), in the order of "
      "`cpu/timing/table.h`. Still less sure, and in no reference that was found: MUL's early end, "
      "precision control's part in FDIV, TLB misses, interrupts from outside.\n\n" +
      published_table(i486_model());
  out +=
      "\n### Rows\n\nBeside these, four rows of test registers (MOV TR3, TR6, TR7) have no test: "
      "this "
      "machine has no test registers.\n\n" +
      timing_table(rows);
  return out + p5_readme();
}

}  // namespace reprise::cpu
