#include "tools/reprise/trace_log.h"

#include <cerrno>
#include <cstdarg>
#include <cstring>

#include "cpu/debug/stops.h"
#include "cpu/debug/view.h"
#include "tools/reprise/suboptions.h"

namespace reprise::tools {

using ull = unsigned long long;

Result<std::unique_ptr<TraceLog>> TraceLog::open(const std::set<std::string>& items,
                                                 const std::string& file) {
  std::unique_ptr<TraceLog> log(new TraceLog);
  log->asm_ = items.contains("in_asm");
  log->int_ = items.contains("int");
  log->exec_ = items.contains("exec");
  log->branch_ = items.contains("branch");
  log->mem_ = items.contains("mem");
  for (const std::string& item : items)
    if (item.starts_with("lines=")) log->room_ = TRY(parse_number(item.substr(6), 1, ~u64(0)));
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

void TraceLog::line(const char* format, ...) {
  if (room_ == 0) return;
  std::va_list values;
  va_start(values, format);
  std::vfprintf(out_, format, values);
  va_end(values);
  if (--room_ == 0) std::fprintf(out_, "(the log ends here: lines=)\n");
}

std::string TraceLog::disassembled(const cpu::Cpu& cpu, u64 linear, std::span<const u8> bytes) {
  return disassembler_(bytes, cpu.code64() ? 64 : cpu.mode & cpu::kMode32 ? 32 : 16, linear).text;
}

void TraceLog::decoded(const cpu::Cpu& cpu, u64 linear, std::span<const u8> bytes) {
  if (wants_each()) {
    Instruction& last = last_[cpu.index];
    last.text = disassembled(cpu, linear, bytes);
    last.length = unsigned(bytes.size());
    if (exec_) print_executed(cpu.index, last);
  }
  if (!asm_ || room_ == 0) return;
  const unsigned bits = cpu.code64() ? 64 : cpu.mode & cpu::kMode32 ? 32 : 16;
  if (linear != next_linear_) line("----------------\nIN:\n");
  for (std::size_t at = 0; at < bytes.size();) {
    const u64 ip = linear + at;
    const cpu::Disassembled found = disassembler_(bytes.subspan(at), bits, ip);
    std::string hex;
    for (unsigned i = 0; i < found.length && at + i < bytes.size(); ++i) {
      char byte[4];
      std::snprintf(byte, sizeof byte, "%02x ", bytes[at + i]);
      hex += byte;
    }
    line("0x%08llx:  %-24s%s\n", ull(ip), hex.c_str(), found.text.c_str());
    at += found.length;
  }
  next_linear_ = linear + bytes.size();
}

void TraceLog::print_executed(unsigned index, const Instruction& which) {
  line("Trace %u: %llu/%llu %04x:%016llx  %s\n", index, ull(which.at.icount), ull(which.at.cycles),
       which.selector, ull(which.ip), which.text.c_str());
}

// The instruction before this one on the same vCPU is done, and where it led is known.
void TraceLog::executed(const cpu::Cpu& cpu, Position at) {
  const u64 linear = cpu::linear_pc(cpu);
  Instruction& last = last_[cpu.index];
  const bool went_on = linear == last.linear + last.length || linear == last.linear;  // REP
  if (branch_ && last.length && !last.event && !went_on)
    line("Branch %u: %llu %016llx -> %016llx  %s\n", cpu.index, ull(last.at.icount),
         ull(last.linear), ull(linear), last.text.c_str());
  last = {at, cpu.ip(), linear, cpu.seg[cpu::CS].selector};
}

void TraceLog::accessed(const cpu::Cpu& cpu, u64 linear, unsigned size, u64 value, bool write) {
  if (room_ == 0) return;
  u8 bytes[15];
  const u64 pc = cpu::linear_pc(cpu);
  const std::size_t count = cpu::view_memory(cpu, cpu::AddressKind::Linear, pc, bytes);
  const u64 mask = size >= 8 ? ~u64(0) : (u64(1) << (8 * size)) - 1;
  line("%s %u: %llu %016llx  [%016llx] %s %0*llx  %s\n", write ? "Write" : "Read", cpu.index,
       ull(cpu.position().icount), ull(pc), ull(linear), write ? "<-" : "->", int(2 * size),
       ull(value & mask), disassembled(cpu, pc, {bytes, count}).c_str());
}

void TraceLog::event(const cpu::Cpu& cpu, u8 vector, cpu::EventKind kind, bool has_error,
                     u32 error) {
  last_[cpu.index].event = true;
  if (!int_ || room_ == 0) return;
  const bool software = kind == cpu::EventKind::SoftwareInt || kind == cpu::EventKind::Int1 ||
                        kind == cpu::EventKind::Int3Into;
  const u64 ip = cpu.ip();
  const bool paging = vector == cpu::kPF;
  line("%6llu: v=%02x e=%04x i=%d cpl=%u IP=%04x:%016llx pc=%016llx SP=%04x:%016llx %s=%016llx\n",
       ull(events_++), vector, has_error ? error : 0, int(software), cpu.cpl,
       cpu.seg[cpu::CS].selector, ull(ip), ull(cpu.seg[cpu::CS].base + ip),
       cpu.seg[cpu::SS].selector, ull(cpu.r[cpu::RSP]), paging ? "CR2" : "RAX",
       ull(paging ? cpu.cr2 : cpu.r[cpu::RAX]));
}

}  // namespace reprise::tools
