// System instructions as plain functions, and which wrapper of memory/access.h each needs:
//   step  goes on with the next instruction
//   last  ends the block; the next instruction follows in memory
//   jump  ends the block; the function sets r[kRip] as its last act
#pragma once

#include "cpu/cpu.h"
#include "cpu/op.h"

namespace reprise::cpu {

// --- segment registers and descriptor tables (segments.cc, tables.cc)
// -------------------------------
void mov_from_sreg(Cpu& c, const Op& op);  // step; op.reg: ModRM reg
void mov_to_sreg(Cpu& c, const Op& op);    // last
template <u8 Seg>
void push_sreg(Cpu& c, const Op& op);  // step
template <u8 Seg>
void pop_sreg(Cpu& c, const Op& op);  // last
template <u8 Seg>
void load_far_pointer(Cpu& c, const Op& op);  // last; LES, LDS, LSS, LFS, LGS
void lar(Cpu& c, const Op& op);               // step
void lsl(Cpu& c, const Op& op);               // step
void verr(Cpu& c, const Op& op);              // step
void verw(Cpu& c, const Op& op);              // step
void arpl(Cpu& c, const Op& op);              // step
void sgdt(Cpu& c, const Op& op);              // step
void sidt(Cpu& c, const Op& op);              // step
void sldt(Cpu& c, const Op& op);              // step
void str(Cpu& c, const Op& op);               // step
void lgdt(Cpu& c, const Op& op);              // step
void lidt(Cpu& c, const Op& op);              // step
void lldt(Cpu& c, const Op& op);              // step
void ltr(Cpu& c, const Op& op);               // step

// --- far transfers (far.cc): jump
// -------------------------------------------------------------------
void jmp_far_direct(Cpu& c, const Op& op);  // imm: offset, disp: selector
void call_far_direct(Cpu& c, const Op& op);
void jmp_far_memory(Cpu& c, const Op& op);
void call_far_memory(Cpu& c, const Op& op);
void ret_far(Cpu& c, const Op& op);  // imm: bytes to release

// --- interrupts (interrupts.cc, iret.cc): jump
// ------------------------------------------------------
void int_n(Cpu& c, const Op& op);  // imm: vector
void int1(Cpu& c, const Op& op);
void int3(Cpu& c, const Op& op);
void into(Cpu& c, const Op& op);
void iret(Cpu& c, const Op& op);
void ud2(Cpu& c, const Op& op);
void bound(Cpu& c, const Op& op);  // step

// --- control and debug registers, modes (control.cc)
// ------------------------------------------------
void mov_from_cr(Cpu& c, const Op& op);  // step; op.reg: ModRM reg with REX.R
void mov_to_cr(Cpu& c, const Op& op);    // last
void mov_from_dr(Cpu& c, const Op& op);  // step
void mov_to_dr(Cpu& c, const Op& op);    // last
void lmsw(Cpu& c, const Op& op);         // last
void smsw(Cpu& c, const Op& op);         // step
void clts(Cpu& c, const Op& op);         // last
void invlpg(Cpu& c, const Op& op);       // last
void invpcid(Cpu& c, const Op& op);      // last; op.reg: ModRM reg with REX.R
void clac(Cpu& c, const Op& op);         // step
void stac(Cpu& c, const Op& op);         // step
void rdpkru(Cpu& c, const Op& op);       // step
void wrpkru(Cpu& c, const Op& op);       // step
void invd(Cpu& c, const Op& op);         // step
void wbinvd(Cpu& c, const Op& op);       // step
void hlt(Cpu& c, const Op& op);          // last
void cli(Cpu& c, const Op& op);          // step
void sti(Cpu& c, const Op& op);          // last
void pushf(Cpu& c, const Op& op);        // step
void popf(Cpu& c, const Op& op);         // last
void swapgs(Cpu& c, const Op& op);       // last
template <SegIndex S>
void read_base(Cpu& c, const Op& op);  // step; RDFSBASE, RDGSBASE
template <SegIndex S>
void write_base(Cpu& c, const Op& op);  // step
void rdtsc(Cpu& c, const Op& op);       // step
void rdtscp(Cpu& c, const Op& op);      // step
void rdpid(Cpu& c, const Op& op);       // step
void rdpmc(Cpu& c, const Op& op);       // step
void monitor(Cpu& c, const Op& op);     // step
void mwait(Cpu& c, const Op& op);       // last
void pause(Cpu& c, const Op& op);       // last

// --- fast system calls (syscall.cc): jump
// -----------------------------------------------------------
void syscall(Cpu& c, const Op& op);
void sysret(Cpu& c, const Op& op);
void sysenter(Cpu& c, const Op& op);
void sysexit(Cpu& c, const Op& op);

// --- ports (ports.cc)
// -------------------------------------------------------------------------------
void in_imm(Cpu& c, const Op& op);   // step; imm: port
void in_dx(Cpu& c, const Op& op);    // step
void out_imm(Cpu& c, const Op& op);  // step
void out_dx(Cpu& c, const Op& op);   // step
// One iteration of INS or OUTS; CX is the caller's. T: u8, u16, u32.
template <class T>
void ins_one(Cpu& c, const Op& op);
template <class T>
void outs_one(Cpu& c, const Op& op);

// --- MSRs, CPUID, SMM
// -------------------------------------------------------------------------------
void rdmsr(Cpu& c, const Op& op);  // step
void wrmsr(Cpu& c, const Op& op);  // last
void cpuid(Cpu& c, const Op& op);  // step
void rsm(Cpu& c, const Op& op);    // jump

// What CPUID answers, EAX to EDX.
struct CpuidResult {
  u32 a, b, c, d;
};
CpuidResult cpuid_leaf(const Cpu& c, u32 leaf, u32 subleaf);

// --- debug (debug.cc)
// ------------------------------------------------------------------------------- An enabled
// instruction breakpoint at this linear address: true, and DR6 says which.
bool breakpoint_at(Cpu& c, u64 linear);

// --- what other files of system/ share
// --------------------------------------------------------------
void set_cr0(Cpu& c, u64 value);  // raises #GP(0)
void set_cr3(Cpu& c, u64 value);
void set_cr4(Cpu& c, u64 value);
bool set_efer(Cpu& c, u64 value);  // false: #GP
bool port_allowed(Cpu& c, u16 port, unsigned size);

}  // namespace reprise::cpu
