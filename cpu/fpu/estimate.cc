// RCPPS and RSQRTPS. Processors differ in these; the SDM asks only for a relative error of at most
// 1.5 x 2^-12. Here: the leading 11 bits of the fraction select an interval (RSQRTPS: the parity of
// the exponent too), and the result is the function of the interval's middle, truncated to 24
// bits, computed by integer division and square root. Denormals count as zeros, tiny results are
// zeros, no flag is raised.
#include "cpu/fpu/sse.h"

namespace reprise::cpu::fpu {

namespace {

using F = Ieee<u32>;

// The middle of the interval of 1.f, in units of 2^-12.
u64 middle(u32 value) { return u64(1) << 12 | u64(value >> 12 & 0x7FF) << 1 | 1; }

u64 integer_root(u64 value) {
  u64 root = 0;
  for (u64 bit = u64(1) << 31; bit; bit >>= 1)
    if ((root | bit) * (root | bit) <= value) root |= bit;
  return root;
}

}  // namespace

u32 reciprocal_estimate(u32 value) {
  const u32 sign = value & F::kSign;
  if (F::is_nan(value)) return value | F::kQuiet;
  const u32 exponent = F::exponent(value);
  if (exponent == 0) return sign | F::kInfinity;
  if (exponent >= 253) return sign;  // infinity, or a result below 2^-126
  // 2^36 / m with m in (2^12, 2^13) lies in (2^23, 2^24): the significand of a result in (1/2, 1).
  const u32 significand = u32((u64(1) << 36) / middle(value));
  return sign | (253 - exponent) << 23 | (significand & F::kFractionMask);
}

u32 reciprocal_root_estimate(u32 value) {
  if (F::is_nan(value)) return value | F::kQuiet;
  const u32 exponent = F::exponent(value);
  if (exponent == 0) return (value & F::kSign) | F::kInfinity;
  if (value & F::kSign) return F::kDefaultNan;
  if (exponent == F::kMaxExponent) return 0;
  // value = m x 2^(2k) with m in [1, 4), so the result is m^-1/2 x 2^-k with m^-1/2 in (1/2, 1).
  const bool odd = (exponent - 127) & 1;
  const i32 half = (i32(exponent) - 127 - odd) / 2;
  // floor(2^24 / sqrt(m)) = floor(sqrt(2^48 / m)) with m in units of 2^-12.
  const u64 square = (u64(1) << 60) / (middle(value) << odd);
  const u32 significand = u32(integer_root(square));
  return u32(126 - half) << 23 | (significand & F::kFractionMask);
}

}  // namespace reprise::cpu::fpu
