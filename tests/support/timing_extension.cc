// What the Pentium's model takes for forms that no Pentium had: its extension rule, in 64-bit mode.
#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

namespace reprise::cpu {

namespace {

struct Extension {
  const char* what;
  const char* code;
  i64 clocks;
};

// MOV EBP,EBP goes into V where it may.
constexpr Extension kExtensions[] = {
    {"add rax,rcx / mov ebp,ebp", "4801C8 89ED", 1},
    {"add r8,[rdi] / mov ebp,ebp", "4C0307 89ED", 2},
    {"mov rax,[rdi+4]: across a quadword's boundary", "488B4704", 4},
    {"mul rcx", "48F7E1", 14},
    {"imul rax,rcx", "480FAFC1", 14},
    {"div rcx", "48F7F1", 73},
    {"idiv rcx", "48F7F9", 78},
    {"movsxd rax,ecx / mov ebp,ebp", "4863C1 89ED", 1},
    {"movzx eax,cl / mov ebp,ebp: 0F costs nothing", "0FB6C1 89ED", 1},
    {"mov ebp,ebp / cmovz eax,ecx", "89ED 0F44C1", 1},
    {"bswap rcx", "480FC9", 1},
    {"mov ax,cx: its prefix does", "6689C8", 2},
    {"addss xmm0,xmm1 / mov ebp,ebp", "F30F58C1 89ED", 1},
    {"mov ebp,ebp / addss xmm0,xmm1", "89ED F30F58C1", 2},
    {"mulsd xmm0,xmm1", "F20F59C1", 1},
    {"addps xmm0,xmm1", "0F58C1", 2},
    {"divss xmm0,xmm1", "F30F5EC1", 19},
    {"divsd xmm0,xmm1", "F20F5EC1", 33},
    {"sqrtss xmm0,xmm1", "F30F51C1", 28},
    {"sqrtsd xmm0,xmm1", "F20F51C1", 57},
    {"mov ebp,ebp / paddd xmm0,xmm1", "89ED 660FFEC1", 1},
    {"movaps xmm0,[rdi] / mov ebp,ebp", "0F2807 89ED", 1},
    {"vaddps xmm0,xmm0,xmm1 / mov ebp,ebp", "C5F858C1 89ED", 2},
};

}  // namespace

std::vector<TimingCase> p5_extension_cases(bool blocks) {
  std::vector<TimingCase> cases;
  for (const Extension& e : kExtensions) {
    TimingMachine t("p5", GuestKind::kLong, blocks);
    const i64 ours = t.clocks(from_hex(e.code), [](TimingMachine& m) { m.c.r[RCX] = 7; });
    cases.push_back({.id = "",
                     .what = e.what,
                     .theirs = "",
                     .expected = double(e.clocks),
                     .ours = double(ours),
                     .note = "",
                     .pairs = ""});
  }
  return cases;
}

}  // namespace reprise::cpu
