// x87 arithmetic, comparison and transcendentals. What they compute is in fpu/float80.h.
//
// Source: Intel SDM volume 2; where it leaves C0 to C3 undefined, Intel's silicon.
#include "cpu/exec/x87_rows.h"

namespace reprise::cpu {

namespace {

using fpu::ClassCode;
using fpu::Float80;
using fpu::Fpu80;
using fpu::kDefaultNan;
using fpu::Operand;
using Order = fpu::Order;
using x87_format::Double;
using x87_format::Integer;
using x87_format::Single;

// --- comparison

constexpr u16 kOrderCodes[4] = {kC0, kC3, 0, kC0 | kC2 | kC3};
constexpr u32 kOrderFlags[4] = {CF, ZF, 0, ZF | PF | CF};

// Of ST(0) with `right`; false: an unmasked exception, nothing is popped.
bool compare_codes(Cpu& c, bool empty, const Operand& right, bool quiet) {
  X87 x(c);
  x.set_conditions(kC0 | kC2 | kC3, kOrderCodes[unsigned(Order::unordered)]);
  if (empty) return x.underflow();
  Fpu80 f = x.arithmetic();
  const Order order = f.compare(x.operand(0), right, quiet);
  x.finish(f);
  x.set_conditions(kC0 | kC2 | kC3, kOrderCodes[unsigned(order)]);
  return !f.aborted();
}
template <bool Quiet, unsigned Pops>
void fcom_st(Cpu& c, const Op& op) {
  X87 x(c);
  const unsigned i = rm_field(op);
  if (!compare_codes(c, x.empty(0) || x.empty(i), x.operand(i), Quiet)) return;
  for (unsigned n = 0; n < Pops; ++n) x.pop();
}
// C1 changes only with a stack fault; EFLAGS are set also when an exception is unmasked.
template <bool Quiet, bool Pop>
void fcomi(Cpu& c, const Op& op) {
  X87 x(c);
  const unsigned i = rm_field(op);
  Order order = Order::unordered;
  bool aborted = false;
  if (x.empty(0) || x.empty(i)) {
    aborted = !x.underflow();
  } else {
    Fpu80 f = x.arithmetic();
    order = f.compare(x.operand(0), x.operand(i), Quiet);
    x.raise(f.flags);
    aborted = f.aborted();
  }
  c.flags.set_raw(kOrderFlags[unsigned(order)]);
  if (Pop && !aborted) x.pop();
}
void ftst(Cpu& c, const Op&) { compare_codes(c, X87(c).empty(0), Operand{}, false); }

// --- arithmetic

// By the ModRM reg field: FADD, FMUL, (FCOM, FCOMP,) FSUB, FSUBR, FDIV, FDIVR of ST(0) and `right`.
Float80 compute(Fpu80& f, unsigned kind, const Operand& left, const Operand& right) {
  switch (kind) {
    case 0:
      return f.add(left, right);
    case 1:
      return f.multiply(left, right);
    case 4:
      return f.subtract(left, right);
    case 5:
      return f.subtract(right, left);
    case 6:
      return f.divide(left, right);
    default:
      return f.divide(right, left);
  }
}
void arithmetic(Cpu& c, unsigned kind, unsigned to, bool empty, const Operand& right, bool pop) {
  X87 x(c);
  if (empty) {
    if (!x.underflow()) return;
    x.set_st(to, kDefaultNan);
  } else {
    Fpu80 f = x.arithmetic();
    const Float80 result = compute(f, kind, x.operand(0), right);
    x.finish(f);
    if (f.aborted()) return;
    x.set_st(to, result);
  }
  if (pop) x.pop();
}

// The long ways are out of line, so that what is usual needs no stack frame.
template <class Format>
[[gnu::noinline]] void arithmetic_memory_slow(Cpu& c, unsigned kind, typename Format::Bits bits) {
  const Operand right = Format::operand(bits);
  X87 x(c);
  if (kind == 2 || kind == 3) {
    if (compare_codes(c, x.empty(0), right, false) && kind == 3) x.pop();
  } else {
    arithmetic(c, kind, 0, x.empty(0), right, false);
  }
}
template <class Format, unsigned Kind>
void arithmetic_memory(Cpu& c, const Op& op) {
  const auto bits = Format::bits(c, op);
  if constexpr (Kind != 2 && Kind != 3) {
    X87 x(c);
    if (fpu::usual(c.fpu.control) && !x.empty(0)) {
      const fpu::Quick quick = fpu::quick_arithmetic<Kind>(x.st(0), Format::quick(bits));
      if (quick.ok) return x.finish(quick, 0);
    }
  }
  arithmetic_memory_slow<Format>(c, Kind, bits);
}
[[gnu::noinline]] void arithmetic_st_slow(Cpu& c, unsigned kind, unsigned i, unsigned to,
                                          bool pop) {
  X87 x(c);
  arithmetic(c, kind, to, x.empty(0) || x.empty(i), x.operand(i), pop);
}
template <unsigned Kind, bool ToTop, bool Pop>
void arithmetic_st(Cpu& c, const Op& op) {
  X87 x(c);
  const unsigned i = rm_field(op), to = ToTop ? 0 : i;
  if (fpu::usual(c.fpu.control) && !x.empty(0) && !x.empty(i)) {
    const fpu::Quick quick = fpu::quick_arithmetic<Kind>(x.st(0), x.st(i));
    if (quick.ok) {
      x.finish(quick, to);
      if (Pop) x.pop();
      return;
    }
  }
  arithmetic_st_slow(c, Kind, i, to, Pop);
}

// ST(0) = F(ST(0))
template <Float80 (Fpu80::*F)(const Operand&)>
[[gnu::noinline]] void unary(Cpu& c, const Op&) {
  X87 x(c);
  if (x.empty(0)) {
    if (x.underflow()) x.set_st(0, kDefaultNan);
    return;
  }
  Fpu80 f = x.arithmetic();
  const Float80 result = (f.*F)(x.operand(0));
  x.finish(f);
  if (!f.aborted()) x.set_st(0, result);
}
void fsqrt(Cpu& c, const Op& op) {
  X87 x(c);
  if (fpu::usual(c.fpu.control) && !x.empty(0)) {
    const fpu::Quick quick = fpu::quick_square_root(x.st(0));
    if (quick.ok) return x.finish(quick, 0);
  }
  unary<&Fpu80::square_root>(c, op);
}
// ST(To) = F(ST(0), ST(1)); with To = 1 the stack is popped.
template <unsigned To, Float80 (Fpu80::*F)(const Operand&, const Operand&)>
void binary(Cpu& c, const Op&) {
  X87 x(c);
  if (x.empty(0) || x.empty(1)) {
    if (!x.underflow()) return;
    x.set_st(To, kDefaultNan);
  } else {
    Fpu80 f = x.arithmetic();
    const Float80 result = (f.*F)(x.operand(0), x.operand(1));
    x.finish(f);
    if (f.aborted()) return;
    x.set_st(To, result);
  }
  if (To) x.pop();
}
template <bool Nearest>
void fprem(Cpu& c, const Op&) {
  X87 x(c);
  x.set_conditions(kC2, 0);
  if (x.empty(0) || x.empty(1)) {
    if (x.underflow()) x.set_st(0, kDefaultNan);
    return;
  }
  Fpu80 f = x.arithmetic();
  const auto result = f.remainder(x.operand(0), x.operand(1), Nearest);
  x.finish(f);
  if (f.aborted()) return;
  x.set_st(0, result.value);
  // There is no quotient with a NaN: C0 and C3 stay.
  const bool nan = fpu::classify(result.value) == ClassCode::nan;
  x.set_conditions(nan ? kC1 | kC2 : kConditions,
                   u16((result.quotient & 4 ? kC0 : 0) | (result.quotient & 2 ? kC3 : 0) |
                       (result.quotient & 1 ? kC1 : 0) | (result.partial ? kC2 : 0)));
}

// --- results in two registers

// A stack fault of an instruction that replaces ST(0) and pushes. True: it happened.
bool two_results_fault(X87& x) {
  const bool empty = x.empty(0);
  if (!empty && x.empty(7)) return false;
  if (empty ? x.underflow() : x.overflow()) {
    x.set_st(0, kDefaultNan);
    x.push(kDefaultNan);
  }
  return true;
}
void fxtract(Cpu& c, const Op&) {
  X87 x(c);
  if (two_results_fault(x)) return;
  Fpu80 f = x.arithmetic();
  const auto result = f.extract(x.operand(0));
  x.finish(f);
  if (f.aborted()) return;
  x.set_st(0, result.exponent);
  x.push(result.significand);
}

using Trig = Fpu80::Trig;

template <Trig Function>
void sine_cosine(Cpu& c, const Op&) {
  X87 x(c);
  x.set_conditions(kC2, 0);
  if (x.empty(0)) {
    if (x.underflow()) x.set_st(0, kDefaultNan);
    return;
  }
  const Operand angle = x.operand(0);
  if (!Fpu80::in_range(angle)) return x.set_conditions(kC1 | kC2, kC2);
  Fpu80 f = x.arithmetic();
  const Float80 result = f.trigonometric(Function, angle);
  x.finish(f);
  if (!f.aborted()) x.set_st(0, result);
}
// FPTAN: the tangent, then 1; FSINCOS: the sine, then the cosine. A NaN comes twice.
template <bool Tangent>
void two_trigonometric(Cpu& c, const Op&) {
  X87 x(c);
  x.set_conditions(kC2, 0);
  if (two_results_fault(x)) return;
  const Operand angle = x.operand(0);
  if (!Fpu80::in_range(angle)) return x.set_conditions(kC1 | kC2, kC2);
  Fpu80 f = x.arithmetic();
  const Float80 first = f.trigonometric(Tangent ? Trig::tangent : Trig::sine, angle);
  Float80 second = fpu::kOne;
  if (!Tangent)
    second = f.trigonometric(Trig::cosine, angle);
  else if (first.exponent() == 0x7FFF)
    second = first;
  x.finish(f);
  if (f.aborted()) return;
  x.set_st(0, first);
  x.push(second);
}

constexpr const char* kArithmetic[8] = {"fadd", "fmul",  "fcom", "fcomp",
                                        "fsub", "fsubr", "fdiv", "fdivr"};

template <unsigned Kind>
void add_kind(Tables& t) {
  const char* const name = kArithmetic[Kind];
  add_memory<0, arithmetic_memory<Single, Kind>>(t, Kind, name);
  add_memory<2, arithmetic_memory<Integer<u32>, Kind>>(t, Kind, name);
  add_memory<4, arithmetic_memory<Double, Kind>>(t, Kind, name);
  add_memory<6, arithmetic_memory<Integer<u16>, Kind>>(t, Kind, name);
  if constexpr (Kind != 2 && Kind != 3) {
    add_register<0, arithmetic_st<Kind, true, false>>(t, Kind, name);
    add_register<4, arithmetic_st<Kind, false, false>>(t, Kind, name);
    add_register<6, arithmetic_st<Kind, false, true>>(t, Kind, name);
  }
}
void add_arithmetic(Tables& t) {
  add_kind<0>(t), add_kind<1>(t), add_kind<2>(t), add_kind<3>(t);
  add_kind<4>(t), add_kind<5>(t), add_kind<6>(t), add_kind<7>(t);
  add_register<1, unary<&Fpu80::f2xm1>>(t, 6, "f2xm1", 0);
  add_register<1, binary<1, &Fpu80::fyl2x>>(t, 6, "fyl2x", 1);
  add_register<1, two_trigonometric<true>>(t, 6, "fptan", 2);
  add_register<1, binary<1, &Fpu80::fpatan>>(t, 6, "fpatan", 3);
  add_register<1, fxtract>(t, 6, "fxtract", 4);
  add_register<1, fprem<true>>(t, 6, "fprem1", 5);
  add_register<1, fprem<false>>(t, 7, "fprem", 0);
  add_register<1, binary<1, &Fpu80::fyl2xp1>>(t, 7, "fyl2xp1", 1);
  add_register<1, fsqrt>(t, 7, "fsqrt", 2);
  add_register<1, two_trigonometric<false>>(t, 7, "fsincos", 3);
  add_register<1, unary<&Fpu80::round_to_integer>>(t, 7, "frndint", 4);
  add_register<1, binary<0, &Fpu80::scale>>(t, 7, "fscale", 5);
  add_register<1, sine_cosine<Trig::sine>>(t, 7, "fsin", 6);
  add_register<1, sine_cosine<Trig::cosine>>(t, 7, "fcos", 7);
}

void add_comparisons(Tables& t) {
  add_register<0, fcom_st<false, 0>>(t, 2, "fcom");
  add_register<0, fcom_st<false, 1>>(t, 3, "fcomp");
  add_register<4, fcom_st<false, 0>>(t, 2, "fcom2");
  add_register<4, fcom_st<false, 1>>(t, 3, "fcomp3");
  add_register<6, fcom_st<false, 1>>(t, 2, "fcomp5");
  add_register<6, fcom_st<false, 2>>(t, 3, "fcompp", 1);
  add_register<2, fcom_st<true, 2>>(t, 5, "fucompp", 1);
  add_register<5, fcom_st<true, 0>>(t, 4, "fucom");
  add_register<5, fcom_st<true, 1>>(t, 5, "fucomp");
  add_register<3, fcomi<true, false>>(t, 5, "fucomi", -1, Feature::kCmov);
  add_register<3, fcomi<false, false>>(t, 6, "fcomi", -1, Feature::kCmov);
  add_register<7, fcomi<true, true>>(t, 5, "fucomip", -1, Feature::kCmov);
  add_register<7, fcomi<false, true>>(t, 6, "fcomip", -1, Feature::kCmov);
  add_register<1, ftst>(t, 4, "ftst", 4);
}

}  // namespace

void add_x87_arithmetic_rows(Tables& t) {
  add_arithmetic(t);
  add_comparisons(t);
}

}  // namespace reprise::cpu
