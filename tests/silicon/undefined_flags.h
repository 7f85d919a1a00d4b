// Which flags, and which results, the manuals leave undefined: these are not compared.
//
// Source: Intel SDM volume 2, "Flags Affected" of each instruction. What our handlers do there is
// said in cpu/exec.
#pragma once

#include <string_view>

#include "cpu/flags.h"

namespace reprise::cpu::silicon {

// What of an instruction decides it.
struct Shape {
  std::string_view name;
  unsigned width = 4;  // operand size in bytes
  unsigned count = 0;  // of a shift or rotate, before masking
};

inline unsigned masked_count(const Shape& s) { return s.count & (s.width == 8 ? 63 : 31); }

inline u32 undefined_flags(const Shape& s) {
  const std::string_view n = s.name;
  const unsigned count = masked_count(s), bits = 8 * s.width;
  const auto is = [n](std::initializer_list<std::string_view> names) {
    for (std::string_view each : names)
      if (n == each) return true;
    return false;
  };
  if (is({"and", "or", "xor", "test"})) return AF;
  if (is({"shl", "shr", "sar"})) {
    if (!count) return 0;
    // A shift by more than the width loses the carry; SAR repeats the sign.
    return AF | (count > 1 ? OF : 0) | (count >= bits && n != "sar" ? CF : 0);
  }
  if (is({"rol", "ror", "rcl", "rcr"})) return count > 1 ? OF : 0;
  if (is({"shld", "shrd"})) return count > bits ? kArith : count ? AF | (count > 1 ? OF : 0) : 0;
  if (is({"mul", "imul"})) return SF | ZF | AF | PF;
  if (is({"div", "idiv"})) return kArith;
  if (is({"bt", "bts", "btr", "btc"})) return OF | SF | AF | PF;
  if (is({"bsf", "bsr"})) return CF | OF | SF | AF | PF;
  if (is({"aam", "aad"})) return CF | OF | AF;
  if (is({"aaa", "aas"})) return OF | SF | ZF | PF;
  if (is({"daa", "das"})) return OF;
  return 0;
}

// The destination is undefined too.
inline bool undefined_result(const Shape& s) {
  if (s.name == "bswap") return s.width == 2;
  if (s.name == "shld" || s.name == "shrd") return masked_count(s) > 8 * s.width;
  return false;
}

}  // namespace reprise::cpu::silicon
