// The Pentium's part of cpu/timing/README.md.
#include <algorithm>

#include "cpu/timing/p5.h"
#include "tests/support/timing_cases.h"

namespace reprise::cpu {

namespace {

constexpr const char* kHead = R"(
## p5

An Intel Pentium (P5, P54C; not MMX), by the pairing rules and clock counts that Intel published (application note
AP-500; *Pentium Processor Family Developer's Manual*, volume 3) and by what was measured of it (M. Abrash, *Graphics
Programming Black Book*, chapters 19 to 21 and 63; Agner Fog, *How to optimize for the Pentium family*, 2000). As with
the 486, nobody has a trace of the chip cycle by cycle, and the claim is the tables below.

Where tables and measurements differ, the measurement counts: Abrash's, Agner Fog's, and those of
[InstLatx64](https://github.com/InstLatx64/InstLatx64) of three chips, which also has the TLB and locked accesses (see
"Measured on the chip"). The rows of system instructions, REP, ports, gates and interrupts are not from volume 3
itself, but held against references that print figures like its: IBM's *ALP Programming Guide and Reference* (OS/2
Toolkit 4.5, "IBM" below), Microsoft's table of Pentium clocks (1993), the opcode list of Potemkin's Hackers' Group (in
R. Brown's Interrupt List), and the figures of the emulators MAME and 86Box where they are not the 486's. "Rows held
against further tables" lists what they confirm. What remains unsure:

| row | ours | others |
|---|---|---|
| MOV r32,dr0-dr3 | 2 | 11 by IBM; Microsoft has 11 for DR6 and DR7 alone; 2 to 12 in another table |
| INT i8 from virtual-8086 mode | 60 | 60 by 86Box; 82 by IBM, which is the 486's |
| IRET, real mode | 7 | 7 by 86Box; 8 by IBM and MAME |
| IRET, virtual-8086 mode | 7 | 8 by IBM |
| REPE CMPS | 9 + 4 each | so by IBM; measured 5 each |
| REPNE CMPS | 9 + 4 each | 8 + 4 each by IBM |
| LOOP | 5 taken, 6 not | 5 and 6 by IBM; a measurement has them the other way round |
| LAHF, SAHF | 2 | 2 in tables; measured 3, but by code that is not shown |
| CMPXCHG8B | 9 | measured 9; 10 in tables |
| MUL and IMUL of 32 bits | 10 | 10 in tables; measured 9, by Agner Fog too |
| PUSHA, POPA | 5 | 5 in tables, 5 to 9 by Agner Fog; measured 9 for 16 bits, 5 for 32 |
| FINCSTP, FDECSTP | 2 | 2 by Agner Fog and 86Box; measured 1 |
| FDIV with 64 bits | 39 | measured 41, and 39 by a half |
| RDTSC | 6, 11 outside level 0 | measured 11 and 12 outside level 0; none for level 0 |
| REP INS, virtual-8086 mode | 23 | none |
| hardware interrupts, exceptions | 11, 25, 42, 54 | as 86Box; no manual |
| HLT | 4 | 4 by MAME |
| BSF, BSR | up to 34, 43, 40, 72 | a clock less for registers by IBM (BSF of 16 bits: a clock more from memory) |
| FLDENV, FNSTENV | 34, 49 | by mode, 32 to 37 and 48 to 50, by IBM |
| a miss in the data cache | @ReadMiss@ | the board's; see "Measured on the chip" |

What is counted:

- **Two pipes** (`p5_pairs.cc`). An instruction pairs with the one behind it in the same page if their classes allow
  (UV: either pipe; PU: U only; PV: V only; NP: alone; FX: with FXCH behind it), the second has no prefix, neither has
  an immediate and a displacement, and the second neither reads nor writes a register that the first writes, whole or
  in part. Excepted: rSP in PUSH beside PUSH or CALL and POP beside POP, and flags before Jcc. Both pipes go on
  together: a pair takes 1 to 5 clocks, by whether each works on registers, reads memory or changes it. The clocks of
  a pair are charged with the first. After a branch the next instruction goes into U.
- **Addresses**: 1 clock where a register that was written in the clock before (by either pipe, across a predicted
  branch too) is used for one. What PUSH, POP, CALL and RET do to rSP does not count as such; RET with an immediate
  does.
- **Prefixes**, LOCK and 0F among them (but not of near Jcc, and in 64-bit code 0F and REX cost nothing): a clock
  each, unless hidden by the instruction's own clocks beyond its first, or by those of the instruction just before
  that hid no other. This is how the measured 5 and 4 clocks of listing 21.1 both come out, where the documented rules
  say 6.
- **Branches**: a buffer of 256 entries in 64 sets of 4, replaced in turn, with two-bit counters; a branch that is not
  in it is predicted not taken, and one that is taken is entered as strongly taken; indirect ones go where they went
  last, and so do returns. What a wrong guess costs, by the row, is charged with the instruction that follows the
  branch.
- **Caches**: 8 KiB each for code and data, 2 ways of 32-byte lines, the one used longest ago replaced, by physical
  address. A read that misses takes @ReadMiss@ clocks, a line of code @CodeMiss@: a burst of 3-1-1-1 of a 66 MHz bus
  from a second cache that always hits, beside a core of 100 MHz. Data are written back, and a write that misses takes
  no line: it goes into one of @WriteBuffers@ write buffers, each of which needs @WriteClocks@ clocks. Writing back a
  line costs nothing.
- **TLB**: 32 entries for code and 64 for data, 4 ways, replaced in turn: @TlbMiss@ clocks for a miss (measured, for
  data), found out where a line is not the one used last of its set of the cache.
- **Data**: a word or doubleword across a doubleword's boundary, or more across a quadword's: @Misaligned@; both of a
  pair in the same of 8 banks (address bits 2 to 4): 1; a locked access: @Locked@, the 8 clocks of the bus that were
  measured.
- **The floating-point unit**: an instruction takes its clocks till its result is there, and holds up the next of its
  unit, and the next integer one, for as many less as its row says. FMUL follows FMUL after 2. FST needs its value a
  clock before. FXCH in V takes nothing.
- REP string instructions (whatever their data do to the cache), interrupts, exceptions, gates, far transfers and task
  switches as with the 486.

Caches, TLB, branch target buffer, floating-point unit and pipes are the vCPU's state: saved, hashed, replayed.

Conventions, where sources give a range or differ: loading a descriptor in protected mode takes the highest figure;
BSF and BSR grow in proportion to the zeros passed over; RDMSR, WRMSR, CPUID and floating-point instructions take the
middle; RCL and RCR by more than 1 the lowest, as Agner Fog measured; rotates by an immediate do not pair, though
AP-500 says so; a mispredicted JMP or CALL takes 3 clocks in either pipe (Abrash; AP-500: 4).

**Extension rule, version 1**, a convention, as no Pentium ran these: 64-bit forms take what 32-bit ones do, but MUL
and IMUL 14, DIV 73, IDIV 78, IRET 27; MOVSXD, MOVSX and MOVZX in 64-bit code, and CMOVcc, 1 clock in either pipe;
SYSCALL, SYSENTER and their returns 20. SSE: arithmetic on one element 1 clock, in U only; on vectors 2; division 19
for singles and 33 for doubles, square roots 28 and 57, alone; moves, logic and integer vectors 1 clock in either
pipe; 0F38 and 0F3A 1 clock in U. Forms with VEX 1 clock, whatever they touch, and all else that the table has not 1
clock, 2 where it reads memory, 3 where it changes it, alone.

Not modelled, by name: code that does not pair on its first execution in a line (unless the first instruction has one
byte); that integer multiplications wait for FDIV; FNSTSW's overlap with integer instructions before it; the latency
of SSE; a fill that is going on, and the order of bus cycles; page walks, descriptor tables, task state segments and
the data of REP string instructions in the cache; writes to code that is in the code cache; WBINVD's write-back time;
wait states (a port access takes 1 us, as with `fixed`).

)";

std::string with_figures(std::string text) {
  const auto set = [&text](const std::string& name, unsigned value) {
    const std::string mark = "@" + name + "@";
    for (std::size_t at; (at = text.find(mark)) != std::string::npos;)
      text.replace(at, mark.size(), std::to_string(value));
  };
  set("ReadMiss", kP5ReadMiss), set("CodeMiss", kP5CodeMiss);
  set("WriteBuffers", kP5WriteBuffers), set("WriteClocks", kP5WriteClocks);
  set("TlbMiss", kP5TlbMiss), set("Misaligned", kP5Misaligned), set("Locked", kP5Locked);
  return text;
}

constexpr const char* kMeasured = R"(
### Measured on the chip

"theirs": InstLatx64, a P54C at 133 MHz and a Pentium OverDrive at 83 MHz, which agree (but RDTSC:
12 of the former); clocks of one instruction among others like it, or in turn where the line has several. In 32-bit
protected mode, as there.

The same for memory, of a P54C at 100 MHz on a bus of 66 MHz, which is the machine that the model has: a chain of reads
whose data are in the second cache takes 9 clocks each where each is in a line of its own, 7 with two in a line, 5 with
four, 3 with eight; by the rules above 11, 6.5, 4.25 and 3.1. A page that is not in the TLB takes 21 or 22 clocks more
(at 133 MHz 21 to 23). XCHG with memory takes 18 clocks at twice the clock of the bus and 23 at 2.5 times: 8 of the bus
beside its own 3. Writes that miss both caches took 5 clocks of the bus each on these boards; here the second cache
has them all.

)";

std::string missed(const std::vector<TimingCase>& cases) {
  std::string names;
  for (const TimingCase& t : cases)
    if (t.ours != t.expected) names += (names.empty() ? "" : ", ") + t.what;
  return names.empty() ? "none" : names;
}

std::string misses(const std::vector<TimingCase>& cases) {
  std::string names;
  for (const TimingCase& t : cases)
    if (t.ours != t.expected) names += (names.empty() ? "" : ", ") + t.id + " " + t.what;
  return names.empty() ? "none" : names;
}

}  // namespace

std::string p5_readme() {
  const TableModel& model = p5_model();
  const auto known = p5_known_cases(true), rows = row_cases(model, true),
             far = far_cases(model, true), pairs = pair_cases(model, true),
             silicon = p5_silicon_cases(true), penalties = p5_penalty_cases(true),
             extension = p5_extension_cases(true);
  std::string out = with_figures(kHead);
  out +=
      "### Known answers\n\nIn 32-bit protected mode, code and data in the caches; clocks of the "
      "whole, of an "
      "iteration of a loop (L:), or of an instruction.\n\n" +
      timing_table(known) + "\nMisses among them: " + misses(known) + ".\n";
  out += kMeasured + timing_table(silicon) + "\nMisses among them: " + missed(silicon) + ".\n";
  out += "\n### Penalties\n\n\"theirs\": as the rules above have it.\n\n" + timing_table(penalties);
  out += "\n### The extension rule\n\nIn 64-bit mode.\n\n" + timing_table(extension);
  out +=
      "\n### Pairing classes\n\nEach row with a fixed number of clocks was run before and behind "
      "MOV EBP,EBP, and "
      "floating-point ones before FXCH: " +
      std::to_string(pairs.size()) +
      " cases, as the classes in the last table say. Misses among them: " + misses(pairs) + ".\n";
  out += "\n### Far transfers, interrupts, tasks\n\n" + timing_table(far);
  out +=
      "\n### Rows held against further tables\n\nIn the order of `cpu/timing/table.h`; - where "
      "they have none. Of a range the convention above takes one figure.\n\n" +
      published_table(model);
  out += "\n### Rows\n\nRSM, which leaves system management mode, has no test.\n\n" +
         timing_table(rows);
  return out;
}

}  // namespace reprise::cpu
