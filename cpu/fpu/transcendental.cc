// FSIN, FCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1: the true value, rounded once by RC.
//
// Silicon differs between vendors and steppings in the last bit, so each result here is the
// mathematical one: MPFR gives 128 bits or more with a sticky bit, and the common rounding code
// makes 64 of them (PC does not apply); series.h is quicker and asked first. Trigonometric
// arguments are first reduced with the 66-bit pi that the SDM documents (volume 1, 8.3.8), exactly.
// Within 1 ulp of any x87. Operands outside the documented range of F2XM1 (|x| > 1) are left
// unchanged.
#include <gmp.h>
#include <mpfr.h>

#include "cpu/fpu/float80.h"
#include "cpu/fpu/series.h"

namespace reprise::cpu::fpu {

namespace {

static_assert(sizeof(unsigned long) == 8 && GMP_NUMB_BITS == 64);

constexpr int kWide = 260;  // for intermediate results

class Real {
 public:
  explicit Real(int bits = kWide) { mpfr_init2(value_, bits); }
  explicit Real(const Operand& operand) : Real(64) {
    mpfr_set_ui_2exp(value_, operand.is_zero() ? 0 : operand.significand, operand.exponent - 63,
                     MPFR_RNDZ);
    mpfr_setsign(value_, value_, operand.negative, MPFR_RNDZ);
  }
  Real(const Real&) = delete;
  Real& operator=(const Real&) = delete;
  ~Real() { mpfr_clear(value_); }
  operator mpfr_ptr() { return value_; }
  operator mpfr_srcptr() const { return value_; }

 private:
  mpfr_t value_;
};

// `inexact`: the true magnitude is a little larger than `value`.
Exact exact_of(mpfr_srcptr value, bool inexact) {
  if (mpfr_zero_p(value)) return {bool(mpfr_signbit(value)), 0, 0};
  mpz_t integer;
  mpz_init(integer);
  i64 exponent = mpfr_get_z_2exp(integer, value);  // value = integer x 2^exponent
  const bool negative = mpz_sgn(integer) < 0;
  mpz_abs(integer, integer);
  const i64 bits = i64(mpz_sizeinbase(integer, 2));
  if (bits > 128) {
    inexact |= i64(mpz_scan1(integer, 0)) < bits - 128;
    mpz_tdiv_q_2exp(integer, integer, u64(bits - 128));
  } else {
    mpz_mul_2exp(integer, integer, u64(128 - bits));
  }
  exponent += bits - 1;
  const u128 significand = u128(mpz_getlimbn(integer, 1)) << 64 | mpz_getlimbn(integer, 0);
  mpz_clear(integer);
  // Far outside every format: keep the exponent where the rounding code's arithmetic is safe.
  exponent = exponent > 100'000 ? 100'000 : exponent < -100'000 ? -100'000 : exponent;
  return {negative, i32(exponent), significand | inexact};
}

// An angle reduced to r = x - n x pi/2 with |r| <= pi/4, in units of 2^-65.
struct Reduced {
  u128 magnitude = 0;
  bool negative = false;
  unsigned quadrant = 0;
};

constexpr u128 kHalfPi = u128(0x3) << 64 | 0x243F6A8885A308D3;  // 66-bit pi / 2 in units of 2^-65

Reduced reduce(const Operand& x) {
  const u128 angle = u128(x.significand) << (x.exponent + 2);
  u128 turns = angle / kHalfPi;
  u128 rest = angle - turns * kHalfPi;
  bool negative = false;
  if (2 * rest > kHalfPi) {
    rest = kHalfPi - rest;
    negative = true;
    ++turns;
  }
  return {rest, negative, unsigned(turns) & 3};
}

void set(mpfr_ptr value, u128 magnitude, int scale) {
  mpfr_set_ui_2exp(value, u64(magnitude >> 64), scale + 64, MPFR_RNDZ);
  Real low(64);
  mpfr_set_ui_2exp(low, u64(magnitude), scale, MPFR_RNDZ);
  mpfr_add(value, value, low, MPFR_RNDZ);
}

Float80 infinite(bool negative) { return {kTop, u16(u16(negative) << 15 | 0x7FFF)}; }
Float80 zero(bool negative) { return {0, u16(u16(negative) << 15)}; }

}  // namespace

Float80 Fpu80::trigonometric(Trig function, const Operand& x) {
  if (special(x, x)) return propagate(x, x);
  if (x.is_infinity()) return invalid();
  if (x.is_zero()) return function == Trig::cosine ? kOne : encode(x);
  if (check_denormals(x, x)) return {};
  Reduced reduced;  // in units of 2^scale
  int scale = -65;
  if (x.exponent < -2) {  // below pi/4
    reduced.magnitude = x.significand;
    scale = x.exponent - 63;
  } else {
    reduced = reduce(x);
  }
  // sin(r + n pi/2) and its like, from the functions of r.
  const bool tangent = function == Trig::tangent;
  const unsigned turned =
      tangent ? reduced.quadrant & 1 : (reduced.quadrant + (function == Trig::cosine)) & 3;
  const bool other = turned & 1;  // the cosine, or the cotangent
  bool negative = tangent ? other : turned & 2;
  if (tangent || !other) negative ^= reduced.negative;
  if (function != Trig::cosine) negative ^= x.negative;
  const Exact size = normalized(false, scale + 127, reduced.magnitude);
  const Angle angle{size.significand, size.exponent};
  if (const auto quick = tangent ? series_tangent(angle, other)
                         : other ? series_cosine(angle)
                                 : series_sine(angle))
    return finish({negative, quick->exponent, quick->significand});
  Real exact(128), result(128);
  set(exact, reduced.magnitude, scale);
  const auto f = tangent ? (other ? mpfr_cot : mpfr_tan) : other ? mpfr_cos : mpfr_sin;
  const int ternary = f(result, exact, MPFR_RNDZ);
  mpfr_setsign(result, result, negative, MPFR_RNDZ);
  return finish(exact_of(result, ternary != 0));
}

Float80 Fpu80::f2xm1(const Operand& x) {
  if (special(x, x)) return propagate(x, x);
  if (x.is_infinity()) return x.negative ? Float80{kTop, 0xBFFF} : encode(x);
  if (check_denormals(x, x)) return {};
  if (x.is_zero()) return encode(x);
  if (x.exponent >= 0) {
    if (x.significand != kTop || x.exponent > 0) return encode(x);
    return x.negative ? Float80{kTop, 0xBFFE} : kOne;
  }
  // 2^x - 1 = e^(x ln 2) - 1; the product is never exact, so neither is the result.
  Real power, result;
  mpfr_const_log2(power, MPFR_RNDZ);
  mpfr_mul(power, power, Real(x), MPFR_RNDZ);
  mpfr_expm1(result, power, MPFR_RNDZ);
  return finish(exact_of(result, true));
}

// y x log2(x)
Float80 Fpu80::fyl2x(const Operand& x, const Operand& y) {
  if (special(x, y)) return propagate(x, y);
  if (x.negative && !x.is_zero()) return invalid();
  const bool one = x.is_finite() && x.exponent == 0 && x.significand == kTop;
  if (x.is_zero() && y.is_zero()) return invalid();
  if (x.is_zero() && y.is_finite()) {
    raise(kZeroDivide);
    return infinite(!y.negative);
  }
  if ((x.is_infinity() && y.is_zero()) || (one && y.is_infinity())) return invalid();
  if (check_denormals(x, y)) return {};
  const bool below_one = x.is_zero() || (x.is_finite() && x.exponent < 0);
  const bool negative = y.negative != below_one;
  if (x.is_infinity() || y.is_infinity()) return infinite(negative);
  if (one) return zero(y.negative);
  if (y.is_zero()) return zero(negative);
  Real logarithm, result(kWide + 64);
  const int ternary = mpfr_log2(logarithm, Real(x), MPFR_RNDZ);
  mpfr_mul(result, logarithm, Real(y), MPFR_RNDZ);
  return finish(exact_of(result, ternary != 0));
}

// y x log2(x + 1); outside the documented range of x, the same function as far as it is defined.
Float80 Fpu80::fyl2xp1(const Operand& x, const Operand& y) {
  if (special(x, y)) return propagate(x, y);
  const bool minus_one = x.is_finite() && x.negative && x.exponent == 0 && x.significand == kTop;
  if (x.negative && !minus_one && (x.is_infinity() || (x.is_finite() && x.exponent >= 0)))
    return invalid();
  if ((x.is_infinity() && y.is_zero()) || (x.is_zero() && y.is_infinity())) return invalid();
  if (minus_one && y.is_zero()) return invalid();
  if (minus_one && y.is_finite()) {
    raise(kZeroDivide);
    return infinite(!y.negative);
  }
  if (check_denormals(x, y)) return {};
  const bool negative = y.negative != x.negative;
  if (x.is_infinity() || y.is_infinity()) return infinite(negative);
  if (x.is_zero() || y.is_zero()) return zero(negative);
  Real logarithm, result(kWide + 64);
  bool inexact = true;
  if (x.exponent > -65 && x.exponent < 65) {
    Real plus_one(192);  // exact
    mpfr_add_ui(plus_one, Real(x), 1, MPFR_RNDZ);
    inexact = mpfr_log2(logarithm, plus_one, MPFR_RNDZ) != 0;
  } else {
    Real log_of_2;
    mpfr_const_log2(log_of_2, MPFR_RNDU);
    mpfr_log1p(logarithm, Real(x), MPFR_RNDZ);
    mpfr_div(logarithm, logarithm, log_of_2, MPFR_RNDZ);
  }
  mpfr_mul(result, logarithm, Real(y), MPFR_RNDZ);
  return finish(exact_of(result, inexact));
}

Float80 Fpu80::fpatan(const Operand& x, const Operand& y) {
  if (special(x, y)) return propagate(x, y);
  if (check_denormals(x, y)) return {};
  if ((y.is_zero() && !x.negative) || (y.is_finite() && x.is_infinity() && !x.negative))
    return zero(y.negative);
  // The fixed angles: multiples of pi/4.
  const int eighths = y.is_infinity() ? (x.is_infinity() ? (x.negative ? 3 : 1) : 2)
                      : y.is_zero() || x.is_infinity() ? 4
                      : x.is_zero()                    ? 2
                                                       : 0;
  if (!eighths) {
    if (const auto quick = series_angle(x, y))
      return finish({y.negative, quick->exponent, quick->significand});
  }
  Real result(128);
  if (eighths) {
    mpfr_const_pi(result, MPFR_RNDZ);
    mpfr_mul_ui(result, result, unsigned(eighths), MPFR_RNDZ);
    mpfr_div_2ui(result, result, 2, MPFR_RNDZ);
    mpfr_setsign(result, result, y.negative, MPFR_RNDZ);
  } else {
    mpfr_atan2(result, Real(y), Real(x), MPFR_RNDZ);
  }
  return finish(exact_of(result, true));
}

}  // namespace reprise::cpu::fpu
