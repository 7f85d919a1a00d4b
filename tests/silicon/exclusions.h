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
inline constexpr const char* kPrivileged = "#UD or #GP at CPL 3 and nothing else: tests/system";

inline constexpr const char* kComponents = "the host has other state components";

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
    {-1, -1, -1, "clac", kPrivileged},
    {-1, -1, -1, "stac", kPrivileged},
    {-1, -1, -1, "invpcid", kPrivileged},
    {-1, -1, -1, "rdpkru", "whether there are protection keys, the system says"},
    {-1, -1, -1, "wrpkru", "whether there are protection keys, the system says"},
    {-1, -1, -1, "int", kFar},
    {-1, -1, -1, "int1", kFar},
    {-1, -1, -1, "int3", kFar},
    {-1, -1, -1, "into", kFar},
    {-1, -1, -1, "iret", kFar},
    {-1, -1, -1, "retf", kFar},
    {-1, -1, -1, "syscall", kFar},
    {-1, -1, -1, "sysenter", kFar},
    {-1, -1, -1, "sysexit", "#UD in long mode on AMD, and #GP above CPL 0: either, by the system"},
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
    {-1, -1, -1, "xgetbv", kComponents},
    {-1, -1, -1, "xsave", kComponents},
    {-1, -1, -1, "xsaveopt", kComponents},
    {-1, -1, -1, "xsavec", kComponents},
    {-1, -1, -1, "xrstor", kComponents},
    {-1, -1, -1, "rcpps", kEstimate},
    {-1, -1, -1, "rcpss", kEstimate},
    {-1, -1, -1, "rsqrtps", kEstimate},
    {-1, -1, -1, "rsqrtss", kEstimate},
};

inline const Exclusion* excluded(Map map, u8 opcode, int reg, std::string_view name) {
  for (const Exclusion& e : kExclusions)
    if (e.name == name && (e.map < 0 || e.map == map) && (e.opcode < 0 || e.opcode == opcode) &&
        (e.reg < 0 || e.reg == reg))
      return &e;
  return nullptr;
}

// Kinds of which most cases are ambiguous, so that few are compared: the reason, or null.
inline const char* thin(std::string_view name, bool code64) {
  return name == "sysret" && !code64 ? "Intel's know it in 64-bit mode only" : nullptr;
}

// Longer than a bus cycle: which of its bytes faults first is not defined.
inline bool long_operand(std::string_view name) {
  for (std::string_view each : {"frstor", "fldenv", "fxrstor", "fnsave", "fnstenv", "fxsave",
                                "fbld", "fbstp", "vmaskmovps", "vmaskmovpd", "vpmaskmov"})
    if (name == each) return true;
  return false;
}

}  // namespace reprise::cpu::silicon
