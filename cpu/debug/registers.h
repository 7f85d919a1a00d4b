// A vCPU's registers as gdb names and orders them, and as a debugger changes them.
//
// Source: the features org.gnu.gdb.i386.core, .sse and .segments of gdb's manual ("Standard Target
// Features"). Values are little-endian numbers of `bits` bits.
#pragma once

#include <string>
#include <vector>

#include "cpu/cpu.h"

namespace reprise::cpu {

struct DebugRegister {
  enum class Kind : u8 {
    General,  // index: Gpr
    Ip,       // as the program has it: an offset into CS
    Flags,
    Selector,  // index: SegIndex
    St,        // index: of the stack
    FpuControl,
    FpuStatus,
    FpuTags,  // two bits each, as FNSTENV stores them
    FpuCodeSegment,
    FpuCodeOffset,
    FpuDataSegment,
    FpuDataOffset,
    FpuOpcode,
    Xmm,  // index
    Mxcsr,
    YmmHigh,  // index: the upper half
    Pkru,
    SegmentBase,  // index: FS or GS
    KernelGsBase,
    Cr0,
    Cr2,
    Cr3,
    Cr4,
    Cr8,
    Efer,
  };
  enum class Feature : u8 { Core, Sse, Avx, Keys, Segments, System };  // where gdb looks for it

  std::string name;
  unsigned bits;
  std::string type;  // gdb's
  Feature feature;
  Kind kind;
  u8 index = 0;
};

// In the order of gdb's numbers. Of 64 bits if the model has long mode, whatever the mode is.
std::vector<DebugRegister> debug_registers(const CpuModel& model);

u128 read_register(const Cpu& cpu, const DebugRegister& which);

// At an instruction boundary. False, and nothing changes, if the vCPU cannot hold the value in the
// mode that it is in: what MOV, WRMSR or LDMXCSR would refuse; VM in EFLAGS, and CS and SS in
// protected mode, which decide about privilege.
bool write_register(Cpu& cpu, const DebugRegister& which, u128 value);

}  // namespace reprise::cpu
