#include "qmp/hmp/registers.h"

#include <cstdarg>
#include <cstdio>

#include "cpu/cpu.h"
#include "cpu/timing/clocks.h"

namespace reprise {
namespace {

using cpu::Cpu;
using ull = unsigned long long;

class Text {
 public:
  [[gnu::format(printf, 2, 3)]] Text& operator()(const char* format, ...) {
    char buffer[256];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    text_ += buffer;
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void general(Text& out, const Cpu& c) {
  using namespace cpu;
  constexpr u8 kOrder[] = {RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP,
                           R8,  R9,  R10, R11, R12, R13, R14, R15};
  constexpr const char* kNames[] = {"AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP"};
  const bool wide = c.code64();
  for (unsigned i = 0; i < (wide ? 16u : 8u); ++i) {
    if (wide && i < 8) out("R%s=%016llx", kNames[i], ull(c.r[kOrder[i]]));
    if (wide && i >= 8) out("R%-2u=%016llx", i, ull(c.r[kOrder[i]]));
    if (!wide) out("E%s=%08x", kNames[i], u32(c.r[kOrder[i]]));
    out(i % 4 == 3 ? "\n" : " ");
  }
}

void segment(Text& out, const char* name, const cpu::Segment& s, bool wide) {
  const u32 flags = u32(s.usable ? s.rights : 0) << 8;
  out("%-3s=%04x ", name, s.selector);
  out("%0*llx", wide ? 16 : 8, ull(s.base));
  out(" %08x %08x", s.limit, flags);
  if (s.usable && s.present()) {
    out(" DPL=%u ", s.dpl());
    if (!s.s()) {
      constexpr const char* kSystem[2][16] = {
          {"Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16", "TaskGate", "IntGate16",
           "TrapGate16", "Reserved", "TSS32-avl", "Reserved", "TSS32-busy", "CallGate32",
           "Reserved", "IntGate32", "TrapGate32"},
          {"<hiword>", "Reserved", "LDT", "Reserved", "Reserved", "Reserved", "Reserved",
           "Reserved", "Reserved", "TSS64-avl", "Reserved", "TSS64-busy", "CallGate64", "Reserved",
           "IntGate64", "TrapGate64"}};
      out("%s", kSystem[wide][s.type()]);
    } else if (s.code()) {
      out("%s [%c%c%c]",
          s.l()    ? "CS64"
          : s.db() ? "CS32"
                   : "CS16",
          s.conforming() ? 'C' : '-', s.readable() ? 'R' : '-', s.type() & 1 ? 'A' : '-');
    } else {
      out("%s [%c%c%c]", s.db() || wide ? "DS  " : "DS16", s.expand_down() ? 'E' : '-',
          s.type() & 2 ? 'W' : '-', s.type() & 1 ? 'A' : '-');
    }
  }
  out("\n");
}

void system_registers(Text& out, const Cpu& c) {
  const bool wide = c.long_mode();
  const int digits = wide ? 16 : 8;
  constexpr const char* kNames[] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDT", "TR"};
  for (unsigned i = 0; i < 8; ++i) segment(out, kNames[i], c.seg[i], wide);
  for (const auto& [name, table] : {std::pair("GDT", &c.gdtr), std::pair("IDT", &c.idtr)})
    out("%s=     %0*llx %08x\n", name, digits, ull(table->base), table->limit);
  out("CR0=%08x CR2=%0*llx CR3=%0*llx CR4=%08x\n", u32(c.cr0), digits, ull(c.cr2), digits,
      ull(c.cr3), u32(c.cr4));
  for (unsigned i = 0; i < 4; ++i) out("DR%u=%016llx%s", i, ull(c.dr[i]), i < 3 ? " " : "\n");
  out("DR6=%016llx DR7=%016llx\n", ull(c.dr[6]), ull(c.dr[7]));
  out("EFER=%016llx\n", ull(c.efer));
}

void floating(Text& out, const Cpu& c) {
  const cpu::fpu::FpuState& f = c.fpu;
  out("FCW=%04x FSW=%04x [ST=%u] FTW=%02x MXCSR=%08x\n", f.control,
      unsigned(f.status & ~0x3800) | unsigned(f.top) << 11, f.top, u8(~f.empty), f.mxcsr);
  for (unsigned i = 0; i < 8; ++i)
    out("FPR%u=%016llx %04x%s", i, ull(f.physical[i].significand), f.physical[i].sign_exponent,
        i % 2 ? "\n" : " ");
  for (unsigned i = 0; i < (c.code64() ? 16u : 8u); ++i)
    out("XMM%02u=%016llx%016llx%s", i, ull(f.xmm[i].q[1]), ull(f.xmm[i].q[0]), i % 2 ? "\n" : " ");
}

}  // namespace

std::string registers_text(const Cpu& c) {
  Text out;
  general(out, c);
  const u32 flags = c.rflags();
  const auto flag = [&](u32 bit, char letter) { return flags & bit ? letter : '-'; };
  const bool wide = c.code64();
  out("%cIP=%0*llx %cFL=%08x", wide ? 'R' : 'E', wide ? 16 : 8, ull(c.r[cpu::kRip]),
      wide ? 'R' : 'E', flags);
  out(" [%c%c%c%c%c%c%c] CPL=%u II=%u A20=%u SMM=%u HLT=%u\n", flag(0x400, 'D'), flag(0x800, 'O'),
      flag(0x80, 'S'), flag(0x40, 'Z'), flag(0x10, 'A'), flag(4, 'P'), flag(1, 'C'), c.cpl,
      unsigned(c.shadow_at == c.icount), 1u, unsigned(c.smm),
      unsigned(c.activity == cpu::Activity::Halted));
  system_registers(out, c);
  floating(out, c);
  return out.take();
}

std::string timing_text(const Cpu& c) {
  if (!c.clocks) return "This timing model counts nothing: -cpu MODEL,timing=p5 (or i486) does\n";
  Text out;
  out("%-16s %llu\n%-16s %llu\n", "cycles", ull(c.position().cycles), "instructions",
      ull(c.position().icount));
  for (const auto& [name, value] : c.clocks->counted()) out("%-16s %llu\n", name, ull(value));
  return out.take();
}

}  // namespace reprise
