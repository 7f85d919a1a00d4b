// x87 instructions, D8h to DFh: loads, stores, arithmetic, comparison, transcendentals.
//
// Source: Intel SDM volume 2. The arithmetic is in fpu/float80.h. Undocumented encodings that all
// processors take as other instructions (FSTP1, FXCH4, FCOM2, FFREEP, ...) are there.
#include "cpu/exec/x87.h"

namespace reprise::cpu {

namespace {

using fpu::ClassCode;
using fpu::Float80;
using fpu::Fpu80;
using fpu::kDefaultNan;
using fpu::Operand;
using Order = fpu::Order;

unsigned reg_field(const Op& op) { return op.arg >> 3 & 7; }
unsigned rm_field(const Op& op) { return op.arg & 7; }

// Every instruction of this file, wrapped: waiting exception, FOP and FIP, then Fn.
template <unsigned Escape, auto Fn>
void x87(Cpu& c, const Op& op) {
  check_x87_pending(c);
  Fn(c, op);
  record_instruction(c, op, Escape);
  if (op.flags & kOpMemory) record_data(c, op);
}

// --- memory operands
// ----------------------------------------------------------------------------------

struct Single {
  static Operand read(Cpu& c, const Op& op) { return fpu::decode_f32(read_rm<u32>(c, op)); }
  static Float80 load(Fpu80& f, Cpu& c, const Op& op) { return f.load_f32(read_rm<u32>(c, op)); }
  static u32 convert(Fpu80& f, const Operand& value) { return f.store_f32(value); }
  using Bits = u32;
  static constexpr Bits kIndefinite = 0xFFC0'0000;
};
struct Double {
  static Operand read(Cpu& c, const Op& op) { return fpu::decode_f64(read_rm<u64>(c, op)); }
  static Float80 load(Fpu80& f, Cpu& c, const Op& op) { return f.load_f64(read_rm<u64>(c, op)); }
  static u64 convert(Fpu80& f, const Operand& value) { return f.store_f64(value); }
  using Bits = u64;
  static constexpr Bits kIndefinite = 0xFFF8'0000'0000'0000;
};
template <class T, bool Truncate = false>
struct Integer {
  static Operand read(Cpu& c, const Op& op) {
    return fpu::decode_integer(std::make_signed_t<T>(read_rm<T>(c, op)));
  }
  static Float80 load(Fpu80&, Cpu& c, const Op& op) { return fpu::encode(read(c, op)); }
  static T convert(Fpu80& f, const Operand& value) {
    return T(f.store_integer(value, 8 * sizeof(T), Truncate));
  }
  using Bits = T;
  static constexpr Bits kIndefinite = T(T(1) << (8 * sizeof(T) - 1));
};

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
void load_memory(Cpu& c, const Op& op) {
  Fpu80 f = X87(c).arithmetic();
  const Float80 value = Format::load(f, c, op);
  push_loaded(c, f, value);
}
template <class Format, bool Pop>
void store_memory(Cpu& c, const Op& op) {
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
// ----------------------------------------------------------------------------------------

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

// --- comparison
// -----------------------------------------------------------------------------------------

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
// -----------------------------------------------------------------------------------------

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
template <class Format>
void arithmetic_memory(Cpu& c, const Op& op) {
  const Operand right = Format::read(c, op);
  const unsigned kind = reg_field(op);
  X87 x(c);
  if (kind == 2 || kind == 3) {
    if (compare_codes(c, x.empty(0), right, false) && kind == 3) x.pop();
  } else {
    arithmetic(c, kind, 0, x.empty(0), right, false);
  }
}
template <bool ToTop, bool Pop>
void arithmetic_st(Cpu& c, const Op& op) {
  X87 x(c);
  const unsigned i = rm_field(op);
  arithmetic(c, reg_field(op), ToTop ? 0 : i, x.empty(0) || x.empty(i), x.operand(i), Pop);
}

// ST(0) = F(ST(0))
template <Float80 (Fpu80::*F)(const Operand&)>
void unary(Cpu& c, const Op&) {
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
// ---------------------------------------------------------------------------

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

// --- rows
// -----------------------------------------------------------------------------------------------

constexpr u32 kRow = kX87 | kRegRmArg;

template <unsigned Escape, auto Fn>
void add_memory(Tables& t, unsigned reg, const char* name) {
  t.add(kOneByte, 0xD8 + Escape, kAnyPrefix, reg, kMem, -1,
        {name, M, &kSame<step<x87<Escape, Fn>>>, kRow, Feature::kFpu});
}
template <unsigned Escape, auto Fn>
void add_register(Tables& t, unsigned reg, const char* name, int rm = -1,
                  Feature feature = Feature::kFpu) {
  t.add(kOneByte, 0xD8 + Escape, kAnyPrefix, reg, kReg, rm,
        {name, M, &kSame<step<x87<Escape, Fn>>>, kRow, feature});
}
// Control instructions: not recorded, and only those that load state wait.
template <auto Fn>
void add_control(Tables& t, u8 opcode, unsigned reg, Form form, int rm, const char* name) {
  t.add(kOneByte, opcode, kAnyPrefix, reg, form, rm,
        {name, M, &kSame<step<Fn>>, kRow, Feature::kFpu});
}

constexpr const char* kArithmetic[8] = {"fadd", "fmul",  "fcom", "fcomp",
                                        "fsub", "fsubr", "fdiv", "fdivr"};

void add_arithmetic(Tables& t) {
  for (unsigned reg = 0; reg < 8; ++reg) {
    add_memory<0, arithmetic_memory<Single>>(t, reg, kArithmetic[reg]);
    add_memory<2, arithmetic_memory<Integer<u32>>>(t, reg, kArithmetic[reg]);
    add_memory<4, arithmetic_memory<Double>>(t, reg, kArithmetic[reg]);
    add_memory<6, arithmetic_memory<Integer<u16>>>(t, reg, kArithmetic[reg]);
    if (reg == 2 || reg == 3) continue;
    add_register<0, arithmetic_st<true, false>>(t, reg, kArithmetic[reg]);
    add_register<4, arithmetic_st<false, false>>(t, reg, kArithmetic[reg]);
    add_register<6, arithmetic_st<false, true>>(t, reg, kArithmetic[reg]);
  }
  add_register<1, unary<&Fpu80::f2xm1>>(t, 6, "f2xm1", 0);
  add_register<1, binary<1, &Fpu80::fyl2x>>(t, 6, "fyl2x", 1);
  add_register<1, two_trigonometric<true>>(t, 6, "fptan", 2);
  add_register<1, binary<1, &Fpu80::fpatan>>(t, 6, "fpatan", 3);
  add_register<1, fxtract>(t, 6, "fxtract", 4);
  add_register<1, fprem<true>>(t, 6, "fprem1", 5);
  add_register<1, fdecstp>(t, 6, "fdecstp", 6);
  add_register<1, fincstp>(t, 6, "fincstp", 7);
  add_register<1, fprem<false>>(t, 7, "fprem", 0);
  add_register<1, binary<1, &Fpu80::fyl2xp1>>(t, 7, "fyl2xp1", 1);
  add_register<1, unary<&Fpu80::square_root>>(t, 7, "fsqrt", 2);
  add_register<1, two_trigonometric<false>>(t, 7, "fsincos", 3);
  add_register<1, unary<&Fpu80::round_to_integer>>(t, 7, "frndint", 4);
  add_register<1, binary<0, &Fpu80::scale>>(t, 7, "fscale", 5);
  add_register<1, sine_cosine<Trig::sine>>(t, 7, "fsin", 6);
  add_register<1, sine_cosine<Trig::cosine>>(t, 7, "fcos", 7);
  add_register<1, fchs_fabs>(t, 4, "fchs", 0);
  add_register<1, fchs_fabs>(t, 4, "fabs", 1);
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
  add_register<1, fxam>(t, 4, "fxam", 5);
}

void add_moves(Tables& t) {
  add_memory<1, load_memory<Single>>(t, 0, "fld");
  add_memory<1, store_memory<Single, false>>(t, 2, "fst");
  add_memory<1, store_memory<Single, true>>(t, 3, "fstp");
  add_memory<3, load_memory<Integer<u32>>>(t, 0, "fild");
  add_memory<3, store_memory<Integer<u32, true>, true>>(t, 1, "fisttp");
  add_memory<3, store_memory<Integer<u32>, false>>(t, 2, "fist");
  add_memory<3, store_memory<Integer<u32>, true>>(t, 3, "fistp");
  add_memory<3, fld_m80>(t, 5, "fld");
  add_memory<3, fstp_m80>(t, 7, "fstp");
  add_memory<5, load_memory<Double>>(t, 0, "fld");
  add_memory<5, store_memory<Integer<u64, true>, true>>(t, 1, "fisttp");
  add_memory<5, store_memory<Double, false>>(t, 2, "fst");
  add_memory<5, store_memory<Double, true>>(t, 3, "fstp");
  add_memory<7, load_memory<Integer<u16>>>(t, 0, "fild");
  add_memory<7, store_memory<Integer<u16, true>, true>>(t, 1, "fisttp");
  add_memory<7, store_memory<Integer<u16>, false>>(t, 2, "fist");
  add_memory<7, store_memory<Integer<u16>, true>>(t, 3, "fistp");
  add_memory<7, fbld>(t, 4, "fbld");
  add_memory<7, load_memory<Integer<u64>>>(t, 5, "fild");
  add_memory<7, fbstp>(t, 6, "fbstp");
  add_memory<7, store_memory<Integer<u64>, true>>(t, 7, "fistp");
  add_register<1, fld_st>(t, 0, "fld");
  add_register<1, fxch>(t, 1, "fxch");
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

void add_controls(Tables& t) {
  add_control<fldenv>(t, 0xD9, 4, kMem, -1, "fldenv");
  add_control<fldcw>(t, 0xD9, 5, kMem, -1, "fldcw");
  add_control<fnstenv>(t, 0xD9, 6, kMem, -1, "fnstenv");
  add_control<fnstcw>(t, 0xD9, 7, kMem, -1, "fnstcw");
  add_control<fnop>(t, 0xDB, 4, kReg, 0, "fneni");
  add_control<fnop>(t, 0xDB, 4, kReg, 1, "fndisi");
  add_control<fnclex>(t, 0xDB, 4, kReg, 2, "fnclex");
  add_control<fninit>(t, 0xDB, 4, kReg, 3, "fninit");
  add_control<fnop>(t, 0xDB, 4, kReg, 4, "fnsetpm");
  add_control<frstor>(t, 0xDD, 4, kMem, -1, "frstor");
  add_control<fnsave>(t, 0xDD, 6, kMem, -1, "fnsave");
  add_control<fnstsw>(t, 0xDD, 7, kMem, -1, "fnstsw");
  add_control<fnstsw_ax>(t, 0xDF, 4, kReg, 0, "fnstsw");
  t.add(kOneByte, 0x9B, kAnyPrefix, {"fwait", None, STEP(fwait), 0, Feature::kFpu});
}

}  // namespace

void add_x87_rows(Tables& t) {
  add_arithmetic(t);
  add_comparisons(t);
  add_moves(t);
  add_controls(t);
}

}  // namespace reprise::cpu
