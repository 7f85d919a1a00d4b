#include "tools/reprise/trace_log.h"

#include <cerrno>
#include <cstring>

namespace reprise::tools {

using ull = unsigned long long;

Result<std::unique_ptr<TraceLog>> TraceLog::open(const std::set<std::string>& items,
                                                 const std::string& file) {
  std::unique_ptr<TraceLog> log(new TraceLog);
  log->asm_ = items.contains("in_asm");
  log->int_ = items.contains("int");
  log->exec_ = items.contains("exec");
  if (!file.empty()) {
    std::FILE* out = std::fopen(file.c_str(), "w");
    if (!out) return fail("-D " + file + ": " + std::strerror(errno));
    log->out_ = out;
  }
  return log;
}

TraceLog::~TraceLog() {
  if (out_ != stderr) std::fclose(out_);
}

void TraceLog::decoded(const cpu::Cpu& cpu, u64 linear, std::span<const u8> bytes) {
  if (!asm_) return;
  const unsigned bits = cpu.code64() ? 64 : cpu.mode & cpu::kMode32 ? 32 : 16;
  if (linear != next_linear_) std::fprintf(out_, "----------------\nIN:\n");
  for (std::size_t at = 0; at < bytes.size();) {
    const u64 ip = linear + at;
    const cpu::Disassembled found = disassembler_(bytes.subspan(at), bits, ip);
    std::fprintf(out_, "0x%08llx:  ", ull(ip));
    for (unsigned i = 0; i < found.length && at + i < bytes.size(); ++i)
      std::fprintf(out_, "%02x ", bytes[at + i]);
    std::fprintf(out_, "%*s%s\n", int(found.length < 8 ? 3 * (8 - found.length) : 0), "",
                 found.text.c_str());
    at += found.length;
  }
  next_linear_ = linear + bytes.size();
}

void TraceLog::executed(const cpu::Cpu& cpu, Position at) {
  std::fprintf(out_, "Trace %u: %llu/%llu %04x:%016llx\n", cpu.index, ull(at.icount),
               ull(at.cycles), cpu.seg[cpu::CS].selector, ull(cpu.ip()));
}

void TraceLog::event(const cpu::Cpu& cpu, u8 vector, cpu::EventKind kind, bool has_error,
                     u32 error) {
  if (!int_) return;
  const bool software = kind == cpu::EventKind::SoftwareInt || kind == cpu::EventKind::Int1 ||
                        kind == cpu::EventKind::Int3Into;
  const u64 ip = cpu.ip();
  std::fprintf(out_, "%6llu: v=%02x e=%04x i=%d cpl=%u IP=%04x:%016llx pc=%016llx SP=%04x:%016llx",
               ull(events_++), vector, has_error ? error : 0, int(software), cpu.cpl,
               cpu.seg[cpu::CS].selector, ull(ip), ull(cpu.seg[cpu::CS].base + ip),
               cpu.seg[cpu::SS].selector, ull(cpu.r[cpu::RSP]));
  if (vector == cpu::kPF)
    std::fprintf(out_, " CR2=%016llx\n", ull(cpu.cr2));
  else
    std::fprintf(out_, " RAX=%016llx\n", ull(cpu.r[cpu::RAX]));
}

}  // namespace reprise::tools
