// FMA and F16C.
//
// Source: Intel SDM volume 1, 14.4 (half precision) and 14.5 (FMA); volume 2. 132, 213, 231: which
// of the destination (1), vvvv (2) and the r/m operand (3) are the factors, and the addend.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

using fpu::Sse;

enum Order : unsigned { k132, k213, k231 };

// Whether lane i's product and addend are negated.
template <bool Product, bool EvenAddend, bool OddAddend>
struct Signs {
  static bool product() { return Product; }
  static bool addend(unsigned i) { return i & 1 ? OddAddend : EvenAddend; }
};
using Madd = Signs<false, false, false>;
using Msub = Signs<false, true, true>;
using Nmadd = Signs<true, false, false>;
using Nmsub = Signs<true, true, true>;
using MaddSub = Signs<false, true, false>;  // odd lanes add
using MsubAdd = Signs<false, false, true>;

template <class T, Order O, class S>
T fused(Sse& sse, T one, T two, T three, unsigned i) {
  const bool p = S::product(), a = S::addend(i);
  if constexpr (O == k132) return sse.multiply_add(one, three, two, p, a);
  if constexpr (O == k213) return sse.multiply_add(two, one, three, p, a);
  return sse.multiply_add(two, three, one, p, a);
}

template <class T, Order O, class S, class V>
struct PackedFma {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const auto three = lanes<T>(Whole<V, false>::template read<Place>(c, op));
    const auto two = lanes<T>(vec<V>(c, op->arg));
    auto r = lanes<T>(vec<V>(c, op->reg));
    Sse sse(c.fpu.mxcsr);
    for (unsigned i = 0; i < r.kCount; ++i) r[i] = fused<T, O, S>(sse, r[i], two[i], three[i], i);
    c.op = op;
    finish_sse(c, sse);
    set_vec<V>(c, op->reg, r);
  }
};
template <class T, Order O, class S>
struct ScalarFma {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const T three = LowXmm<T>::template read<Place>(c, op);
    const T two = T(c.fpu.xmm[op->arg].q[0]);
    auto r = lanes<T>(c.fpu.xmm[op->reg]);
    Sse sse(c.fpu.mxcsr);
    r[0] = fused<T, O, S>(sse, r[0], two, three, 0);
    c.op = op;
    finish_sse(c, sse);
    set_vec<Xmm>(c, op->reg, r);
  }
};

template <Order O, class S>
void add_packed(Tables& t, u8 opcode, const char* name) {
  t.add(kVex0F38, opcode, k66,
        {name, Vx_Wx,
         &kVexSet<PackedFma<u32, O, S, Xmm>, PackedFma<u32, O, S, Ymm>, PackedFma<u64, O, S, Xmm>,
                  PackedFma<u64, O, S, Ymm>>,
         kVexRow | kVexByW, Feature::kFma});
}
template <Order O, class S>
void add_pair(Tables& t, u8 opcode, const char* packed, const char* scalar) {
  add_packed<O, S>(t, opcode, packed);
  using Single = ScalarFma<u32, O, S>;
  using Double = ScalarFma<u64, O, S>;
  t.add(
      kVex0F38, opcode + 1, k66,
      {scalar, Vx_Wx, &kVexSet<Single, Single, Double, Double>, kVexRow | kVexByW, Feature::kFma});
}
template <Order O>
void add_order(Tables& t, u8 base) {
  add_packed<O, MaddSub>(t, base + 6, "vfmaddsub");
  add_packed<O, MsubAdd>(t, base + 7, "vfmsubadd");
  add_pair<O, Madd>(t, base + 8, "vfmadd", "vfmadds");
  add_pair<O, Msub>(t, base + 10, "vfmsub", "vfmsubs");
  add_pair<O, Nmadd>(t, base + 12, "vfnmadd", "vfnmadds");
  add_pair<O, Nmsub>(t, base + 14, "vfnmsub", "vfnmsubs");
}

// --- half precision

template <class V>  // the destination
struct HalfToSingle {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    using Source = std::conditional_t<kIsYmm<V>, WxUnaligned, LowXmm<u64>>;
    const auto halves = lanes<u16>(Source::template read<Place>(c, op));
    Lanes<u32, V> r;
    Sse sse(c.fpu.mxcsr);
    for (unsigned i = 0; i < r.kCount; ++i) r[i] = sse.from_half(halves[i]);
    c.op = op;
    finish_sse(c, sse);
    set_vec<V>(c, op->reg, r);
  }
};
template <class V>  // the source
struct SingleToHalf {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body<Place>(c, op);
    NEXT;
  }
  template <class Place>
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const auto singles = lanes<u32>(vec<V>(c, op->reg));
    Lanes<u16, Xmm> r = {};
    Sse sse(c.fpu.mxcsr);
    for (unsigned i = 0; i < singles.kCount; ++i) r[i] = sse.to_half(singles[i], u8(op->imm));
    const Xmm result = r;
    c.op = op;
    if constexpr (!Place::kMemory) {
      finish_sse(c, sse);
      set_vec<Xmm>(c, op->rm, result);
    } else {
      // What can fault comes first, the flags after it.
      const u64 linear = vector_address<sizeof(V) / 2, Place>(c, op, true);
      c.op = op;
      c.probe(linear, sizeof(V) / 2, true, c.user(), op->seg);
      finish_sse(c, sse);
      store<u64>(c, op, linear, result.q[0], op->seg);
      if constexpr (kIsYmm<V>) store<u64>(c, op, linear + 8, result.q[1], op->seg);
    }
  }
};

}  // namespace

void add_fma_rows(Tables& t) {
  add_order<k132>(t, 0x90);
  add_order<k213>(t, 0xA0);
  add_order<k231>(t, 0xB0);
  t.add(kVex0F38, 0x13, k66,
        {"vcvtph2ps", Vx_Wx, &kVexSet<HalfToSingle<Xmm>, HalfToSingle<Ymm>>,
         kVexRow | kVexNoV | kVexW0, Feature::kF16c});
  t.add(kVex0F3A, 0x1D, k66,
        {"vcvtps2ph", Vx_Wx_Ub, &kVexSet<SingleToHalf<Xmm>, SingleToHalf<Ymm>>,
         kVexRow | kVexNoV | kVexW0, Feature::kF16c});
}

}  // namespace reprise::cpu
