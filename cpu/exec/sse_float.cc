// SSE and AVX floating-point arithmetic and comparison, packed and scalar. The arithmetic is in
// fpu/sse.h.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

using fpu::Relation;
using fpu::Sse;

// --- shapes

// What has a `quick` (fpu/sse.h) is tried so in the handler itself, without a stack frame. Where
// that does not do, another form of the handler computes exactly; it reads the operand once more,
// unless what is read may be a device.
template <class F>
concept HasQuick = requires {
  F::quick(1.0, 1.0);
};
template <class Place>
inline constexpr bool kReadsOnce = Place::kMemory && !Place::kFlat;

// Each lane = F(sse, lane, source lane).
template <class T, class F, class Form>
struct PackedFloat {
  using V = typename Form::V;
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    if constexpr (HasQuick<F> && !kIsYmm<V>) {
      FAST_READ_AT(V);
      const auto y = lanes<T>(Form::Source::template read<Place>(c, op));
      if (fpu::sse_usual(c.fpu.mxcsr)) {
        auto x = lanes<T>(Form::first(c, op));
        const auto quick = [&]<std::size_t... I>(std::index_sequence<I...>) {
          return (unsigned(quick_lane(x.v[I], y.v[I])) & ...);
        };
        const bool ok = quick(std::make_index_sequence<x.kCount>());
        if (ok) [[likely]] {
          Form::put(c, op, x);
          NEXT;
        }
      }
      if constexpr (kReadsOnce<Place>) {
        compute(c, op, y);
        NEXT;
      }
    }
    INSTEAD(exact<Place>);
  }
  [[gnu::always_inline]] static bool quick_lane(T& x, T y) {
    const auto quick = fpu::sse_quick(x, y, [](auto a, auto b) { return F::quick(a, b); });
    x = quick.value;
    return quick.ok;
  }
  template <class Place>
  static const Op* exact(Cpu& c, const Op* op) {
    read_and_compute<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void read_and_compute(Cpu& c, const Op* op) {
    compute(c, op, lanes<T>(Form::Source::template read<Place>(c, op)));
  }
  [[gnu::noinline]] static void compute(Cpu& c, const Op* op, Lanes<T, V> y) {
    auto x = lanes<T>(Form::first(c, op));
    Sse sse(c.fpu.mxcsr);
    for (unsigned i = 0; i < x.kCount; ++i) x[i] = F{}(sse, x[i], y[i], u8(op->imm));
    c.op = op;
    finish_sse(c, sse);
    Form::put(c, op, x);
  }
};
// The lowest lane only.
template <class T, class F, class Form>
struct ScalarFloat {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    if constexpr (HasQuick<F>) {
      FAST_READ_AT(T);
      const T y = LowXmm<T>::template read<Place>(c, op);
      if (fpu::sse_usual(c.fpu.mxcsr)) {
        auto x = lanes<T>(Form::first(c, op));
        const auto quick = fpu::sse_quick(x[0], y, [](auto a, auto b) { return F::quick(a, b); });
        if (quick.ok) [[likely]] {
          if constexpr (std::is_same_v<Form, Legacy>) {
            reinterpret_cast<T&>(c.fpu.xmm[op->reg]) = quick.value;
          } else {
            x[0] = quick.value;
            Form::put(c, op, x);
          }
          NEXT;
        }
      }
      if constexpr (kReadsOnce<Place>) {
        compute(c, op, y);
        NEXT;
      }
    }
    INSTEAD(exact<Place>);
  }
  template <class Place>
  static const Op* exact(Cpu& c, const Op* op) {
    compute(c, op, LowXmm<T>::template read<Place>(c, op));
    NEXT;
  }
  [[gnu::noinline]] static void compute(Cpu& c, const Op* op, T y) {
    auto x = lanes<T>(Form::first(c, op));
    Sse sse(c.fpu.mxcsr);
    x[0] = F{}(sse, x[0], y, u8(op->imm));
    c.op = op;
    finish_sse(c, sse);
    Form::put(c, op, x);
  }
};

struct Add {
  static auto quick(auto a, auto b) { return a + b; }
  auto operator()(Sse& s, auto a, auto b, u8) const { return s.add(a, b); }
};
struct Multiply {
  static auto quick(auto a, auto b) { return a * b; }
  auto operator()(Sse& s, auto a, auto b, u8) const { return s.multiply(a, b); }
};
struct Subtract {
  static auto quick(auto a, auto b) { return a - b; }
  auto operator()(Sse& s, auto a, auto b, u8) const { return s.subtract(a, b); }
};
struct Divide {
  static auto quick(auto a, auto b) { return a / b; }
  auto operator()(Sse& s, auto a, auto b, u8) const { return s.divide(a, b); }
};
struct SquareRoot {  // of the source alone
  static auto quick(auto, auto b) {
    if constexpr (sizeof b == 4)
      return __builtin_sqrtf(b);
    else
      return __builtin_sqrt(b);
  }
  auto operator()(Sse& s, auto, auto b, u8) const { return s.square_root(b); }
};

// PS, PD, SS, SD: by prefix none, 66h, F3h, F2h.
using Names = const char* const (&)[4];

template <class T, class F>
struct Floats {
  template <class Form>
  using Packed = PackedFloat<T, F, Form>;
  template <class Form>
  using Scalar = ScalarFloat<T, F, Form>;
};
// Unary: of the packed VEX forms; scalar ones take the other lanes from vvvv.
template <u32 Unary = 0, class F>
void add_four(Tables& t, u8 opcode, Names names, F, u32 operands = Vx_Wx) {
  using Single = Floats<u32, F>;
  using Double = Floats<u64, F>;
  constexpr u32 packed = kVexAvx | Unary;
  const Feature sse = Feature::kSse, sse2 = Feature::kSse2;
  add_forms<packed, Single::template Packed>(t, k0F, opcode, kNoPrefix, names[0], operands, sse);
  add_forms<packed, Double::template Packed>(t, k0F, opcode, k66, names[1], operands, sse2);
  add_forms<kVexScalar, Single::template Scalar>(t, k0F, opcode, kF3, names[2], operands, sse);
  add_forms<kVexScalar, Double::template Scalar>(t, k0F, opcode, kF2, names[3], operands, sse2);
}

// CMPPS: by three bits of the immediate, with VEX by five.
template <unsigned Mask>
struct Compare {
  template <class T>
  T operator()(Sse& s, T a, T b, u8 imm) const {
    return s.compare(a, b, unsigned(imm & Mask)) ? ~T(0) : T(0);
  }
};
template <class T, template <class, class, class> class Shape, u32 Forms>
void add_compare(Tables& t, Prefix prefix, const char* name, Feature feature) {
  const Row row = {name, Vx_Wx_Ub, &kPlaceSet<Shape<T, Compare<7>, Legacy>>, kXmmRow, feature};
  t.add(k0F, 0xC2, prefix, row);
  using Narrow = Shape<T, Compare<31>, Vex128>;
  if constexpr (Forms == kVexScalar)
    add_vex<Narrow, Narrow>(t, k0F, 0xC2, prefix, row, Forms);
  else
    add_vex<Narrow, Shape<T, Compare<31>, Vex256>>(t, k0F, 0xC2, prefix, row, Forms);
}

void add_arithmetic(Tables& t) {
  add_four(t, 0x58, {"addps", "addpd", "addss", "addsd"}, Add{});
  add_four(t, 0x59, {"mulps", "mulpd", "mulss", "mulsd"}, Multiply{});
  add_four(t, 0x5C, {"subps", "subpd", "subss", "subsd"}, Subtract{});
  add_four(t, 0x5D, {"minps", "minpd", "minss", "minsd"},
           [](Sse& s, auto a, auto b, u8) { return s.minimum(a, b); });
  add_four(t, 0x5E, {"divps", "divpd", "divss", "divsd"}, Divide{});
  add_four(t, 0x5F, {"maxps", "maxpd", "maxss", "maxsd"},
           [](Sse& s, auto a, auto b, u8) { return s.maximum(a, b); });
  add_four<kVexUnary>(t, 0x51, {"sqrtps", "sqrtpd", "sqrtss", "sqrtsd"}, SquareRoot{});
  add_compare<u32, PackedFloat, kVexAvx>(t, kNoPrefix, "cmpps", Feature::kSse);
  add_compare<u64, PackedFloat, kVexAvx>(t, k66, "cmppd", Feature::kSse2);
  add_compare<u32, ScalarFloat, kVexScalar>(t, kF3, "cmpss", Feature::kSse);
  add_compare<u64, ScalarFloat, kVexScalar>(t, kF2, "cmpsd", Feature::kSse2);
}

template <u32 (*Estimate)(u32)>
void add_estimate(Tables& t, u8 opcode, const char* packed, const char* scalar) {
  const auto f = [](Sse&, u32, u32 b, u8) { return Estimate(b); };
  using Single = Floats<u32, decltype(f)>;
  const Feature sse = Feature::kSse;
  add_forms<kVexAvx | kVexUnary, Single::template Packed>(t, k0F, opcode, kNoPrefix, packed, Vx_Wx,
                                                          sse);
  add_forms<kVexScalar, Single::template Scalar>(t, k0F, opcode, kF3, scalar, Vx_Wx, sse);
}

// --- ROUNDPS and its like (SSE4.1)

void add_rounding(Tables& t) {
  const auto f = [](Sse& s, auto, auto b, u8 imm) { return s.round(b, imm); };
  using Single = Floats<u32, decltype(f)>;
  using Double = Floats<u64, decltype(f)>;
  const Feature sse41 = Feature::kSse41;
  constexpr u32 unary = kVexAvx | kVexUnary;
  add_forms<unary, Single::Packed>(t, k0F3A, 0x08, k66, "roundps", Vx_Wx_Ub, sse41);
  add_forms<unary, Double::Packed>(t, k0F3A, 0x09, k66, "roundpd", Vx_Wx_Ub, sse41);
  add_forms<kVexScalar, Single::Scalar>(t, k0F3A, 0x0A, k66, "roundss", Vx_Wx_Ub, sse41);
  add_forms<kVexScalar, Double::Scalar>(t, k0F3A, 0x0B, k66, "roundsd", Vx_Wx_Ub, sse41);
}

// --- across the lanes of 16 bytes: F gives all lanes

template <class T, class F, class Form>
struct AcrossFloat {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const auto y = lanes<T>(Form::Source::template read<Place>(c, op));
    const auto x = lanes<T>(Form::first(c, op));
    Sse sse(c.fpu.mxcsr);
    const auto result = F{}(sse, x, y, u8(op->imm));
    c.op = op;
    finish_sse(c, sse);
    Form::put(c, op, result);
  }
};

template <class L>
inline constexpr unsigned kInLane = 16 / sizeof(L::v[0]);  // elements of 16 bytes

template <class Pair>
struct HorizontalFloat {  // of neighbours in x, then in y
  template <class L>
  L operator()(Sse& s, const L& x, const L& y, u8) const {
    L r;
    constexpr unsigned half = kInLane<L> / 2;
    for (unsigned lane = 0; lane < L::kCount; lane += kInLane<L>)
      for (unsigned i = 0; i < half; ++i) {
        r[lane + i] = Pair{}(s, x[lane + 2 * i], x[lane + 2 * i + 1]);
        r[lane + half + i] = Pair{}(s, y[lane + 2 * i], y[lane + 2 * i + 1]);
      }
    return r;
  }
};
struct AddSubtract {  // even lanes subtracted, odd lanes added
  template <class L>
  L operator()(Sse& s, const L& x, const L& y, u8) const {
    L r;
    for (unsigned i = 0; i < L::kCount; ++i)
      r[i] = i & 1 ? s.add(x[i], y[i]) : s.subtract(x[i], y[i]);
    return r;
  }
};
// imm8: bits 4-7 choose the products, bits 0-3 where the sum goes. An unmasked exception of the
// products, or of the first sums, ends it there.
struct DotProduct {
  template <class L>
  L operator()(Sse& s, const L& x, const L& y, u8 imm) const {
    L p = {};
    for (unsigned i = 0; i < L::kCount; ++i)
      if (imm >> (4 + i % kInLane<L>)&1) p[i] = s.multiply(x[i], y[i]);
    if (!s.next_stage()) return x;
    // Each lane adds its neighbour, then (DPPS) the other pair. Only which of several NaNs wins
    // depends on the order of operands; this is Intel's silicon.
    constexpr bool kFour = kInLane<L> == 4;
    L r = {};
    for (unsigned i = 0; i < L::kCount; ++i)
      r[i] = kFour ? s.add(p[i ^ 1], p[i]) : s.add(p[i], p[i ^ 1]);
    if constexpr (kFour) {
      if (!s.next_stage()) return x;
      const L pairs = r;
      for (unsigned i = 0; i < L::kCount; ++i) r[i] = s.add(pairs[i], pairs[i ^ 2]);
    }
    for (unsigned i = 0; i < L::kCount; ++i)
      if (!(imm >> (i % kInLane<L>)&1)) r[i] = 0;
    return r;
  }
};

template <class T, class F>
struct Across {
  template <class Form>
  using Shape = AcrossFloat<T, F, Form>;
};
template <class T, class F>
void add_across_row(Tables& t, u8 opcode, Prefix prefix, const char* name) {
  add_forms<kVexAvx, Across<T, F>::template Shape>(t, k0F, opcode, prefix, name, Vx_Wx,
                                                   Feature::kSse3);
}

void add_across(Tables& t) {
  const auto add_pair = [](Sse& s, auto a, auto b) { return s.add(a, b); };
  const auto subtract_pair = [](Sse& s, auto a, auto b) { return s.subtract(a, b); };
  add_across_row<u32, HorizontalFloat<decltype(add_pair)>>(t, 0x7C, kF2, "haddps");
  add_across_row<u64, HorizontalFloat<decltype(add_pair)>>(t, 0x7C, k66, "haddpd");
  add_across_row<u32, HorizontalFloat<decltype(subtract_pair)>>(t, 0x7D, kF2, "hsubps");
  add_across_row<u64, HorizontalFloat<decltype(subtract_pair)>>(t, 0x7D, k66, "hsubpd");
  add_across_row<u32, AddSubtract>(t, 0xD0, kF2, "addsubps");
  add_across_row<u64, AddSubtract>(t, 0xD0, k66, "addsubpd");
  const Feature sse41 = Feature::kSse41;
  add_forms<kVexAvx, Across<u32, DotProduct>::Shape>(t, k0F3A, 0x40, k66, "dpps", Vx_Wx_Ub, sse41);
  add_forms<kVex128, Across<u64, DotProduct>::Shape>(t, k0F3A, 0x41, k66, "dppd", Vx_Wx_Ub, sse41);
}

// --- COMISS, UCOMISS: to EFLAGS

template <class T, bool Quiet>
struct CompareToFlags {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ_AT(T);
    using F = fpu::Ieee<T>;
    if constexpr (!kReadsOnce<Place>) {
      const T x = T(c.fpu.xmm[op->reg].q[0]), y = LowXmm<T>::template read<Place>(c, op);
      if (F::is_plain(x) && F::is_plain(y)) [[likely]] {  // no flag of MXCSR can arise
        using Host = typename F::Host;
        const Host a = std::bit_cast<Host>(x), b = std::bit_cast<Host>(y);
        c.flags.set_raw((a < b ? CF : 0) | (a == b ? ZF : 0));
        NEXT;
      }
    }
    INSTEAD(exact<Place>);
  }
  template <class Place>
  static const Op* exact(Cpu& c, const Op* op) {
    compute<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void compute(Cpu& c, const Op* op) {
    const T y = LowXmm<T>::template read<Place>(c, op);
    Sse sse(c.fpu.mxcsr);
    const Relation relation = sse.compare(T(c.fpu.xmm[op->reg].q[0]), y, Quiet);
    c.op = op;
    finish_sse(c, sse);
    c.flags.set_raw(relation == Relation::unordered ? ZF | PF | CF
                    : relation == Relation::less    ? CF
                    : relation == Relation::equal   ? ZF
                                                    : 0);
  }
};

void add_comparisons(Tables& t) {
  const auto add = [&]<class Shape>(u8 opcode, Prefix prefix, const char* name, Feature feature,
                                    std::type_identity<Shape>) {
    const Row row = {name, Vx_Wx, &kPlaceSet<Shape>, kXmmRow, feature};
    t.add(k0F, opcode, prefix, row);
    add_vex<Shape, Shape>(t, k0F, opcode, prefix, row, kVexScalar | kVexUnary);
  };
  using std::type_identity;
  const Feature sse = Feature::kSse, sse2 = Feature::kSse2;
  add(0x2E, kNoPrefix, "ucomiss", sse, type_identity<CompareToFlags<u32, true>>());
  add(0x2E, k66, "ucomisd", sse2, type_identity<CompareToFlags<u64, true>>());
  add(0x2F, kNoPrefix, "comiss", sse, type_identity<CompareToFlags<u32, false>>());
  add(0x2F, k66, "comisd", sse2, type_identity<CompareToFlags<u64, false>>());
}

}  // namespace

void add_sse_float_rows(Tables& t) {
  add_arithmetic(t);
  add_estimate<fpu::reciprocal_root_estimate>(t, 0x52, "rsqrtps", "rsqrtss");
  add_estimate<fpu::reciprocal_estimate>(t, 0x53, "rcpps", "rcpss");
  add_rounding(t);
  add_across(t);
  add_comparisons(t);
}

}  // namespace reprise::cpu
