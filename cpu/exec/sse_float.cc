// SSE floating-point arithmetic and comparison, packed and scalar. The arithmetic is in fpu/sse.h.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

using fpu::Relation;
using fpu::Sse;

// --- shapes

// What has a `quick` (fpu/sse.h) is tried so in the handler itself, without a stack frame.
template <class F>
concept HasQuick = requires {
  F::quick(1.0, 1.0);
};

// Each lane = F(sse, lane, source lane).
template <class T, class F>
struct PackedFloat {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto y = lanes<T>(Wx::read<Place>(c, op));
    if constexpr (HasQuick<F>) {
      if (fpu::sse_usual(c.fpu.mxcsr)) {
        auto x = lanes<T>(c.fpu.xmm[op->reg]);
        bool ok = true;
        for (unsigned i = 0; i < x.kCount; ++i) {
          const auto quick =
              fpu::sse_quick(x[i], y[i], [](auto a, auto b) { return F::quick(a, b); });
          x[i] = quick.value;
          ok &= quick.ok;
        }
        if (ok) [[likely]] {
          c.fpu.xmm[op->reg] = x;
          NEXT;
        }
      }
    }
    return slow(c, op, y);
  }
  // Two steps: what has the address of a local taken cannot end in a jump.
  [[gnu::noinline]] static const Op* slow(Cpu& c, const Op* op, Lanes<T, Xmm> y) {
    compute(c, op, y);
    NEXT;
  }
  [[gnu::noinline]] static void compute(Cpu& c, const Op* op, Lanes<T, Xmm> y) {
    auto x = lanes<T>(c.fpu.xmm[op->reg]);
    Sse sse(c.fpu.mxcsr);
    for (unsigned i = 0; i < x.kCount; ++i) x[i] = F{}(sse, x[i], y[i], u8(op->imm));
    c.op = op;
    finish_sse(c, sse);
    c.fpu.xmm[op->reg] = x;
  }
};
// The lowest lane only.
template <class T, class F>
struct ScalarFloat {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const T y = LowXmm<T>::template read<Place>(c, op);
    if constexpr (HasQuick<F>) {
      if (fpu::sse_usual(c.fpu.mxcsr)) {
        T& x = *reinterpret_cast<T*>(&c.fpu.xmm[op->reg]);
        const auto quick = fpu::sse_quick(x, y, [](auto a, auto b) { return F::quick(a, b); });
        if (quick.ok) [[likely]] {
          x = quick.value;
          NEXT;
        }
      }
    }
    return slow(c, op, y);
  }
  // Two steps: what has the address of a local taken cannot end in a jump.
  [[gnu::noinline]] static const Op* slow(Cpu& c, const Op* op, T y) {
    compute(c, op, y);
    NEXT;
  }
  [[gnu::noinline]] static void compute(Cpu& c, const Op* op, T y) {
    auto x = lanes<T>(c.fpu.xmm[op->reg]);
    Sse sse(c.fpu.mxcsr);
    x[0] = F{}(sse, x[0], y, u8(op->imm));
    c.op = op;
    finish_sse(c, sse);
    c.fpu.xmm[op->reg] = x;
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

// PS, PD, SS, SD: by prefix none, 66h, F3h, F2h.
using Names = const char* const (&)[4];

template <class F>
void add_four(Tables& t, u8 opcode, Names names, F, u32 operands = Vx_Wx) {
  t.add(k0F, opcode, kNoPrefix,
        {names[0], operands, &kPlaceSet<PackedFloat<u32, F>>, kXmmRow, Feature::kSse});
  t.add(k0F, opcode, k66,
        {names[1], operands, &kPlaceSet<PackedFloat<u64, F>>, kXmmRow, Feature::kSse2});
  t.add(k0F, opcode, kF3,
        {names[2], operands, &kPlaceSet<ScalarFloat<u32, F>>, kXmmRow, Feature::kSse});
  t.add(k0F, opcode, kF2,
        {names[3], operands, &kPlaceSet<ScalarFloat<u64, F>>, kXmmRow, Feature::kSse2});
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
  add_four(t, 0x51, {"sqrtps", "sqrtpd", "sqrtss", "sqrtsd"},
           [](Sse& s, auto, auto b, u8) { return s.square_root(b); });
  add_four(
      t, 0xC2, {"cmpps", "cmppd", "cmpss", "cmpsd"},
      [](Sse& s, auto a, auto b, u8 imm) {
        return s.compare(a, b, unsigned(imm & 7)) ? ~decltype(a)(0) : decltype(a)(0);
      },
      Vx_Wx_Ub);
}

template <u32 (*Estimate)(u32)>
void add_estimate(Tables& t, u8 opcode, const char* packed, const char* scalar) {
  const auto f = [](Sse&, u32, u32 b, u8) { return Estimate(b); };
  using F = decltype(f);
  t.add(k0F, opcode, kNoPrefix,
        {packed, Vx_Wx, &kPlaceSet<PackedFloat<u32, F>>, kXmmRow, Feature::kSse});
  t.add(k0F, opcode, kF3, {scalar, Vx_Wx, &kPlaceSet<ScalarFloat<u32, F>>, kXmmRow, Feature::kSse});
}

// --- ROUNDPS and its like (SSE4.1)

void add_rounding(Tables& t) {
  const auto f = [](Sse& s, auto, auto b, u8 imm) { return s.round(b, imm); };
  using F = decltype(f);
  const Feature sse41 = Feature::kSse41;
  t.add(k0F3A, 0x08, k66, {"roundps", Vx_Wx_Ub, &kPlaceSet<PackedFloat<u32, F>>, kXmmRow, sse41});
  t.add(k0F3A, 0x09, k66, {"roundpd", Vx_Wx_Ub, &kPlaceSet<PackedFloat<u64, F>>, kXmmRow, sse41});
  t.add(k0F3A, 0x0A, k66, {"roundss", Vx_Wx_Ub, &kPlaceSet<ScalarFloat<u32, F>>, kXmmRow, sse41});
  t.add(k0F3A, 0x0B, k66, {"roundsd", Vx_Wx_Ub, &kPlaceSet<ScalarFloat<u64, F>>, kXmmRow, sse41});
}

// --- across lanes: F gives a whole register

template <class T, class F>
struct AcrossFloat {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const auto y = lanes<T>(Wx::read<Place>(c, op));
    const auto x = lanes<T>(c.fpu.xmm[op->reg]);
    Sse sse(c.fpu.mxcsr);
    const auto result = F{}(sse, x, y, u8(op->imm));
    c.op = op;
    finish_sse(c, sse);
    c.fpu.xmm[op->reg] = result;
  }
};

struct HorizontalAdd {
  template <class L>
  L operator()(Sse& s, const L& x, const L& y, u8) const {
    L r;
    constexpr unsigned half = L::kCount / 2;
    for (unsigned i = 0; i < half; ++i) {
      r[i] = s.add(x[2 * i], x[2 * i + 1]);
      r[half + i] = s.add(y[2 * i], y[2 * i + 1]);
    }
    return r;
  }
};
struct HorizontalSubtract {
  template <class L>
  L operator()(Sse& s, const L& x, const L& y, u8) const {
    L r;
    constexpr unsigned half = L::kCount / 2;
    for (unsigned i = 0; i < half; ++i) {
      r[i] = s.subtract(x[2 * i], x[2 * i + 1]);
      r[half + i] = s.subtract(y[2 * i], y[2 * i + 1]);
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
      if (imm >> (4 + i) & 1) p[i] = s.multiply(x[i], y[i]);
    if (!s.next_stage()) return x;
    // Each lane adds its neighbour, then (DPPS) the other pair. Only which of several NaNs wins
    // depends on the order of operands; this is Intel's silicon.
    constexpr bool kFour = L::kCount == 4;
    L r = {};
    for (unsigned i = 0; i < L::kCount; ++i)
      r[i] = kFour ? s.add(p[i ^ 1], p[i]) : s.add(p[i], p[i ^ 1]);
    if constexpr (kFour) {
      if (!s.next_stage()) return x;
      const L pairs = r;
      for (unsigned i = 0; i < 4; ++i) r[i] = s.add(pairs[i], pairs[i ^ 2]);
    }
    for (unsigned i = 0; i < L::kCount; ++i)
      if (!(imm >> i & 1)) r[i] = 0;
    return r;
  }
};

void add_across(Tables& t) {
  const auto add = [&]<class F>(u8 opcode, const char* ps, const char* pd, F) {
    t.add(k0F, opcode, kF2, {ps, Vx_Wx, &kPlaceSet<AcrossFloat<u32, F>>, kXmmRow, Feature::kSse3});
    t.add(k0F, opcode, k66, {pd, Vx_Wx, &kPlaceSet<AcrossFloat<u64, F>>, kXmmRow, Feature::kSse3});
  };
  add(0x7C, "haddps", "haddpd", HorizontalAdd{});
  add(0x7D, "hsubps", "hsubpd", HorizontalSubtract{});
  add(0xD0, "addsubps", "addsubpd", AddSubtract{});
  t.add(k0F3A, 0x40, k66,
        {"dpps", Vx_Wx_Ub, &kPlaceSet<AcrossFloat<u32, DotProduct>>, kXmmRow, Feature::kSse41});
  t.add(k0F3A, 0x41, k66,
        {"dppd", Vx_Wx_Ub, &kPlaceSet<AcrossFloat<u64, DotProduct>>, kXmmRow, Feature::kSse41});
}

// --- COMISS, UCOMISS: to EFLAGS

template <class T, bool Quiet>
struct CompareToFlags {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
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
  t.add(k0F, 0x2E, kNoPrefix,
        {"ucomiss", Vx_Wx, &kPlaceSet<CompareToFlags<u32, true>>, kXmmRow, Feature::kSse});
  t.add(k0F, 0x2E, k66,
        {"ucomisd", Vx_Wx, &kPlaceSet<CompareToFlags<u64, true>>, kXmmRow, Feature::kSse2});
  t.add(k0F, 0x2F, kNoPrefix,
        {"comiss", Vx_Wx, &kPlaceSet<CompareToFlags<u32, false>>, kXmmRow, Feature::kSse});
  t.add(k0F, 0x2F, k66,
        {"comisd", Vx_Wx, &kPlaceSet<CompareToFlags<u64, false>>, kXmmRow, Feature::kSse2});
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
