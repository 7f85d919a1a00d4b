// Moves between MMX, XMM and general registers and memory. Non-temporal hints mean nothing here.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

// --- whole XMM registers

template <bool Aligned>
struct LoadXmm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.fpu.xmm[op->reg] = WholeXmm<Aligned>::template read<Place>(c, op);
    NEXT;
  }
};
template <bool Aligned>
struct StoreXmm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    if constexpr (Place::kMemory) {
      const u64 linear = vector_address<16, Place>(c, op, true);
      if constexpr (Aligned) require_alignment(c, op, linear);
      store_xmm(c, op, linear, c.fpu.xmm[op->reg]);
    } else {
      c.fpu.xmm[op->rm] = c.fpu.xmm[op->reg];
    }
    NEXT;
  }
};

// --- parts

// MOVSS, MOVSD: from memory the rest is cleared, from a register it is kept.
template <class T>
struct LoadScalar {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const T value = LowXmm<T>::template read<Place>(c, op);
    Xmm& d = c.fpu.xmm[op->reg];
    if constexpr (Place::kMemory) {
      d = {{value, 0}};
    } else {
      auto r = lanes<T>(d);
      r[0] = value;
      d = r;
    }
    NEXT;
  }
};
template <class T>
struct StoreScalar {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const T value = T(c.fpu.xmm[op->reg].q[0]);
    if constexpr (Place::kMemory) {
      Place::template write<T>(c, op, value);
    } else {
      auto r = lanes<T>(c.fpu.xmm[op->rm]);
      r[0] = value;
      c.fpu.xmm[op->rm] = r;
    }
    NEXT;
  }
};
// Half To of the register from memory, or from the other half of a register (MOVHLPS, MOVLHPS).
template <unsigned To>
struct LoadHalf {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    if constexpr (Place::kMemory)
      c.fpu.xmm[op->reg].q[To] = Place::template read<u64>(c, op);
    else
      c.fpu.xmm[op->reg].q[To] = c.fpu.xmm[op->rm].q[1 - To];
    NEXT;
  }
};
template <unsigned From>
struct StoreHalf {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    Place::template write<u64>(c, op, c.fpu.xmm[op->reg].q[From]);
    NEXT;
  }
};
struct LoadQuad {  // MOVQ xmm, xmm/m64: the rest is cleared
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.fpu.xmm[op->reg] = {{LowXmm<u64>::read<Place>(c, op), 0}};
    NEXT;
  }
};
struct StoreQuad {  // MOVQ xmm/m64, xmm
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const u64 value = c.fpu.xmm[op->reg].q[0];
    if constexpr (Place::kMemory)
      Place::template write<u64>(c, op, value);
    else
      c.fpu.xmm[op->rm] = {{value, 0}};
    NEXT;
  }
};

// --- with general registers: 32 bits, or 64 by REX.W

template <class Place>
u64 read_general(Cpu& c, const Op* op) {
  return op->flags & kOpRexW ? Place::template read<u64>(c, op)
                             : u64(Place::template read<u32>(c, op));
}
template <class Place>
void write_general(Cpu& c, const Op* op, u64 value) {
  if (op->flags & kOpRexW)
    Place::template write<u64>(c, op, value);
  else
    Place::template write<u32>(c, op, u32(value));
}
struct GeneralToXmm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.fpu.xmm[op->reg] = {{read_general<Place>(c, op), 0}};
    NEXT;
  }
};
struct XmmToGeneral {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    write_general<Place>(c, op, c.fpu.xmm[op->reg].q[0]);
    NEXT;
  }
};
struct GeneralToMm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    set_mm(c, op->reg, {read_general<Place>(c, op)});
    NEXT;
  }
};
struct MmToGeneral {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    write_general<Place>(c, op, mm(c, op->reg).q);
    enter_mmx(c);
    NEXT;
  }
};
struct StoreGeneral {  // MOVNTI
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    if (op->flags & kOpRexW)
      Place::template write<u64>(c, op, c.reg<u64>(op->reg));
    else
      Place::template write<u32>(c, op, c.reg<u32>(op->reg));
    NEXT;
  }
};

// --- MMX

struct LoadMm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    set_mm(c, op->reg, WholeMm::read<Place>(c, op));
    NEXT;
  }
};
struct StoreMm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    c.op = op;
    check_x87_pending(c);
    const Mm value = mm(c, op->reg);
    if constexpr (Place::kMemory) {
      Place::template write<u64>(c, op, value.q);
      enter_mmx(c);
    } else {
      set_mm(c, op->rm, value);
    }
    NEXT;
  }
};
void movq2dq(Cpu& c, const Op& op) {
  check_x87_pending(c);
  c.fpu.xmm[op.reg] = {{mm(c, op.rm).q, 0}};
  enter_mmx(c);
}
void movdq2q(Cpu& c, const Op& op) {
  check_x87_pending(c);
  set_mm(c, op.reg, {c.fpu.xmm[op.rm].q[0]});
}

// --- MASKMOVQ, MASKMOVDQU: bytes whose mask has bit 7 set, to DS:rDI

template <class V>
void store_masked(Cpu& c, const Op& op, const V& value, const V& mask) {
  const auto bytes = lanes<u8>(value), selected = lanes<u8>(mask);
  const auto at = [&](unsigned i) { return linear_at<u8>(c, &op, c.r[RDI] + i, true); };
  for (unsigned i = 0; i < bytes.kCount; ++i)
    if (selected[i] & 0x80) c.probe(at(i), 1, true, c.user(), op.seg);
  for (unsigned i = 0; i < bytes.kCount; ++i)
    if (selected[i] & 0x80) store<u8>(c, &op, at(i), bytes[i], op.seg);
}
void maskmovq(Cpu& c, const Op& op) {
  check_x87_pending(c);
  store_masked(c, op, mm(c, op.reg), mm(c, op.rm));
  enter_mmx(c);
}
void maskmovdqu(Cpu& c, const Op& op) { store_masked(c, op, c.fpu.xmm[op.reg], c.fpu.xmm[op.rm]); }

// --- rows

void add_whole(Tables& t) {
  const auto load = [&](u8 opcode, Prefix p, const char* name, bool aligned, Feature f,
                        u32 more = 0) {
    t.add(k0F, opcode, p,
          {name, Vx_Wx, aligned ? &kPlaceSet<LoadXmm<true>> : &kPlaceSet<LoadXmm<false>>,
           kXmmRow | more, f});
  };
  const auto store = [&](u8 opcode, Prefix p, const char* name, bool aligned, Feature f,
                         u32 more = 0) {
    t.add(k0F, opcode, p,
          {name, Vx_Wx, aligned ? &kPlaceSet<StoreXmm<true>> : &kPlaceSet<StoreXmm<false>>,
           kXmmRow | more, f});
  };
  load(0x10, kNoPrefix, "movups", false, Feature::kSse);
  store(0x11, kNoPrefix, "movups", false, Feature::kSse);
  load(0x10, k66, "movupd", false, Feature::kSse2);
  store(0x11, k66, "movupd", false, Feature::kSse2);
  load(0x28, kNoPrefix, "movaps", true, Feature::kSse);
  store(0x29, kNoPrefix, "movaps", true, Feature::kSse);
  load(0x28, k66, "movapd", true, Feature::kSse2);
  store(0x29, k66, "movapd", true, Feature::kSse2);
  load(0x6F, k66, "movdqa", true, Feature::kSse2);
  store(0x7F, k66, "movdqa", true, Feature::kSse2);
  load(0x6F, kF3, "movdqu", false, Feature::kSse2);
  store(0x7F, kF3, "movdqu", false, Feature::kSse2);
  load(0xF0, kF2, "lddqu", false, Feature::kSse3, kMemOnly);
  store(0x2B, kNoPrefix, "movntps", true, Feature::kSse, kMemOnly);
  store(0x2B, k66, "movntpd", true, Feature::kSse2, kMemOnly);
  store(0xE7, k66, "movntdq", true, Feature::kSse2, kMemOnly);
  t.add(k0F38, 0x2A, k66,
        {"movntdqa", Vx_Wx, &kPlaceSet<LoadXmm<true>>, kXmmRow | kMemOnly, Feature::kSse41});
}

void add_parts(Tables& t) {
  t.add(k0F, 0x10, kF3, {"movss", Vx_Wx, &kPlaceSet<LoadScalar<u32>>, kXmmRow, Feature::kSse});
  t.add(k0F, 0x11, kF3, {"movss", Vx_Wx, &kPlaceSet<StoreScalar<u32>>, kXmmRow, Feature::kSse});
  t.add(k0F, 0x10, kF2, {"movsd", Vx_Wx, &kPlaceSet<LoadScalar<u64>>, kXmmRow, Feature::kSse2});
  t.add(k0F, 0x11, kF2, {"movsd", Vx_Wx, &kPlaceSet<StoreScalar<u64>>, kXmmRow, Feature::kSse2});
  t.add(k0F, 0x12, kNoPrefix, {"movlps", Vx_Wx, &kPlaceSet<LoadHalf<0>>, kXmmRow, Feature::kSse});
  t.add(k0F, 0x16, kNoPrefix, {"movhps", Vx_Wx, &kPlaceSet<LoadHalf<1>>, kXmmRow, Feature::kSse});
  const u32 memory = kXmmRow | kMemOnly;
  t.add(k0F, 0x12, k66, {"movlpd", Vx_Wx, &kPlaceSet<LoadHalf<0>>, memory, Feature::kSse2});
  t.add(k0F, 0x16, k66, {"movhpd", Vx_Wx, &kPlaceSet<LoadHalf<1>>, memory, Feature::kSse2});
  t.add(k0F, 0x13, kNoPrefix, {"movlps", Vx_Wx, &kPlaceSet<StoreHalf<0>>, memory, Feature::kSse});
  t.add(k0F, 0x17, kNoPrefix, {"movhps", Vx_Wx, &kPlaceSet<StoreHalf<1>>, memory, Feature::kSse});
  t.add(k0F, 0x13, k66, {"movlpd", Vx_Wx, &kPlaceSet<StoreHalf<0>>, memory, Feature::kSse2});
  t.add(k0F, 0x17, k66, {"movhpd", Vx_Wx, &kPlaceSet<StoreHalf<1>>, memory, Feature::kSse2});
  t.add(k0F, 0x7E, kF3, {"movq", Vx_Wx, &kPlaceSet<LoadQuad>, kXmmRow, Feature::kSse2});
  t.add(k0F, 0xD6, k66, {"movq", Vx_Wx, &kPlaceSet<StoreQuad>, kXmmRow, Feature::kSse2});
}

void add_general(Tables& t) {
  t.add(k0F, 0x6E, k66, {"movd", Vx_Wx, &kPlaceSet<GeneralToXmm>, kVecReg | kSse, Feature::kSse2});
  t.add(k0F, 0x7E, k66, {"movd", Vx_Wx, &kPlaceSet<XmmToGeneral>, kVecReg | kSse, Feature::kSse2});
  t.add(k0F, 0x6E, kNoPrefix,
        {"movd", Vx_Wx, &kPlaceSet<GeneralToMm>, kVecReg | kMmx, Feature::kMmx});
  t.add(k0F, 0x7E, kNoPrefix,
        {"movd", Vx_Wx, &kPlaceSet<MmToGeneral>, kVecReg | kMmx, Feature::kMmx});
  t.add(k0F, 0xC3, kNoPrefix,
        {"movnti", Ev_Gv, &kPlaceSet<StoreGeneral>, kMemOnly, Feature::kSse2});
}

void add_mm(Tables& t) {
  t.add(k0F, 0x6F, kNoPrefix, {"movq", Vx_Wx, &kPlaceSet<LoadMm>, kMmRow, Feature::kMmx});
  t.add(k0F, 0x7F, kNoPrefix, {"movq", Vx_Wx, &kPlaceSet<StoreMm>, kMmRow, Feature::kMmx});
  t.add(k0F, 0xE7, kNoPrefix,
        {"movntq", Vx_Wx, &kPlaceSet<StoreMm>, kMmRow | kMemOnly, Feature::kSse});
  t.add(k0F, 0xF7, kNoPrefix,
        {"maskmovq", Vx_Wx, STEP(maskmovq), kMmRow | kRegOnly, Feature::kSse});
  t.add(k0F, 0xF7, k66,
        {"maskmovdqu", Vx_Wx, STEP(maskmovdqu), kXmmRow | kRegOnly, Feature::kSse2});
  const u32 mixed = kXmmRow | kMmx | kRegOnly;
  t.add(k0F, 0xD6, kF3, {"movq2dq", Vx_Wx, STEP(movq2dq), mixed, Feature::kSse2});
  t.add(k0F, 0xD6, kF2, {"movdq2q", Vx_Wx, STEP(movdq2q), mixed, Feature::kSse2});
}

}  // namespace

void add_sse_move_rows(Tables& t) {
  add_whole(t);
  add_parts(t);
  add_general(t);
  add_mm(t);
}

}  // namespace reprise::cpu
