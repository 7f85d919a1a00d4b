// x87, MMX, SSE and AVX registers.
//
// Source: Intel SDM volume 1, chapters 8 (x87), 9 (MMX), 10 (MXCSR), 14 (AVX).
#pragma once

#include "cpu/state.h"

namespace reprise::cpu::fpu {

// One x87 data register: 64-bit significand with explicit integer bit, sign and 15-bit exponent.
// MMX register i is the significand of physical register i.
struct Register80 {
  u64 significand = 0;
  u16 sign_exponent = 0;
  void state(reprise::State& s) { s("significand", significand)("sign_exponent", sign_exponent); }
};

inline constexpr u32 kMxcsrMask = 0xFFFF, kMxcsrInit = 0x1F80;

struct FpuState {
  Register80 physical[8];  // R0..R7; ST(i) is physical[(top + i) & 7]
  u16 control = 0x0040;    // FCW after RESET; FNINIT makes it 037Fh
  u16 status = 0;          // FSW without TOP
  u8 top = 0;              // FSW bits 11-13
  u8 empty = 0;            // bit i: physical[i] is tagged empty (reset: valid, all zero)
  u16 opcode = 0;          // FOP, 11 bits
  u16 code_segment = 0, data_segment = 0;
  u64 instruction = 0, data = 0;  // FIP, FDP
  u32 mxcsr = kMxcsrInit;
  Xmm xmm[16];
  Xmm ymm_high[16];  // bits 128 to 255 of the YMM registers

  void state(reprise::State& s) {
    s("st", physical)("control", control)("status", status)("top", top, 0, 7)("empty", empty);
    s("opcode", opcode, 0, 0x7FF)("code_segment", code_segment)("data_segment", data_segment);
    s("instruction", instruction)("data", data)("mxcsr", mxcsr, 0, 0xFFFF);
    s.raw("xmm", {reinterpret_cast<u8*>(xmm), sizeof xmm});
    s.raw("ymm_high", {reinterpret_cast<u8*>(ymm_high), sizeof ymm_high});
  }
};

}  // namespace reprise::cpu::fpu
