// Moves between MMX, XMM and general registers and memory. Non-temporal hints mean nothing here.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

// --- whole registers

template <bool Aligned, class Form>
struct LoadWhole {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ_AT(typename Form::V);
    Form::put(c, op, Whole<typename Form::V, Aligned>::template read<Place>(c, op));
    NEXT;
  }
};
template <bool Aligned, class Form>
struct StoreWhole {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_WRITE_AT(typename Form::V);
    using V = typename Form::V;
    const V value = vec<V>(c, op->reg);
    if constexpr (Place::kMemory) {
      const u64 linear = vector_address<sizeof(V), Place>(c, op, true);
      if constexpr (Aligned) require_alignment(c, op, linear, sizeof(V));
      store_vec<V>(c, op, linear, value);
    } else {
      Form::put_at(c, op->rm, value);
    }
    NEXT;
  }
};
template <bool Aligned>
struct Wholes {
  template <class Form>
  using Load = LoadWhole<Aligned, Form>;
  template <class Form>
  using Store = StoreWhole<Aligned, Form>;
};

// --- parts

// MOVSS, MOVSD: from memory the rest is cleared, from a register it is that of the first source.
template <class T, class Form>
struct LoadScalar {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ_AT(T);
    const T value = LowXmm<T>::template read<Place>(c, op);
    if constexpr (Place::kMemory) {
      Form::put(c, op, {{value, 0}});
    } else {
      auto r = lanes<T>(Form::first(c, op));
      r[0] = value;
      Form::put(c, op, r);
    }
    NEXT;
  }
};
template <class T, class Form>
struct StoreScalar {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_WRITE_AT(T);
    const T value = T(c.fpu.xmm[op->reg].q[0]);
    if constexpr (Place::kMemory) {
      Place::template write<T>(c, op, value);
    } else {
      auto r = lanes<T>(Form::first_of(c, op, op->rm));
      r[0] = value;
      Form::put_at(c, op->rm, r);
    }
    NEXT;
  }
};
template <class T>
struct Scalars {
  template <class Form>
  using Load = LoadScalar<T, Form>;
  template <class Form>
  using Store = StoreScalar<T, Form>;
};
// Half To of the register from memory, or from the other half of a register (MOVHLPS, MOVLHPS).
template <unsigned To, class Form>
struct LoadHalf {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ_AT(u64);
    u64 value;
    if constexpr (Place::kMemory)
      value = Place::template read<u64>(c, op);
    else
      value = c.fpu.xmm[op->rm].q[1 - To];
    Xmm r = Form::first(c, op);
    r.q[To] = value;
    Form::put(c, op, r);
    NEXT;
  }
};
template <unsigned To>
struct Half {
  template <class Form>
  using Load = LoadHalf<To, Form>;
};
template <unsigned From>
struct StoreHalf {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_WRITE_AT(u64);
    Place::template write<u64>(c, op, c.fpu.xmm[op->reg].q[From]);
    NEXT;
  }
};
template <class Form>
struct LoadQuad {  // MOVQ xmm, xmm/m64: the rest is cleared
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ_AT(u64);
    Form::put(c, op, {{LowXmm<u64>::read<Place>(c, op), 0}});
    NEXT;
  }
};
template <class Form>
struct StoreQuad {  // MOVQ xmm/m64, xmm
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_WRITE_AT(u64);
    const u64 value = c.fpu.xmm[op->reg].q[0];
    if constexpr (Place::kMemory)
      Place::template write<u64>(c, op, value);
    else
      Form::put_at(c, op->rm, {{value, 0}});
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
template <class Form>
struct GeneralToXmm {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    Form::put(c, op, {{read_general<Place>(c, op), 0}});
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
  constexpr u32 forms = kVexAvx | kVexUnary;
  const Feature sse = Feature::kSse, sse2 = Feature::kSse2;
  const auto unaligned = [&](u8 opcode, Prefix p, const char* name, Feature f) {
    add_forms<forms, Wholes<false>::Load>(t, k0F, opcode, p, name, Vx_Wx, f);
    add_forms<forms, Wholes<false>::Store>(t, k0F, opcode == 0x10 ? 0x11 : 0x7F, p, name, Vx_Wx, f);
  };
  const auto aligned = [&](u8 opcode, Prefix p, const char* name, Feature f) {
    add_forms<forms, Wholes<true>::Load>(t, k0F, opcode, p, name, Vx_Wx, f);
    add_forms<forms, Wholes<true>::Store>(t, k0F, opcode == 0x28 ? 0x29 : 0x7F, p, name, Vx_Wx, f);
  };
  const auto store = [&](u8 opcode, Prefix p, const char* name, Feature f) {
    add_forms<forms, Wholes<true>::Store>(t, k0F, opcode, p, name, Vx_Wx, f, kXmmRow | kMemOnly);
  };
  unaligned(0x10, kNoPrefix, "movups", sse);
  unaligned(0x10, k66, "movupd", sse2);
  unaligned(0x6F, kF3, "movdqu", sse2);
  aligned(0x28, kNoPrefix, "movaps", sse);
  aligned(0x28, k66, "movapd", sse2);
  aligned(0x6F, k66, "movdqa", sse2);
  store(0x2B, kNoPrefix, "movntps", sse);
  store(0x2B, k66, "movntpd", sse2);
  store(0xE7, k66, "movntdq", sse2);
  const u32 memory = kXmmRow | kMemOnly;
  add_forms<forms, Wholes<false>::Load>(t, k0F, 0xF0, kF2, "lddqu", Vx_Wx, Feature::kSse3, memory);
  add_forms<kVexAvx2 | kVexUnary, Wholes<true>::Load>(t, k0F38, 0x2A, k66, "movntdqa", Vx_Wx,
                                                      Feature::kSse41, memory);
}

// Rows that write no vector register: the same handlers with VEX.
template <class Shape>
void add_store(Tables& t, u8 opcode, Prefix prefix, const char* name, Feature feature,
               u32 attributes) {
  const Row row = {name, Vx_Wx, &kPlaceSet<Shape>, attributes, feature};
  t.add(k0F, opcode, prefix, row);
  add_vex<Shape, void>(t, k0F, opcode, prefix, row, kVex128 | kVexUnary);
}

// MOVSS and MOVSD have three operands with VEX only where both sources are registers.
template <class T>
void add_scalar(Tables& t, Prefix prefix, const char* name, Feature feature) {
  const auto add = [&]<template <class> class Shape>(u8 opcode) {
    t.add(k0F, opcode, prefix, {name, Vx_Wx, &kPlaceSet<Shape<Legacy>>, kXmmRow, feature});
    const HandlerSet* set = &kVexSet<Shape<Vex128>, Shape<Vex128>>;
    for (unsigned reg = 0; reg < 8; ++reg) {
      t.add(kVex0F, opcode, prefix, reg, kReg, -1, {name, Vx_Wx, set, kVexRow, Feature::kAvx});
      t.add(kVex0F, opcode, prefix, reg, kMem, -1,
            {name, Vx_Wx, set, kVexRow | kVexNoV, Feature::kAvx});
    }
  };
  add.template operator()<Scalars<T>::template Load>(0x10);
  add.template operator()<Scalars<T>::template Store>(0x11);
}

void add_parts(Tables& t) {
  const Feature sse = Feature::kSse, sse2 = Feature::kSse2;
  add_scalar<u32>(t, kF3, "movss", sse);
  add_scalar<u64>(t, kF2, "movsd", sse2);
  add_forms<kVex128, Half<0>::Load>(t, k0F, 0x12, kNoPrefix, "movlps", Vx_Wx, sse);
  add_forms<kVex128, Half<1>::Load>(t, k0F, 0x16, kNoPrefix, "movhps", Vx_Wx, sse);
  const u32 memory = kXmmRow | kMemOnly;
  add_forms<kVex128, Half<0>::Load>(t, k0F, 0x12, k66, "movlpd", Vx_Wx, sse2, memory);
  add_forms<kVex128, Half<1>::Load>(t, k0F, 0x16, k66, "movhpd", Vx_Wx, sse2, memory);
  add_store<StoreHalf<0>>(t, 0x13, kNoPrefix, "movlps", sse, memory);
  add_store<StoreHalf<1>>(t, 0x17, kNoPrefix, "movhps", sse, memory);
  add_store<StoreHalf<0>>(t, 0x13, k66, "movlpd", sse2, memory);
  add_store<StoreHalf<1>>(t, 0x17, k66, "movhpd", sse2, memory);
  constexpr u32 forms = kVex128 | kVexUnary;
  add_forms<forms, LoadQuad>(t, k0F, 0x7E, kF3, "movq", Vx_Wx, sse2);
  add_forms<forms, StoreQuad>(t, k0F, 0xD6, k66, "movq", Vx_Wx, sse2);
}

void add_general(Tables& t) {
  const Feature sse2 = Feature::kSse2;
  add_forms<kVex128 | kVexUnary, GeneralToXmm>(t, k0F, 0x6E, k66, "movd", Vx_Wx, sse2,
                                               kVecReg | kSse);
  add_store<XmmToGeneral>(t, 0x7E, k66, "movd", sse2, kVecReg | kSse);
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
  const Row maskmov = {"maskmovdqu", Vx_Wx, STEP(maskmovdqu), kXmmRow | kRegOnly, Feature::kSse2};
  t.add(k0F, 0xF7, k66, maskmov);
  add_vex<Step<maskmovdqu>, void>(t, k0F, 0xF7, k66, maskmov, kVex128 | kVexUnary);
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
