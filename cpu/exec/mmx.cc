// Packed integer arithmetic: MMX and its XMM and YMM forms, SSSE3, SSE4.1, SSE4.2, AVX2.
#include <algorithm>

#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

// --- shifts

enum class Shift { kLeft, kRight, kArithmetic };

template <class T, Shift S>
T shift_lane(T value, u64 count) {
  constexpr unsigned kBitsT = 8 * sizeof(T);
  using Signed = std::make_signed_t<T>;
  if constexpr (S == Shift::kArithmetic)
    return T(Signed(value) >> (count >= kBitsT ? kBitsT - 1 : count));
  else if (count >= kBitsT)
    return 0;
  else
    return S == Shift::kLeft ? T(value << count) : T(value >> count);
}
template <class T, Shift S, class V>
V shift_all(V value, u64 count) {
  auto x = lanes<T>(value);
  for (unsigned i = 0; i < x.kCount; ++i) x[i] = shift_lane<T, S>(x[i], count);
  return x;
}
template <class T, Shift S>
struct ShiftBy {  // the count is the whole low quadword of the source
  Mm operator()(Mm a, Mm b) const { return shift_all<T, S>(a, b.q); }
  Xmm operator()(const Xmm& a, const Xmm& b) const { return shift_all<T, S>(a, b.q[0]); }
};

// The count is in an XMM register or 16 bytes of memory, also for YMM registers.
template <class F, class V>
struct VexShift {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Xmm count = WxUnaligned::read<Place>(c, op);
    V value = vec<V>(c, op->arg);
    if constexpr (kIsYmm<V>)
      value = {{F{}(value.half[0], count), F{}(value.half[1], count)}};
    else
      value = F{}(value, count);
    set_vec<V>(c, op->reg, value);
    NEXT;
  }
};

// Shifts by an immediate: the register is the r/m operand; with VEX the destination is vvvv.
template <class F>
struct XmmShiftImm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    Xmm& d = c.fpu.xmm[op->rm];
    d = F{}(d, u8(op->imm));
    NEXT;
  }
};
template <class F, class V>
struct VexShiftImm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    V value = vec<V>(c, op->rm);
    if constexpr (kIsYmm<V>)
      value = {{F{}(value.half[0], u8(op->imm)), F{}(value.half[1], u8(op->imm))}};
    else
      value = F{}(value, u8(op->imm));
    set_vec<V>(c, op->arg, value);
    NEXT;
  }
};
template <class F>
struct MmShiftImm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    set_mm(c, op->rm, F{}(mm(c, op->rm), u8(op->imm)));
    NEXT;
  }
};
template <class T, Shift S>
struct ShiftImm {
  template <class V>
  V operator()(V a, u8 count) const {
    return shift_all<T, S>(a, count);
  }
};

template <class F>
void add_xmm_shift_imm(Tables& t, u8 group, unsigned reg, const char* name) {
  t.add(k0F, group, k66, reg, kReg, -1,
        {name, Vx_Wx_Ub, &kPlaceSet<XmmShiftImm<F>>, kXmmRow, Feature::kSse2});
  t.add(kVex0F, group, k66, reg, kReg, -1,
        {name, Vx_Wx_Ub, &kVexSet<VexShiftImm<F, Xmm>, VexShiftImm<F, Ymm>>, kVexRow | kWide2,
         Feature::kAvx});
}
template <class T, Shift S>
void add_shift(Tables& t, u8 opcode, u8 group, unsigned reg, const char* name) {
  using By = ShiftBy<T, S>;
  add_both<kNoVex>(t, k0F, opcode, name, By{});
  add_vex<VexShift<By, Xmm>, VexShift<By, Ymm>>(t, k0F, opcode, k66, t.row(k0F, opcode, k66),
                                                kVexAvx2);
  using F = ShiftImm<T, S>;
  t.add(k0F, group, kNoPrefix, reg, kReg, -1,
        {name, Vx_Wx_Ub, &kPlaceSet<MmShiftImm<F>>, kMmRow, Feature::kMmx});
  add_xmm_shift_imm<F>(t, group, reg, name);
}

template <bool Left>
struct ShiftBytes {  // PSLLDQ, PSRLDQ
  Xmm operator()(const Xmm& a, u8 count) const {
    if (count > 15) return {};
    const u128 value = std::bit_cast<u128>(a);
    return std::bit_cast<Xmm>(Left ? value << (8 * count) : value >> (8 * count));
  }
};

void add_shifts(Tables& t) {
  add_shift<u16, Shift::kRight>(t, 0xD1, 0x71, 2, "psrlw");
  add_shift<u16, Shift::kArithmetic>(t, 0xE1, 0x71, 4, "psraw");
  add_shift<u16, Shift::kLeft>(t, 0xF1, 0x71, 6, "psllw");
  add_shift<u32, Shift::kRight>(t, 0xD2, 0x72, 2, "psrld");
  add_shift<u32, Shift::kArithmetic>(t, 0xE2, 0x72, 4, "psrad");
  add_shift<u32, Shift::kLeft>(t, 0xF2, 0x72, 6, "pslld");
  add_shift<u64, Shift::kRight>(t, 0xD3, 0x73, 2, "psrlq");
  add_shift<u64, Shift::kLeft>(t, 0xF3, 0x73, 6, "psllq");
  add_xmm_shift_imm<ShiftBytes<false>>(t, 0x73, 3, "psrldq");
  add_xmm_shift_imm<ShiftBytes<true>>(t, 0x73, 7, "pslldq");
}

// --- sums, differences, comparisons

void add_sums(Tables& t) {
  const auto add = [](auto a, auto b) { return a + b; };
  const auto subtract = [](auto a, auto b) { return a - b; };
  add_both(t, k0F, 0xFC, "paddb", each<u8>(add));
  add_both(t, k0F, 0xFD, "paddw", each<u16>(add));
  add_both(t, k0F, 0xFE, "paddd", each<u32>(add));
  add_both(t, k0F, 0xD4, "paddq", each<u64>(add), Feature::kSse2);
  add_both(t, k0F, 0xF8, "psubb", each<u8>(subtract));
  add_both(t, k0F, 0xF9, "psubw", each<u16>(subtract));
  add_both(t, k0F, 0xFA, "psubd", each<u32>(subtract));
  add_both(t, k0F, 0xFB, "psubq", each<u64>(subtract), Feature::kSse2);
  const auto add_saturated = [](auto a, auto b) { return saturate<decltype(a)>(a + b); };
  const auto subtract_saturated = [](auto a, auto b) { return saturate<decltype(a)>(a - b); };
  add_both(t, k0F, 0xEC, "paddsb", each<i8>(add_saturated));
  add_both(t, k0F, 0xED, "paddsw", each<i16>(add_saturated));
  add_both(t, k0F, 0xDC, "paddusb", each<u8>(add_saturated));
  add_both(t, k0F, 0xDD, "paddusw", each<u16>(add_saturated));
  add_both(t, k0F, 0xE8, "psubsb", each<i8>(subtract_saturated));
  add_both(t, k0F, 0xE9, "psubsw", each<i16>(subtract_saturated));
  add_both(t, k0F, 0xD8, "psubusb", each<u8>(subtract_saturated));
  add_both(t, k0F, 0xD9, "psubusw", each<u16>(subtract_saturated));
  const auto average = [](u32 a, u32 b) { return (a + b + 1) >> 1; };
  add_both(t, k0F, 0xE0, "pavgb", each<u8>(average), Feature::kSse);
  add_both(t, k0F, 0xE3, "pavgw", each<u16>(average), Feature::kSse);
}

void add_comparisons(Tables& t) {
  const auto equal = [](auto a, auto b) { return a == b ? -1 : 0; };
  const auto greater = [](auto a, auto b) { return a > b ? -1 : 0; };
  const auto least = [](auto a, auto b) { return a < b ? a : b; };
  const auto greatest = [](auto a, auto b) { return a > b ? a : b; };
  add_both(t, k0F, 0x74, "pcmpeqb", each<i8>(equal));
  add_both(t, k0F, 0x75, "pcmpeqw", each<i16>(equal));
  add_both(t, k0F, 0x76, "pcmpeqd", each<i32>(equal));
  add_both(t, k0F, 0x64, "pcmpgtb", each<i8>(greater));
  add_both(t, k0F, 0x65, "pcmpgtw", each<i16>(greater));
  add_both(t, k0F, 0x66, "pcmpgtd", each<i32>(greater));
  add_both(t, k0F, 0xDA, "pminub", each<u8>(least), Feature::kSse);
  add_both(t, k0F, 0xDE, "pmaxub", each<u8>(greatest), Feature::kSse);
  add_both(t, k0F, 0xEA, "pminsw", each<i16>(least), Feature::kSse);
  add_both(t, k0F, 0xEE, "pmaxsw", each<i16>(greatest), Feature::kSse);
  add_xmm<kVexAvx2>(t, k0F38, 0x29, k66, "pcmpeqq", each<i64>(equal), Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x37, k66, "pcmpgtq", each<i64>(greater), Feature::kSse42);
  add_xmm<kVexAvx2>(t, k0F38, 0x38, k66, "pminsb", each<i8>(least), Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x39, k66, "pminsd", each<i32>(least), Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x3A, k66, "pminuw", each<u16>(least), Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x3B, k66, "pminud", each<u32>(least), Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x3C, k66, "pmaxsb", each<i8>(greatest), Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x3D, k66, "pmaxsd", each<i32>(greatest), Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x3E, k66, "pmaxuw", each<u16>(greatest), Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x3F, k66, "pmaxud", each<u32>(greatest), Feature::kSse41);
}

void add_logic(Tables& t) {
  const auto land = each<u64>([](u64 a, u64 b) { return a & b; });
  const auto landn = each<u64>([](u64 a, u64 b) { return ~a & b; });
  const auto lor = each<u64>([](u64 a, u64 b) { return a | b; });
  const auto lxor = each<u64>([](u64 a, u64 b) { return a ^ b; });
  add_both(t, k0F, 0xDB, "pand", land);
  add_both(t, k0F, 0xDF, "pandn", landn);
  add_both(t, k0F, 0xEB, "por", lor);
  add_both(t, k0F, 0xEF, "pxor", lxor);
  for (const Prefix p : {kNoPrefix, k66}) {
    const Feature feature = p == k66 ? Feature::kSse2 : Feature::kSse;
    add_xmm<kVexAvx>(t, k0F, 0x54, p, p == k66 ? "andpd" : "andps", land, feature);
    add_xmm<kVexAvx>(t, k0F, 0x55, p, p == k66 ? "andnpd" : "andnps", landn, feature);
    add_xmm<kVexAvx>(t, k0F, 0x56, p, p == k66 ? "orpd" : "orps", lor, feature);
    add_xmm<kVexAvx>(t, k0F, 0x57, p, p == k66 ? "xorpd" : "xorps", lxor, feature);
  }
}

// --- products

// Neighbouring pairs of products, or of lanes, summed: T lanes to U lanes of twice the width.
struct Pmaddwd {
  template <class V>
  V operator()(V a, V b) const {
    const auto x = lanes<i16>(a), y = lanes<i16>(b);
    Lanes<u32, V> r;
    for (unsigned i = 0; i < r.kCount; ++i)
      r[i] = u32(x[2 * i] * y[2 * i]) + u32(x[2 * i + 1] * y[2 * i + 1]);
    return r;
  }
};
struct Pmaddubsw {
  template <class V>
  V operator()(V a, V b) const {
    const auto x = lanes<u8>(a);
    const auto y = lanes<i8>(b);
    Lanes<i16, V> r;
    for (unsigned i = 0; i < r.kCount; ++i)
      r[i] = saturate<i16>(x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1]);
    return r;
  }
};
template <class T, class Wide>  // of the even dwords
struct MultiplyEven {
  template <class V>
  V operator()(V a, V b) const {
    const auto x = lanes<T>(a), y = lanes<T>(b);
    Lanes<Wide, V> r;
    for (unsigned i = 0; i < r.kCount; ++i) r[i] = Wide(x[2 * i]) * Wide(y[2 * i]);
    return r;
  }
};
struct Psadbw {
  template <class V>
  V operator()(V a, V b) const {
    const auto x = lanes<u8>(a), y = lanes<u8>(b);
    Lanes<u64, V> r = {};
    for (unsigned i = 0; i < x.kCount; ++i)
      r[i / 8] += u64(x[i] > y[i] ? x[i] - y[i] : y[i] - x[i]);
    return r;
  }
};
struct Mpsadbw {
  static constexpr unsigned kUpperImm = 3;
  Xmm operator()(const Xmm& a, const Xmm& b, u8 imm) const {
    const auto x = lanes<u8>(a), y = lanes<u8>(b);
    const unsigned from = imm & 4, block = (imm & 3) * 4;
    Lanes<u16, Xmm> r = {};
    for (unsigned i = 0; i < 8; ++i)
      for (unsigned j = 0; j < 4; ++j)
        r[i] = u16(r[i] + std::abs(int(x[from + i + j]) - int(y[block + j])));
    return r;
  }
};
struct Phminposuw {
  Xmm operator()(const Xmm&, const Xmm& b) const {
    const auto x = lanes<u16>(b);
    unsigned at = 0;
    for (unsigned i = 1; i < 8; ++i)
      if (x[i] < x[at]) at = i;
    return {{u64(x[at]) | u64(at) << 16, 0}};
  }
};

void add_products(Tables& t) {
  add_both(t, k0F, 0xD5, "pmullw", each<i16>([](i32 a, i32 b) { return a * b; }));
  add_both(t, k0F, 0xE5, "pmulhw", each<i16>([](i32 a, i32 b) { return (a * b) >> 16; }));
  add_both(t, k0F, 0xE4, "pmulhuw", each<u16>([](u32 a, u32 b) { return (a * b) >> 16; }),
           Feature::kSse);
  add_both(t, k0F, 0xF4, "pmuludq", MultiplyEven<u32, u64>{}, Feature::kSse2);
  add_both(t, k0F, 0xF5, "pmaddwd", Pmaddwd{});
  add_both(t, k0F, 0xF6, "psadbw", Psadbw{}, Feature::kSse);
  add_both(t, k0F38, 0x04, "pmaddubsw", Pmaddubsw{}, Feature::kSsse3, Feature::kSsse3);
  add_both(t, k0F38, 0x0B, "pmulhrsw",
           each<i16>([](i32 a, i32 b) { return ((a * b >> 14) + 1) >> 1; }), Feature::kSsse3,
           Feature::kSsse3);
  add_xmm<kVexAvx2>(t, k0F38, 0x28, k66, "pmuldq", MultiplyEven<i32, i64>{}, Feature::kSse41);
  add_xmm<kVexAvx2>(t, k0F38, 0x40, k66, "pmulld", each<u32>([](u32 a, u32 b) { return a * b; }),
                    Feature::kSse41);
  add_xmm<kVex128 | kVexUnary>(t, k0F38, 0x41, k66, "phminposuw", Phminposuw{}, Feature::kSse41);
  add_xmm_imm<kVexAvx2>(t, k0F3A, 0x42, k66, "mpsadbw", Mpsadbw{}, Feature::kSse41);
}

// --- SSSE3

template <class T, class F>
struct Horizontal {  // F of neighbouring lanes of a, then of b
  template <class V>
  V operator()(V a, V b) const {
    const auto x = lanes<T>(a), y = lanes<T>(b);
    Lanes<T, V> r;
    constexpr unsigned half = Lanes<T, V>::kCount / 2;
    for (unsigned i = 0; i < half; ++i) {
      r[i] = T(F{}(x[2 * i], x[2 * i + 1]));
      r[half + i] = T(F{}(y[2 * i], y[2 * i + 1]));
    }
    return r;
  }
};
template <class T, class F>
void add_horizontal(Tables& t, u8 opcode, const char* name, F) {
  add_both(t, k0F38, opcode, name, Horizontal<T, F>{}, Feature::kSsse3, Feature::kSsse3);
}

void add_ssse3(Tables& t) {
  const auto add = [](auto a, auto b) { return a + b; };
  const auto subtract = [](auto a, auto b) { return a - b; };
  add_horizontal<u16>(t, 0x01, "phaddw", add);
  add_horizontal<u32>(t, 0x02, "phaddd", add);
  add_horizontal<i16>(t, 0x03, "phaddsw", [](i32 a, i32 b) { return saturate<i16>(a + b); });
  add_horizontal<u16>(t, 0x05, "phsubw", subtract);
  add_horizontal<u32>(t, 0x06, "phsubd", subtract);
  add_horizontal<i16>(t, 0x07, "phsubsw", [](i32 a, i32 b) { return saturate<i16>(a - b); });
  // Unsigned negation: the most negative number stays itself.
  const auto sign = [](auto a, auto b) {
    using U = std::make_unsigned_t<decltype(a)>;
    return b < 0 ? U(0 - U(a)) : b > 0 ? U(a) : U(0);
  };
  const auto absolute = [](auto, auto b) {
    using U = std::make_unsigned_t<decltype(b)>;
    return b < 0 ? U(0 - U(b)) : U(b);
  };
  const Feature f = Feature::kSsse3;
  add_both(t, k0F38, 0x08, "psignb", each<i8>(sign), f, f);
  add_both(t, k0F38, 0x09, "psignw", each<i16>(sign), f, f);
  add_both(t, k0F38, 0x0A, "psignd", each<i32>(sign), f, f);
  constexpr u32 unary = kVexAvx2 | kVexUnary;
  add_both<unary>(t, k0F38, 0x1C, "pabsb", each<i8>(absolute), f, f);
  add_both<unary>(t, k0F38, 0x1D, "pabsw", each<i16>(absolute), f, f);
  add_both<unary>(t, k0F38, 0x1E, "pabsd", each<i32>(absolute), f, f);
}

void emms(Cpu& c, const Op&) {
  check_x87_pending(c);
  c.fpu.top = 0;
  c.fpu.empty = 0xFF;
}

}  // namespace

void add_vector_integer_rows(Tables& t) {
  add_shifts(t);
  add_sums(t);
  add_comparisons(t);
  add_logic(t);
  add_products(t);
  add_ssse3(t);
  t.add(k0F, 0x77, kNoPrefix, {"emms", None, STEP(emms), kMmx, Feature::kMmx});
}

}  // namespace reprise::cpu
