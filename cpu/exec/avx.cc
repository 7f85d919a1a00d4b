// What AVX and AVX2 have of their own: broadcasts, permutations across 16 bytes, masked moves,
// gathers, shifts by a count for each element.
//
// Source: Intel SDM volume 2, chapter 5 (V to Z). A masked move touches only the elements that its
// mask selects; a gather that faults has done the elements before, and cleared their mask and what
// lies above.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

// --- broadcasts

template <class T, class V>
struct Broadcast {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const T value = LowXmm<T>::template read<Place>(c, op);
    Lanes<T, V> r;
    for (T& lane : r.v) lane = value;
    set_vec<V>(c, op->reg, r);
    NEXT;
  }
};
struct BroadcastHalf {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Xmm value = WxUnaligned::read<Place>(c, op);
    set_vec<Ymm>(c, op->reg, {{value, value}});
    NEXT;
  }
};

// From memory with AVX, from a register with AVX2.
template <class T, class Narrow>
void add_float_broadcast(Tables& t, u8 opcode, const char* name) {
  for (unsigned reg = 0; reg < 8; ++reg)
    for (const Form form : {kMem, kReg})
      t.add(kVex0F38, opcode, k66, reg, form, -1,
            {name, Vx_Wx, &kVexSet<Narrow, Broadcast<T, Ymm>>, kVexRow | kVexNoV | kVexW0,
             form == kMem ? Feature::kAvx : Feature::kAvx2});
}
template <class T>
void add_broadcast(Tables& t, u8 opcode, const char* name) {
  t.add(kVex0F38, opcode, k66,
        {name, Vx_Wx, &kVexSet<Broadcast<T, Xmm>, Broadcast<T, Ymm>>, kVexRow | kVexNoV | kVexW0,
         Feature::kAvx2});
}
void add_broadcasts(Tables& t) {
  add_float_broadcast<u32, Broadcast<u32, Xmm>>(t, 0x18, "vbroadcastss");
  add_float_broadcast<u64, void>(t, 0x19, "vbroadcastsd");
  const u32 half = kVexRow | kVexNoV | kVexW0 | kMemOnly;
  t.add(kVex0F38, 0x1A, k66,
        {"vbroadcastf128", Vx_Wx, &kVexSet<void, BroadcastHalf>, half, Feature::kAvx});
  t.add(kVex0F38, 0x5A, k66,
        {"vbroadcasti128", Vx_Wx, &kVexSet<void, BroadcastHalf>, half, Feature::kAvx2});
  add_broadcast<u32>(t, 0x58, "vpbroadcastd");
  add_broadcast<u64>(t, 0x59, "vpbroadcastq");
  add_broadcast<u8>(t, 0x78, "vpbroadcastb");
  add_broadcast<u16>(t, 0x79, "vpbroadcastw");
}

// --- permutations

template <class T>
struct PermuteInLane {  // VPERMILPS, VPERMILPD: controls in the second source
  Xmm operator()(const Xmm& a, const Xmm& b) const {
    const auto x = lanes<T>(a), control = lanes<T>(b);
    Lanes<T, Xmm> r;
    for (unsigned i = 0; i < r.kCount; ++i)
      r[i] = x[(sizeof(T) == 8 ? control[i] >> 1 : control[i]) & (r.kCount - 1)];
    return r;
  }
};
struct PermuteDoublesImm {
  static constexpr unsigned kUpperImm = 2;
  Xmm operator()(const Xmm&, const Xmm& b, u8 imm) const {
    return {{b.q[imm & 1], b.q[imm >> 1 & 1]}};
  }
};
// Functions of whole YMM registers: F(vvvv, source, imm8).
template <class F>
struct WholeOp {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Ymm b = Vex256::Source::template read<Place>(c, op);
    set_vec<Ymm>(c, op->reg, F{}(vec<Ymm>(c, op->arg), b, u8(op->imm)));
    NEXT;
  }
};
struct PermuteDwords {  // VPERMD, VPERMPS: the first source has the controls
  Ymm operator()(const Ymm& a, const Ymm& b, u8) const {
    const auto control = lanes<u32>(a), x = lanes<u32>(b);
    Lanes<u32, Ymm> r;
    for (unsigned i = 0; i < 8; ++i) r[i] = x[control[i] & 7];
    return r;
  }
};
struct PermuteQwords {
  Ymm operator()(const Ymm&, const Ymm& b, u8 imm) const {
    const auto x = lanes<u64>(b);
    return Lanes<u64, Ymm>{x[imm & 3], x[imm >> 2 & 3], x[imm >> 4 & 3], x[imm >> 6]};
  }
};
struct PermuteHalves {
  Ymm operator()(const Ymm& a, const Ymm& b, u8 imm) const {
    const auto half = [&](unsigned control) {
      return control & 8 ? Xmm() : control & 2 ? b.half[control & 1] : a.half[control & 1];
    };
    return {{half(imm & 15), half(imm >> 4)}};
  }
};
struct InsertHalf {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Xmm b = WxUnaligned::read<Place>(c, op);
    Ymm r = vec<Ymm>(c, op->arg);
    r.half[op->imm & 1] = b;
    set_vec<Ymm>(c, op->reg, r);
    NEXT;
  }
};
struct ExtractHalf {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Xmm value = vec<Ymm>(c, op->reg).half[op->imm & 1];
    if constexpr (Place::kMemory)
      store_xmm(c, op, vector_address<16, Place>(c, op, true), value);
    else
      set_vec<Xmm>(c, op->rm, value);
    NEXT;
  }
};
// F on each 16 bytes, without and with an immediate.
template <class F>
void add_in_lanes(Tables& t, u8 opcode, const char* name) {
  t.add(
      kVex0F38, opcode, k66,
      {name, Vx_Wx, &kVexSet<VecOp<F, Vex128>, VecOp<F, Vex256>>, kVexRow | kVexW0, Feature::kAvx});
}
template <class F>
void add_in_lanes_imm(Tables& t, u8 opcode, const char* name, u32 more, Feature feature) {
  t.add(kVex0F3A, opcode, k66,
        {name, Vx_Wx_Ub, &kVexSet<VecOpImm<F, Vex128>, VecOpImm<F, Vex256>>,
         kVexRow | kVexW0 | more, feature});
}

void add_permutations(Tables& t) {
  const Feature avx = Feature::kAvx, avx2 = Feature::kAvx2;
  add_in_lanes<PermuteInLane<u32>>(t, 0x0C, "vpermilps");
  add_in_lanes<PermuteInLane<u64>>(t, 0x0D, "vpermilpd");
  add_in_lanes_imm<PermuteDoublesImm>(t, 0x05, "vpermilpd", kVexNoV, avx);

  const auto whole = [&](Map map, u8 opcode, const char* name, u32 operands, const HandlerSet* set,
                         u32 more, Feature feature) {
    t.add(map, opcode, k66, {name, operands, set, kVexRow | more, feature});
  };
  const HandlerSet* dwords = &kVexSet<void, WholeOp<PermuteDwords>>;
  const HandlerSet* qwords = &kVexSet<void, WholeOp<PermuteQwords>>;
  const HandlerSet* halves = &kVexSet<void, WholeOp<PermuteHalves>>;
  const HandlerSet* insert = &kVexSet<void, InsertHalf>;
  const HandlerSet* extract = &kVexSet<void, ExtractHalf>;
  whole(kVex0F38, 0x16, "vpermps", Vx_Wx, dwords, kVexW0, avx2);
  whole(kVex0F38, 0x36, "vpermd", Vx_Wx, dwords, kVexW0, avx2);
  whole(kVex0F3A, 0x00, "vpermq", Vx_Wx_Ub, qwords, kVexNoV | kVexW1, avx2);
  whole(kVex0F3A, 0x01, "vpermpd", Vx_Wx_Ub, qwords, kVexNoV | kVexW1, avx2);
  whole(kVex0F3A, 0x06, "vperm2f128", Vx_Wx_Ub, halves, kVexW0, avx);
  whole(kVex0F3A, 0x46, "vperm2i128", Vx_Wx_Ub, halves, kVexW0, avx2);
  whole(kVex0F3A, 0x18, "vinsertf128", Vx_Wx_Ub, insert, kVexW0, avx);
  whole(kVex0F3A, 0x38, "vinserti128", Vx_Wx_Ub, insert, kVexW0, avx2);
  whole(kVex0F3A, 0x19, "vextractf128", Vx_Wx_Ub, extract, kVexNoV | kVexW0, avx);
  whole(kVex0F3A, 0x39, "vextracti128", Vx_Wx_Ub, extract, kVexNoV | kVexW0, avx2);
}

// --- shifts by a count for each element

template <class T, bool Left>
struct ShiftEach {
  T operator()(T a, T b) const {
    using Signed = std::make_signed_t<T>;
    constexpr unsigned kBitsT = 8 * sizeof(T);
    using Unsigned = std::make_unsigned_t<T>;
    const Unsigned count = Unsigned(b);
    if constexpr (std::is_same_v<T, Signed>)
      return T(a >> (count >= kBitsT ? kBitsT - 1 : count));
    else
      return count >= kBitsT ? 0 : Left ? T(a << count) : T(a >> count);
  }
};
template <class T, bool Left>
using Shifts = Each<T, ShiftEach<T, Left>>;

template <bool Left>
void add_shift(Tables& t, u8 opcode, const char* name) {
  t.add(kVex0F38, opcode, k66,
        {name, Vx_Wx,
         &kVexSet<VecOp<Shifts<u32, Left>, Vex128>, VecOp<Shifts<u32, Left>, Vex256>,
                  VecOp<Shifts<u64, Left>, Vex128>, VecOp<Shifts<u64, Left>, Vex256>>,
         kVexRow | kVexByW, Feature::kAvx2});
}
void add_shifts(Tables& t) {
  add_shift<false>(t, 0x45, "vpsrlv");
  add_shift<true>(t, 0x47, "vpsllv");
  using Arithmetic = Shifts<i32, false>;
  t.add(kVex0F38, 0x46, k66,
        {"vpsravd", Vx_Wx, &kVexSet<VecOp<Arithmetic, Vex128>, VecOp<Arithmetic, Vex256>>,
         kVexRow | kVexW0, Feature::kAvx2});
}

// --- masked moves

// Elements follow the first; a 16-bit address does not wrap around between them.
template <class T>
inline u64 element_address(Cpu& c, const Op* op, unsigned i, bool write) {
  const u64 offset = effective_offset(c, op) + i * sizeof(T);
  if (c.code64()) return op->seg == FS || op->seg == GS ? c.seg[op->seg].base + offset : offset;
  c.op = op;
  return c.linear(op->seg, u32(offset), sizeof(T), write);
}
template <class T, class V>
struct MaskedLoad {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body(c, op);
    NEXT;
  }
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const auto mask = lanes<std::make_signed_t<T>>(vec<V>(c, op->arg));
    Lanes<T, V> r = {};
    for (unsigned i = 0; i < r.kCount; ++i)
      if (mask[i] < 0) r[i] = load<T>(c, op, element_address<T>(c, op, i, false), op->seg);
    set_vec<V>(c, op->reg, r);
  }
};
template <class T, class V>
struct MaskedStore {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body(c, op);
    NEXT;
  }
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    const auto mask = lanes<std::make_signed_t<T>>(vec<V>(c, op->arg));
    const auto value = lanes<T>(vec<V>(c, op->reg));
    c.op = op;
    for (unsigned i = 0; i < value.kCount; ++i)
      if (mask[i] < 0)
        c.probe(element_address<T>(c, op, i, true), sizeof(T), true, c.user(), op->seg);
    for (unsigned i = 0; i < value.kCount; ++i)
      if (mask[i] < 0) store<T>(c, op, element_address<T>(c, op, i, true), value[i], op->seg);
  }
};

template <template <class, class> class Shape>
void add_masked(Tables& t, u8 singles, u8 doubles, u8 integers, const char* ps, const char* pd,
                const char* name) {
  const u32 row = kVexRow | kMemOnly;
  const HandlerSet* set32 = &kVexSet<Shape<u32, Xmm>, Shape<u32, Ymm>>;
  const HandlerSet* set64 = &kVexSet<Shape<u64, Xmm>, Shape<u64, Ymm>>;
  t.add(kVex0F38, singles, k66, {ps, Vx_Wx, set32, row | kVexW0, Feature::kAvx});
  t.add(kVex0F38, doubles, k66, {pd, Vx_Wx, set64, row | kVexW0, Feature::kAvx});
  t.add(kVex0F38, integers, k66,
        {name, Vx_Wx, &kVexSet<Shape<u32, Xmm>, Shape<u32, Ymm>, Shape<u64, Xmm>, Shape<u64, Ymm>>,
         row | kVexByW, Feature::kAvx2});
}

// --- gathers: elements T at base + displacement + (index I << scale)

template <class T, class I, class V>
struct Gather {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body(c, op);
    NEXT;
  }
  [[gnu::noinline]] static void body(Cpu& c, const Op* op) {
    c.op = op;
    // All three registers must differ.
    if (op->reg == op->arg || op->reg == op->index || op->arg == op->index) c.raise(kUD);
    const auto index = lanes<I>(vec<V>(c, op->index));
    auto mask = lanes<std::make_signed_t<T>>(vec<V>(c, op->arg));
    auto r = lanes<T>(vec<V>(c, op->reg));
    constexpr unsigned count = std::min(index.kCount, r.kCount);
    for (auto& each : mask.v) each = each < 0 ? -1 : 0;
    set_vec<V>(c, op->arg, mask);
    const u64 base = *reinterpret_cast<const u64*>(reinterpret_cast<const u8*>(c.r) + op->base) +
                     u64(i64(op->disp));
    for (unsigned i = 0; i < count; ++i) {
      if (mask[i] < 0) {
        const u64 linear = linear_at<T>(c, op, base + (u64(i64(index[i])) << op->scale), false);
        r[i] = load<T>(c, op, linear, op->seg);
        set_vec<V>(c, op->reg, r);
      }
      mask[i] = 0;
      set_vec<V>(c, op->arg, mask);
    }
    for (unsigned i = count; i < r.kCount; ++i) r[i] = 0;
    set_vec<V>(c, op->reg, r);
    set_vec<V>(c, op->arg, {});
  }
};

template <class I>
void add_gather(Tables& t, u8 opcode, const char* name) {
  t.add(
      kVex0F38, opcode, k66,
      {name, Vx_Wx,
       &kVexSet<Gather<u32, I, Xmm>, Gather<u32, I, Ymm>, Gather<u64, I, Xmm>, Gather<u64, I, Ymm>>,
       kVexRow | kVexByW | kMemOnly | kVsib, Feature::kAvx2});
}

void vzeroupper(Cpu& c, const Op&) {
  for (unsigned i = 0; i < (c.code64() ? 16 : 8); ++i) c.fpu.ymm_high[i] = {};
}
void vzeroall(Cpu& c, const Op& op) {
  vzeroupper(c, op);
  for (unsigned i = 0; i < (c.code64() ? 16 : 8); ++i) c.fpu.xmm[i] = {};
}

}  // namespace

void add_avx_rows(Tables& t) {
  add_broadcasts(t);
  add_permutations(t);
  add_shifts(t);
  add_masked<MaskedLoad>(t, 0x2C, 0x2D, 0x8C, "vmaskmovps", "vmaskmovpd", "vpmaskmov");
  add_masked<MaskedStore>(t, 0x2E, 0x2F, 0x8E, "vmaskmovps", "vmaskmovpd", "vpmaskmov");
  add_gather<i32>(t, 0x90, "vpgatherd");
  add_gather<i64>(t, 0x91, "vpgatherq");
  add_gather<i32>(t, 0x92, "vgatherd");
  add_gather<i64>(t, 0x93, "vgatherq");
  t.add(kVex0F, 0x77, kNoPrefix,
        {"vzeroupper", None, &kVexSet<Step<vzeroupper>, Step<vzeroall>>, kVexRow | kVexNoV,
         Feature::kAvx});
}

}  // namespace reprise::cpu
