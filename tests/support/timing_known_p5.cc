// What others measured, worked out or documented of the Pentium: M. Abrash, Graphics Programming
// Black Book, chapters 19 to 21 and 63 (the listings by their numbers); A. Fog, How to optimize for
// the Pentium family (2000), chapters 9 and 10. In 32-bit protected mode.
#include <functional>

#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

namespace reprise::cpu {

namespace {

using Prepare = std::function<void(TimingMachine&)>;

enum How {
  kOnce,   // between NOPs
  kLoop,   // counted in ECX
  kChain,  // what ten copies more take
};

struct Known {
  const char* id;
  const char* what;
  const char* code;
  double clocks;
  const char* kind;
  How how = kOnce;
  Prepare prepare = {};
  unsigned per = 1;     // instructions that the figure is of
  unsigned beside = 0;  // clocks of what is behind them
  const char* note = "";
};

Prepare edx(u32 more) {
  return [more](TimingMachine& t) { t.c.r[RDX] = TimingMachine::kData + more; };
}
Prepare precision(u16 control) {
  return [control](TimingMachine& t) { t.c.fpu.control = control; };
}
// The stack of the floating-point unit is empty.
void empty(TimingMachine& t) { t.c.fpu.empty = 0xFF; }
// ZF in the third run only: so it and the two after it go otherwise than was predicted. Behind the
// jump is an instruction whose last byte is another one.
void turn(TimingMachine& t) { t.c.flags.set_raw(t.round() == 2 ? ZF : 0); }

// Vectors, matrices and results of the listings of chapter 63 lie, overlapping, in lines that they
// read.
const std::vector<Known>& known() {
  static const std::vector<Known> all = {
      {"p5-01", "add edx,4 / mov ecx,[ebx] / add ebx,4 / mov [edx],ecx", "83C204 8B0B 83C304 890A",
       3, "worked", kOnce, edx(0x40)},
      {"p5-02", "mov ecx,[ebx] / add ebx,4 / mov [edx+4],ecx / add edx,4",
       "8B0B 83C304 894A04 83C204", 2, "worked", kOnce, edx(0x40)},
      {"p5-03",
       "push ebx / mov ebx,[m] / and ebx,ebx / jz (not taken) / mov eax,[ebx] / mov edx,[ebp-8]",
       "53 8B1D00000200 21DB 7405 8B03 8B55F8", 4, "worked", kOnce,
       [](TimingMachine& t) { t.data(0, TimingMachine::kData); }},
      {"p5-04", "mov eax,[m] / push esi / push eax / push edi / push ebx / call",
       "A100000200 56 50 57 53 E800000000", 3, "worked"},
      {"p5-05", "L: mov [esi],eax / add esi,4 / dec ecx / jnz L", "8906 83C604 49 75F8", 2,
       "worked", kLoop},
      {"p5-06", "L: inc edx / mov [esi],eax / add esi,4 / dec ecx / jnz L",
       "42 8906 83C604 49 75F7", 3, "worked", kLoop},
      {"p5-07",
       "listing 21.1: add ax,[esi] / adc ax,0 / add esi,2 / dec ecx / jnz",
       "660306 6683D000 83C602 49 75F3",
       5,
       "measured",
       kLoop,
       {},
       1,
       0,
       "by the documented rules 6"},
      {"p5-08", "listing 21.1 with adc eax,0", "660306 83D000 83C602 49 75F4", 4, "measured",
       kLoop},
      {"p5-09", "listing 21.2", "00D0 8A16 10F4 8A7601 83D000 83C602 49 75EE", 4, "worked", kLoop},
      {"p5-10", "listing 21.3", "8A7E03 83C604 C1E310 09D3 8A16 01D8 8A5E02 83D000 8A7601 49 75E5",
       6, "worked", kLoop},
      {"p5-11", "listing 21.4", "01D0 8B16 83D000 83C604 49 75F3", 3, "worked", kLoop},
      {"p5-12", "listing 21.5", "01D0 8B16 11D8 8B5E04 83D000 83C608 49 75EE", 4, "worked", kLoop},
      {"p5-13", "and [ebx],al / and [ecx],dl", "2003 2011", 5, "worked", kOnce,
       [](TimingMachine& t) { t.c.r[RCX] = TimingMachine::kData + 0x44; }},
      {"p5-14", "add esi,[m1] / add edi,[m2]", "033500000200 033D04000200", 2, "worked"},
      {"p5-15", "add [ebx],edx / inc eax", "0113 40", 3, "worked"},
      {"p5-16", "mov dl,[ebx] / and dl,al / mov [ebx],dl", "8A13 20C2 8813", 3, "worked"},
      {"p5-17", "mov eax,[ebx], across a doubleword's boundary", "8B03", 4, "worked", kOnce,
       [](TimingMachine& t) { t.c.r[RBX] += 3; }},
      {"p5-18", "inc eax / and ebx,eax", "40 21C3", 2, "worked"},
      {"p5-19", "sub eax,eax / mov al,[m]", "29C0 A000000200", 2, "worked"},
      {"p5-20", "mov eax,edx / sub edx,edx", "89D0 29D2", 1, "worked"},
      {"p5-21", "shr edx,10 / mov eax,ecx", "C1EA0A 89C8", 1, "worked"},
      {"p5-22", "shr edx,cl", "D3EA", 4, "worked"},
      {"p5-23", "add ebx,4 / mov eax,[ebx]", "83C304 8B03", 3, "worked"},
      {"p5-24", "mov eax,[ebx+4] / add ebx,4", "8B4304 83C304", 1, "worked"},
      {"p5-25", "mov al,[esi] / mov bl,[esi+1]", "8A06 8A5E01", 2, "worked"},
      {"p5-26", "mov al,[esi+3] / mov bl,[esi+4]", "8A4603 8A5E04", 1, "worked"},
      {"p5-27", "mov [esi],eax / mov [esi+32000],ebx", "8906 899E007D0000", 2, "worked"},
      {"p5-28", "mov [esi],eax / mov [esi+32004],ebx", "8906 899E047D0000", 1, "worked"},
      {"p5-29", "add esp,4 / pop esi", "83C404 5E", 3, "worked"},
      {"p5-30", "pop eax / pop esi", "58 5E", 1, "worked"},
      {"p5-31", "fadd st,st(1)", "D8C1", 3, "worked", kChain},
      {"p5-32",
       "three sums in turn: fadd st,st(4) / fxch",
       "D8C4 D9C9 D8C4 D9CA D8C4 D9C9 D8C4 D9CA D8C4 D9C9 D8C4 D9CA",
       1,
       "worked",
       kChain,
       {},
       6},
      {"p5-33",
       "fmul st(1),st / fmul st(2),st / fmul st(3),st",
       "DCC9 DCCA DCCB",
       2,
       "worked",
       kChain,
       {},
       3},
      {"p5-34", "dot product, listing 63.2",
       "D94700 D84F0C D94704 D84F10 D94708 D84F14 DEC1 DEC1 D95F18", 17, "worked", kOnce, empty},
      {"p5-35", "dot product, listing 63.3",
       "D94700 D84F0C D94704 D84F10 D94708 D84F14 D9C9 DEC2 DEC1 D95F18", 15, "worked", kOnce,
       empty},
      {"p5-36", "cross product, listing 63.4",
       "D94704 D84F10 D94708 D84F0C DEE1 D95F14 D94708 D84F08 D94700 D84F10 DEE1 D95F18"
       "D94700 D84F0C D94704 D84F08 DEE1 D95F1C",
       36, "worked", kOnce, empty},
      {"p5-37", "cross product, listing 63.5",
       "D94704 D84F10 D94708 D84F08 D94700 D84F0C D94708 D84F0C D94700 D84F10 D94704 D84F08"
       "D9CA DEE5 DEE3 DEE1 D9CA D95F14 D95F18 D95F1C",
       22, "worked", kOnce, empty},
      {"p5-38", "3x4 transformation, listing 63.6",
       "D94700 D84F04 D94700 D84F14 D94700 D84F24 D94704 D84F08 D94704 D84F18 D94704 D84F28"
       "D9CA DEC5 DEC3 DEC1 D94708 D84F0C D94708 D84F1C D94708 D84F2C D9CA DEC5 DEC3 DEC1"
       "D9CA D84710 D9C9 D84720 D9CA D84730 D9C9 D95F34 D95F3C D95F38",
       34, "worked", kOnce, empty},
      {"p5-39", "fdiv st,st(1) with 53 bits, till fst can have it", "D8F1 DD17", 33, "worked",
       kOnce, precision(0x27F), 1, 3, "fst's 2, and the one that its value is needed before"},
      {"p5-40", "fdiv st,st(1) with 64 bits, till fchs can have it", "D8F1 D9E0", 39, "worked",
       kOnce, precision(0x37F), 1, 1},
      {"p5-41", "fadd st,st(1) / fst dword [edi]", "D8C1 D917", 6, "worked"},
      {"p5-42", "jz, mispredicted in U", "7404 B890909090", 4, "documented", kOnce, turn, 1, 1},
      {"p5-42", "mov eax,ecx / jz, mispredicted in V", "89C8 7404 B890909090", 5, "documented",
       kOnce, turn, 1, 1},
      {"p5-43", "add eax,ecx", "01C8", 1, "model", kChain},
      {"p5-43", "add eax,ecx / add edx,ecx", "01C8 01CA", 0.5, "model", kChain, {}, 2},
  };
  return all;
}

double measure(const Known& k, bool blocks) {
  TimingMachine t("p5", GuestKind::kProtected, blocks);
  const std::vector<u8> once = from_hex(k.code);
  const auto copies = [&](unsigned count) {
    std::vector<u8> code;
    for (unsigned n = 0; n < count; ++n) code.insert(code.end(), once.begin(), once.end());
    // What a branch costs may show at the next instruction.
    code.insert(code.end(), 2, 0x90);
    return t.clocks(code, k.prepare) - 1;
  };
  const auto loop = [&](u64 count) {
    return t.clocks(once, [count](TimingMachine& m) { m.c.r[RCX] = count; });
  };
  switch (k.how) {
    case kOnce:
      return double(copies(1)) - k.beside;
    case kLoop:
      return double(loop(25) - loop(15)) / 10;
    default:
      return double(copies(25) - copies(15)) / (10 * k.per);
  }
}

}  // namespace

std::vector<TimingCase> p5_known_cases(bool blocks) {
  std::vector<TimingCase> cases;
  for (const Known& k : known()) {
    TimingCase t;
    t.id = k.id;
    t.what = k.what;
    t.theirs = k.kind;
    t.expected = k.clocks;
    t.ours = measure(k, blocks);
    t.note = k.note;
    cases.push_back(t);
  }
  return cases;
}

}  // namespace reprise::cpu
