// x87 arithmetic: the 80-bit format and every operation of the unit, exact to the bit and the flag.
//
// Source: Intel SDM volume 1, chapter 8 and appendix A; volume 2, tables of each instruction.
// Each operation takes an Fpu80 context made from FCW, returns its result, and leaves in the
// context the flags raised and C1. When `aborted()`, an unmasked exception was found before the
// operation: nothing may be stored. Otherwise the result is to be stored, also when an unmasked
// overflow, underflow or precision exception is raised (the result then has its bias adjusted by
// 24576), except that stores to memory formats are aborted by unmasked overflow and underflow.
#pragma once

#include <array>

#include "cpu/fpu/exact.h"

namespace reprise::cpu::fpu {

struct Float80 {
  u64 significand = 0;
  u16 sign_exponent = 0;

  bool negative() const { return sign_exponent >> 15; }
  u16 exponent() const { return sign_exponent & 0x7FFF; }
  friend bool operator==(const Float80&, const Float80&) = default;
};

inline constexpr Float80 kDefaultNan{0xC000'0000'0000'0000, 0xFFFF};
inline constexpr Float80 kOne{kTop, 0x3FFF};

// Decoding. 387 and later: unnormals, pseudo-infinities and pseudo-NaNs are unsupported;
// pseudo-denormals are denormals with exponent 1.
Operand decode(Float80 value);
Operand decode_f32(u32 bits);
Operand decode_f64(u64 bits);
Operand decode_integer(i64 value);
Operand of_magnitude(bool negative, u64 magnitude);

Float80 encode(const Operand& value);  // exact; NaNs keep their kind; unsupported: default NaN
Float80 quieted(Float80 nan);

enum class Order : u8 { less, equal, greater, unordered };
enum class ClassCode : u8 { unsupported, nan, normal, infinity, zero, empty, denormal };  // FXAM

class Fpu80 {
 public:
  explicit Fpu80(u16 control)
      : rounding(Rounding(control >> 10 & 3)),
        precision(control >> 8 & 3),
        unmasked(u8(~control & 0x3F)) {}

  Rounding rounding;
  u8 precision;  // PC's encoding
  u8 unmasked;
  u8 flags = 0;
  bool c1 = false;  // the last result was rounded up

  bool aborted() const { return flags & unmasked & kBefore; }
  bool store_aborted() const { return flags & unmasked & (kBefore | kOverflow | kUnderflow); }

  Float80 add(const Operand& left, const Operand& right);
  Float80 subtract(const Operand& left, const Operand& right);
  Float80 multiply(const Operand& left, const Operand& right);
  Float80 divide(const Operand& left, const Operand& right);
  Float80 square_root(const Operand& value);
  Float80 round_to_integer(const Operand& value);          // FRNDINT
  Float80 scale(const Operand& value, const Operand& by);  // FSCALE
  struct Extracted {
    Float80 exponent, significand;
  };
  Extracted extract(const Operand& value);  // FXTRACT
  struct Remainder {
    Float80 value;
    u8 quotient = 0;       // its low three bits
    bool partial = false;  // C2
  };
  Remainder remainder(const Operand& value, const Operand& by, bool nearest);  // FPREM, FPREM1
  Order compare(const Operand& left, const Operand& right, bool quiet);

  // Loads and stores of memory formats. Integer stores give the integer indefinite when invalid.
  Float80 load_f32(u32 bits);
  Float80 load_f64(u64 bits);
  u32 store_f32(const Operand& value);
  u64 store_f64(const Operand& value);
  u64 store_integer(const Operand& value, unsigned bits, bool truncate);  // sign-extended
  using Packed = std::array<u8, 10>;
  Packed store_bcd(const Operand& value);

  // transcendental.cc
  Float80 f2xm1(const Operand& x);
  Float80 fyl2x(const Operand& x, const Operand& y);
  Float80 fyl2xp1(const Operand& x, const Operand& y);
  Float80 fpatan(const Operand& x, const Operand& y);  // atan(y / x)
  enum class Trig : u8 { sine, cosine, tangent };
  // False: |x| >= 2^63, nothing done (C2).
  static bool in_range(const Operand& x) { return !x.is_finite() || x.exponent < 63; }
  Float80 trigonometric(Trig, const Operand& x);

 private:
  void raise(unsigned flag) { flags |= u8(flag); }
  Float80 invalid();
  Float80 propagate(const Operand& left, const Operand& right);
  // A NaN or unsupported operand decides the result.
  bool special(const Operand& left, const Operand& right) const;
  bool check_denormals(const Operand& left, const Operand& right);
  Float80 finish(const Exact& value, const Format& format);
  Float80 finish(const Exact& value) { return finish(value, kExtended); }
  Format controlled() const;
  template <class Bits>
  Bits store(const Operand& value, const Format& format);
};

Float80 from_bcd(const Fpu80::Packed& packed);
ClassCode classify(Float80 value);
Float80 constant(unsigned index, Rounding rounding);  // FLD1, FLDL2T, ... by the opcode's low bits

}  // namespace reprise::cpu::fpu
