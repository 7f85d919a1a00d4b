// What one experiment is: registers, code and memory before; registers, memory and fault after.
//
// The same addresses mean the same on both processors: a few pages below 4 GiB, in the middle of a
// reserved range where nothing else is.
#pragma once

#include <array>
#include <string>

#include "replay/core/types.h"

namespace reprise::cpu::silicon {

inline constexpr u64 kArena = 0x0F000000, kArenaEnd = 0x12000000;
inline constexpr u64 kWindow = 0x10000000, kWindowSize = 0x2000;  // read, write
inline constexpr u64 kReadOnly = kWindow + kWindowSize, kReadOnlySize = 0x1000;
inline constexpr u64 kCode = 0x10010000, kCodeSize = 0x2000;  // read, execute
inline constexpr u64 kGsBase = 0x1230;
inline constexpr u16 kCode64 = 0x33, kCode32 = 0x23, kData = 0x2B;  // Linux's selectors

// Behind the code under test and wherever it may jump: HLT, which a program may not execute, so its
// #GP says that the experiment is over.
inline constexpr u8 kEnd = 0xF4;

struct Registers {
  u64 r[16] = {};
  u64 rip = 0;
  u32 rflags = 2;
  alignas(16) std::array<u8, 512> fx = {};  // as FXSAVE64 lays it out
};

struct Outcome {
  Registers after;
  int vector = -1;  // -1: ran to the end
  u32 error = 0;
  u64 cr2 = 0;
};

using Window = std::array<u8, kWindowSize>;

struct Experiment {
  Registers before;
  bool code64 = true;
  bool floating = false;  // `fx` is set before and compared after
  std::array<u8, 64> code;
  unsigned length = 0;  // without what follows it
  Window window;
};

}  // namespace reprise::cpu::silicon
