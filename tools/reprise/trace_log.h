// -d in_asm,int,exec: what the CPU does, as text.
#pragma once

#include <cstdio>
#include <memory>
#include <set>
#include <string>

#include "cpu/cluster.h"
#include "cpu/debug/disassembler.h"

namespace reprise::tools {

class TraceLog final : public cpu::TraceSink {
 public:
  static Result<std::unique_ptr<TraceLog>> open(const std::set<std::string>& items,
                                                const std::string& file);
  ~TraceLog() override;

  bool wants_each() const override { return exec_; }
  void decoded(const cpu::Cpu& cpu, u64 linear, std::span<const u8> bytes) override;
  void executed(const cpu::Cpu& cpu, Position at) override;
  void event(const cpu::Cpu& cpu, u8 vector, cpu::EventKind kind, bool has_error,
             u32 error) override;

 private:
  TraceLog() = default;
  std::FILE* out_ = stderr;
  bool asm_ = false, int_ = false, exec_ = false;
  u64 events_ = 0;
  u64 next_linear_ = ~u64(0);  // after the last instruction printed
  cpu::Disassembler disassembler_;
};

}  // namespace reprise::tools
