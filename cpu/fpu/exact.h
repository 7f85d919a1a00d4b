// Floating-point arithmetic in integers: what x87 and SSE share.
//
// An instruction decodes its operands, computes an Exact value (128 bits with a sticky lowest bit:
// enough to round any result once, correctly, to 64 bits or fewer) and rounds it into a format.
// No host floating point takes part.
//
// Source: IEEE 754-1985; Intel SDM volume 1, chapters 4, 8 and 11. Tininess is detected after
// rounding, as x86 does.
#pragma once

#include <bit>

#include "replay/core/types.h"

namespace reprise::cpu::fpu {

// Exception flags, in the bit order shared by FSW, FCW and MXCSR.
inline constexpr u8 kInvalid = 0x01;
inline constexpr u8 kDenormal = 0x02;
inline constexpr u8 kZeroDivide = 0x04;
inline constexpr u8 kOverflow = 0x08;
inline constexpr u8 kUnderflow = 0x10;
inline constexpr u8 kPrecision = 0x20;
// Detected before the operation: unmasked, they leave the destination as it was.
inline constexpr u8 kBefore = kInvalid | kDenormal | kZeroDivide;

enum class Rounding : u8 { nearest, down, up, zero };  // RC's encoding

enum class Kind : u8 { zero, finite, infinity, quiet, signalling, unsupported };

inline constexpr u64 kTop = u64(1) << 63;

// A decoded operand. Finite: value = significand x 2^(exponent - 63), bit 63 set. A NaN keeps its
// significand left-aligned, with bit 63 set and bit 62 the quiet bit.
struct Operand {
  Kind kind = Kind::zero;
  bool negative = false;
  bool denormal = false;  // was a denormal (or pseudo-denormal) in its own format
  i32 exponent = 0;
  u64 significand = 0;

  bool is_nan() const { return kind == Kind::quiet || kind == Kind::signalling; }
  bool is_zero() const { return kind == Kind::zero; }
  bool is_infinity() const { return kind == Kind::infinity; }
  bool is_finite() const { return kind == Kind::finite; }
  Operand negated() const {
    Operand result = *this;
    result.negative = !negative;
    return result;
  }
};

// value = significand x 2^(exponent - 127), bit 127 set; bit 0 also stands for all lower bits.
// Significand 0: an exact zero of that sign.
struct Exact {
  bool negative = false;
  i32 exponent = 0;
  u128 significand = 0;
};

inline int leading_zeros(u128 value) {
  const u64 high = u64(value >> 64);
  return high ? std::countl_zero(high) : 64 + std::countl_zero(u64(value));
}

// Right shift; bits shifted out survive as bit 0.
inline u128 shift_right_sticky(u128 value, u32 count) {
  if (count == 0) return value;
  if (count > 127) return value != 0;
  return value >> count | u128((value << (128 - count)) != 0);
}

Exact exact_of(const Operand& value);
Exact normalized(bool negative, i32 exponent, u128 significand);  // sets bit 127

// Of finite operands; sum and square_root also take zeros (square_root: not negative).
Exact sum(const Operand& left, const Operand& right, Rounding);
// Of up to 110 significant bits each, so that no bit is lost where they nearly cancel.
Exact sum(const Exact& left, const Exact& right, Rounding);
Exact product(const Operand& left, const Operand& right);
Exact quotient(const Operand& left, const Operand& right);
Exact square_root(const Operand& value);
// -1, 0, 1; neither is a NaN or unsupported.
int order(const Operand& left, const Operand& right);

struct Format {
  int precision;     // bits of the significand, the integer bit included
  i32 min_exponent;  // of the smallest normal number
  i32 max_exponent;
  i32 wrap;  // bias adjustment of results whose overflow or underflow is unmasked; 0: none
};
inline constexpr Format kHalf{11, -14, 15, 0};
inline constexpr Format kSingle{24, -126, 127, 0};
inline constexpr Format kDouble{53, -1022, 1023, 0};
inline constexpr Format kExtended{64, -16382, 16383, 24576};

struct Rounded {
  Kind kind = Kind::zero;  // zero, finite, infinity
  bool negative = false;
  bool up = false;   // the magnitude was increased: C1
  u8 flags = 0;      // of overflow, underflow, precision
  i32 exponent = 0;  // a denormal has the format's min_exponent and bit 63 clear
  u64 significand = 0;
};

// `unmasked` matters for overflow and underflow only. `flush`: FTZ.
Rounded round(const Exact& value, const Format& format, Rounding rounding, u8 unmasked,
              bool flush = false);

// Rounds |value| to an integer, saturating at 2^64 - 1 with `overflow` set.
struct RoundedInteger {
  u64 magnitude = 0;
  bool inexact = false;
  bool up = false;
  bool overflow = false;
};
RoundedInteger round_to_integer(const Operand& value, Rounding rounding);

// Whether a value whose kept part is odd or even, with a discarded part of `half` and `rest`,
// rounds away from zero.
inline bool rounds_up(Rounding rounding, bool negative, bool odd, bool half, bool rest) {
  switch (rounding) {
    case Rounding::nearest:
      return half && (rest || odd);
    case Rounding::down:
      return negative && (half || rest);
    case Rounding::up:
      return !negative && (half || rest);
    case Rounding::zero:
      return false;
  }
  return false;
}

}  // namespace reprise::cpu::fpu
