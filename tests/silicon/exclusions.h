// Instructions whose result on the host says nothing about ours, each with its reason.
#pragma once

#include <string_view>

#include "cpu/decode/tables.h"

namespace reprise::cpu::silicon {

struct Exclusion {
  int map;  // -1: any
  int opcode;
  int reg;  // of the ModRM byte, or -1
  std::string_view name;
  const char* reason;
};

inline constexpr const char* kDescriptors = "the host's descriptor tables are the kernel's";
inline constexpr const char* kUmip = "the kernel emulates it, or not (UMIP)";
inline constexpr const char* kCounter = "a clock or the host's identity";
inline constexpr const char* kFar = "leaves for another segment, or for the kernel";
inline constexpr const char* kTranscendental = "processors differ in the last bit: tests/fpu";
inline constexpr const char* kEstimate = "an estimate: any value within the bound is right";
inline constexpr const char* kPointers =
    "stores FIP, FDP and FOP, which processors keep differently";

inline constexpr Exclusion kExclusions[] = {
    {kOneByte, 0x8E, -1, "mov", kDescriptors},
    {kOneByte, 0x07, -1, "pop", kDescriptors},
    {kOneByte, 0x17, -1, "pop", kDescriptors},
    {kOneByte, 0x1F, -1, "pop", kDescriptors},
    {k0F, 0xA1, -1, "pop", kDescriptors},
    {k0F, 0xA9, -1, "pop", kDescriptors},
    {-1, -1, -1, "les", kDescriptors},
    {-1, -1, -1, "lds", kDescriptors},
    {-1, -1, -1, "lss", kDescriptors},
    {-1, -1, -1, "lfs", kDescriptors},
    {-1, -1, -1, "lgs", kDescriptors},
    {-1, -1, -1, "lar", kDescriptors},
    {-1, -1, -1, "lsl", kDescriptors},
    {-1, -1, -1, "verr", kDescriptors},
    {-1, -1, -1, "verw", kDescriptors},
    {-1, -1, -1, "sldt", kUmip},
    {-1, -1, -1, "str", kUmip},
    {-1, -1, -1, "sgdt", kUmip},
    {-1, -1, -1, "sidt", kUmip},
    {-1, -1, -1, "smsw", kUmip},
    {-1, -1, -1, "cpuid", kCounter},
    {-1, -1, -1, "rdtsc", kCounter},
    {-1, -1, -1, "rdtscp", kCounter},
    {-1, -1, -1, "rdpmc", kCounter},
    {-1, -1, -1, "monitor", "a model may allow it at CPL 3"},
    {-1, -1, -1, "mwait", "a model may allow it at CPL 3"},
    {-1, -1, -1, "int", kFar},
    {-1, -1, -1, "int1", kFar},
    {-1, -1, -1, "int3", kFar},
    {-1, -1, -1, "into", kFar},
    {-1, -1, -1, "iret", kFar},
    {-1, -1, -1, "retf", kFar},
    {-1, -1, -1, "syscall", kFar},
    {-1, -1, -1, "sysenter", kFar},
    {kOneByte, 0xEA, -1, "jmp", kFar},
    {kOneByte, 0x9A, -1, "call", kFar},
    {kOneByte, 0xFF, 3, "call", kFar},
    {kOneByte, 0xFF, 5, "jmp", kFar},
    {-1, -1, -1, "f2xm1", kTranscendental},
    {-1, -1, -1, "fyl2x", kTranscendental},
    {-1, -1, -1, "fyl2xp1", kTranscendental},
    {-1, -1, -1, "fptan", kTranscendental},
    {-1, -1, -1, "fpatan", kTranscendental},
    {-1, -1, -1, "fsin", kTranscendental},
    {-1, -1, -1, "fcos", kTranscendental},
    {-1, -1, -1, "fsincos", kTranscendental},
    {-1, -1, -1, "rcpps", kEstimate},
    {-1, -1, -1, "rcpss", kEstimate},
    {-1, -1, -1, "rsqrtps", kEstimate},
    {-1, -1, -1, "rsqrtss", kEstimate},
    {-1, -1, -1, "fxsave", kPointers},
    {-1, -1, -1, "fnsave", kPointers},
    {-1, -1, -1, "fnstenv", kPointers},
};

// Cases of instructions that are otherwise compared: processors differ, ours is one of the ways.
//   REP INS, REP OUTS with rCX = 0: Intel's check the port's permission all the same.
//   CALL to an address that is not canonical: Intel's have already written the return address.
//   PUSHA and POPA that fault: Intel's have stored or loaded some registers already.
//   BOUND, if the upper bound cannot be read: Intel's compare the lower one first.
//   SYSRET in 32-bit code: #UD on Intel's.
//   MASKMOVQ, MASKMOVDQU, where there is a fault: a byte that is masked may fault or not.
//   FXRSTOR of an address that is neither canonical nor aligned: #GP or #SS.
//   FSTP m80, FBSTP that fault: the other page may have been written.
//   On other hosts than Intel's: string comparisons that fault (which operand first; the flags),
//   and branches to addresses that are not canonical (#GP before or after the branch).
inline bool ambiguous(std::string_view name, bool code64, u64 rcx, int vector, bool either_faults,
                      bool intel) {
  if (!intel && either_faults)
    for (std::string_view each : {"cmps", "scas", "jmp", "call", "ret"})
      if (name == each) return true;
  if (name == "maskmovq" || name == "maskmovdqu" || name == "fbstp") return either_faults;
  if (name == "fxrstor") return vector == kGP || vector == kSS;
  if (name == "fstp") return vector == kPF;
  if (name == "ins" || name == "outs") return !(rcx & 0xFFFF);
  if (name == "call") return vector == kGP;
  if (name == "pusha" || name == "popa" || name == "bound") return vector == kPF;
  return name == "sysret" && !code64;
}

inline const Exclusion* excluded(Map map, u8 opcode, int reg, std::string_view name) {
  for (const Exclusion& e : kExclusions)
    if (e.name == name && (e.map < 0 || e.map == map) && (e.opcode < 0 || e.opcode == opcode) &&
        (e.reg < 0 || e.reg == reg))
      return &e;
  return nullptr;
}

// Longer than a bus cycle: which of its bytes faults first is not defined.
inline bool long_operand(std::string_view name) {
  return name == "frstor" || name == "fldenv" || name == "fxrstor";
}

}  // namespace reprise::cpu::silicon
