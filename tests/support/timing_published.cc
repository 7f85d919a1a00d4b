// Rows of a timing model's table beside what others print of them: reference tables that were
// entered here from their own text, not from ours.
//
// Sources: IBM, ALP Programming Guide and Reference (OS/2 Toolkit 4.5), columns 486 and Pentium,
// which follow Intel's manuals; Microsoft's table of Pentium clocks (1993); the opcode list of
// Potemkin's Hackers' Group in R. Brown's Interrupt List; the cycle tables of the emulators MAME
// and 86Box, numbers only, where they do not repeat the 486's.
#include <stdexcept>
#include <string_view>

#include "tests/support/timing_cases.h"

namespace reprise::cpu {

namespace {

constexpr i64 kNone = -1;  // not in these sources

struct Published {
  const char* row;  // name, space, operands
  std::vector<i64> theirs;
  const char* by;
  const char* note = "";
};

const Published kPentium[] = {
    {"CLTS ", {10}, "IBM, MAME"},
    {"MOV cr0,r32", {22}, "IBM, Microsoft"},
    {"MOV cr2,r32", {12}, "IBM, Microsoft"},
    {"MOV cr3,r32", {21, 46}, "IBM, Microsoft"},
    {"MOV cr4,r32", {14}, "IBM, Microsoft"},
    {"MOV r32,crN", {4}, "IBM, Microsoft"},
    {"MOV dr,r32", {11}, "IBM, Microsoft"},
    {"MOV dr4/dr5,r32", {12}, "IBM, Microsoft"},
    {"MOV r32,dr6/dr7", {11}, "IBM, Microsoft"},
    {"MOV r32,dr4/dr5", {12}, "IBM, Microsoft"},
    {"XADD r,r", {3}, "IBM, Potemkin"},
    {"XADD m,r", {4}, "IBM, Potemkin, MAME"},
    {"CMPXCHG r,r", {6}, "IBM, Potemkin"},
    {"CMPXCHG m,r", {6}, "IBM, Potemkin, MAME"},
    {"LAR r,r/m", {8}, "IBM, MAME"},
    {"LSL r,r/m", {8}, "IBM, MAME"},
    {"VERR/VERW r/m", {7}, "IBM, MAME"},
    {"LGDT/LIDT m", {6}, "IBM, MAME"},
    {"SGDT/SIDT m", {4}, "IBM, MAME"},
    {"LLDT r/m", {9}, "IBM, MAME"},
    {"SLDT r/m", {2}, "IBM, MAME"},
    {"LTR r/m", {10}, "IBM, MAME"},
    {"STR r/m", {2}, "IBM, MAME"},
    {"LMSW r/m", {8}, "IBM, MAME"},
    {"SMSW r/m", {4}, "IBM, MAME"},
    {"INVD ", {15}, "IBM, Potemkin, MAME"},
    {"WBINVD ", {2000}, "IBM, Potemkin"},
    {"INVLPG m", {25}, "IBM, Potemkin"},
    {"RDMSR ", {22}, "IBM", "20 to 24"},
    {"WRMSR ", {37}, "IBM, Potemkin", "30 to 45"},
    {"CPUID ", {14}, "IBM, Potemkin, MAME"},
    {"RSM ", {83}, "IBM"},
    {"ENTER i16,0", {11}, "IBM, MAME"},
    {"ENTER i16,1", {11, 15}, "IBM, MAME"},
    {"ENTER i16,L", {11, 15, 15, 2}, "IBM", "15 + 2L"},
    {"PUSHF ", {4, 3}, "Microsoft"},
    {"POPF ", {6, 4}, "Microsoft"},
    {"IN acc,i8", {7, 4, 21, 19}, "Microsoft"},
    {"INS ", {9, 6, 24, 22}, "Microsoft"},
    {"REP INS ", {11, 8, 25, kNone, 3}, "IBM", "virtual-8086 mode is not printed"},
    {"REP OUTS ", {13, 10, 27, 25, 4}, "IBM"},
    {"REP MOVS ", {6, 13, 1, 13}, "IBM"},
    {"REP STOS ", {6, 9, 1}, "IBM"},
    {"REP LODS ", {7, 7, 3}, "IBM"},
    {"REPx CMPS ", {7, 9, 4}, "IBM", "REPE; REPNE 8 + 4 each"},
    {"REPx SCAS ", {7, 9, 4}, "IBM"},
    {"LOOP rel8", {5, 6}, "IBM, MAME"},
    {"LOOPE/LOOPNE rel8", {7, 8}, "IBM"},
    {"JCXZ rel8", {6, 5}, "IBM"},
    {"RCL r,cl", {7}, "IBM", "7 to 24"},
    {"RCL m,cl", {9}, "IBM", "9 to 26"},
    {"RCL r,i", {8}, "IBM", "8 to 25"},
    {"RCL m,i", {10}, "IBM", "10 to 27"},
    {"JMP far imm", {kNone, kNone, 18, 19, 20}, "IBM", "the gate's by 86Box too"},
    {"CALL far imm", {kNone, kNone, 22, 21, 21, 44, 45, 2}, "IBM", "gates' 22 and 44 by 86Box too"},
    {"RETF ", {4, kNone, 23}, "IBM, 86Box"},
    {"IRET ", {kNone, kNone, 27, kNone, 10}, "IBM", "outward by 86Box too"},
    {"INT 3", {13, 27, 44, 56, 19}, "IBM"},
    {"INT i8", {16, 31, 48, kNone, 23}, "IBM"},
    {"INTO ", {13, 27, 44, 56, 19, 4}, "IBM"},
    {"hw_interrupt/exception ", {11, 25, 42, 54}, "86Box"},
};

const Published k486[] = {
    {"XADD r,r", {3}, "IBM, Potemkin"},
    {"XADD m,r", {4}, "IBM, Potemkin"},
    {"CMPXCHG r,r", {6}, "IBM"},
    {"CMPXCHG m,r", {7, 10}, "IBM"},
    {"BT r,r/i", {3}, "IBM"},
    {"BT m,i", {3}, "IBM"},
    {"BT m,r", {8}, "IBM"},
    {"MOV cr0,r32", {16}, "IBM"},
    {"INVLPG m", {12, 11}, "Potemkin"},
    {"REP MOVS ", {5, 12, 3, 13}, "IBM"},
    {"REP STOS ", {5, 7, 4}, "IBM"},
    {"REP LODS ", {5, 7, 4}, "IBM"},
    {"REPx CMPS ", {5, 7, 7}, "IBM"},
    {"REPx SCAS ", {5, 7, 5}, "IBM"},
    {"REP INS ", {16, 10, 30, 29, 8}, "IBM"},
    {"REP OUTS ", {17, 11, 31, 30, 5}, "IBM"},
};

const Row& row_of(const TableModel& model, std::string_view id) {
  for (const Row& row : model.rows)
    if (std::string(row.name) + " " + row.operands == id) return row;
  throw std::out_of_range(std::string(id));
}

std::span<const Published> published(const TableModel& model) {
  return model.pairs ? std::span<const Published>(kPentium) : std::span<const Published>(k486);
}

}  // namespace

std::vector<TimingCase> published_cases(const TableModel& model) {
  std::vector<TimingCase> out;
  for (const Published& p : published(model)) {
    const Row& row = row_of(model, p.row);
    for (std::size_t i = 0; i < p.theirs.size(); ++i) {
      if (p.theirs[i] == kNone) continue;
      out.push_back({.id = p.row,
                     .what = "figure " + std::to_string(i) + ", " + p.by,
                     .theirs = std::to_string(p.theirs[i]),
                     .expected = double(p.theirs[i]),
                     .ours = double(row.v[i]),
                     .note = p.note,
                     .pairs = ""});
    }
  }
  return out;
}

std::string published_table(const TableModel& model) {
  std::string out = "| row | figures | by | |\n|---|---|---|---|\n";
  for (const Published& p : published(model)) {
    out += std::string("| ") + p.row + " | ";
    for (std::size_t i = 0; i < p.theirs.size(); ++i)
      out += (i ? ", " : "") + (p.theirs[i] == kNone ? "-" : std::to_string(p.theirs[i]));
    out += std::string(" | ") + p.by + " | " + p.note + " |\n";
  }
  return out;
}

}  // namespace reprise::cpu
