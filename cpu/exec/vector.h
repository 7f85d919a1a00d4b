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
[[gnu::always_inline]] inline u64 vector_address(Cpu& c, const Op* op, bool write) {
  if constexpr (Place::kFlat)
    return flat_address(c, op);
  else
    return general_address<Size>(c, op, write);
}
inline void require_alignment(Cpu& c, const Op* op, u64 linear, unsigned size = 16) {
  if (linear & (size - 1)) [[unlikely]] {
    c.op = op;
    c.raise(kGP, 0);
  }
}
[[gnu::always_inline]] inline Xmm load_xmm(Cpu& c, const Op* op, u64 linear) {
  const FastEntry& e = c.fast[linear >> 12 & (kDataTlb - 1)];
  if (((linear + 15) & kPageMask) == e.read_tag) [[likely]]
    return read_host<Xmm>(linear + e.addend);
  const u64 low = load<u64>(c, op, linear, op->seg);
  return {{low, load<u64>(c, op, linear + 8, op->seg)}};
}
inline Ymm load_ymm(Cpu& c, const Op* op, u64 linear) {
  const FastEntry& e = c.fast[linear >> 12 & (kDataTlb - 1)];
  if (((linear + 31) & kPageMask) == e.read_tag) [[likely]]
    return read_host<Ymm>(linear + e.addend);
  const Xmm low = load_xmm(c, op, linear);
  return {{low, load_xmm(c, op, linear + 16)}};
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

inline void store_ymm(Cpu& c, const Op* op, u64 linear, const Ymm& value) {
  const FastEntry& e = c.fast[linear >> 12 & (kDataTlb - 1)];
  if (((linear + 31) & kPageMask) == e.write_tag) [[likely]]
    return write_host<Ymm>(linear + e.addend, value);
  c.op = op;
  c.probe(linear, 32, true, c.user(), op->seg);
  for (unsigned i = 0; i < 4; ++i)
    store<u64>(c, op, linear + 8 * i, value.half[i / 2].q[i % 2], op->seg);
}

// As FAST_READ and FAST_WRITE (memory/access.h), for handlers over the operand's place alone.
#define FAST_READ_AT(S)                                      \
  if constexpr (Place::kFlat)                                \
    if (!reads_fast<S>(c, flat_address(c, op))) [[unlikely]] \
  INSTEAD(run<InGeneral>)
#define FAST_WRITE_AT(S)                                      \
  if constexpr (Place::kFlat)                                 \
    if (!writes_fast<S>(c, flat_address(c, op))) [[unlikely]] \
  INSTEAD(run<InGeneral>)

// --- registers and memory as wide as V: Xmm or Ymm

template <class V>
inline constexpr bool kIsYmm = sizeof(V) == 32;

template <class V>
inline V vec(const Cpu& c, unsigned number) {
  if constexpr (kIsYmm<V>)
    return {{c.fpu.xmm[number], c.fpu.ymm_high[number]}};
  else
    return c.fpu.xmm[number];
}
// As VEX instructions write: what lies above is cleared.
template <class V>
inline void set_vec(Cpu& c, unsigned number, const V& value) {
  if constexpr (kIsYmm<V>) {
    c.fpu.xmm[number] = value.half[0];
    c.fpu.ymm_high[number] = value.half[1];
  } else {
    c.fpu.xmm[number] = value;
    c.fpu.ymm_high[number] = {};
  }
}
template <class V>
[[gnu::always_inline]] inline V load_vec(Cpu& c, const Op* op, u64 linear) {
  if constexpr (kIsYmm<V>)
    return load_ymm(c, op, linear);
  else
    return load_xmm(c, op, linear);
}
template <class V>
inline void store_vec(Cpu& c, const Op* op, u64 linear, const V& value) {
  if constexpr (kIsYmm<V>)
    store_ymm(c, op, linear, value);
  else
    store_xmm(c, op, linear, value);
}

// --- sources: the r/m operand of a handler

template <class V, bool Aligned>
struct Whole {
  template <class Place>
  [[gnu::always_inline]] static V read(Cpu& c, const Op* op) {
    if constexpr (!Place::kMemory) {
      return vec<V>(c, op->rm);
    } else {
      const u64 linear = vector_address<sizeof(V), Place>(c, op, false);
      if constexpr (Aligned) require_alignment(c, op, linear, sizeof(V));
      return load_vec<V>(c, op, linear);
    }
  }
};
using Wx = Whole<Xmm, true>;
using WxUnaligned = Whole<Xmm, false>;

// The low T of an XMM register, or a T in memory.
template <class T>
struct LowXmm {
  template <class Place>
  [[gnu::always_inline]] static T read(Cpu& c, const Op* op) {
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

// --- forms: where a vector instruction has its operands, and how wide they are

// Two operands, the destination also the first source; what lies above it is kept.
// `first_of`: the first source of an instruction that stores, whose destination is `number`.
struct Legacy {
  using V = Xmm;
  using Source = Wx;
  static Xmm first(const Cpu& c, const Op* op) { return c.fpu.xmm[op->reg]; }
  static Xmm first_of(const Cpu& c, const Op*, unsigned number) { return c.fpu.xmm[number]; }
  static void put(Cpu& c, const Op* op, const Xmm& value) { put_at(c, op->reg, value); }
  static void put_at(Cpu& c, unsigned number, const Xmm& value) { c.fpu.xmm[number] = value; }
};
// Three operands, the first source named by VEX.vvvv; memory need not be aligned.
template <class W>
struct Vex {
  using V = W;
  using Source = Whole<W, false>;
  static W first(const Cpu& c, const Op* op) { return vec<W>(c, op->arg); }
  static W first_of(const Cpu& c, const Op* op, unsigned) { return first(c, op); }
  static void put(Cpu& c, const Op* op, const W& value) { put_at(c, op->reg, value); }
  static void put_at(Cpu& c, unsigned number, const W& value) { set_vec<W>(c, number, value); }
};
// A plain function as a shape.
template <auto Fn>
struct Step {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    return step<Fn>(c, op);
  }
};
using Vex128 = Vex<Xmm>;
using Vex256 = Vex<Ymm>;

// F on each half of a Ymm alone, as nearly all 256-bit instructions work.
template <class F, class... Rest>
inline Xmm by_halves(const Xmm& a, const Xmm& b, Rest... rest) {
  return F{}(a, b, rest...);
}
template <class F>
inline Ymm by_halves(const Ymm& a, const Ymm& b) {
  return {{F{}(a.half[0], b.half[0]), F{}(a.half[1], b.half[1])}};
}
// F::kUpperImm: the upper half's bits of the immediate begin there; otherwise both have the same.
template <class F>
inline Ymm by_halves(const Ymm& a, const Ymm& b, u8 imm) {
  u8 upper = imm;
  if constexpr (requires { F::kUpperImm; }) upper >>= F::kUpperImm;
  return {{F{}(a.half[0], b.half[0], imm), F{}(a.half[1], b.half[1], upper)}};
}

// --- shapes

// d = F(first, source)
template <class F, class Form = Legacy>
struct VecOp {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto b = Form::Source::template read<Place>(c, op);
    Form::put(c, op, by_halves<F>(Form::first(c, op), b));
    NEXT;
  }
};
// d = F(first, source, imm8)
template <class F, class Form = Legacy>
struct VecOpImm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto b = Form::Source::template read<Place>(c, op);
    Form::put(c, op, by_halves<F>(Form::first(c, op), b, u8(op->imm)));
    NEXT;
  }
};
// xmm = F(first, a source of another kind[, imm8])
template <class F, class Source, class Form = Legacy>
struct XmmFrom {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto b = Source::template read<Place>(c, op);
    Form::put(c, op, F{}(Form::first(c, op), b));
    NEXT;
  }
};
template <class F, class Source, class Form = Legacy>
struct XmmFromImm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto b = Source::template read<Place>(c, op);
    Form::put(c, op, F{}(Form::first(c, op), b, u8(op->imm)));
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
// A general register = F(mm, xmm or ymm register[, imm8]); the upper half is cleared.
template <class F, class V = Xmm>
struct GprFromVec {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.reg<u64>(op->reg) = u32(F{}(vec<V>(c, op->rm), u8(op->imm)));
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
inline constexpr u32 kVexRow = kVec | kAvx | kVexL;

// Which VEX forms an instruction has beside its legacy one.
enum VexForms : u32 {
  kNoVex = 0,
  kVexUnary = 1,   // vvvv names no register
  kVex128 = 2,     // VEX.L must be 0
  kVexScalar = 4,  // VEX.L is ignored
  kVexAvx = 8,     // 128 and 256 bits
  kVexAvx2 = 16,   // 128 and, with AVX2, 256 bits
};
// The VEX row beside a legacy one: `map` and `prefix` are of both. Shape128, Shape256: handlers by
// VEX.L. `more`: further attributes; those of `legacy` that are not about SSE are taken over.
template <class Shape128, class Shape256>
void add_vex(Tables& t, Map map, u8 opcode, Prefix prefix, const Row& legacy, u32 forms,
             Feature feature = Feature::kAvx, u32 more = 0) {
  u32 attributes = (legacy.attributes & ~u32(kSse | kMmx)) | kAvx | kVexL | more;
  if (forms & kVexUnary) attributes |= kVexNoV;
  if (forms & kVexAvx2) attributes |= kWide2;
  t.add(vex_map(map), opcode, prefix,
        {legacy.name, legacy.operands, &kVexSet<Shape128, Shape256>, attributes, feature});
}
// Shape<Form>: the legacy row and its VEX forms.
template <u32 Forms, template <class> class Shape>
void add_forms(Tables& t, Map map, u8 opcode, Prefix prefix, const char* name, u32 operands,
               Feature feature, u32 attributes = kXmmRow, Feature vex = Feature::kAvx) {
  const Row row = {name, operands, &kPlaceSet<Shape<Legacy>>, attributes, feature};
  t.add(map, opcode, prefix, row);
  if constexpr (Forms & kVexScalar)
    add_vex<Shape<Vex128>, Shape<Vex128>>(t, map, opcode, prefix, row, Forms, vex);
  else if constexpr (Forms & kVex128)
    add_vex<Shape<Vex128>, void>(t, map, opcode, prefix, row, Forms, vex);
  else if constexpr (Forms & (kVexAvx | kVexAvx2))
    add_vex<Shape<Vex128>, Shape<Vex256>>(t, map, opcode, prefix, row, Forms, vex);
}
template <class F>
struct VecOps {
  template <class Form>
  using Plain = VecOp<F, Form>;
  template <class Form>
  using Imm = VecOpImm<F, Form>;
};

// The MMX form and, with 66h, the XMM and VEX forms of an instruction.
template <u32 Forms = kVexAvx2, class F>
void add_both(Tables& t, Map map, u8 opcode, const char* name, F, Feature mmx = Feature::kMmx,
              Feature sse = Feature::kSse2) {
  t.add(map, opcode, kNoPrefix, {name, Vx_Wx, &kPlaceSet<MmOp<F>>, kMmRow, mmx});
  add_forms<Forms, VecOps<F>::template Plain>(t, map, opcode, k66, name, Vx_Wx, sse);
}
template <u32 Forms = kNoVex, class F>
void add_xmm(Tables& t, Map map, u8 opcode, Prefix prefix, const char* name, F, Feature feature,
             Feature vex = Feature::kAvx) {
  add_forms<Forms, VecOps<F>::template Plain>(t, map, opcode, prefix, name, Vx_Wx, feature, kXmmRow,
                                              vex);
}
template <u32 Forms = kNoVex, class F>
void add_xmm_imm(Tables& t, Map map, u8 opcode, Prefix prefix, const char* name, F, Feature feature,
                 Feature vex = Feature::kAvx) {
  add_forms<Forms, VecOps<F>::template Imm>(t, map, opcode, prefix, name, Vx_Wx_Ub, feature,
                                            kXmmRow, vex);
}

void add_vector_integer_rows(Tables& t);  // mmx.cc
void add_vector_shuffle_rows(Tables& t);  // sse_shuffle.cc
void add_sse_move_rows(Tables& t);        // sse_move.cc
void add_sse_float_rows(Tables& t);       // sse_float.cc
void add_sse_convert_rows(Tables& t);     // sse_convert.cc
void add_sse_string_rows(Tables& t);      // sse_string.cc: PCMPxSTRx, CRC32
void add_sse_crypto_rows(Tables& t);      // sse_crypto.cc: AES-NI, PCLMULQDQ, SHA
void add_sse_state_rows(Tables& t);       // sse_state.cc: LDMXCSR, fences
void add_avx_rows(Tables& t);             // avx.cc: what AVX and AVX2 have of their own
void add_fma_rows(Tables& t);             // fma.cc: FMA, F16C
void add_xsave_rows(Tables& t);           // xsave.cc: FXSAVE, XSAVE, XGETBV

}  // namespace reprise::cpu
