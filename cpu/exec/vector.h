// MMX and XMM operands: lanes, memory forms, and the shapes that most vector instructions have.
//
// Source: Intel SDM volume 1, chapters 9 to 12; volume 2. A memory operand of 16 bytes must be
// aligned (#GP(0)) unless the instruction says otherwise. Whatever can fault comes first.
#pragma once

#include <bit>

#include "cpu/decode/tables.h"
#include "cpu/fpu/sse.h"

namespace reprise::cpu {

struct Mm {  // an MMX register's value
  u64 q = 0;
};

// --- lanes

template <class T, class V>
struct Lanes {
  static constexpr unsigned kCount = sizeof(V) / sizeof(T);
  T v[kCount];
  operator V() const { return std::bit_cast<V>(*this); }
  T& operator[](unsigned i) { return v[i]; }
  T operator[](unsigned i) const { return v[i]; }
};
template <class T, class V>
inline Lanes<T, V> lanes(const V& value) {
  return std::bit_cast<Lanes<T, V>>(value);
}

// F on each pair of lanes, or each lane, of type T; a function of whole registers.
template <class T, class F>
struct Each {
  template <class V>
  V operator()(V a, V b) const {
    auto x = lanes<T>(a);
    const auto y = lanes<T>(b);
    for (unsigned i = 0; i < x.kCount; ++i) x[i] = T(F{}(x[i], y[i]));
    return x;
  }
};
template <class T, class F>
constexpr Each<T, F> each(F) {
  return {};
}

template <class To>
inline To saturate(i32 value) {
  constexpr i32 lo = std::numeric_limits<To>::min(), hi = std::numeric_limits<To>::max();
  return To(value < lo ? lo : value > hi ? hi : value);
}

// --- registers

// An unmasked x87 exception waits for the next instruction that checks. CR0.NE clear would signal
// it as FERR#, an interrupt by way of the 8259: not modelled, as if IGNNE# were always given.
inline void check_x87_pending(Cpu& c) {
  if ((c.fpu.status & 0x80) && (c.cr0 & CR0_NE)) [[unlikely]]
    c.raise(kMF);
}
// Every MMX instruction but EMMS makes all registers valid and ST(0) physical register 0.
inline void enter_mmx(Cpu& c) {
  c.fpu.top = 0;
  c.fpu.empty = 0;
}
inline Mm mm(const Cpu& c, unsigned number) { return {c.fpu.physical[number & 7].significand}; }
inline void set_mm(Cpu& c, unsigned number, Mm value) {
  enter_mmx(c);
  c.fpu.physical[number & 7] = {value.q, 0xFFFF};
}

// --- memory

template <unsigned Size, class Place>
inline u64 vector_address(Cpu& c, const Op* op, bool write) {
  if constexpr (Place::kFlat)
    return flat_address(c, op);
  else
    return general_address<Size>(c, op, write);
}
inline void require_alignment(Cpu& c, const Op* op, u64 linear) {
  if (linear & 15) [[unlikely]] {
    c.op = op;
    c.raise(kGP, 0);
  }
}
inline Xmm load_xmm(Cpu& c, const Op* op, u64 linear) {
  const FastEntry& e = c.fast[linear >> 12 & (kDataTlb - 1)];
  if (((linear + 15) & kPageMask) == e.read_tag) [[likely]]
    return read_host<Xmm>(linear + e.addend);
  const u64 low = load<u64>(c, op, linear, op->seg);
  return {{low, load<u64>(c, op, linear + 8, op->seg)}};
}
inline void store_xmm(Cpu& c, const Op* op, u64 linear, const Xmm& value) {
  const FastEntry& e = c.fast[linear >> 12 & (kDataTlb - 1)];
  if (((linear + 15) & kPageMask) == e.write_tag) [[likely]]
    return write_host<Xmm>(linear + e.addend, value);
  c.op = op;
  c.probe(linear, 16, true, c.user(), op->seg);
  store<u64>(c, op, linear, value.q[0], op->seg);
  store<u64>(c, op, linear + 8, value.q[1], op->seg);
}

// --- sources: the r/m operand of a handler

template <bool Aligned>
struct WholeXmm {
  template <class Place>
  static Xmm read(Cpu& c, const Op* op) {
    if constexpr (!Place::kMemory) {
      return c.fpu.xmm[op->rm];
    } else {
      const u64 linear = vector_address<16, Place>(c, op, false);
      if constexpr (Aligned) require_alignment(c, op, linear);
      return load_xmm(c, op, linear);
    }
  }
};
using Wx = WholeXmm<true>;
using WxUnaligned = WholeXmm<false>;

// The low T of an XMM register, or a T in memory.
template <class T>
struct LowXmm {
  template <class Place>
  static T read(Cpu& c, const Op* op) {
    if constexpr (!Place::kMemory)
      return T(c.fpu.xmm[op->rm].q[0]);
    else
      return Place::template read<T>(c, op);
  }
};
struct WholeMm {
  template <class Place>
  static Mm read(Cpu& c, const Op* op) {
    if constexpr (!Place::kMemory)
      return mm(c, op->rm);
    else
      return {Place::template read<u64>(c, op)};
  }
};
struct LowMm {  // 32 bits
  template <class Place>
  static Mm read(Cpu& c, const Op* op) {
    if constexpr (!Place::kMemory)
      return {u32(mm(c, op->rm).q)};
    else
      return {Place::template read<u32>(c, op)};
  }
};
template <class T>
struct General {  // a general register or memory
  template <class Place>
  static T read(Cpu& c, const Op* op) {
    return Place::template read<T>(c, op);
  }
};

// --- shapes

// xmm = F(xmm, source)
template <class F, class Source = Wx>
struct XmmOp {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto b = Source::template read<Place>(c, op);
    Xmm& d = c.fpu.xmm[op->reg];
    d = F{}(d, b);
    NEXT;
  }
};
// xmm = F(xmm, source, imm8)
template <class F, class Source = Wx>
struct XmmOpImm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto b = Source::template read<Place>(c, op);
    Xmm& d = c.fpu.xmm[op->reg];
    d = F{}(d, b, u8(op->imm));
    NEXT;
  }
};
// mm = F(mm, source)
template <class F, class Source = WholeMm>
struct MmOp {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    const auto b = Source::template read<Place>(c, op);
    set_mm(c, op->reg, F{}(mm(c, op->reg), b));
    NEXT;
  }
};
template <class F, class Source = WholeMm>
struct MmOpImm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    const auto b = Source::template read<Place>(c, op);
    set_mm(c, op->reg, F{}(mm(c, op->reg), b, u8(op->imm)));
    NEXT;
  }
};
// A general register = F(mm or xmm register[, imm8]); the upper half is cleared.
template <class F>
struct GprFromXmm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.reg<u64>(op->reg) = u32(F{}(c.fpu.xmm[op->rm], u8(op->imm)));
    NEXT;
  }
};
template <class F>
struct GprFromMm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    enter_mmx(c);
    c.reg<u64>(op->reg) = u32(F{}(mm(c, op->rm), u8(op->imm)));
    NEXT;
  }
};

// Floating point: takes over the flags; an unmasked exception ends the instruction, nothing stored.
// Handlers do this in functions of their own, not inlined, so that the address of an Sse does not
// keep the compiler from jumping to the next handler.
inline void finish_sse(Cpu& c, const fpu::Sse& sse) {
  c.fpu.mxcsr |= sse.raised();
  if (sse.aborted()) [[unlikely]]
    c.raise(c.cr4 & CR4_OSXMMEXCPT ? kXM : kUD);
}

// --- rows

inline constexpr u32 kXmmRow = kVec | kSse, kMmRow = kVec | kMmx;

// The MMX form and, with 66h, the XMM form of an instruction.
template <class F>
void add_both(Tables& t, Map map, u8 opcode, const char* name, F, Feature mmx = Feature::kMmx,
              Feature sse = Feature::kSse2) {
  t.add(map, opcode, kNoPrefix, {name, Vx_Wx, &kPlaceSet<MmOp<F>>, kMmRow, mmx});
  t.add(map, opcode, k66, {name, Vx_Wx, &kPlaceSet<XmmOp<F>>, kXmmRow, sse});
}
template <class F, class Source = Wx>
void add_xmm(Tables& t, Map map, u8 opcode, Prefix prefix, const char* name, F, Feature feature) {
  t.add(map, opcode, prefix, {name, Vx_Wx, &kPlaceSet<XmmOp<F, Source>>, kXmmRow, feature});
}
template <class F, class Source = Wx>
void add_xmm_imm(Tables& t, Map map, u8 opcode, Prefix prefix, const char* name, F,
                 Feature feature) {
  t.add(map, opcode, prefix, {name, Vx_Wx_Ub, &kPlaceSet<XmmOpImm<F, Source>>, kXmmRow, feature});
}

void add_vector_integer_rows(Tables& t);  // mmx.cc
void add_vector_shuffle_rows(Tables& t);  // sse_shuffle.cc
void add_sse_move_rows(Tables& t);        // sse_move.cc
void add_sse_float_rows(Tables& t);       // sse_float.cc
void add_sse_convert_rows(Tables& t);     // sse_convert.cc
void add_sse_string_rows(Tables& t);      // sse_string.cc: PCMPxSTRx, CRC32
void add_sse_crypto_rows(Tables& t);      // sse_crypto.cc: AES-NI, PCLMULQDQ, SHA
void add_sse_state_rows(Tables& t);       // sse_state.cc: FXSAVE, LDMXCSR, fences

}  // namespace reprise::cpu
