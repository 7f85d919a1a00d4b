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
  add_xmm(t, k0F, low, k66, low_name, Unpack<T, false>{}, Feature::kSse2);
  add_both(t, k0F, high, high_name, Unpack<T, true>{});
}

void add_packs(Tables& t) {
  add_both(t, k0F, 0x63, "packsswb", Pack<i8, i16>{});
  add_both(t, k0F, 0x67, "packuswb", Pack<u8, i16>{});
  add_both(t, k0F, 0x6B, "packssdw", Pack<i16, i32>{});
  add_xmm(t, k0F38, 0x2B, k66, "packusdw", Pack<u16, i32>{}, Feature::kSse41);
  add_unpack<u8>(t, 0x60, "punpcklbw", 0x68, "punpckhbw");
  add_unpack<u16>(t, 0x61, "punpcklwd", 0x69, "punpckhwd");
  add_unpack<u32>(t, 0x62, "punpckldq", 0x6A, "punpckhdq");
  add_xmm(t, k0F, 0x6C, k66, "punpcklqdq", Unpack<u64, false>{}, Feature::kSse2);
  add_xmm(t, k0F, 0x6D, k66, "punpckhqdq", Unpack<u64, true>{}, Feature::kSse2);
  add_xmm(t, k0F, 0x14, kNoPrefix, "unpcklps", Unpack<u32, false>{}, Feature::kSse);
  add_xmm(t, k0F, 0x15, kNoPrefix, "unpckhps", Unpack<u32, true>{}, Feature::kSse);
  add_xmm(t, k0F, 0x14, k66, "unpcklpd", Unpack<u64, false>{}, Feature::kSse2);
  add_xmm(t, k0F, 0x15, k66, "unpckhpd", Unpack<u64, true>{}, Feature::kSse2);
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
  add_xmm_imm(t, k0F, 0x70, k66, "pshufd", ShuffleFour<u32, 0>{}, Feature::kSse2);
  add_xmm_imm(t, k0F, 0x70, kF2, "pshuflw", ShuffleFour<u16, 0>{}, Feature::kSse2);
  add_xmm_imm(t, k0F, 0x70, kF3, "pshufhw", ShuffleFour<u16, 4>{}, Feature::kSse2);
  add_xmm_imm(t, k0F, 0xC6, kNoPrefix, "shufps", Shufps{}, Feature::kSse);
  add_xmm_imm(t, k0F, 0xC6, k66, "shufpd", Shufpd{}, Feature::kSse2);
  add_both(t, k0F38, 0x00, "pshufb", Pshufb{}, Feature::kSsse3, Feature::kSsse3);
  t.add(k0F3A, 0x0F, kNoPrefix,
        {"palignr", Vx_Wx_Ub, &kPlaceSet<MmOpImm<Palignr>>, kMmRow, Feature::kSsse3});
  add_xmm_imm(t, k0F3A, 0x0F, k66, "palignr", Palignr{}, Feature::kSsse3);
  add_xmm<Duplicate, LowXmm<u64>>(t, k0F, 0x12, kF2, "movddup", {}, Feature::kSse3);
  add_xmm(t, k0F, 0x12, kF3, "movsldup", DuplicateSingles<0>{}, Feature::kSse3);
  add_xmm(t, k0F, 0x16, kF3, "movshdup", DuplicateSingles<1>{}, Feature::kSse3);
}

// --- blends

template <class T>
struct BlendImm {
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
struct Ptest {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Xmm b = Wx::read<Place>(c, op), a = c.fpu.xmm[op->reg];
    const u64 both = (a.q[0] & b.q[0]) | (a.q[1] & b.q[1]);
    const u64 rest = (~a.q[0] & b.q[0]) | (~a.q[1] & b.q[1]);
    c.flags.set_raw((both ? 0 : ZF) | (rest ? 0 : CF));
    NEXT;
  }
};

void add_blends(Tables& t) {
  const Feature f = Feature::kSse41;
  add_xmm_imm(t, k0F3A, 0x0C, k66, "blendps", BlendImm<u32>{}, f);
  add_xmm_imm(t, k0F3A, 0x0D, k66, "blendpd", BlendImm<u64>{}, f);
  add_xmm_imm(t, k0F3A, 0x0E, k66, "pblendw", BlendImm<u16>{}, f);
  t.add(k0F38, 0x10, k66, {"pblendvb", Vx_Wx, &kPlaceSet<BlendByXmm0<u8>>, kXmmRow, f});
  t.add(k0F38, 0x14, k66, {"blendvps", Vx_Wx, &kPlaceSet<BlendByXmm0<u32>>, kXmmRow, f});
  t.add(k0F38, 0x15, k66, {"blendvpd", Vx_Wx, &kPlaceSet<BlendByXmm0<u64>>, kXmmRow, f});
  t.add(k0F38, 0x17, k66, {"ptest", Vx_Wx, &kPlaceSet<Ptest>, kXmmRow, f});
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
template <class ToBits, class FromBits>
void add_widen(Tables& t, u8 low, const char* signed_name, const char* unsigned_name) {
  constexpr unsigned kSource = 16 * sizeof(FromBits) / sizeof(ToBits);
  using Bits = std::conditional_t<kSource == 8, u64, std::conditional_t<kSource == 4, u32, u16>>;
  using SignedTo = std::make_signed_t<ToBits>;
  using SignedFrom = std::make_signed_t<FromBits>;
  const Feature f = Feature::kSse41;
  add_xmm<Widen<SignedTo, SignedFrom>, LowXmm<Bits>>(t, k0F38, 0x20 + low, k66, signed_name, {}, f);
  add_xmm<Widen<ToBits, FromBits>, LowXmm<Bits>>(t, k0F38, 0x30 + low, k66, unsigned_name, {}, f);
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
struct InsertLaneQuad {  // PINSRD, PINSRQ by REX.W
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    Xmm& d = c.fpu.xmm[op->reg];
    if (op->flags & kOpRexW)
      d = Insert<u64>{}(d, Place::template read<u64>(c, op), u8(op->imm));
    else
      d = Insert<u32>{}(d, Place::template read<u32>(c, op), u8(op->imm));
    NEXT;
  }
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
struct Insertps {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    u32 value = 0;
    if constexpr (Place::kMemory)
      value = Place::template read<u32>(c, op);
    else
      value = lanes<u32>(c.fpu.xmm[op->rm])[op->imm >> 6 & 3];
    auto r = lanes<u32>(c.fpu.xmm[op->reg]);
    r[op->imm >> 4 & 3] = value;
    for (unsigned i = 0; i < 4; ++i)
      if (op->imm >> i & 1) r[i] = 0;
    c.fpu.xmm[op->reg] = r;
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

void add_insertions(Tables& t) {
  const Feature f = Feature::kSse41;
  const u32 general_rm = kVecReg, general_reg = kVecRm;
  t.add(k0F, 0xC4, kNoPrefix,
        {"pinsrw", Vx_Wx_Ub, &kPlaceSet<MmOpImm<Insert<u16>, General<u16>>>, general_rm | kMmx,
         Feature::kSse});
  t.add(k0F, 0xC4, k66,
        {"pinsrw", Vx_Wx_Ub, &kPlaceSet<XmmOpImm<Insert<u16>, General<u16>>>, general_rm | kSse,
         Feature::kSse2});
  t.add(k0F, 0xC5, kNoPrefix,
        {"pextrw", Vx_Wx_Ub, &kPlaceSet<GprFromMm<ExtractWord>>, general_reg | kMmx | kRegOnly,
         Feature::kSse});
  t.add(k0F, 0xC5, k66,
        {"pextrw", Vx_Wx_Ub, &kPlaceSet<GprFromXmm<ExtractWord>>, general_reg | kSse | kRegOnly,
         Feature::kSse2});
  t.add(k0F, 0xD7, kNoPrefix,
        {"pmovmskb", Vx_Wx, &kPlaceSet<GprFromMm<SignMask<i8>>>, general_reg | kMmx | kRegOnly,
         Feature::kSse});
  t.add(k0F, 0xD7, k66,
        {"pmovmskb", Vx_Wx, &kPlaceSet<GprFromXmm<SignMask<i8>>>, general_reg | kSse | kRegOnly,
         Feature::kSse2});
  t.add(k0F, 0x50, kNoPrefix,
        {"movmskps", Vx_Wx, &kPlaceSet<GprFromXmm<SignMask<i32>>>, general_reg | kSse | kRegOnly,
         Feature::kSse});
  t.add(k0F, 0x50, k66,
        {"movmskpd", Vx_Wx, &kPlaceSet<GprFromXmm<SignMask<i64>>>, general_reg | kSse | kRegOnly,
         Feature::kSse2});
  t.add(k0F3A, 0x20, k66,
        {"pinsrb", Vx_Wx_Ub, &kPlaceSet<XmmOpImm<Insert<u8>, General<u8>>>, general_rm | kSse, f});
  t.add(k0F3A, 0x22, k66, {"pinsrd", Vx_Wx_Ub, &kPlaceSet<InsertLaneQuad>, general_rm | kSse, f});
  t.add(k0F3A, 0x21, k66, {"insertps", Vx_Wx_Ub, &kPlaceSet<Insertps>, kXmmRow, f});
  t.add(k0F3A, 0x14, k66, {"pextrb", Vx_Wx_Ub, &kPlaceSet<ExtractLane<u8>>, general_rm | kSse, f});
  t.add(k0F3A, 0x15, k66, {"pextrw", Vx_Wx_Ub, &kPlaceSet<ExtractLane<u16>>, general_rm | kSse, f});
  t.add(k0F3A, 0x16, k66, {"pextrd", Vx_Wx_Ub, &kPlaceSet<ExtractLaneQuad>, general_rm | kSse, f});
  t.add(k0F3A, 0x17, k66,
        {"extractps", Vx_Wx_Ub, &kPlaceSet<ExtractLane<u32>>, general_rm | kSse, f});
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
