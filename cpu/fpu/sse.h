// SSE arithmetic on single and double precision elements, with MXCSR's rules.
//
// Source: Intel SDM volume 1, 4.8.3.5 (NaNs: the first operand's if it is one), 10.2.3, 11.5.
// Types: `Bits` is u32 for single and u64 for double precision; elements travel as bits.
//
// Each instruction makes one Sse from MXCSR, computes all its elements, and then asks: if
// `aborted()`, an unmasked exception is to be delivered and no result stored; `raised()` are the
// flags to set in MXCSR either way.
//
// Fast path: host arithmetic when MXCSR has all exceptions masked and rounds to nearest, the
// operands are zero or normal, and the result is zero or normal and not the smallest. Then IEEE 754
// fixes the result, no flag but precision can arise, and no NaN is made. Whether precision arises
// is irrelevant once it is set in MXCSR (flags are sticky); otherwise exactness is proved by
// arithmetic or the integer path decides. The host's flags are never read.
#pragma once

#include <algorithm>
#include <bit>
#include <cfloat>
#include <type_traits>

#include "cpu/fpu/exact.h"

namespace reprise::cpu::fpu {

static_assert(FLT_EVAL_METHOD == 0,
              "host float and double must not be computed in excess precision");

inline constexpr u32 kMxcsrDaz = 1 << 6;
inline constexpr u32 kMxcsrFtz = 1 << 15;

template <class Bits>
struct Ieee {
  static constexpr bool kIsSingle = sizeof(Bits) == 4;
  using Host = std::conditional_t<kIsSingle, float, double>;
  using Signed = std::make_signed_t<Bits>;
  static constexpr int kFraction = kIsSingle ? 23 : 52;
  static constexpr int kWidth = 8 * sizeof(Bits);
  static constexpr Bits kMaxExponent = (Bits(1) << (kWidth - 1 - kFraction)) - 1;
  static constexpr Bits kSign = Bits(1) << (kWidth - 1);
  static constexpr Bits kInfinity = kMaxExponent << kFraction;
  static constexpr Bits kQuiet = Bits(1) << (kFraction - 1);
  static constexpr Bits kDefaultNan = kSign | kInfinity | kQuiet;
  static constexpr Bits kFractionMask = (Bits(1) << kFraction) - 1;
  static constexpr const Format& kFormat = kIsSingle ? kSingle : kDouble;

  static Bits exponent(Bits bits) { return bits >> kFraction & kMaxExponent; }
  static bool is_nan(Bits bits) { return Bits(bits & ~kSign) > kInfinity; }
  static bool is_signalling(Bits bits) { return is_nan(bits) && !(bits & kQuiet); }
  static bool is_zero(Bits bits) { return Bits(bits << 1) == 0; }
  static bool is_denormal(Bits bits) { return exponent(bits) == 0 && !is_zero(bits); }
  static bool is_normal(Bits bits) { return Bits(exponent(bits) - 1) < kMaxExponent - 1; }
  static bool is_plain(Bits bits) { return is_normal(bits) || is_zero(bits); }
  // A result of the host that cannot have overflowed, nor underflowed before it was rounded.
  static bool is_safe(Bits bits) { return Bits(exponent(bits) - 2) < kMaxExponent - 2; }
};

enum class Relation : u8 { less, equal, greater, unordered };

class Sse {
 public:
  explicit Sse(u32 mxcsr) : mxcsr_(mxcsr), fast_((mxcsr & 0x7F80) == 0x1F80) {}

  bool aborted() const { return (flags_ | earlier_) & unmasked(); }
  // An unmasked exception found before the operation hides those found after it.
  u8 raised() const {
    return earlier_ | (flags_ & unmasked() & kBefore ? flags_ & kBefore : flags_);
  }
  // For instructions that compute with their own results. False: do not go on.
  bool next_stage() {
    earlier_ = raised();
    flags_ = 0;
    return !aborted();
  }
  Rounding rounding() const { return Rounding(mxcsr_ >> 13 & 3); }

  template <class Bits>
  Bits add(Bits left, Bits right);
  template <class Bits>
  Bits subtract(Bits left, Bits right);
  template <class Bits>
  Bits multiply(Bits left, Bits right);
  template <class Bits>
  Bits divide(Bits left, Bits right);
  template <class Bits>
  Bits square_root(Bits value);
  template <class Bits>
  Bits minimum(Bits left, Bits right);
  template <class Bits>
  Bits maximum(Bits left, Bits right);
  // `quiet`: a quiet NaN is not invalid (UCOMISS; EQ, UNORD, NEQ, ORD of CMPPS).
  template <class Bits>
  Relation compare(Bits left, Bits right, bool quiet);
  template <class Bits>
  bool compare(Bits left, Bits right, unsigned predicate);  // CMPPS: imm8 bits 0-2; VEX: 0-4
  template <class Bits>
  Bits round(Bits value, unsigned control);  // ROUNDPS: imm8

  // left x right + addend, rounded once (FMA); the product, the addend, or both negated first.
  template <class Bits>
  Bits multiply_add(Bits left, Bits right, Bits addend, bool negate_product, bool negate_addend);

  u32 from_half(u16 value);                  // VCVTPH2PS
  u16 to_half(u32 value, unsigned control);  // VCVTPS2PH: imm8
  u64 widen(u32 value);                      // CVTSS2SD
  u32 narrow(u64 value);                     // CVTSD2SS
  template <class Bits>
  Bits from_integer(i64 value);
  // To a signed integer of 32 or 64 bits; 80..0h when invalid.
  template <class Integer, class Bits>
  Integer to_integer(Bits value, Rounding rounding);

 private:
  u8 unmasked() const { return u8(~mxcsr_ >> 7 & 0x3F); }
  bool precision_set() const { return mxcsr_ & kPrecision; }
  void raise(unsigned flag) { flags_ |= u8(flag); }

  template <class Bits>
  Operand decode(Bits bits) const;
  template <class Bits>
  Bits finish(const Exact& value);
  template <class Bits>
  Bits propagate(Bits left, Bits right);
  template <class Bits>
  void check_denormals(Bits left, Bits right);
  template <class Bits>
  Bits invalid() {
    raise(kInvalid);
    return Ieee<Bits>::kDefaultNan;
  }

  template <class Bits>
  Bits slow_add(Bits left, Bits right, bool subtract);
  template <class Bits>
  Bits slow_multiply(Bits left, Bits right);
  template <class Bits>
  Bits slow_multiply_add(Bits left, Bits right, Bits addend, bool negate_product,
                         bool negate_addend);
  template <class Bits>
  Bits slow_divide(Bits left, Bits right);
  template <class Bits>
  Bits slow_square_root(Bits value);
  template <class Bits>
  Relation slow_compare(Bits left, Bits right, bool quiet);
  template <class Bits>
  Bits slow_select(Bits left, Bits right, bool smaller);
  u64 slow_widen(u32 value);
  u32 slow_narrow(u64 value);
  template <class Bits>
  Bits slow_from_integer(i64 value);
  template <class Bits>
  i64 slow_to_integer(Bits value, Rounding rounding, unsigned width);

  u32 mxcsr_;
  bool fast_;
  u8 flags_ = 0;
  u8 earlier_ = 0;  // flags of earlier stages
};

// RCPPS and RSQRTPS: no exceptions, MXCSR not read.
u32 reciprocal_estimate(u32 value);
u32 reciprocal_root_estimate(u32 value);

// Whether usual() below may be asked: everything masked, to nearest, and precision, which is
// sticky, set already.
inline bool sse_usual(u32 mxcsr) {
  return (mxcsr & (0x7F80 | kPrecision)) == (0x1F80 | kPrecision);
}

// One operation on the host, for handlers: `ok` says that its result is the instruction's and no
// flag is to be set. A result that is normal comes of no NaN and no infinity (a quotient's divisor
// would have made it zero), so only denormal operands are to be excluded.
template <class Bits>
struct UsualResult {
  Bits value;
  bool ok;
};
template <class Bits, class Operation>
[[gnu::always_inline]] inline UsualResult<Bits> sse_quick(Bits left, Bits right, Operation f) {
  using F = Ieee<Bits>;
  using Host = typename F::Host;
  const Bits value =
      std::bit_cast<Bits>(Host(f(std::bit_cast<Host>(left), std::bit_cast<Host>(right))));
  // Without its sign and less 1, zero is above all others, and a denormal below them.
  const Bits lower = std::min(Bits(Bits(left << 1) - 1), Bits(Bits(right << 1) - 1));
  return {value, lower > Bits(2 * F::kFractionMask) && F::is_safe(value)};
}

// The fast paths.

template <class Bits>
inline Bits Sse::add(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (fast_ && F::is_plain(left) && F::is_plain(right)) [[likely]] {
    using Host = typename F::Host;
    const Host a = std::bit_cast<Host>(left), b = std::bit_cast<Host>(right);
    const Host s = a + b;
    const Bits result = std::bit_cast<Bits>(s);
    if (F::is_safe(result)) [[likely]] {
      if (precision_set()) return result;
      // Knuth's two-sum: `error` is what rounding lost, exactly.
      const Host part = s - a, error = (a - (s - part)) + (b - part);
      if (error != 0) raise(kPrecision);
      return result;
    }
    if (F::is_zero(result)) return result;  // exact: no sum of normal numbers rounds to zero
  }
  return slow_add(left, right, false);
}

template <class Bits>
inline Bits Sse::subtract(Bits left, Bits right) {
  if (fast_ && Ieee<Bits>::is_plain(right)) [[likely]]
    return add<Bits>(left, right ^ Ieee<Bits>::kSign);
  return slow_add(left, right, true);
}

template <class Bits>
inline Bits Sse::multiply(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (fast_ && F::is_plain(left) && F::is_plain(right)) [[likely]] {
    using Host = typename F::Host;
    const Bits result = std::bit_cast<Bits>(std::bit_cast<Host>(left) * std::bit_cast<Host>(right));
    if (F::is_zero(left) || F::is_zero(right)) return result;
    const Bits hidden = Bits(1) << F::kFraction;
    // The significant bits of the product number at most the sum of those of the factors.
    if (F::is_safe(result) &&
        (precision_set() ||
         std::countr_zero(left | hidden) + std::countr_zero(right | hidden) > F::kFraction))
      return result;
  }
  return slow_multiply(left, right);
}

template <class Bits>
inline Bits Sse::divide(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (fast_ && precision_set() && F::is_normal(left) && F::is_normal(right)) [[likely]] {
    using Host = typename F::Host;
    const Bits result = std::bit_cast<Bits>(std::bit_cast<Host>(left) / std::bit_cast<Host>(right));
    if (F::is_safe(result)) return result;
  }
  return slow_divide(left, right);
}

template <class Bits>
inline Bits Sse::multiply_add(Bits left, Bits right, Bits addend, bool negate_product,
                              bool negate_addend) {
  using F = Ieee<Bits>;
  if (fast_ && precision_set() && F::is_normal(left) && F::is_normal(right) && F::is_plain(addend))
      [[likely]] {
    // The library's fma() is exact on any host; of floats, the product is exact in double, but not
    // the sum.
    using Host = typename F::Host;
    const Host a = std::bit_cast<Host>(Bits(negate_product ? left ^ F::kSign : left));
    const Host b = std::bit_cast<Host>(right);
    const Host c = std::bit_cast<Host>(Bits(negate_addend ? addend ^ F::kSign : addend));
    Host r;
    if constexpr (F::kIsSingle)
      r = __builtin_fmaf(a, b, c);
    else
      r = __builtin_fma(a, b, c);
    const Bits result = std::bit_cast<Bits>(r);
    if (F::is_safe(result)) return result;
  }
  return slow_multiply_add(left, right, addend, negate_product, negate_addend);
}

template <class Bits>
inline Relation Sse::compare(Bits left, Bits right, bool quiet) {
  using F = Ieee<Bits>;
  if (F::is_plain(left) && F::is_plain(right)) [[likely]] {
    using Host = typename F::Host;
    const Host a = std::bit_cast<Host>(left), b = std::bit_cast<Host>(right);
    return a < b ? Relation::less : a > b ? Relation::greater : Relation::equal;
  }
  return slow_compare(left, right, quiet);
}

template <class Bits>
inline bool Sse::compare(Bits left, Bits right, unsigned predicate) {
  // Bits 0 and 1: EQ, LT, LE, UNORD; bit 2: not. Bit 3 (VEX only) takes unordered values the other
  // way: EQ_UQ, NGE, NGT, FALSE. Bit 4: whether a quiet NaN is invalid, the other way round.
  const unsigned base = predicate & 3;
  const Relation relation = compare(left, right, (base == 0 || base == 3) != bool(predicate & 16));
  const bool unordered = relation == Relation::unordered;
  bool result = base == 0   ? relation == Relation::equal
                : base == 1 ? relation == Relation::less
                : base == 2 ? relation == Relation::less || relation == Relation::equal
                            : unordered;
  if ((predicate & 8) && (unordered || base == 3)) result = base == 3 ? false : !result;
  return result != bool(predicate & 4);
}

template <class Bits>
inline Bits Sse::minimum(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (F::is_plain(left) && F::is_plain(right)) [[likely]] {
    using Host = typename F::Host;
    return std::bit_cast<Host>(left) < std::bit_cast<Host>(right) ? left : right;
  }
  return slow_select(left, right, true);
}

template <class Bits>
inline Bits Sse::maximum(Bits left, Bits right) {
  using F = Ieee<Bits>;
  if (F::is_plain(left) && F::is_plain(right)) [[likely]] {
    using Host = typename F::Host;
    return std::bit_cast<Host>(left) > std::bit_cast<Host>(right) ? left : right;
  }
  return slow_select(left, right, false);
}

inline u64 Sse::widen(u32 value) {
  if (Ieee<u32>::is_plain(value)) [[likely]]
    return std::bit_cast<u64>(double(std::bit_cast<float>(value)));
  return slow_widen(value);
}

inline u32 Sse::narrow(u64 value) {
  if (fast_ && Ieee<u64>::is_normal(value)) [[likely]] {
    const double wide = std::bit_cast<double>(value);
    // Beyond single precision's range the host's answer is infinity or 0: not safe, not used.
    const float result = float(wide);
    const u32 bits = std::bit_cast<u32>(result);
    if (Ieee<u32>::is_safe(bits)) [[likely]] {
      if (double(result) != wide) raise(kPrecision);
      return bits;
    }
  }
  return slow_narrow(value);
}

template <class Bits>
inline Bits Sse::from_integer(i64 value) {
  // Up to the significand's width every integer is exact.
  constexpr i64 kLimit = i64(1) << (Ieee<Bits>::kFraction + 1);
  if (value >= -kLimit && value <= kLimit) [[likely]]
    return std::bit_cast<Bits>(typename Ieee<Bits>::Host(value));
  return slow_from_integer<Bits>(value);
}

template <class Integer, class Bits>
inline Integer Sse::to_integer(Bits value, Rounding rounding) {
  using F = Ieee<Bits>;
  if (rounding == Rounding::zero && F::is_plain(value)) {
    const auto number = std::bit_cast<typename F::Host>(value);
    constexpr typename F::Host kLimit = sizeof(Integer) == 4 ? 0x1p30 : 0x1p62;
    if (number > -kLimit && number < kLimit) [[likely]] {
      const Integer result = Integer(number);
      if (typename F::Host(result) != number) raise(kPrecision);
      return result;
    }
  }
  return Integer(slow_to_integer(value, rounding, 8 * sizeof(Integer)));
}

}  // namespace reprise::cpu::fpu
