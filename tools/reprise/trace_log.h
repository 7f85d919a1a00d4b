// -d in_asm,int,exec,branch,mem: what the CPU does, as text.
//
//   IN: ...           in_asm: code when it is first decoded
//   Trace CPU: ...    exec: each instruction
//   Branch CPU: ...   branch: each instruction after which another runs than the next in memory,
//   and where to Read, Write CPU:  mem: what an instruction read or wrote, and which it was N:
//   v=...          int: interrupts and exceptions
// With lines=N the log ends after so many, and the run goes on at full speed (but for mem).
#pragma once

#include <cstdio>
#include <map>
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

  bool wants_each() const override { return (exec_ || branch_) && room_ > 0; }
  bool wants_memory() const override { return mem_; }
  void accessed(const cpu::Cpu& cpu, u64 linear, unsigned size, u64 value, bool write) override;
  void decoded(const cpu::Cpu& cpu, u64 linear, std::span<const u8> bytes) override;
  void executed(const cpu::Cpu& cpu, Position at) override;
  void event(const cpu::Cpu& cpu, u8 vector, cpu::EventKind kind, bool has_error,
             u32 error) override;

 private:
  TraceLog() = default;
  // What an instruction that was executed() is, when its bytes are known, and where it led.
  struct Instruction {
    Position at;
    u64 ip = 0, linear = 0;
    u16 selector = 0;
    std::string text = {};
    unsigned length = 0;  // 0: not fetched
    bool event = false;   // an event came before the next
  };
  void print_executed(unsigned index, const Instruction& which);
  [[gnu::format(printf, 2, 3)]] void line(const char* format, ...);
  std::string disassembled(const cpu::Cpu& cpu, u64 linear, std::span<const u8> bytes);

  std::FILE* out_ = stderr;
  bool asm_ = false, int_ = false, exec_ = false, branch_ = false, mem_ = false;
  u64 room_ = ~u64(0);                    // lines left
  std::map<unsigned, Instruction> last_;  // by vCPU
  u64 events_ = 0;
  u64 next_linear_ = ~u64(0);  // after the last instruction printed
  cpu::Disassembler disassembler_;
};

}  // namespace reprise::tools
