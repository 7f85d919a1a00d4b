// BMI1 and BMI2: bit fields, and shifts that leave the flags.
//
// Source: Intel SDM volume 2. VEX-encoded, of 32 or 64 bits; op.arg is the register of VEX.vvvv.
// PF and AF, where the manuals leave them open, are cleared.
#include "cpu/decode/tables.h"

namespace reprise::cpu {

namespace {

template <class T>
constexpr unsigned kBitsOf = 8 * sizeof(T);

template <class T>
void set_flags(Cpu& c, T result, bool carry) {
  c.flags.set_raw((carry ? CF : 0) | (result == 0 ? ZF : 0) |
                  (result >> (kBitsOf<T> - 1) ? SF : 0));
}
template <class T>
T below(unsigned count) {  // the lowest `count` bits set
  return count >= kBitsOf<T> ? T(~T(0)) : T((T(1) << count) - 1);
}

// reg = F(cpu, r/m, vvvv)
template <class F>
struct FromTwo {
  template <class T, class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const T source = Place::template read<T>(c, op);
    c.set_reg<T>(op->reg, F::template apply<T>(c, source, c.reg<T>(op->arg)));
    NEXT;
  }
};
// vvvv = F(cpu, r/m)
template <class F>
struct ToV {
  template <class T, class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const T source = Place::template read<T>(c, op);
    c.set_reg<T>(op->arg, F::template apply<T>(c, source));
    NEXT;
  }
};

struct Andn {
  template <class T>
  static T apply(Cpu& c, T source, T v) {
    const T r = T(~v & source);
    set_flags<T>(c, r, false);
    return r;
  }
};
struct Bextr {  // start in bits 0 to 7 of the control, length in 8 to 15
  template <class T>
  static T apply(Cpu& c, T source, T control) {
    const unsigned start = control & 0xFF, length = u16(control) >> 8;
    const T r = start >= kBitsOf<T> ? T(0) : T(T(source >> start) & below<T>(length));
    c.flags.set_raw(r == 0 ? ZF : 0);
    return r;
  }
};
struct Bzhi {
  template <class T>
  static T apply(Cpu& c, T source, T index) {
    const unsigned n = index & 0xFF;
    const T r = source & below<T>(n);
    set_flags<T>(c, r, n > kBitsOf<T> - 1);
    return r;
  }
};
struct Blsr {
  template <class T>
  static T apply(Cpu& c, T source) {
    const T r = T(source - 1) & source;
    set_flags<T>(c, r, source == 0);
    return r;
  }
};
struct Blsmsk {
  template <class T>
  static T apply(Cpu& c, T source) {
    const T r = T(source - 1) ^ source;
    set_flags<T>(c, r, source == 0);
    return r;
  }
};
struct Blsi {
  template <class T>
  static T apply(Cpu& c, T source) {
    const T r = T(0 - source) & source;
    set_flags<T>(c, r, source != 0);
    return r;
  }
};
struct Pdep {
  template <class T>
  static T apply(Cpu&, T mask, T source) {
    T r = 0;
    for (; mask; mask &= T(mask - 1), source >>= 1)
      if (source & 1) r |= mask & T(0 - mask);
    return r;
  }
};
struct Pext {
  template <class T>
  static T apply(Cpu&, T mask, T source) {
    T r = 0;
    for (unsigned to = 0; mask; mask &= T(mask - 1), ++to)
      if (source & mask & T(0 - mask)) r |= T(1) << to;
    return r;
  }
};
struct Shlx {
  template <class T>
  static T apply(Cpu&, T source, T count) {
    return T(source << (count & (kBitsOf<T> - 1)));
  }
};
struct Shrx {
  template <class T>
  static T apply(Cpu&, T source, T count) {
    return T(source >> (count & (kBitsOf<T> - 1)));
  }
};
struct Sarx {
  template <class T>
  static T apply(Cpu&, T source, T count) {
    return T(std::make_signed_t<T>(source) >> (count & (kBitsOf<T> - 1)));
  }
};
// PDEP and PEXT take their mask from the r/m operand.
struct Rorx {
  template <class T, class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const T source = Place::template read<T>(c, op);
    const unsigned count = unsigned(op->imm) & (kBitsOf<T> - 1);
    c.set_reg<T>(op->reg, count ? T(source >> count | source << (kBitsOf<T> - count)) : source);
    NEXT;
  }
};
struct Mulx {  // of RDX; the upper half to reg, the lower to vvvv: written first, if both are one
  template <class T, class Place>
  static const Op* run(Cpu& c, const Op* op) {
    using Wide = std::conditional_t<sizeof(T) == 8, u128, u64>;
    const Wide product = Wide(Place::template read<T>(c, op)) * c.reg<T>(RDX * 8);
    c.set_reg<T>(op->arg, T(product));
    c.set_reg<T>(op->reg, T(product >> kBitsOf<T>));
    NEXT;
  }
};

// 32 and 64 bits; VEX knows no others.
template <class F>
constexpr HandlerSet make_long_set() {
  HandlerSet s;
  const auto fill = [&]<class T>(unsigned width, T) {
    s.of[width][0] = F::template run<T, InReg>;
    s.of[width][1] = F::template run<T, InFlat>;
    s.of[width][2] = F::template run<T, InGeneral>;
  };
  fill(2, u32());
  fill(3, u64());
  return s;
}
template <class F>
constexpr HandlerSet kLongSet = make_long_set<F>();

}  // namespace

void add_bit_rows(Tables& t) {
  const Feature bmi1 = Feature::kBmi1, bmi2 = Feature::kBmi2;
  const auto add = [&](u8 opcode, Prefix prefix, const char* name, const HandlerSet* set,
                       Feature feature) {
    t.add(kVex0F38, opcode, prefix, {name, Gv_Ev, set, kVexGpr, feature});
  };
  add(0xF2, kNoPrefix, "andn", &kLongSet<FromTwo<Andn>>, bmi1);
  add(0xF7, kNoPrefix, "bextr", &kLongSet<FromTwo<Bextr>>, bmi1);
  const auto add_group = [&](unsigned reg, const char* name, const HandlerSet* set) {
    t.add(kVex0F38, 0xF3, kNoPrefix, reg, kAnyForm, -1, {name, Ev, set, kVexGpr, bmi1});
  };
  add_group(1, "blsr", &kLongSet<ToV<Blsr>>);
  add_group(2, "blsmsk", &kLongSet<ToV<Blsmsk>>);
  add_group(3, "blsi", &kLongSet<ToV<Blsi>>);
  add(0xF5, kNoPrefix, "bzhi", &kLongSet<FromTwo<Bzhi>>, bmi2);
  add(0xF5, kF3, "pext", &kLongSet<FromTwo<Pext>>, bmi2);
  add(0xF5, kF2, "pdep", &kLongSet<FromTwo<Pdep>>, bmi2);
  add(0xF6, kF2, "mulx", &kLongSet<Mulx>, bmi2);
  add(0xF7, k66, "shlx", &kLongSet<FromTwo<Shlx>>, bmi2);
  add(0xF7, kF3, "sarx", &kLongSet<FromTwo<Sarx>>, bmi2);
  add(0xF7, kF2, "shrx", &kLongSet<FromTwo<Shrx>>, bmi2);
  t.add(kVex0F3A, 0xF0, kF2, {"rorx", Gv_Ev | kUb, &kLongSet<Rorx>, kVexGpr | kVexNoV, bmi2});
}

}  // namespace reprise::cpu
