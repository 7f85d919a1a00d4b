// Sine, cosine, tangent and arc tangent to about 110 bits, in 128-bit integers.
//
// The transcendental instructions give the true value, rounded once. A value that is known well
// enough to say how it is rounded needs no more; when it lies so near to where rounding changes
// that the error bound reaches there (once in 2^40 at random; and near the trivial arguments) there
// is no answer, and MPFR decides. So the results are MPFR's, and the same on any host
// (tests/fpu/series_test.cc compares them).
//
// Method: Taylor's polynomials by Horner's rule in fixed point, truncated products; arc tangents by
// a table of atan(i/32) and the addition theorem. Source: Muller, Elementary Functions, 3rd
// edition, 2.2, 10 (Ziv's test).
#pragma once

#include <optional>

#include "cpu/fpu/exact.h"

namespace reprise::cpu::fpu {

// value = magnitude x 2^(exponent - 127) below 1, bit 127 set; at most pi/4.
struct Angle {
  u128 magnitude = 0;
  i32 exponent = 0;
};

// Their results are positive, irrational, and rounded right by fpu::round() to 64 bits.
std::optional<Exact> series_sine(const Angle& angle);
std::optional<Exact> series_cosine(const Angle& angle);
std::optional<Exact> series_tangent(const Angle& angle, bool inverse);  // inverse: cotangent

// The angle of the point (x, y), 0 to pi, of |y|; both finite and not zero.
std::optional<Exact> series_angle(const Operand& x, const Operand& y);

}  // namespace reprise::cpu::fpu
