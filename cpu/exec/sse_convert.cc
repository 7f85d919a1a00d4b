// SSE conversions between single, double and integers. Each is a function of the Sse context, the
// destination's old value and the source; what it returns becomes the destination.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

using fpu::Rounding;
using fpu::Sse;

// --- xmm to xmm

template <class F, class Source>
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
    const Xmm result = F{}(sse, c.fpu.xmm[op->reg], b);
    c.op = op;
    finish_sse(c, sse);
    c.fpu.xmm[op->reg] = result;
  }
};
template <class Source, class F>
void add_convert(Tables& t, u8 opcode, Prefix prefix, const char* name, Feature feature, F) {
  t.add(k0F, opcode, prefix, {name, Vx_Wx, &kPlaceSet<Convert<F, Source>>, kXmmRow, feature});
}

template <class T>
Xmm with_low(const Xmm& whole, T low) {
  auto r = lanes<T>(whole);
  r[0] = low;
  return r;
}
Xmm two_low(u32 first, u32 second) { return {{first | u64(second) << 32, 0}}; }

template <bool Truncate>
Rounding mode(const Sse& s) {
  return Truncate ? Rounding::zero : s.rounding();
}
template <bool Truncate>
constexpr auto doubles_to_integers = [](Sse& s, const Xmm&, const Xmm& b) {
  const u32 low = u32(s.to_integer<i32>(b.q[0], mode<Truncate>(s)));
  return two_low(low, u32(s.to_integer<i32>(b.q[1], mode<Truncate>(s))));
};
template <bool Truncate>
constexpr auto singles_to_integers = [](Sse& s, const Xmm&, const Xmm& b) {
  auto x = lanes<u32>(b);
  for (u32& lane : x.v) lane = u32(s.to_integer<i32>(lane, mode<Truncate>(s)));
  return Xmm(x);
};

void add_packed(Tables& t) {
  const Feature sse2 = Feature::kSse2;
  add_convert<LowXmm<u64>>(t, 0x5A, kNoPrefix, "cvtps2pd", sse2, [](Sse& s, const Xmm&, u64 b) {
    const u64 low = s.widen(u32(b));
    return Xmm{{low, s.widen(u32(b >> 32))}};
  });
  add_convert<Wx>(t, 0x5A, k66, "cvtpd2ps", sse2, [](Sse& s, const Xmm&, const Xmm& b) {
    const u32 low = s.narrow(b.q[0]);
    return two_low(low, s.narrow(b.q[1]));
  });
  add_convert<LowXmm<u32>>(t, 0x5A, kF3, "cvtss2sd", sse2,
                           [](Sse& s, const Xmm& a, u32 b) { return with_low(a, s.widen(b)); });
  add_convert<LowXmm<u64>>(t, 0x5A, kF2, "cvtsd2ss", sse2,
                           [](Sse& s, const Xmm& a, u64 b) { return with_low(a, s.narrow(b)); });
  add_convert<Wx>(t, 0x5B, kNoPrefix, "cvtdq2ps", sse2, [](Sse& s, const Xmm&, const Xmm& b) {
    auto x = lanes<u32>(b);
    for (u32& lane : x.v) lane = s.from_integer<u32>(i32(lane));
    return Xmm(x);
  });
  add_convert<LowXmm<u64>>(t, 0xE6, kF3, "cvtdq2pd", sse2, [](Sse& s, const Xmm&, u64 b) {
    const u64 low = s.from_integer<u64>(i32(b));
    return Xmm{{low, s.from_integer<u64>(i32(b >> 32))}};
  });
  add_convert<Wx>(t, 0x5B, k66, "cvtps2dq", sse2, singles_to_integers<false>);
  add_convert<Wx>(t, 0x5B, kF3, "cvttps2dq", sse2, singles_to_integers<true>);
  add_convert<Wx>(t, 0xE6, kF2, "cvtpd2dq", sse2, doubles_to_integers<false>);
  add_convert<Wx>(t, 0xE6, k66, "cvttpd2dq", sse2, doubles_to_integers<true>);
}

// --- general registers: 32 bits, or 64 by REX.W

template <class T>
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
    c.fpu.xmm[op->reg] = with_low(c.fpu.xmm[op->reg], result);
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

void add_general(Tables& t) {
  const u32 from = kVecReg | kSse, to = kVecRm | kSse;
  t.add(k0F, 0x2A, kF3, {"cvtsi2ss", Vx_Wx, &kPlaceSet<FromGeneral<u32>>, from, Feature::kSse});
  t.add(k0F, 0x2A, kF2, {"cvtsi2sd", Vx_Wx, &kPlaceSet<FromGeneral<u64>>, from, Feature::kSse2});
  t.add(k0F, 0x2C, kF3, {"cvttss2si", Vx_Wx, &kPlaceSet<ToGeneral<u32, true>>, to, Feature::kSse});
  t.add(k0F, 0x2C, kF2, {"cvttsd2si", Vx_Wx, &kPlaceSet<ToGeneral<u64, true>>, to, Feature::kSse2});
  t.add(k0F, 0x2D, kF3, {"cvtss2si", Vx_Wx, &kPlaceSet<ToGeneral<u32, false>>, to, Feature::kSse});
  t.add(k0F, 0x2D, kF2, {"cvtsd2si", Vx_Wx, &kPlaceSet<ToGeneral<u64, false>>, to, Feature::kSse2});
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
