// x87 loads, stores and register moves.
//
// Source: Intel SDM volume 2. Undocumented encodings that all processors take as other instructions
// (FSTP1, FXCH4, FFREEP, ...) are there.
#include "cpu/exec/x87_rows.h"

namespace reprise::cpu {

namespace {

using fpu::ClassCode;
using fpu::Float80;
using fpu::Fpu80;
using fpu::kDefaultNan;
using fpu::Operand;
using x87_format::Double;
using x87_format::Integer;
using x87_format::Single;

// --- memory

// Pushes what was loaded, unless it is invalid and that is not masked. (A denormal is pushed.)
void push_loaded(Cpu& c, const Fpu80& f, Float80 value) {
  X87 x(c);
  if (!x.empty(7)) {
    if (x.overflow()) x.push(kDefaultNan);
    return;
  }
  x.finish(f);
  if (!(f.flags & f.unmasked & fpu::kInvalid)) x.push(value);
}

template <class Format>
[[gnu::noinline]] void load_slow(Cpu& c, typename Format::Bits bits) {
  Fpu80 f = X87(c).arithmetic();
  const Float80 value = Format::load(f, bits);
  push_loaded(c, f, value);
}
template <class Format>
void load_memory(Cpu& c, const Op& op) {
  const auto bits = Format::bits(c, op);
  const Float80 quick = Format::quick(bits);
  X87 x(c);
  if (quick.significand && x.empty(7)) {  // a normal number: nothing to report
    x.set_conditions(kC1, 0);
    return x.push(quick);
  }
  load_slow<Format>(c, bits);
}
template <class Format, bool Pop>
[[gnu::noinline]] void store_slow(Cpu& c, const Op& op) {
  X87 x(c);
  if (x.empty(0)) {
    if (x.masked_invalid()) write_rm<typename Format::Bits>(c, op, Format::kIndefinite);
    if (x.underflow() && Pop) x.pop();
    return;
  }
  Fpu80 f = x.arithmetic();
  const auto bits = Format::convert(f, x.operand(0));
  if (!f.store_aborted()) write_rm<typename Format::Bits>(c, op, bits);  // the last thing to fault
  x.finish(f);
  if (!f.store_aborted() && Pop) x.pop();
}
template <class Format, bool Pop>
void store_memory(Cpu& c, const Op& op) {
  X87 x(c);
  if (fpu::usual(c.fpu.control | 0x0300) && !x.empty(0)) {  // PC does not apply
    const fpu::Quick quick = Format::quick_store(x.st(0));
    if (quick.ok) {
      write_rm<typename Format::Bits>(c, op, typename Format::Bits(quick.value.significand));
      x.finish_flags(quick);
      if (Pop) x.pop();
      return;
    }
  }
  store_slow<Format, Pop>(c, op);
}

// Ten bytes: FLD m80, FSTP m80, FBLD, FBSTP.
using Ten = Fpu80::Packed;
Ten read_ten(Cpu& c, const Op& op) {
  const u64 linear = memory_address(c, op, 10, false);
  Ten bytes;
  const u64 low = load<u64>(c, &op, linear, op.seg);
  const u16 high = load<u16>(c, &op, linear + 8, op.seg);
  std::memcpy(bytes.data(), &low, 8);
  std::memcpy(bytes.data() + 8, &high, 2);
  return bytes;
}
void write_ten(Cpu& c, const Op& op, u64 low, u16 high) {
  const u64 linear = memory_address(c, op, 10, true);
  c.probe(linear, 10, true, c.user(), op.seg);
  store<u64>(c, &op, linear, low, op.seg);
  store<u16>(c, &op, linear + 8, high, op.seg);
}
void fld_m80(Cpu& c, const Op& op) {
  const Ten bytes = read_ten(c, op);
  Float80 value;
  std::memcpy(&value.significand, bytes.data(), 8);
  std::memcpy(&value.sign_exponent, bytes.data() + 8, 2);
  push_loaded(c, X87(c).arithmetic(), value);
}
void fstp_m80(Cpu& c, const Op& op) {
  X87 x(c);
  const bool empty = x.empty(0);
  const Float80 value = empty ? kDefaultNan : x.st(0);
  if (!empty || x.masked_invalid()) write_ten(c, op, value.significand, value.sign_exponent);
  if (empty && !x.underflow()) return;
  if (!empty) x.set_conditions(kC1, 0);
  x.pop();
}
void fbld(Cpu& c, const Op& op) {
  const Ten bytes = read_ten(c, op);
  push_loaded(c, X87(c).arithmetic(), fpu::from_bcd(bytes));
}
void fbstp(Cpu& c, const Op& op) {
  X87 x(c);
  Fpu80 f = x.arithmetic();
  const bool empty = x.empty(0);
  const Ten bytes =
      f.store_bcd(empty ? Operand{fpu::Kind::unsupported, false, false, 0, 0} : x.operand(0));
  if (!f.store_aborted()) {
    u64 low = 0;
    u16 high = 0;
    std::memcpy(&low, bytes.data(), 8);
    std::memcpy(&high, bytes.data() + 8, 2);
    write_ten(c, op, low, high);
  }
  if (empty)
    x.underflow();
  else
    x.finish(f);
  if (!f.store_aborted()) x.pop();
}

// --- registers

void fld_st(Cpu& c, const Op& op) {
  X87 x(c);
  const unsigned i = rm_field(op);
  if (x.empty(i)) {
    if (x.underflow()) x.push(kDefaultNan);
  } else if (!x.empty(7)) {
    if (x.overflow()) x.push(kDefaultNan);
  } else {
    x.set_conditions(kC1, 0);
    x.push(x.st(i));
  }
}
void fstp1(Cpu& c, const Op& op) {  // as FSTP, but an empty ST(0) is only popped
  X87 x(c);
  if (!x.empty(0)) x.set_st(rm_field(op), x.st(0));
  x.set_conditions(kC1, 0);
  x.pop();
}
template <bool Pop>
void fst_st(Cpu& c, const Op& op) {
  X87 x(c);
  const unsigned i = rm_field(op);
  Float80 value = x.st(0);
  if (x.empty(0)) {
    if (!x.underflow()) return;
    value = kDefaultNan;
  } else {
    x.set_conditions(kC1, 0);
  }
  x.set_st(i, value);
  if (Pop) x.pop();
}
void fxch(Cpu& c, const Op& op) {
  X87 x(c);
  const unsigned i = rm_field(op);
  const bool empty_0 = x.empty(0), empty_i = x.empty(i);
  if (empty_0 || empty_i) {
    if (!x.underflow()) return;
  } else {
    x.set_conditions(kC1, 0);
  }
  const Float80 a = empty_0 ? kDefaultNan : x.st(0), b = empty_i ? kDefaultNan : x.st(i);
  x.set_st(0, b);
  x.set_st(i, a);
}
template <bool Negated>
void fcmovcc(Cpu& c, const Op& op) {
  X87 x(c);
  static constexpr u32 kFlags[4] = {CF, ZF, CF | ZF, PF};
  const bool condition = bool(c.flags.bits() & kFlags[reg_field(op) & 3]) != Negated;
  const unsigned i = rm_field(op);
  if (x.empty(0) || x.empty(i)) {
    if (x.underflow()) x.set_st(0, kDefaultNan);
    return;
  }
  if (condition) x.set_st(0, x.st(i));
}
template <bool Pop>
void ffree(Cpu& c, const Op& op) {
  X87 x(c);
  c.fpu.empty |= u8(1u << ((c.fpu.top + rm_field(op)) & 7));
  x.set_conditions(kC1, 0);
  if (Pop) x.pop();
}
void fdecstp(Cpu& c, const Op&) {
  c.fpu.top = (c.fpu.top - 1) & 7;
  X87(c).set_conditions(kC1, 0);
}
void fincstp(Cpu& c, const Op&) {
  c.fpu.top = (c.fpu.top + 1) & 7;
  X87(c).set_conditions(kC1, 0);
}
void fld_constant(Cpu& c, const Op& op) {
  const Fpu80 f = X87(c).arithmetic();
  push_loaded(c, f, fpu::constant(rm_field(op), f.rounding));
}
void fchs_fabs(Cpu& c, const Op& op) {
  X87 x(c);
  if (x.empty(0)) {
    if (x.underflow()) x.set_st(0, kDefaultNan);
    return;
  }
  x.set_conditions(kC1, 0);
  Float80 value = x.st(0);
  value.sign_exponent = rm_field(op) ? value.sign_exponent & 0x7FFF : value.sign_exponent ^ 0x8000;
  x.set_st(0, value);
}
void fxam(Cpu& c, const Op&) {
  X87 x(c);
  const Float80 value = x.st(0);
  const unsigned code = unsigned(x.empty(0) ? ClassCode::empty : fpu::classify(value));
  x.set_conditions(kConditions, u16((code & 1 ? kC0 : 0) | (code & 2 ? kC2 : 0) |
                                    (code & 4 ? kC3 : 0) | (value.negative() ? kC1 : 0)));
}
void fnop(Cpu&, const Op&) {}

}  // namespace

void add_x87_move_rows(Tables& t) {
  add_memory<1, load_memory<Single>>(t, 0, "fld");
  add_memory<1, store_memory<Single, false>>(t, 2, "fst");
  add_memory<1, store_memory<Single, true>>(t, 3, "fstp");
  add_memory<3, load_memory<Integer<u32>>>(t, 0, "fild");
  add_memory<3, store_memory<Integer<u32, true>, true>>(t, 1, "fisttp", Feature::kSse3);
  add_memory<3, store_memory<Integer<u32>, false>>(t, 2, "fist");
  add_memory<3, store_memory<Integer<u32>, true>>(t, 3, "fistp");
  add_memory<3, fld_m80>(t, 5, "fld");
  add_memory<3, fstp_m80>(t, 7, "fstp");
  add_memory<5, load_memory<Double>>(t, 0, "fld");
  add_memory<5, store_memory<Integer<u64, true>, true>>(t, 1, "fisttp", Feature::kSse3);
  add_memory<5, store_memory<Double, false>>(t, 2, "fst");
  add_memory<5, store_memory<Double, true>>(t, 3, "fstp");
  add_memory<7, load_memory<Integer<u16>>>(t, 0, "fild");
  add_memory<7, store_memory<Integer<u16, true>, true>>(t, 1, "fisttp", Feature::kSse3);
  add_memory<7, store_memory<Integer<u16>, false>>(t, 2, "fist");
  add_memory<7, store_memory<Integer<u16>, true>>(t, 3, "fistp");
  add_memory<7, fbld>(t, 4, "fbld");
  add_memory<7, load_memory<Integer<u64>>>(t, 5, "fild");
  add_memory<7, fbstp>(t, 6, "fbstp");
  add_memory<7, store_memory<Integer<u64>, true>>(t, 7, "fistp");
  add_register<1, fld_st>(t, 0, "fld");
  add_register<1, fxch>(t, 1, "fxch");
  add_register<1, fdecstp>(t, 6, "fdecstp", 6);
  add_register<1, fincstp>(t, 6, "fincstp", 7);
  add_register<1, fchs_fabs>(t, 4, "fchs", 0);
  add_register<1, fchs_fabs>(t, 4, "fabs", 1);
  add_register<1, fxam>(t, 4, "fxam", 5);
  add_register<1, fnop>(t, 2, "fnop", 0);
  add_register<1, fstp1>(t, 3, "fstp1");
  for (int i = 0; i < 7; ++i) add_register<1, fld_constant>(t, 5, "fld1", i);
  add_register<5, ffree<false>>(t, 0, "ffree");
  add_register<5, fxch>(t, 1, "fxch4");
  add_register<5, fst_st<false>>(t, 2, "fst");
  add_register<5, fst_st<true>>(t, 3, "fstp");
  add_register<7, ffree<true>>(t, 0, "ffreep");
  add_register<7, fxch>(t, 1, "fxch7");
  add_register<7, fst_st<true>>(t, 2, "fstp8");
  add_register<7, fst_st<true>>(t, 3, "fstp9");
  for (unsigned reg = 0; reg < 4; ++reg) {
    add_register<2, fcmovcc<false>>(t, reg, "fcmovcc", -1, Feature::kCmov);
    add_register<3, fcmovcc<true>>(t, reg, "fcmovcc", -1, Feature::kCmov);
  }
}

}  // namespace reprise::cpu
