// The x87 register stack as instructions see it.
//
// Source: Intel SDM volume 1, chapter 8. Every instruction but the control instructions first
// reports an exception that waits (#MF), then records itself (FOP, FIP; FDP with a memory operand),
// checks the stack, and computes. With an unmasked stack fault, or an unmasked exception found
// before the operation, no register changes.
#pragma once

#include "cpu/exec/vector.h"
#include "cpu/fpu/quick80.h"

namespace reprise::cpu {

inline constexpr u16 kC0 = 0x0100, kC1 = 0x0200, kC2 = 0x0400, kC3 = 0x4000;
inline constexpr u16 kConditions = kC0 | kC1 | kC2 | kC3;
inline constexpr u16 kStackFault = 0x0040, kErrorSummary = 0x0080, kBusy = 0x8000;

class X87 {
 public:
  explicit X87(Cpu& c) : f_(c.fpu) {}

  fpu::Float80 st(unsigned i) const {
    const auto& r = f_.physical[(f_.top + i) & 7];
    return {r.significand, r.sign_exponent};
  }
  void set_st(unsigned i, fpu::Float80 value) {
    const unsigned number = (f_.top + i) & 7;
    f_.physical[number] = {value.significand, value.sign_exponent};
    f_.empty &= u8(~(1u << number));
  }
  fpu::Operand operand(unsigned i) const { return fpu::decode(st(i)); }
  bool empty(unsigned i) const { return f_.empty >> ((f_.top + i) & 7) & 1; }
  void pop() {
    f_.empty |= u8(1u << f_.top);
    f_.top = (f_.top + 1) & 7;
  }
  void push(fpu::Float80 value) {
    f_.top = (f_.top - 1) & 7;
    set_st(0, value);
  }
  fpu::Fpu80 arithmetic() const { return fpu::Fpu80(f_.control); }

  void set_conditions(u16 mask, u16 value) {
    f_.status = u16((f_.status & ~mask) | (value & mask));
  }
  // The result of a usual case, in which every exception is masked.
  void finish(const fpu::Quick& quick, unsigned to) {
    finish_flags(quick);
    set_st(to, quick.value);
  }
  void finish_flags(const fpu::Quick& quick) {
    f_.status =
        u16((f_.status & ~kC1) | (quick.up ? kC1 : 0) | (quick.inexact ? fpu::kPrecision : 0));
  }
  // Takes over flags and C1, and whether an exception now waits.
  void finish(const fpu::Fpu80& f) {
    set_conditions(kC1, f.c1 ? kC1 : 0);
    raise(f.flags);
  }
  void raise(u8 flags) {
    f_.status |= flags;
    if (flags & ~f_.control & 0x3F) f_.status |= kErrorSummary | kBusy;
  }
  // After masks or flags were loaded.
  void update_summary() {
    f_.status &= u16(~(kErrorSummary | kBusy));
    if (f_.status & ~f_.control & 0x3F) f_.status |= kErrorSummary | kBusy;
  }

  // Stack faults. True: invalid is masked, so the response (an indefinite) is to be stored.
  bool underflow() { return stack_fault(0); }
  bool overflow() { return stack_fault(kC1); }
  bool masked_invalid() const { return f_.control & 1; }

 private:
  bool stack_fault(u16 c1) {
    set_conditions(kC1, c1);
    f_.status |= kStackFault;
    raise(fpu::kInvalid);
    return masked_invalid();
  }
  fpu::FpuState& f_;
};

// FOP, FIP, FCS. `escape` is the low three bits of the first opcode byte; op.arg is the ModRM byte.
inline void record_instruction(Cpu& c, const Op& op, unsigned escape) {
  c.fpu.opcode = u16(escape << 8 | op.arg);
  c.fpu.instruction = (c.r[kRip] + op.offset) & c.ip_mask();
  c.fpu.code_segment = c.seg[CS].selector;
}
inline void record_data(Cpu& c, const Op& op) {
  c.fpu.data = effective_offset(c, &op);
  c.fpu.data_segment = c.seg[op.seg].selector;
}

u16 full_tag_word(const fpu::FpuState& f);
u16 full_status(const fpu::FpuState& f);
void load_status(Cpu& c, u16 status);
inline u16 legal_control(u16 control) { return u16((control & 0x1F3F) | 0x40); }

}  // namespace reprise::cpu
