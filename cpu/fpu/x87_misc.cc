// FSCALE, FXTRACT, FPREM, FPREM1 and the memory formats.
#include <algorithm>

#include "cpu/fpu/float80.h"

namespace reprise::cpu::fpu {

Float80 Fpu80::scale(const Operand& value, const Operand& by) {
  if (special(value, by)) return propagate(value, by);
  if (by.is_infinity() && (by.negative ? value.is_infinity() : value.is_zero())) return invalid();
  if (check_denormals(value, by)) return {};
  if (by.is_infinity()) {
    const Kind kind = by.negative ? Kind::zero : Kind::infinity;
    return encode({kind, value.negative, false, 0, kTop});
  }
  if (!value.is_finite() || by.is_zero()) return encode(value);
  const RoundedInteger steps = fpu::round_to_integer(by, Rounding::zero);
  const i32 clamped = i32(std::min<u64>(steps.magnitude, 0x10000));
  Exact result = exact_of(value);
  result.exponent += by.negative ? -clamped : clamped;
  return finish(result);
}

Fpu80::Extracted Fpu80::extract(const Operand& value) {
  if (special(value, value)) {
    const Float80 nan = propagate(value, value);
    return {nan, nan};
  }
  if (value.is_zero()) {
    raise(kZeroDivide);
    return {{kTop, 0xFFFF}, encode(value)};
  }
  if (check_denormals(value, value)) return {};
  if (value.is_infinity()) return {{kTop, 0x7FFF}, encode(value)};
  Operand fraction = value;
  fraction.exponent = 0;
  return {encode(decode_integer(value.exponent)), encode(fraction)};
}

Fpu80::Remainder Fpu80::remainder(const Operand& value, const Operand& by, bool nearest) {
  if (special(value, by)) return {propagate(value, by)};
  if (value.is_infinity() || by.is_zero()) return {invalid()};
  if (check_denormals(value, by)) return {};
  if (value.is_zero()) return {encode(value)};
  // The value as it is; one that is tiny underflows where that is not masked.
  if (by.is_infinity()) return {finish(exact_of(value))};
  const i32 difference = value.exponent - by.exponent;
  if (difference < -1 || (difference < 0 && !nearest)) return {finish(exact_of(value))};

  const u128 divisor = by.significand;
  if (difference >= 64) {
    // Reduces the exponent by 32 to 63; the program repeats until C2 is clear.
    const int reduced = 32 + difference % 32;
    const u128 rest = (u128(value.significand) << reduced) % divisor;
    const i32 exponent = by.exponent + difference - reduced + 64;
    return {finish(normalized(value.negative, exponent, rest)), 0, true};
  }
  // Both in units of by's last place, halved when by is the larger.
  const int halved = difference < 0;
  const u128 dividend =
      difference < 0 ? u128(value.significand) : u128(value.significand) << difference;
  const u128 unit = divisor << halved;
  u128 quotient = dividend / unit, rest = dividend - quotient * unit;
  bool negative = value.negative;
  if (nearest && (2 * rest > unit || (2 * rest == unit && (quotient & 1)))) {
    rest = unit - rest;
    ++quotient;
    negative = !negative;
  }
  if (rest == 0) negative = value.negative;
  return {finish(normalized(negative, by.exponent - halved + 64, rest)), u8(quotient & 7), false};
}

Float80 Fpu80::load_f32(u32 bits) {
  const Operand value = decode_f32(bits);
  if (value.is_nan()) return propagate(value, value);
  check_denormals(value, value);
  return encode(value);
}

Float80 Fpu80::load_f64(u64 bits) {
  const Operand value = decode_f64(bits);
  if (value.is_nan()) return propagate(value, value);
  check_denormals(value, value);
  return encode(value);
}

template <class Bits>
Bits Fpu80::store(const Operand& value, const Format& format) {
  const int width = 8 * sizeof(Bits), fraction_bits = format.precision - 1;
  const auto pack = [&](bool negative, u64 biased, u64 significand) {
    const u64 fraction = (significand & ~kTop) >> (63 - fraction_bits);
    return Bits(u64(negative) << (width - 1) | biased << fraction_bits | fraction);
  };
  const u64 top = 2 * u64(format.max_exponent) + 1;
  switch (value.kind) {
    case Kind::unsupported:
      raise(kInvalid);
      return pack(true, top, u64(3) << 62);
    case Kind::signalling:
      raise(kInvalid);
      [[fallthrough]];
    case Kind::quiet:
      return pack(value.negative, top, value.significand | u64(3) << 62);
    case Kind::infinity:
      return pack(value.negative, top, kTop);
    case Kind::zero:
      return pack(value.negative, 0, 0);
    case Kind::finite:
      break;
  }
  const Rounded result = fpu::round(exact_of(value), format, rounding, unmasked);
  if (result.flags & unmasked & (kOverflow | kUnderflow)) {  // nothing is stored, nothing lost
    raise(result.flags & ~kPrecision);
    return {};
  }
  raise(result.flags);
  c1 = result.up;
  if (result.kind == Kind::infinity) return pack(result.negative, top, kTop);
  if (result.kind == Kind::zero || !(result.significand & kTop))
    return pack(result.negative, 0, result.significand);
  return pack(result.negative, u64(result.exponent + format.max_exponent), result.significand);
}

u32 Fpu80::store_f32(const Operand& value) { return store<u32>(value, kSingle); }
u64 Fpu80::store_f64(const Operand& value) { return store<u64>(value, kDouble); }

u64 Fpu80::store_integer(const Operand& value, unsigned bits, bool truncate) {
  const u64 limit = u64(1) << (bits - 1);
  const u64 indefinite = ~u64(0) << (bits - 1);
  if (value.kind >= Kind::infinity) {
    raise(kInvalid);
    return indefinite;
  }
  const RoundedInteger result = fpu::round_to_integer(value, truncate ? Rounding::zero : rounding);
  if (result.overflow || result.magnitude > limit - !value.negative) {
    raise(kInvalid);
    return indefinite;
  }
  if (result.inexact) raise(kPrecision);
  c1 = result.up;
  return value.negative ? ~result.magnitude + 1 : result.magnitude;
}

Fpu80::Packed Fpu80::store_bcd(const Operand& value) {
  RoundedInteger result;
  if (value.kind < Kind::infinity) result = fpu::round_to_integer(value, rounding);
  if (value.kind >= Kind::infinity || result.overflow ||
      result.magnitude > 999'999'999'999'999'999) {
    raise(kInvalid);
    return {0, 0, 0, 0, 0, 0, 0, 0xC0, 0xFF, 0xFF};
  }
  if (result.inexact) raise(kPrecision);
  c1 = result.up;
  Packed packed = {};
  for (int i = 0; i < 9; ++i, result.magnitude /= 100)
    packed[i] = u8(result.magnitude % 10 | result.magnitude / 10 % 10 << 4);
  packed[9] = value.negative ? 0x80 : 0;
  return packed;
}

Float80 from_bcd(const Fpu80::Packed& packed) {
  u64 magnitude = 0;
  for (int i = 8; i >= 0; --i)
    magnitude = magnitude * 100 + (packed[i] >> 4) * 10 + (packed[i] & 15);
  return encode(of_magnitude(packed[9] >> 7, magnitude));
}

// The unit holds each constant with more than 64 bits and rounds it by RC.
Float80 constant(unsigned index, Rounding rounding) {
  struct Entry {
    u16 exponent;
    u64 truncated;
    bool half;  // the first bit not kept
  };
  static constexpr Entry kEntries[8] = {
      {0x3FFF, kTop, false},                // 1
      {0x4000, 0xD49A784BCD1B8AFE, false},  // log2(10)
      {0x3FFF, 0xB8AA3B295C17F0BB, true},   // log2(e)
      {0x4000, 0xC90FDAA22168C234, true},   // pi
      {0x3FFD, 0x9A209A84FBCFF798, true},   // log10(2)
      {0x3FFE, 0xB17217F7D1CF79AB, true},   // ln(2)
      {0, 0, false},                        // 0
      {0, 0, false},
  };
  const Entry& entry = kEntries[index & 7];
  const bool inexact = index >= 1 && index <= 5;
  const bool up = inexact && rounds_up(rounding, false, false, entry.half, true);
  return {entry.truncated + up, entry.exponent};
}

}  // namespace reprise::cpu::fpu
