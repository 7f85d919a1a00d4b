// Clocks that were measured on Pentiums.
//
// Source: InstLatx64 (github.com/InstLatx64/InstLatx64), GenuineIntel0000526_P54C_InstLatX86.txt, a
// P54C at 133 MHz, and GenuineIntel0000532_P24T_InstLatX86.txt, a Pentium OverDrive at 83 MHz: but
// for RDTSC both have the same clocks for each of these. Left out are AAD and AAM, which that
// program has halved (for an Athlon too), what loads registers between, and what goes to the bus.
#include <string>

#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

namespace reprise::cpu {

namespace {

struct Measured {
  const char* what;
  const char* code;
  double clocks;     // of an instruction
  unsigned per = 1;  // instructions in `code`
  u16 control = 0x37F;
  const char* note = "";  // why it differs, where it does: such a line is listed, not held
};

const Measured kMeasured[] = {
    {"nop", "90", 0.5},
    {"66 nop", "66 90", 2},
    {"66 66 nop", "66 66 90", 3},
    {"66 66 66 nop", "66 66 66 90", 4},
    {"mov r32,r32", "89D8 89D9", 0.5, 2},
    {"mov r16,r16", "66 89D8", 2},
    {"mov r32,m32 in turn", "8B03 8B4B04", 0.5, 2},
    {"movsx r16,r8", "66 0FBEC1", 3},
    {"movzx r32,r16", "0FB7C1", 3},
    {"xchg r8,r8", "86D1", 3},
    {"xchg r32,r32", "87D1", 3},
    {"add r32,r32", "01D8 01D9", 0.5, 2},
    {"add r16,r16", "66 01D8", 2},
    {"add r32,m32", "0307 034F04", 1, 2},
    {"add r16,m16", "66 0307", 2},
    {"add m32,r32", "0107 014F04", 2.5, 2},
    {"add m32,i32", "810700000000", 3},
    {"add m16,r16", "66 0107", 3},
    {"adc r32,r32", "11D8", 1},
    {"neg r32", "F7D8", 1},
    {"not r16", "66 F7D0", 2},
    {"bt r32,r32", "0FA3D8", 4},
    {"bt r16,i8", "66 0FBAE005", 4},
    {"bts r32,r32", "0FABD8", 7},
    {"btc r16,i8", "66 0FBAF805", 7},
    {"setc r8", "0F92C0", 2},
    {"inc r32", "40 41", 0.5, 2},
    {"lea r32,[r+r*8+i8]", "8D44CB04 8D54CB08", 0.5, 2},
    {"shl r32,1", "D1E0", 1},
    {"sar r32,i8", "C1F803", 1},
    {"shr r32,cl", "D3E8", 4},
    {"shld r32,r32,i8", "0FA4D803", 4},
    {"shrd r16,r16,cl", "66 0FADD8", 4},
    {"rol r32,i8", "C1C003", 1},
    {"ror r32,cl", "D3C8", 4},
    {"rcl r32,1", "D1D0", 1},
    {"rcl r32,i8", "C1D003", 8},
    {"rcr r16,cl", "66 D3D8", 7},
    {"bswap r32", "0FC8", 2},
    {"imul r32,r32", "0FAFC3", 9, 1, 0x37F, "10 by Intel"},
    {"imul r16,r16,i8", "66 6BC305", 9, 1, 0x37F, "10 by Intel"},
    {"mul r8", "F6E1", 11},
    {"imul r16", "66 F7E9", 11},
    {"mul r32", "F7E1", 9, 1, 0x37F, "10 by Intel"},
    {"div r8", "F6F1", 17},
    {"div r16", "66 F7F1", 25},
    {"div r32", "F7F1", 41},
    {"idiv r8", "F6F9", 22},
    {"idiv r16", "66 F7F9", 30},
    {"idiv r32", "F7F9", 46},
    {"cbw", "66 98", 3},
    {"cwde", "98", 3},
    {"cwd", "66 99", 2},
    {"cdq", "99", 2},
    {"clc", "F8", 2},
    {"cmc", "F5", 2},
    {"cld", "FC", 2},
    {"aaa", "37", 3},
    {"das", "2F", 3},
    {"pushad / popad", "60 61", 5, 2},
    {"pusha / popa", "66 60 66 61", 9, 2, 0x37F, "5 by Intel, 5 to 9 by A. Fog"},
    {"push r32 / pop r32", "50 58", 1, 2},
    {"push r16 / pop r16", "66 50 66 58", 2, 2},
    {"push i8 / pop r32", "6A05 58", 1, 2},
    {"push m32 / pop m32", "FF37 8F07", 2.5, 2},
    {"push m16 / pop m16", "66 FF37 66 8F07", 2.5, 2},
    {"pushfd / popfd", "9C 9D", 3.5, 2},
    {"pushf / popf", "66 9C 66 9D", 3.5, 2},
    {"cmpsb", "A6", 5},
    {"lodsb", "AC", 2},
    {"movsb", "A4", 4},
    {"scasb", "AE", 4},
    {"xadd r32,r32", "0FC1D8", 3},
    {"xadd r8,r8", "0FC0D8", 3},
    {"cmpxchg r32,r32", "0FB1D9", 6},
    {"cmpxchg r8,r8", "0FB0D9", 6},
    {"cmpxchg8b", "0FC70F", 9},
    {"fnop", "D9D0", 1},
    {"fxch", "D9C9", 1},
    {"fchs", "D9E0", 1},
    {"fabs", "D9E1", 1},
    {"ftst", "D9E4", 1},
    {"fcom", "D8D1", 1},
    {"fincstp", "D9F7", 1, 1, 0x37F, "2 by A. Fog"},
    {"fdecstp", "D9F6", 1, 1, 0x37F, "2 by A. Fog"},
    {"fadd st,st(1)", "D8C1", 3},
    {"fadd st(i),st in turn", "DCC1 DCC2 DCC3", 1, 3},
    {"fmul st,st(1)", "D8C9", 3},
    {"fmul st(i),st in turn", "DCC9 DCCA DCCB", 2, 3},
    {"fdiv, 24 bits", "D8F1", 19, 1, 0x7F},
    {"fdiv, 53 bits", "D8F1", 33, 1, 0x27F},
    {"fdiv, 64 bits", "D8F1", 41, 1, 0x37F, "39 by a half; 39 by Intel and A. Fog"},
    {"fsqrt", "D9FA", 70},
    {"fxam", "D9E5", 17, 1, 0x37F, "17 to 21 by A. Fog: the middle"},
    {"lahf", "9F", 3, 1, 0x37F, "2 in tables"},
    {"sahf", "9E", 3, 1, 0x37F, "2 in tables"},
};

double measure(const Measured& m, GuestKind kind, bool blocks) {
  TimingMachine t("p5", kind, blocks);
  const std::vector<u8> once = from_hex(m.code);
  const auto copies = [&](unsigned count) {
    std::vector<u8> code;
    for (unsigned n = 0; n < count; ++n) code.insert(code.end(), once.begin(), once.end());
    code.insert(code.end(), 2, 0x90);
    return t.clocks(code, [&m](TimingMachine& machine) {
      machine.c.r[RAX] = 0;
      machine.c.fpu.control = m.control;
    });
  };
  return double(copies(26) - copies(16)) / (10 * m.per);
}

}  // namespace

std::vector<TimingCase> p5_silicon_cases(bool blocks) {
  std::vector<TimingCase> cases;
  const auto add = [&](const Measured& m, GuestKind kind) {
    cases.push_back({.id = "",
                     .what = m.what,
                     .theirs = "",
                     .expected = m.clocks,
                     .ours = measure(m, kind, blocks),
                     .note = m.note,
                     .pairs = "",
                     .miss = *m.note != 0});
  };
  for (const Measured& m : kMeasured) add(m, GuestKind::kProtected);
  add({"rdtsc outside level 0", "0F31", 11}, GuestKind::kUser);
  return cases;
}

}  // namespace reprise::cpu
