// Packing, unpacking, shuffling, blending, inserting and extracting, MMX and XMM.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

template <class To, class From>
struct Pack {  // with saturation
  template <class V>
  V operator()(V a, V b) const {
    const auto x = lanes<From>(a), y = lanes<From>(b);
    Lanes<To, V> r;
    for (unsigned i = 0; i < x.kCount; ++i) {
      r[i] = saturate<To>(x[i]);
      r[x.kCount + i] = saturate<To>(y[i]);
    }
    return r;
  }
};
template <class T, bool High>
struct Unpack {
  template <class V>
  V operator()(V a, V b) const {
    const auto x = lanes<T>(a), y = lanes<T>(b);
    Lanes<T, V> r;
    constexpr unsigned half = Lanes<T, V>::kCount / 2, from = High ? half : 0;
    for (unsigned i = 0; i < half; ++i) {
      r[2 * i] = x[from + i];
      r[2 * i + 1] = y[from + i];
    }
    return r;
  }
};

template <class T>
void add_unpack(Tables& t, u8 low, const char* low_name, u8 high, const char* high_name) {
  // The MMX low forms read 32 bits of memory.
  t.add(k0F, low, kNoPrefix,
        {low_name, Vx_Wx, &kPlaceSet<MmOp<Unpack<T, false>, LowMm>>, kMmRow, Feature::kMmx});
  add_xmm<kVexAvx2>(t, k0F, low, k66, low_name, Unpack<T, false>{}, Feature::kSse2);
  add_both(t, k0F, high, high_name, Unpack<T, true>{});
}

void add_packs(Tables& t) {
  add_both(t, k0F, 0x63, "packsswb", Pack<i8, i16>{});
  add_both(t, k0F, 0x67, "packuswb", Pack<u8, i16>{});
  add_both(t, k0F, 0x6B, "packssdw", Pack<i16, i32>{});
  add_xmm<kVexAvx2>(t, k0F38, 0x2B, k66, "packusdw", Pack<u16, i32>{}, Feature::kSse41);
  add_unpack<u8>(t, 0x60, "punpcklbw", 0x68, "punpckhbw");
  add_unpack<u16>(t, 0x61, "punpcklwd", 0x69, "punpckhwd");
  add_unpack<u32>(t, 0x62, "punpckldq", 0x6A, "punpckhdq");
  add_xmm<kVexAvx2>(t, k0F, 0x6C, k66, "punpcklqdq", Unpack<u64, false>{}, Feature::kSse2);
  add_xmm<kVexAvx2>(t, k0F, 0x6D, k66, "punpckhqdq", Unpack<u64, true>{}, Feature::kSse2);
  add_xmm<kVexAvx>(t, k0F, 0x14, kNoPrefix, "unpcklps", Unpack<u32, false>{}, Feature::kSse);
  add_xmm<kVexAvx>(t, k0F, 0x15, kNoPrefix, "unpckhps", Unpack<u32, true>{}, Feature::kSse);
  add_xmm<kVexAvx>(t, k0F, 0x14, k66, "unpcklpd", Unpack<u64, false>{}, Feature::kSse2);
  add_xmm<kVexAvx>(t, k0F, 0x15, k66, "unpckhpd", Unpack<u64, true>{}, Feature::kSse2);
}

// --- shuffles

// Four lanes of the source, from lane `From`, by two bits of the immediate each.
template <class T, unsigned From>
struct ShuffleFour {
  template <class V>
  V operator()(V, V b, u8 imm) const {
    const auto x = lanes<T>(b);
    auto r = x;
    for (unsigned i = 0; i < 4; ++i) r[From + i] = x[From + (imm >> (2 * i) & 3)];
    return r;
  }
};
struct Shufps {
  Xmm operator()(const Xmm& a, const Xmm& b, u8 imm) const {
    const auto x = lanes<u32>(a), y = lanes<u32>(b);
    return Lanes<u32, Xmm>{x[imm & 3], x[imm >> 2 & 3], y[imm >> 4 & 3], y[imm >> 6]};
  }
};
struct Shufpd {
  static constexpr unsigned kUpperImm = 2;
  Xmm operator()(const Xmm& a, const Xmm& b, u8 imm) const {
    return {{a.q[imm & 1], b.q[imm >> 1 & 1]}};
  }
};
struct Pshufb {
  template <class V>
  V operator()(V a, V b) const {
    const auto x = lanes<u8>(a), y = lanes<u8>(b);
    Lanes<u8, V> r;
    for (unsigned i = 0; i < r.kCount; ++i) r[i] = y[i] & 0x80 ? 0 : x[y[i] & (r.kCount - 1)];
    return r;
  }
};
struct Palignr {
  template <class V>
  V operator()(V a, V b, u8 imm) const {
    const auto high = lanes<u8>(a), low = lanes<u8>(b);
    Lanes<u8, V> r;
    for (unsigned i = 0; i < r.kCount; ++i) {
      const unsigned at = i + imm;
      r[i] = at < r.kCount ? low[at] : at < 2 * r.kCount ? high[at - r.kCount] : 0;
    }
    return r;
  }
};
struct Duplicate {  // MOVDDUP
  Xmm operator()(const Xmm&, u64 b) const { return {{b, b}}; }
};
struct DuplicateEven {
  Xmm operator()(const Xmm&, const Xmm& b) const { return {{b.q[0], b.q[0]}}; }
};
template <unsigned Odd>
struct DuplicateSingles {  // MOVSLDUP, MOVSHDUP
  Xmm operator()(const Xmm&, const Xmm& b) const {
    const auto x = lanes<u32>(b);
    return Lanes<u32, Xmm>{x[Odd], x[Odd], x[2 + Odd], x[2 + Odd]};
  }
};

void add_shuffles(Tables& t) {
  using Pshufw = MmOpImm<ShuffleFour<u16, 0>>;
  t.add(k0F, 0x70, kNoPrefix, {"pshufw", Vx_Wx_Ub, &kPlaceSet<Pshufw>, kMmRow, Feature::kSse});
  add_xmm_imm<kVexAvx2 | kVexUnary>(t, k0F, 0x70, k66, "pshufd", ShuffleFour<u32, 0>{},
                                    Feature::kSse2);
  add_xmm_imm<kVexAvx2 | kVexUnary>(t, k0F, 0x70, kF2, "pshuflw", ShuffleFour<u16, 0>{},
                                    Feature::kSse2);
  add_xmm_imm<kVexAvx2 | kVexUnary>(t, k0F, 0x70, kF3, "pshufhw", ShuffleFour<u16, 4>{},
                                    Feature::kSse2);
  using Permute = ShuffleFour<u32, 0>;
  add_vex<VecOpImm<Permute, Vex128>, VecOpImm<Permute, Vex256>>(
      t, k0F3A, 0x04, k66, {"vpermilps", Vx_Wx_Ub, nullptr, kVec}, kVexAvx | kVexUnary,
      Feature::kAvx, kVexW0);
  add_xmm_imm<kVexAvx>(t, k0F, 0xC6, kNoPrefix, "shufps", Shufps{}, Feature::kSse);
  add_xmm_imm<kVexAvx>(t, k0F, 0xC6, k66, "shufpd", Shufpd{}, Feature::kSse2);
  add_both(t, k0F38, 0x00, "pshufb", Pshufb{}, Feature::kSsse3, Feature::kSsse3);
  t.add(k0F3A, 0x0F, kNoPrefix,
        {"palignr", Vx_Wx_Ub, &kPlaceSet<MmOpImm<Palignr>>, kMmRow, Feature::kSsse3});
  add_xmm_imm<kVexAvx2>(t, k0F3A, 0x0F, k66, "palignr", Palignr{}, Feature::kSsse3);
  t.add(k0F, 0x12, kF2,
        {"movddup", Vx_Wx, &kPlaceSet<XmmFrom<Duplicate, LowXmm<u64>>>, kXmmRow, Feature::kSse3});
  add_vex<XmmFrom<Duplicate, LowXmm<u64>, Vex128>, VecOp<DuplicateEven, Vex256>>(
      t, k0F, 0x12, kF2, t.row(k0F, 0x12, kF2), kVexAvx | kVexUnary);
  add_xmm<kVexAvx | kVexUnary>(t, k0F, 0x12, kF3, "movsldup", DuplicateSingles<0>{},
                               Feature::kSse3);
  add_xmm<kVexAvx | kVexUnary>(t, k0F, 0x16, kF3, "movshdup", DuplicateSingles<1>{},
                               Feature::kSse3);
}

// --- blends

template <class T>
struct BlendImm {  // PBLENDW: both halves of a YMM register by the same bits
  static constexpr unsigned kUpperImm = sizeof(T) == 2 ? 0 : 16 / sizeof(T);
  Xmm operator()(const Xmm& a, const Xmm& b, u8 imm) const {
    auto r = lanes<T>(a);
    const auto y = lanes<T>(b);
    for (unsigned i = 0; i < r.kCount; ++i)
      if (imm >> i & 1) r[i] = y[i];
    return r;
  }
};
template <class T>
struct BlendByXmm0 {  // by the sign bits of XMM0's lanes
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto y = lanes<T>(Wx::read<Place>(c, op));
    const auto mask = lanes<std::make_signed_t<T>>(c.fpu.xmm[0]);
    auto r = lanes<T>(c.fpu.xmm[op->reg]);
    for (unsigned i = 0; i < r.kCount; ++i) r[i] = mask[i] < 0 ? y[i] : r[i];
    c.fpu.xmm[op->reg] = r;
    NEXT;
  }
};
// PTEST, VTESTPS, VTESTPD: of the bits `Mask` of each quadword.
template <class Source, u64 Mask = ~u64(0)>
struct Test {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto b = Source::template read<Place>(c, op);
    const auto y = lanes<u64>(b), x = lanes<u64>(vec<std::remove_const_t<decltype(b)>>(c, op->reg));
    u64 both = 0, rest = 0;
    for (unsigned i = 0; i < x.kCount; ++i) both |= x[i] & y[i], rest |= ~x[i] & y[i];
    c.flags.set_raw((both & Mask ? 0 : ZF) | (rest & Mask ? 0 : CF));
    NEXT;
  }
};
template <u64 Mask>
void add_vex_test(Tables& t, u8 opcode, const char* name, u32 more) {
  add_vex<Test<Vex128::Source, Mask>, Test<Vex256::Source, Mask>>(
      t, k0F38, opcode, k66, {name, Vx_Wx, nullptr, kVec}, kVexAvx | kVexUnary, Feature::kAvx,
      more);
}

// Blends by the sign bits of the register that the immediate names.
template <class T, class V>
struct BlendBy {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto y = lanes<T>(Whole<V, false>::template read<Place>(c, op));
    const unsigned number = unsigned(op->imm >> 4) & (c.code64() ? 15 : 7);
    const auto mask = lanes<std::make_signed_t<T>>(vec<V>(c, number));
    auto r = lanes<T>(vec<V>(c, op->arg));
    for (unsigned i = 0; i < r.kCount; ++i) r[i] = mask[i] < 0 ? y[i] : r[i];
    set_vec<V>(c, op->reg, r);
    NEXT;
  }
};
template <class T>
void add_blend_by(Tables& t, u8 opcode, const char* name, u32 forms) {
  add_vex<BlendBy<T, Xmm>, BlendBy<T, Ymm>>(t, k0F3A, opcode, k66, {name, Vx_Wx_Ub, nullptr, kVec},
                                            forms, Feature::kAvx, kVexW0);
}

void add_blends(Tables& t) {
  const Feature f = Feature::kSse41;
  add_xmm_imm<kVexAvx>(t, k0F3A, 0x0C, k66, "blendps", BlendImm<u32>{}, f);
  add_xmm_imm<kVexAvx>(t, k0F3A, 0x0D, k66, "blendpd", BlendImm<u64>{}, f);
  add_xmm_imm<kVexAvx2>(t, k0F3A, 0x0E, k66, "pblendw", BlendImm<u16>{}, f);
  t.add(k0F38, 0x10, k66, {"pblendvb", Vx_Wx, &kPlaceSet<BlendByXmm0<u8>>, kXmmRow, f});
  t.add(k0F38, 0x14, k66, {"blendvps", Vx_Wx, &kPlaceSet<BlendByXmm0<u32>>, kXmmRow, f});
  t.add(k0F38, 0x15, k66, {"blendvpd", Vx_Wx, &kPlaceSet<BlendByXmm0<u64>>, kXmmRow, f});
  t.add(k0F38, 0x17, k66, {"ptest", Vx_Wx, &kPlaceSet<Test<Wx>>, kXmmRow, f});
  add_vex_test<~u64(0)>(t, 0x17, "ptest", 0);
  add_vex_test<0x8000000080000000>(t, 0x0E, "vtestps", kVexW0);
  add_vex_test<u64(1) << 63>(t, 0x0F, "vtestpd", kVexW0);
  add_vex<VecOpImm<BlendImm<u32>, Vex128>, VecOpImm<BlendImm<u32>, Vex256>>(
      t, k0F3A, 0x02, k66, {"vpblendd", Vx_Wx_Ub, nullptr, kVec}, kVexAvx, Feature::kAvx2, kVexW0);
  add_blend_by<u32>(t, 0x4A, "vblendvps", kVexAvx);
  add_blend_by<u64>(t, 0x4B, "vblendvpd", kVexAvx);
  add_blend_by<u8>(t, 0x4C, "vpblendvb", kVexAvx2);
}

// --- widening

// As many lanes From as there are lanes To, in the low part of the source.
template <class To, class From>
struct Widen {
  template <class S>
  Xmm operator()(const Xmm&, S b) const {
    const auto x = lanes<From>(b);
    Lanes<To, Xmm> r;
    for (unsigned i = 0; i < r.kCount; ++i) r[i] = To(x[i]);
    return r;
  }
};
// To a YMM register, from twice as many bits.
template <class F, class Bits>
struct WidenWide {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    Bits low, high;
    if constexpr (sizeof(Bits) == 8) {
      const Xmm b = WxUnaligned::read<Place>(c, op);
      low = b.q[0], high = b.q[1];
    } else {
      using Twice = std::conditional_t<sizeof(Bits) == 4, u64, u32>;
      const Twice b = LowXmm<Twice>::template read<Place>(c, op);
      low = Bits(b), high = Bits(b >> (8 * sizeof(Bits)));
    }
    set_vec<Ymm>(c, op->reg, {{F{}(Xmm(), low), F{}(Xmm(), high)}});
    NEXT;
  }
};
template <class F, class Bits>
void add_widen_row(Tables& t, u8 opcode, const char* name) {
  const Row row = {name, Vx_Wx, &kPlaceSet<XmmFrom<F, LowXmm<Bits>>>, kXmmRow, Feature::kSse41};
  t.add(k0F38, opcode, k66, row);
  add_vex<XmmFrom<F, LowXmm<Bits>, Vex128>, WidenWide<F, Bits>>(t, k0F38, opcode, k66, row,
                                                                kVexAvx2 | kVexUnary);
}
template <class ToBits, class FromBits>
void add_widen(Tables& t, u8 low, const char* signed_name, const char* unsigned_name) {
  constexpr unsigned kSource = 16 * sizeof(FromBits) / sizeof(ToBits);
  using Bits = std::conditional_t<kSource == 8, u64, std::conditional_t<kSource == 4, u32, u16>>;
  using SignedTo = std::make_signed_t<ToBits>;
  using SignedFrom = std::make_signed_t<FromBits>;
  add_widen_row<Widen<SignedTo, SignedFrom>, Bits>(t, 0x20 + low, signed_name);
  add_widen_row<Widen<ToBits, FromBits>, Bits>(t, 0x30 + low, unsigned_name);
}

void add_widenings(Tables& t) {
  add_widen<u16, u8>(t, 0, "pmovsxbw", "pmovzxbw");
  add_widen<u32, u8>(t, 1, "pmovsxbd", "pmovzxbd");
  add_widen<u64, u8>(t, 2, "pmovsxbq", "pmovzxbq");
  add_widen<u32, u16>(t, 3, "pmovsxwd", "pmovzxwd");
  add_widen<u64, u16>(t, 4, "pmovsxwq", "pmovzxwq");
  add_widen<u64, u32>(t, 5, "pmovsxdq", "pmovzxdq");
}

// --- insertion and extraction

template <class T>
struct Insert {  // the lane that the immediate names
  template <class V>
  V operator()(V a, T b, u8 imm) const {
    auto r = lanes<T>(a);
    r[imm & (r.kCount - 1)] = b;
    return r;
  }
};
// A word from the low half of a 32-bit register, or 16 bits of memory (the MMX form too).
template <class Form>
struct InsertLaneQuad {  // PINSRD, PINSRQ by REX.W
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Xmm a = Form::first(c, op);
    if (op->flags & kOpRexW)
      Form::put(c, op, Insert<u64>{}(a, Place::template read<u64>(c, op), u8(op->imm)));
    else
      Form::put(c, op, Insert<u32>{}(a, Place::template read<u32>(c, op), u8(op->imm)));
    NEXT;
  }
};
template <class T>
struct InsertLane {
  template <class Form>
  using Shape = XmmFromImm<Insert<T>, General<T>, Form>;
};
template <class T>
struct ExtractLane {  // to a register, zero-extended, or to memory
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const auto x = lanes<T>(c.fpu.xmm[op->reg]);
    const T value = x[op->imm & (x.kCount - 1)];
    if constexpr (Place::kMemory)
      Place::template write<T>(c, op, value);
    else
      c.reg<u64>(op->rm) = value;
    NEXT;
  }
};
struct ExtractLaneQuad {  // PEXTRD, PEXTRQ by REX.W
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Xmm x = c.fpu.xmm[op->reg];
    if (op->flags & kOpRexW)
      Place::template write<u64>(c, op, x.q[op->imm & 1]);
    else
      Place::template write<u32>(c, op, lanes<u32>(x)[op->imm & 3]);
    NEXT;
  }
};
template <class Form>
struct Insertps {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    u32 value = 0;
    if constexpr (Place::kMemory)
      value = Place::template read<u32>(c, op);
    else
      value = lanes<u32>(c.fpu.xmm[op->rm])[op->imm >> 6 & 3];
    auto r = lanes<u32>(Form::first(c, op));
    r[op->imm >> 4 & 3] = value;
    for (unsigned i = 0; i < 4; ++i)
      if (op->imm >> i & 1) r[i] = 0;
    Form::put(c, op, r);
    NEXT;
  }
};
template <class T>
struct SignMask {
  template <class V>
  u32 operator()(const V& a, u8) const {
    const auto x = lanes<T>(a);
    u32 mask = 0;
    for (unsigned i = 0; i < x.kCount; ++i) mask |= u32(x[i] < 0) << i;
    return mask;
  }
};
struct ExtractWord {
  template <class V>
  u32 operator()(const V& a, u8 imm) const {
    const auto x = lanes<u16>(a);
    return x[imm & (x.kCount - 1)];
  }
};

// Rows whose handlers are the same in both encodings, since they write no vector register.
template <class Shape, class Wide = void>
void add_reading(Tables& t, Map map, u8 opcode, Prefix prefix, const Row& row, u32 forms) {
  t.add(map, opcode, prefix, row);
  add_vex<Shape, Wide>(t, map, opcode, prefix, row, forms | kVexUnary);
}
template <class F>
void add_mask(Tables& t, u8 opcode, Prefix prefix, const char* name, Feature feature, u32 forms) {
  add_reading<GprFromVec<F>, GprFromVec<F, Ymm>>(
      t, k0F, opcode, prefix,
      {name, Vx_Wx, &kPlaceSet<GprFromVec<F>>, kVecRm | kSse | kRegOnly, feature}, forms);
}
template <class Shape>
void add_extract(Tables& t, u8 opcode, const char* name) {
  add_reading<Shape>(t, k0F3A, opcode, k66,
                     {name, Vx_Wx_Ub, &kPlaceSet<Shape>, kVecReg | kSse, Feature::kSse41}, kVex128);
}

void add_insertions(Tables& t) {
  const Feature f = Feature::kSse41;
  const u32 general_rm = kVecReg, general_reg = kVecRm;
  t.add(k0F, 0xC4, kNoPrefix,
        {"pinsrw", Vx_Wx_Ub, &kPlaceSet<MmOpImm<Insert<u16>, General<u16>>>, general_rm | kMmx,
         Feature::kSse});
  add_forms<kVex128, InsertLane<u16>::Shape>(t, k0F, 0xC4, k66, "pinsrw", Vx_Wx_Ub, Feature::kSse2,
                                             general_rm | kSse);
  t.add(k0F, 0xC5, kNoPrefix,
        {"pextrw", Vx_Wx_Ub, &kPlaceSet<GprFromMm<ExtractWord>>, general_reg | kMmx | kRegOnly,
         Feature::kSse});
  add_reading<GprFromVec<ExtractWord>>(t, k0F, 0xC5, k66,
                                       {"pextrw", Vx_Wx_Ub, &kPlaceSet<GprFromVec<ExtractWord>>,
                                        general_reg | kSse | kRegOnly, Feature::kSse2},
                                       kVex128);
  t.add(k0F, 0xD7, kNoPrefix,
        {"pmovmskb", Vx_Wx, &kPlaceSet<GprFromMm<SignMask<i8>>>, general_reg | kMmx | kRegOnly,
         Feature::kSse});
  add_mask<SignMask<i8>>(t, 0xD7, k66, "pmovmskb", Feature::kSse2, kVexAvx2);
  add_mask<SignMask<i32>>(t, 0x50, kNoPrefix, "movmskps", Feature::kSse, kVexAvx);
  add_mask<SignMask<i64>>(t, 0x50, k66, "movmskpd", Feature::kSse2, kVexAvx);
  add_forms<kVex128, InsertLane<u8>::Shape>(t, k0F3A, 0x20, k66, "pinsrb", Vx_Wx_Ub, f,
                                            general_rm | kSse);
  add_forms<kVex128, InsertLaneQuad>(t, k0F3A, 0x22, k66, "pinsrd", Vx_Wx_Ub, f, general_rm | kSse);
  add_forms<kVex128, Insertps>(t, k0F3A, 0x21, k66, "insertps", Vx_Wx_Ub, f);
  add_extract<ExtractLane<u8>>(t, 0x14, "pextrb");
  add_extract<ExtractLane<u16>>(t, 0x15, "pextrw");
  add_extract<ExtractLaneQuad>(t, 0x16, "pextrd");
  add_extract<ExtractLane<u32>>(t, 0x17, "extractps");
}

}  // namespace

void add_vector_shuffle_rows(Tables& t) {
  add_packs(t);
  add_shuffles(t);
  add_blends(t);
  add_widenings(t);
  add_insertions(t);
}

}  // namespace reprise::cpu
