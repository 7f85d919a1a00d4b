// Penalties of the Pentium that no known answer has, each beside the same without it.
#include <functional>

#include "cpu/timing/p5.h"
#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

namespace reprise::cpu {

namespace {

struct Penalty {
  const char* what;
  std::string code;
  i64 clocks;
  std::function<void(TimingMachine&)> prepare = {};
};

std::string jumps(unsigned count, unsigned bytes) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string code;
  const auto put = [&code](unsigned byte) { code += {digits[byte >> 4], digits[byte & 15]}; };
  for (unsigned n = 0; n < count; ++n) {
    put(0xE9);
    for (unsigned i = 0; i < 4; ++i) put((bytes - 5) >> (8 * i) & 0xFF);
    for (unsigned i = 5; i < bytes; ++i) put(0x90);
  }
  return code;
}

std::vector<Penalty> penalties() {
  constexpr i64 read = kP5ReadMiss, code = kP5CodeMiss, misaligned = kP5Misaligned,
                write = kP5WriteClocks, buffers = kP5WriteBuffers;
  const auto behind = [](unsigned bytes) {
    return [bytes](TimingMachine& t) { t.stack(0, u32(t.code_ip() + bytes)); };
  };
  std::string writes;
  for (const char* line : {"80", "A0", "C0", "E0"})
    writes += std::string("898F") + line + "100000 ";  // MOV [EDI+10xxh],ECX
  return {
      {"mov ebx,imm / nop / nop / mov eax,[ebx]: 2 clocks, and the address", "BB00000200 9090 8B03",
       3},
      {"... a clock later", "BB00000200 909090 8B03", 3},
      {"mov ebx,imm / jmp / mov eax,[ebx]: across a predicted branch", "BB00000200 EB00 8B03", 3},
      {"ret / pop eax", "C3 58", 3, behind(1)},
      {"ret 4 / pop eax: as an address too soon", "C20400 58", 5, behind(3)},
      {"lea eax,[ebx+ecx*2+4]: no clock for an index", "8D444B04", 1},
      {"mov ax,cx: a prefix", "6689C8", 2},
      {"two prefixes, fs and 66", "646689C8", 3},
      {"mul ecx / mov ax,cx: hidden", "F7E1 6689C8", 11},
      {"add ax,[edi]: hidden by its own second clock", "660307", 2},
      {"inc eax / mov dx,cx: not into V", "40 6689CA", 3},
      {"mov ax,cx / inc edx: into U", "6689C8 42", 2},
      {"bswap ecx: 0F", "0FC9", 2},
      {"near jcc: its 0F is none", "0F8400000000", 1},
      {"mov eax,[edi+4]", "8B4704", 1},
      {"mov eax,[edi+1]: across a doubleword's boundary", "8B4701", 1 + misaligned},
      {"mov ax,[edi+1]: within a doubleword", "668B4701", 2},
      {"mov ax,[edi+3]", "668B4703", 2 + misaligned},
      {"fld qword [edi+8]", "DD4708", 1},
      {"fld qword [edi+4]: across a quadword's boundary", "DD4704", 1 + misaligned},
      {"mov [edi],imm / inc edx", "C70705000000 42", 1},
      {"mov [edi+4],imm / inc edx: immediate and displacement", "C7470405000000 42", 2},
      {"inc edx / mov [edi+4],imm", "42 C7470405000000", 2},
      {"push eax / mov ecx,[esp+4]: rSP", "50 8B4C2404", 2},
      {"push eax / pop ecx", "50 59", 2},
      {"add [edi],eax / add ecx,[edi+4]: 3 and 2, in turn", "0107 034F04", 4},
      {"add ecx,[edi+4] / add [edi],eax: together", "034F04 0107", 3},
      {"three lines of data in a set of the cache", "8B8700080000 8B8F04180000 8B9708280000 90",
       2 + 3 * read},
      {"two", "8B8700080000 8B8F04180000 8B9710080000 90", 2},
      {"three lines of code in a set: the first holds the NOPs before", jumps(2, 4096) + "90",
       2 + 2 * code + 1},
      {"four writes to lines that are not in the cache: the third waits for a buffer", writes,
       (4 - buffers) * write},
  };
}

}  // namespace

std::vector<TimingCase> p5_penalty_cases(bool blocks) {
  std::vector<TimingCase> cases;
  for (const Penalty& p : penalties()) {
    TimingMachine t("p5", GuestKind::kProtected, blocks);
    const i64 ours = t.clocks(from_hex(p.code), p.prepare);
    cases.push_back({.id = "",
                     .what = p.what,
                     .theirs = "",
                     .expected = double(p.clocks),
                     .ours = double(ours),
                     .note = "",
                     .pairs = ""});
  }
  return cases;
}

}  // namespace reprise::cpu
