// SSE conversions between single, double and integers. Each is a function of the Sse context, the
// destination's old value and the source; what it returns becomes the destination.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

using fpu::Rounding;
using fpu::Sse;

// --- between vector registers: d = F(sse, first, source)

template <class F, class Source, class Form>
struct Convert {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const auto b = Source::template read<Place>(c, op);
    Sse sse(c.fpu.mxcsr);
    const typename Form::V result = F{}(sse, Form::first(c, op), b);
    c.op = op;
    finish_sse(c, sse);
    Form::put(c, op, result);
  }
};
// The rest of the destination from the first source.
template <class Source, class F>
void add_scalar(Tables& t, Prefix prefix, const char* name, F) {
  const Row row = {name, Vx_Wx, &kPlaceSet<Convert<F, Source, Legacy>>, kXmmRow, Feature::kSse2};
  t.add(k0F, 0x5A, prefix, row);
  using Shape = Convert<F, Source, Vex128>;
  add_vex<Shape, Shape>(t, k0F, 0x5A, prefix, row, kVexScalar);
}
// F with VEX.L = 0, G and Wide with 1. Sources with VEX need not be aligned.
template <class Source, class F, class Wide, class G, class WideForm>
void add_convert(Tables& t, u8 opcode, Prefix prefix, const char* name) {
  const Row row = {name, Vx_Wx, &kPlaceSet<Convert<F, Source, Legacy>>, kXmmRow, Feature::kSse2};
  t.add(k0F, opcode, prefix, row);
  using Narrow = std::conditional_t<std::is_same_v<Source, Wx>, WxUnaligned, Source>;
  add_vex<Convert<F, Narrow, Vex128>, Convert<G, Wide, WideForm>>(t, k0F, opcode, prefix, row,
                                                                  kVexAvx | kVexUnary);
}

template <class T>
Xmm with_low(const Xmm& whole, T low) {
  auto r = lanes<T>(whole);
  r[0] = low;
  return r;
}

template <bool Truncate>
Rounding mode(const Sse& s) {
  return Truncate ? Rounding::zero : s.rounding();
}
// Each lane From, of as many as there are lanes To in an R, or in its lower half.
template <class R, class To, class From, class F>
struct EachConverted {
  template <class First, class Source>
  R operator()(Sse& s, const First&, const Source& b) const {
    const auto x = lanes<From>(b);
    Lanes<To, R> r = {};
    constexpr unsigned count = std::min(Lanes<To, R>::kCount, Lanes<From, Source>::kCount);
    for (unsigned i = 0; i < count; ++i) r[i] = F{}(s, x[i]);
    return r;
  }
};
template <bool Truncate>
struct ToInteger {
  template <class T>
  u32 operator()(Sse& s, T value) const {
    return u32(s.to_integer<i32>(value, mode<Truncate>(s)));
  }
};
template <class T>
struct FromInteger {
  T operator()(Sse& s, u32 value) const { return s.from_integer<T>(i32(value)); }
};
struct WidenSingle {
  u64 operator()(Sse& s, u32 value) const { return s.widen(value); }
};
struct NarrowDouble {
  u32 operator()(Sse& s, u64 value) const { return s.narrow(value); }
};

using WyUnaligned = Whole<Ymm, false>;

// From wider or equal lanes: a source of whole registers.
template <class To, class From, class F>
void add_narrowing(Tables& t, u8 opcode, Prefix prefix, const char* name, F) {
  using R = std::conditional_t<sizeof(To) == sizeof(From), Ymm, Xmm>;
  add_convert<Wx, EachConverted<Xmm, To, From, F>, WyUnaligned, EachConverted<R, To, From, F>,
              Vex<R>>(t, opcode, prefix, name);
}
// From lanes of half the width: half a register.
template <class From, class F>
void add_widening(Tables& t, u8 opcode, Prefix prefix, const char* name, F) {
  add_convert<LowXmm<u64>, EachConverted<Xmm, u64, From, F>, WxUnaligned,
              EachConverted<Ymm, u64, From, F>, Vex256>(t, opcode, prefix, name);
}

void add_packed(Tables& t) {
  add_widening<u32>(t, 0x5A, kNoPrefix, "cvtps2pd", WidenSingle{});
  add_narrowing<u32, u64>(t, 0x5A, k66, "cvtpd2ps", NarrowDouble{});
  add_scalar<LowXmm<u32>>(t, kF3, "cvtss2sd",
                          [](Sse& s, const Xmm& a, u32 b) { return with_low(a, s.widen(b)); });
  add_scalar<LowXmm<u64>>(t, kF2, "cvtsd2ss",
                          [](Sse& s, const Xmm& a, u64 b) { return with_low(a, s.narrow(b)); });
  add_narrowing<u32, u32>(t, 0x5B, kNoPrefix, "cvtdq2ps", FromInteger<u32>{});
  add_widening<u32>(t, 0xE6, kF3, "cvtdq2pd", FromInteger<u64>{});
  add_narrowing<u32, u32>(t, 0x5B, k66, "cvtps2dq", ToInteger<false>{});
  add_narrowing<u32, u32>(t, 0x5B, kF3, "cvttps2dq", ToInteger<true>{});
  add_narrowing<u32, u64>(t, 0xE6, kF2, "cvtpd2dq", ToInteger<false>{});
  add_narrowing<u32, u64>(t, 0xE6, k66, "cvttpd2dq", ToInteger<true>{});
}

// --- general registers: 32 bits, or 64 by REX.W

template <class T, class Form>
struct FromGeneral {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const i64 value = op->flags & kOpRexW ? i64(Place::template read<u64>(c, op))
                                          : i32(Place::template read<u32>(c, op));
    Sse sse(c.fpu.mxcsr);
    const T result = sse.from_integer<T>(value);
    c.op = op;
    finish_sse(c, sse);
    Form::put(c, op, with_low(Form::first(c, op), result));
  }
};
template <class T, bool Truncate>
struct ToGeneral {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const T value = LowXmm<T>::template read<Place>(c, op);
    Sse sse(c.fpu.mxcsr);
    const u64 result = op->flags & kOpRexW ? u64(sse.to_integer<i64>(value, mode<Truncate>(sse)))
                                           : u32(sse.to_integer<i32>(value, mode<Truncate>(sse)));
    c.op = op;
    finish_sse(c, sse);
    c.reg<u64>(op->reg) = result;
  }
};

template <class T>
struct GeneralTo {
  template <class Form>
  using Shape = FromGeneral<T, Form>;
};
template <class Shape>
void add_to_general(Tables& t, u8 opcode, Prefix prefix, const char* name, Feature feature) {
  const Row row = {name, Vx_Wx, &kPlaceSet<Shape>, kVecRm | kSse, feature};
  t.add(k0F, opcode, prefix, row);
  add_vex<Shape, Shape>(t, k0F, opcode, prefix, row, kVexScalar | kVexUnary);
}

void add_general(Tables& t) {
  const u32 from = kVecReg | kSse;
  const Feature sse = Feature::kSse, sse2 = Feature::kSse2;
  add_forms<kVexScalar, GeneralTo<u32>::Shape>(t, k0F, 0x2A, kF3, "cvtsi2ss", Vx_Wx, sse, from);
  add_forms<kVexScalar, GeneralTo<u64>::Shape>(t, k0F, 0x2A, kF2, "cvtsi2sd", Vx_Wx, sse2, from);
  add_to_general<ToGeneral<u32, true>>(t, 0x2C, kF3, "cvttss2si", sse);
  add_to_general<ToGeneral<u64, true>>(t, 0x2C, kF2, "cvttsd2si", sse2);
  add_to_general<ToGeneral<u32, false>>(t, 0x2D, kF3, "cvtss2si", sse);
  add_to_general<ToGeneral<u64, false>>(t, 0x2D, kF2, "cvtsd2si", sse2);
}

// --- MMX registers

template <class T>
struct FromMm {  // CVTPI2PS keeps the upper half; from memory, the x87 state is not touched
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    constexpr bool kMmx = !Place::kMemory;
    c.op = op;
    if (kMmx) check_x87_pending(c);
    const u64 b = WholeMm::read<Place>(c, op).q;
    Sse sse(c.fpu.mxcsr);
    auto r = lanes<T>(c.fpu.xmm[op->reg]);
    r[0] = sse.from_integer<T>(i32(b));
    r[1] = sse.from_integer<T>(i32(b >> 32));
    if (kMmx) enter_mmx(c);  // also when an exception follows
    finish_sse(c, sse);
    c.fpu.xmm[op->reg] = r;
  }
};
template <class T, bool Truncate>
struct ToMm {
  using Source = std::conditional_t<sizeof(T) == 4, LowXmm<u64>, Wx>;
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    const auto x = lanes<T>(Source::template read<Place>(c, op));
    c.op = op;
    Sse sse(c.fpu.mxcsr);
    const u64 low = u32(sse.to_integer<i32>(x[0], mode<Truncate>(sse)));
    const u64 high = u32(sse.to_integer<i32>(x[1], mode<Truncate>(sse)));
    enter_mmx(c);  // also when an exception follows
    finish_sse(c, sse);
    set_mm(c, op->reg, {low | high << 32});
  }
};

void add_mm(Tables& t) {
  const u32 row = kXmmRow | kMmx;
  t.add(k0F, 0x2A, kNoPrefix, {"cvtpi2ps", Vx_Wx, &kPlaceSet<FromMm<u32>>, row, Feature::kSse});
  t.add(k0F, 0x2A, k66, {"cvtpi2pd", Vx_Wx, &kPlaceSet<FromMm<u64>>, row, Feature::kSse2});
  t.add(k0F, 0x2C, kNoPrefix,
        {"cvttps2pi", Vx_Wx, &kPlaceSet<ToMm<u32, true>>, row, Feature::kSse});
  t.add(k0F, 0x2C, k66, {"cvttpd2pi", Vx_Wx, &kPlaceSet<ToMm<u64, true>>, row, Feature::kSse2});
  t.add(k0F, 0x2D, kNoPrefix,
        {"cvtps2pi", Vx_Wx, &kPlaceSet<ToMm<u32, false>>, row, Feature::kSse});
  t.add(k0F, 0x2D, k66, {"cvtpd2pi", Vx_Wx, &kPlaceSet<ToMm<u64, false>>, row, Feature::kSse2});
}

}  // namespace

void add_sse_convert_rows(Tables& t) {
  add_packed(t);
  add_general(t);
  add_mm(t);
}

}  // namespace reprise::cpu
