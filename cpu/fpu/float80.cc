#include "cpu/fpu/float80.h"

namespace reprise::cpu::fpu {

namespace {

constexpr i32 kBias = 16383;
constexpr u64 kQuietBit = u64(1) << 62;

// The formats with a hidden bit.
template <class Bits, int kFractionBits, int kFormatBias>
Operand decode_ieee(Bits bits) {
  constexpr int kExponentBits = sizeof(Bits) * 8 - 1 - kFractionBits;
  constexpr u32 kMaxExponent = (1u << kExponentBits) - 1;
  const bool negative = bits >> (sizeof(Bits) * 8 - 1);
  const u32 exponent = u32(bits >> kFractionBits) & kMaxExponent;
  const u64 fraction = u64(bits) << (63 - kFractionBits) & ~kTop;
  if (exponent == kMaxExponent) {
    if (fraction == 0) return {Kind::infinity, negative, false, 0, kTop};
    return {fraction & kQuietBit ? Kind::quiet : Kind::signalling, negative, false, 0,
            fraction | kTop};
  }
  if (exponent)
    return {Kind::finite, negative, false, i32(exponent) - kFormatBias, fraction | kTop};
  if (fraction == 0) return {Kind::zero, negative, false, 0, 0};
  const int shift = std::countl_zero(fraction);
  return {Kind::finite, negative, true, 1 - kFormatBias - shift, fraction << shift};
}

}  // namespace

Operand decode(Float80 value) {
  const bool negative = value.negative();
  const u16 exponent = value.exponent();
  const u64 significand = value.significand;
  if (exponent == 0) {
    if (significand == 0) return {Kind::zero, negative, false, 0, 0};
    const int shift = std::countl_zero(significand);
    return {Kind::finite, negative, true, 1 - kBias - shift, significand << shift};
  }
  if (!(significand & kTop)) return {Kind::unsupported, negative, false, 0, 0};
  if (exponent < 0x7FFF) return {Kind::finite, negative, false, exponent - kBias, significand};
  if (significand == kTop) return {Kind::infinity, negative, false, 0, kTop};
  return {significand & kQuietBit ? Kind::quiet : Kind::signalling, negative, false, 0,
          significand};
}

Operand decode_f32(u32 bits) { return decode_ieee<u32, 23, 127>(bits); }
Operand decode_f64(u64 bits) { return decode_ieee<u64, 52, 1023>(bits); }

Operand of_magnitude(bool negative, u64 magnitude) {
  if (magnitude == 0) return {Kind::zero, negative, false, 0, 0};
  const int shift = std::countl_zero(magnitude);
  return {Kind::finite, negative, false, 63 - shift, magnitude << shift};
}

Operand decode_integer(i64 value) {
  return of_magnitude(value < 0, value < 0 ? ~u64(value) + 1 : u64(value));
}

Float80 encode(const Operand& value) {
  const u16 sign = u16(value.negative) << 15;
  switch (value.kind) {
    case Kind::zero:
      return {0, sign};
    case Kind::infinity:
      return {kTop, u16(sign | 0x7FFF)};
    case Kind::quiet:
    case Kind::signalling:
      return {value.significand, u16(sign | 0x7FFF)};
    case Kind::unsupported:
      return kDefaultNan;
    case Kind::finite:
      break;
  }
  if (value.exponent >= 1 - kBias)
    return {value.significand, u16(sign | u16(value.exponent + kBias))};
  return {value.significand >> (1 - kBias - value.exponent), sign};
}

Float80 quieted(Float80 nan) { return {nan.significand | kQuietBit, nan.sign_exponent}; }

Float80 Fpu80::invalid() {
  raise(kInvalid);
  return kDefaultNan;
}

bool Fpu80::special(const Operand& left, const Operand& right) const {
  return left.kind >= Kind::quiet || right.kind >= Kind::quiet;
}

// x87's NaN rules: a quiet NaN beats a signalling one; of two alike, the larger significand; of two
// equal, the positive one.
Float80 Fpu80::propagate(const Operand& left, const Operand& right) {
  if (left.kind == Kind::unsupported || right.kind == Kind::unsupported) return invalid();
  if (left.kind == Kind::signalling || right.kind == Kind::signalling) raise(kInvalid);
  bool take_left = left.is_nan();
  if (left.is_nan() && right.is_nan()) {
    if (left.kind != right.kind)
      take_left = left.kind == Kind::quiet;
    else if (left.significand != right.significand)
      take_left = left.significand > right.significand;
    else
      take_left = !left.negative;
  }
  return quieted(encode(take_left ? left : right));
}

bool Fpu80::check_denormals(const Operand& left, const Operand& right) {
  if (left.denormal || right.denormal) raise(kDenormal);
  return aborted();
}

Format Fpu80::controlled() const {
  Format format = kExtended;
  format.precision = precision == 0 ? 24 : precision == 2 ? 53 : 64;
  return format;
}

Float80 Fpu80::finish(const Exact& value, const Format& format) {
  const Rounded result = fpu::round(value, format, rounding, unmasked);
  raise(result.flags);
  c1 = result.up;
  const u16 sign = u16(result.negative) << 15;
  if (result.kind == Kind::infinity) return {kTop, u16(sign | 0x7FFF)};
  if (result.kind == Kind::zero) return {0, sign};
  const u16 biased = result.significand & kTop ? u16(result.exponent + kBias) : 0;
  return {result.significand, u16(sign | biased)};
}

Float80 Fpu80::add(const Operand& left, const Operand& right) {
  if (special(left, right)) return propagate(left, right);
  if (left.is_infinity() && right.is_infinity() && left.negative != right.negative)
    return invalid();
  if (check_denormals(left, right)) return {};
  if (left.is_infinity()) return encode(left);
  if (right.is_infinity()) return encode(right);
  return finish(sum(left, right, rounding), controlled());
}

Float80 Fpu80::subtract(const Operand& left, const Operand& right) {
  if (special(left, right)) return propagate(left, right);
  return add(left, right.negated());
}

Float80 Fpu80::multiply(const Operand& left, const Operand& right) {
  if (special(left, right)) return propagate(left, right);
  if ((left.is_infinity() && right.is_zero()) || (left.is_zero() && right.is_infinity()))
    return invalid();
  if (check_denormals(left, right)) return {};
  const bool negative = left.negative != right.negative;
  if (left.is_infinity() || right.is_infinity())
    return encode({Kind::infinity, negative, false, 0, kTop});
  if (left.is_zero() || right.is_zero()) return {0, u16(negative << 15)};
  return finish(product(left, right), controlled());
}

Float80 Fpu80::divide(const Operand& left, const Operand& right) {
  if (special(left, right)) return propagate(left, right);
  if ((left.is_infinity() && right.is_infinity()) || (left.is_zero() && right.is_zero()))
    return invalid();
  const bool negative = left.negative != right.negative;
  const Float80 infinite = encode({Kind::infinity, negative, false, 0, kTop});
  if (right.is_zero() && left.is_finite()) {
    raise(kZeroDivide);  // hides a denormal dividend
    return infinite;
  }
  if (check_denormals(left, right)) return {};
  if (left.is_infinity()) return infinite;
  if (left.is_zero() || right.is_infinity()) return {0, u16(negative << 15)};
  return finish(quotient(left, right), controlled());
}

Float80 Fpu80::square_root(const Operand& value) {
  if (special(value, value)) return propagate(value, value);
  if (value.negative && !value.is_zero()) return invalid();
  if (check_denormals(value, value)) return {};
  if (!value.is_finite()) return encode(value);
  return finish(fpu::square_root(value), controlled());
}

Float80 Fpu80::round_to_integer(const Operand& value) {
  if (special(value, value)) return propagate(value, value);
  if (check_denormals(value, value)) return {};
  if (!value.is_finite() || value.exponent >= 63) return encode(value);
  const RoundedInteger result = fpu::round_to_integer(value, rounding);
  if (result.inexact) raise(kPrecision);
  c1 = result.up;
  return encode(of_magnitude(value.negative, result.magnitude));
}

Order Fpu80::compare(const Operand& left, const Operand& right, bool quiet) {
  if (special(left, right)) {
    const auto bad = [quiet](const Operand& x) {
      return x.kind >= (quiet ? Kind::signalling : Kind::quiet);
    };
    if (bad(left) || bad(right)) raise(kInvalid);
    return Order::unordered;
  }
  check_denormals(left, right);
  const int result = order(left, right);
  return result < 0 ? Order::less : result > 0 ? Order::greater : Order::equal;
}

ClassCode classify(Float80 value) {
  const Operand operand = decode(value);
  switch (operand.kind) {
    case Kind::zero:
      return ClassCode::zero;
    case Kind::infinity:
      return ClassCode::infinity;
    case Kind::quiet:
    case Kind::signalling:
      return ClassCode::nan;
    case Kind::unsupported:
      return ClassCode::unsupported;
    case Kind::finite:
      break;
  }
  return operand.denormal ? ClassCode::denormal : ClassCode::normal;
}

}  // namespace reprise::cpu::fpu
