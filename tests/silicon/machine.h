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
// Where the host's IRETQ finds its frame: to a 16-bit stack it leaves bits 16-31 of ESP as they
// were.
inline constexpr u64 kFrame = 0x21540000;
inline constexpr u64 kFsBase = 0x45670, kGsBase = 0x1230;           // in 64-bit mode
inline constexpr u16 kCode64 = 0x33, kCode32 = 0x23, kData = 0x2B;  // Linux's selectors

// Width of the code under test. 64-bit and 32-bit code run in Linux's own flat segments; FS and GS
// of 32-bit code, and all segments of 16-bit code, are in the process's local descriptor table.
enum class Code : u8 { k16, k32, k64 };
inline unsigned bits_of(Code c) { return c == Code::k16 ? 16 : c == Code::k32 ? 32 : 64; }

struct LocalSegment {
  u16 selector;
  u16 rights;  // as cpu/state.h
  u32 limit;
  u64 base;
};
inline constexpr LocalSegment kLdtCode16 = {0x07, 0x00FB, 0xFFFF, kCode};
inline constexpr LocalSegment kLdtData16 = {0x0F, 0x00F3, 0xFFFF, kWindow};
inline constexpr LocalSegment kLdtFs = {0x17, 0x00F3, 0x17FF, kWindow - 0x800};  // ends at 1000h
inline constexpr LocalSegment kLdtGs = {0x1F, 0x00F7, 0x7FF, kWindow};           // expands down
inline u64 code_base(Code c) { return c == Code::k16 ? kCode : 0; }
inline u64 data_base(Code c) { return c == Code::k16 ? kWindow : 0; }

// Behind the code under test and wherever it may jump: HLT, which a program may not execute, so its
// #GP says that the experiment is over.
inline constexpr u8 kEnd = 0xF4;

struct Registers {
  u64 r[16] = {};
  u64 rip = 0;  // linear
  u32 rflags = 2;
  alignas(16) std::array<u8, 512> fx = {};    // as FXSAVE64 lays it out
  alignas(16) std::array<u8, 256> high = {};  // upper halves of the YMM registers
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
  Code width = Code::k64;
  bool floating = false;  // `fx` is set before and compared after
  bool wide = false;      // so is `high`
  bool uses_fs = false;   // 64-bit code that does; the host takes two system calls for FS
  bool changes_gs = false;
  std::array<u8, 64> code;
  unsigned length = 0;  // without what follows it
  Window window;

  // Did it come to what follows the code?
  bool ended(const Registers& after, int vector) const {
    return vector == 13 && after.rip != before.rip && after.rip - kCode < kCodeSize &&
           after.rip - before.rip >= length;
  }
};

}  // namespace reprise::cpu::silicon
