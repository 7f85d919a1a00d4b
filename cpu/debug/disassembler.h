// Instructions as text, in Intel's syntax, by Capstone. For logs and monitors only: the interpreter
// has its own decoder.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "replay/core/types.h"

namespace reprise::cpu {

struct Disassembled {
  std::string text;     // "mov eax, dword ptr [rbx + 8]"; "(bad)" for what is no instruction
  unsigned length = 1;  // bytes taken
};

class Disassembler {
 public:
  Disassembler();
  ~Disassembler();
  Disassembler(const Disassembler&) = delete;

  // The instruction at the start of `bytes`, in 16-, 32- or 64-bit code; `rip` is its address.
  Disassembled operator()(std::span<const u8> bytes, unsigned bits, u64 rip);

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

// The same for a single use.
Disassembled disassemble(std::span<const u8> bytes, unsigned bits, u64 rip);

}  // namespace reprise::cpu
