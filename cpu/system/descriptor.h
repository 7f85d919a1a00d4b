// Descriptors of the GDT and LDT, and what loading of segments and changes of stack are made of.
#pragma once

#include "cpu/cpu.h"

namespace reprise::cpu {

// Error code that names a selector (or IDT entry). `ext`: during delivery of an event that is not
// the program's own.
constexpr u32 selector_error(u16 selector, bool ext = false) { return (selector & 0xFFFCu) | ext; }

// Types of system descriptors.
enum SystemType : u8 {
  kTss16 = 1,
  kLdt = 2,
  kTss16Busy = 3,
  kCallGate16 = 4,
  kTaskGate = 5,
  kInterruptGate16 = 6,
  kTrapGate16 = 7,
  kTss32 = 9,  // 64-bit in long mode
  kTss32Busy = 11,
  kCallGate32 = 12,
  kInterruptGate32 = 14,
  kTrapGate32 = 15,
};

struct Descriptor {
  u32 low = 0, high = 0;
  u32 upper = 0;    // bits 64-95 of a 16-byte descriptor
  u64 address = 0;  // linear, of the descriptor

  u8 type() const { return high >> 8 & 15; }
  bool s() const { return high & 0x1000; }
  u8 dpl() const { return high >> 13 & 3; }
  bool present() const { return high & 0x8000; }
  bool l() const { return high & 0x200000; }
  bool db() const { return high & 0x400000; }
  bool code() const { return s() && (high & 0x800); }
  bool conforming() const { return high & 0x400; }
  bool readable() const { return !code() || (high & 0x200); }       // code or data
  bool writable() const { return s() && (high & 0xA00) == 0x200; }  // data
  bool conforming_code() const { return code() && conforming(); }
  u64 base() const { return low >> 16 | (high & 0xFF) << 16 | (high & 0xFF000000); }
  u32 limit() const {
    const u32 raw = (low & 0xFFFF) | (high & 0xF0000);
    return high & 0x800000 ? raw << 12 | 0xFFF : raw;
  }
  // Of a gate.
  u16 gate_selector() const { return low >> 16; }
  u32 gate_offset() const { return (low & 0xFFFF) | (high & 0xFFFF0000); }
  // As a segment register holds it; code and data are marked accessed.
  Segment segment(u16 selector) const;
};

// False if the selector is null or beyond its table. Page faults are raised.
bool read_descriptor(Cpu& c, u16 selector, Descriptor& d);
// The upper half of a 16-byte descriptor; false if beyond the table or not of a legal form.
bool read_upper_half(Cpu& c, u16 selector, Descriptor& d);
// Sets the accessed bit in memory.
void mark_accessed(Cpu& c, const Descriptor& d);
void set_busy(Cpu& c, const Descriptor& d, bool busy);

// A data segment register (not SS) or SS, checked and loaded. `vector`: what is raised where the
// descriptor does not fit (#GP; #TS in a task switch).
void load_data_segment(Cpu& c, u8 index, u16 selector, u8 vector = kGP, bool ext = false);
void load_stack_segment(Cpu& c, u16 selector, u8 vector = kGP, bool ext = false);
// In any mode. Does not update derived state.
void load_segment(Cpu& c, u8 index, u16 selector);
// In real and virtual-8086 mode.
void load_real_segment(Cpu& c, u8 index, u16 selector);
void load_null_segment(Cpu& c, u8 index, u16 selector);
// Returning to an outer level: data segments that it may not use become null.
void drop_inner_segments(Cpu& c);

// Checks the descriptor of a stack segment for privilege `cpl`: `vector` for what does not fit, #SS
// if not present.
Descriptor stack_descriptor(Cpu& c, u16 selector, u8 cpl, u8 vector, bool ext);

// Is [offset, offset + size) within the segment's limit?
bool within_limit(const Segment& g, u64 offset, unsigned size);

// A stack being written before anything is committed.
struct StackWriter {
  Cpu& c;
  Segment segment;
  u64 sp;
  bool wide;  // 64-bit
  bool user;
  u32 error;  // of #SS

  // The present stack. In long mode a handler's or gate's stack is 64-bit: `wide_target`.
  static StackWriter present(Cpu& c, bool wide, u32 error = 0) {
    return {c, c.seg[SS], c.r[RSP], wide, c.user(), error};
  }
  u64 mask() const { return wide ? ~u64(0) : segment.db() ? 0xFFFFFFFF : 0xFFFF; }
  void push(u64 value, unsigned size);
  // The new RSP, for the segment and mode that are loaded already.
  void commit() const;
};

// Reads above the top of the present stack; #SS(0).
u64 stack_read(Cpu& c, u64 above, unsigned size);

// Writes RSP as wide as a stack of `mask`.
void write_sp(Cpu& c, u64 mask, u64 value);

// SS and SP for privilege `cpl` from the TSS; #TS.
struct TssStack {
  u16 selector;
  u64 sp;
};
TssStack tss_stack(Cpu& c, u8 cpl, bool ext);
u64 tss_stack64(Cpu& c, unsigned offset, bool ext);  // offset of the field in the TSS

// The instruction pointer in a code segment that is about to be loaded; #GP(ext).
void check_target(Cpu& c, const Descriptor& cs, u64 ip, bool ext = false);
// Loads CS at privilege `cpl`; updates derived state.
void commit_code(Cpu& c, const Descriptor& cs, u16 selector, u8 cpl);

// RET and IRET to an outer level, or IRET in 64-bit mode: CS, SS, RSP; all but r[kRip].
void return_outer(Cpu& c, const Descriptor& cs, u16 selector, u64 ip, u64 sp, u16 ss,
                  unsigned release);

enum class TaskSwitch : u8 { Jump, Call, Interrupt, Return };
// Task switch to the TSS `d`, whose type and presence are checked. Sets r[kRip].
void switch_task(Cpu& c, u16 selector, const Descriptor& d, TaskSwitch how, u64 return_ip,
                 bool ext = false, bool has_error = false, u32 error = 0);
// Through a task gate's selector, for JMP, CALL and interrupts.
void switch_by_gate(Cpu& c, u16 tss, TaskSwitch how, u64 return_ip, bool ext = false,
                    bool has_error = false, u32 error = 0);
void return_from_task(Cpu& c, u64 return_ip);

template <class F>
inline void write_reg_size(Cpu& c, u8 offset, unsigned size, F value) {
  if (size == 2)
    c.reg<u16>(offset) = u16(value);
  else
    c.reg<u64>(offset) = size == 4 ? u64(u32(value)) : u64(value);
}

}  // namespace reprise::cpu
