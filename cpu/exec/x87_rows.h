// What the files of x87 instructions share: the wrapper, memory formats, rows.
#pragma once

#include "cpu/exec/x87.h"

namespace reprise::cpu {

inline unsigned reg_field(const Op& op) { return op.arg >> 3 & 7; }
inline unsigned rm_field(const Op& op) { return op.arg & 7; }

// Every instruction but the control instructions: waiting exception, Fn, then FOP, FIP and FDP.
template <unsigned Escape, auto Fn>
void x87(Cpu& c, const Op& op) {
  check_x87_pending(c);
  Fn(c, op);
  record_instruction(c, op, Escape);
  if (op.flags & kOpMemory) record_data(c, op);
}

// --- memory formats

namespace x87_format {

// What is read travels as Bits: quickly (fpu/quick80.h) as a Float80, else as an Operand.
struct Single {
  using Bits = u32;
  static Bits bits(Cpu& c, const Op& op) { return read_rm<u32>(c, op); }
  static fpu::Float80 quick(Bits bits) { return fpu::quick_f32(bits); }
  static fpu::Operand operand(Bits bits) { return fpu::decode_f32(bits); }
  static fpu::Float80 load(fpu::Fpu80& f, Bits bits) { return f.load_f32(bits); }
  static fpu::Quick quick_store(fpu::Float80 value) { return fpu::quick_store<23, 127>(value); }
  static Bits convert(fpu::Fpu80& f, const fpu::Operand& value) { return f.store_f32(value); }
  static constexpr Bits kIndefinite = 0xFFC0'0000;
};
struct Double {
  using Bits = u64;
  static Bits bits(Cpu& c, const Op& op) { return read_rm<u64>(c, op); }
  static fpu::Float80 quick(Bits bits) { return fpu::quick_f64(bits); }
  static fpu::Operand operand(Bits bits) { return fpu::decode_f64(bits); }
  static fpu::Float80 load(fpu::Fpu80& f, Bits bits) { return f.load_f64(bits); }
  static fpu::Quick quick_store(fpu::Float80 value) { return fpu::quick_store<52, 1023>(value); }
  static Bits convert(fpu::Fpu80& f, const fpu::Operand& value) { return f.store_f64(value); }
  static constexpr Bits kIndefinite = 0xFFF8'0000'0000'0000;
};
template <class T, bool Truncate = false>
struct Integer {
  using Bits = T;
  using Signed = std::make_signed_t<T>;
  static Bits bits(Cpu& c, const Op& op) { return read_rm<T>(c, op); }
  static fpu::Float80 quick(Bits bits) { return fpu::quick_integer(Signed(bits)); }
  static fpu::Operand operand(Bits bits) { return fpu::decode_integer(Signed(bits)); }
  static fpu::Float80 load(fpu::Fpu80&, Bits bits) { return fpu::encode(operand(bits)); }
  static fpu::Quick quick_store(fpu::Float80) { return {}; }
  static Bits convert(fpu::Fpu80& f, const fpu::Operand& value) {
    return Bits(f.store_integer(value, 8 * sizeof(T), Truncate));
  }
  static constexpr Bits kIndefinite = T(T(1) << (8 * sizeof(T) - 1));
};

}  // namespace x87_format

// --- rows

inline constexpr u32 kX87Row = kX87 | kRegRmArg;

template <unsigned Escape, auto Fn>
void add_memory(Tables& t, unsigned reg, const char* name, Feature feature = Feature::kFpu) {
  t.add(kOneByte, 0xD8 + Escape, kAnyPrefix, reg, kMem, -1,
        {name, M, &kSame<step<x87<Escape, Fn>>>, kX87Row, feature});
}
template <unsigned Escape, auto Fn>
void add_register(Tables& t, unsigned reg, const char* name, int rm = -1,
                  Feature feature = Feature::kFpu) {
  t.add(kOneByte, 0xD8 + Escape, kAnyPrefix, reg, kReg, rm,
        {name, M, &kSame<step<x87<Escape, Fn>>>, kX87Row, feature});
}
// Control instructions: not recorded, and only those that load state wait.
template <auto Fn>
void add_control(Tables& t, u8 opcode, unsigned reg, Form form, int rm, const char* name) {
  t.add(kOneByte, opcode, kAnyPrefix, reg, form, rm,
        {name, M, &kSame<step<Fn>>, kX87Row, Feature::kFpu});
}

void add_x87_move_rows(Tables& t);
void add_x87_arithmetic_rows(Tables& t);
void add_x87_control_rows(Tables& t);

}  // namespace reprise::cpu
