// Integer instructions of later extensions: MOVBE, ADX, LZCNT, TZCNT, RDRAND, RDSEED.
//
// Source: Intel SDM volume 2. Undefined flags: TZCNT and LZCNT clear OF, SF, AF and PF.
#include "cpu/exec/misc.h"
#include "cpu/exec/shift.h"

namespace reprise::cpu {

namespace {

template <class T>
T swap_bytes(T value) {
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  return T(value << 8 | value >> 8);
}
struct MovbeGM {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    c.set_reg<T>(op->reg, swap_bytes(P::template read<T>(c, op)));
    NEXT;
  }
};
struct MovbeMG {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_WRITE(T, T);
    P::template write<T>(c, op, swap_bytes(c.reg<T>(op->reg)));
    NEXT;
  }
};

// ADCX and ADOX: 66h chooses between them, so there are 32 and 64 bits only.
template <u32 Carry>
struct AddCarry {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    using U = std::conditional_t<sizeof(T) == 8, u64, u32>;
    FAST_READ(T, U);
    const U b = P::template read<U>(c, op);
    const u128 sum = u128(c.reg<U>(op->reg)) + b + (Carry == CF ? c.flags.cf() : c.flags.of());
    c.set_reg<U>(op->reg, U(sum));
    c.flags.change(Carry, sum >> kBits<U> ? Carry : 0);
    NEXT;
  }
};

template <bool Trailing>
struct CountZeros {  // TZCNT, LZCNT
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op) {
    FAST_READ(T, T);
    const T value = P::template read<T>(c, op);
    const unsigned count = unsigned(Trailing ? std::countr_zero(value) : std::countl_zero(value));
    c.set_reg<T>(op->reg, T(count));
    c.flags.set_raw((count ? 0 : ZF) | (value ? 0 : CF));
    NEXT;
  }
};

// There is always a number to be had.
template <class T>
void draw(Cpu& c, const Op& op) {
  c.set_reg<T>(op.rm, T(c.random.next()));
  c.flags.set_raw(CF);
}

}  // namespace

void add_integer_extension_rows(Tables& t) {
  for (const Prefix prefix : {kNoPrefix, k66}) {
    t.add(k0F38, 0xF0, prefix, {"movbe", Gv_Ev, &kSet<MovbeGM>, kMemOnly, Feature::kMovbe});
    t.add(k0F38, 0xF1, prefix, {"movbe", Ev_Gv, &kSet<MovbeMG>, kMemOnly, Feature::kMovbe});
    t.add(k0F, 0xC7, prefix, 6, kReg, -1, {"rdrand", Ev, STEP_W(draw), 0, Feature::kRdrand});
    t.add(k0F, 0xC7, prefix, 7, kReg, -1, {"rdseed", Ev, STEP_W(draw), 0, Feature::kRdseed});
  }
  t.add(k0F38, 0xF6, k66, {"adcx", Gv_Ev, &kSet<AddCarry<CF>>, 0, Feature::kAdx});
  t.add(k0F38, 0xF6, kF3, {"adox", Gv_Ev, &kSet<AddCarry<OF>>, 0, Feature::kAdx});
  t.add(k0F, 0xBC, kF3, {"tzcnt", Gv_Ev, &kSet<CountZeros<true>>, kElsePlain, Feature::kBmi1});
  t.add(k0F, 0xBD, kF3, {"lzcnt", Gv_Ev, &kSet<CountZeros<false>>, kElsePlain, Feature::kAbm});
}

}  // namespace reprise::cpu
