// Which flags, and which results, the manuals leave undefined: these are not compared.
//
// Source: Intel SDM volume 2, "Flags Affected" of each instruction. What our handlers do there is
// what Intel's processors were seen to do; Golden.UndefinedFlagsAreAsDocumented holds it.
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

enum class When { kAlways, kCountIs1, kCountOver1, kCountFillsWidth, kCountOverWidth };

struct UndefinedFlags {
  std::string_view names;  // between spaces
  When when;
  u32 flags;   // undefined
  u32 clears;  // of these, what ours clear
  u32 keeps;   // and leave; the rest follows from the result
  const char* reason;
};

inline constexpr UndefinedFlags kUndefinedFlags[] = {
    {" and or xor test ", When::kAlways, AF, AF, 0, "no carry between digits; all makers clear AF"},
    {" shl shr sar ", When::kCountIs1, AF, AF, 0, "Intel's clear AF, AMD's set it"},
    {" shl shr sar ", When::kCountOver1, AF | OF, AF, 0,
     "OF is defined for 1 bit only; ours is that of the last bit's step"},
    {" shl shr ", When::kCountFillsWidth, CF, 0, 0,
     "bytes and words: the bit shifted out last came from outside; SAR repeats the sign"},
    {" rol ror rcl rcr ", When::kCountOver1, OF, 0, 0,
     "OF is defined for 1 bit only; ours is that of the last bit's step"},
    {" shld shrd ", When::kCountIs1, AF, AF, 0, "as the shifts"},
    {" shld shrd ", When::kCountOver1, AF | OF, AF, 0, "as the shifts"},
    {" shld shrd ", When::kCountOverWidth, kArith, AF, 0,
     "words by more than 16: the result is undefined with all flags"},
    {" mul imul ", When::kAlways, SF | ZF | AF | PF, AF, 0,
     "Intel's set SF, ZF, PF by the low half; AMD's leave or clear some"},
    {" div idiv ", When::kAlways, kArith, 0, kArith,
     "Intel's and AMD's differ from model to model"},
    {" bt bts btr btc ", When::kAlways, OF | SF | AF | PF, 0, OF | SF | AF | PF,
     "only CF is written; ZF is defined to stay"},
    {" bsf bsr ", When::kAlways, CF | OF | SF | AF | PF, 0, CF | OF | SF | AF | PF,
     "only ZF is written; some of Intel's set PF by the result"},
    {" tzcnt lzcnt ", When::kAlways, OF | SF | AF | PF, OF | SF | AF | PF, 0,
     "only ZF and CF are defined"},
    {" andn bzhi blsr blsmsk blsi ", When::kAlways, AF | PF, AF | PF, 0, "as the logical ones"},
    {" bextr ", When::kAlways, AF | SF | PF, AF | SF | PF, 0, "only ZF says something"},
    {" aam aad ", When::kAlways, CF | OF | AF, CF | OF | AF, 0, "a logical result"},
    {" aaa aas ", When::kAlways, OF | SF | ZF | PF, 0, 0, "AL before it is masked"},
    {" daa das ", When::kAlways, OF, 0, 0, "the last addition's"},
};

inline bool applies(const UndefinedFlags& u, const Shape& s) {
  const size_t at = u.names.find(s.name);
  if (at == u.names.npos || u.names[at - 1] != ' ' || u.names[at + s.name.size()] != ' ')
    return false;
  const unsigned count = masked_count(s), bits = 8 * s.width;
  switch (u.when) {
    case When::kAlways:
      return true;
    case When::kCountIs1:
      return count == 1;
    case When::kCountOver1:
      return count > 1;
    case When::kCountFillsWidth:
      return count >= bits;
    case When::kCountOverWidth:
      return count > bits;
  }
  return false;
}

inline u32 undefined_flags(const Shape& s) {
  u32 flags = 0;
  for (const UndefinedFlags& u : kUndefinedFlags)
    if (applies(u, s)) flags |= u.flags;
  return flags;
}

// The destination is undefined too.
inline bool undefined_result(const Shape& s) {
  if (s.name == "bswap") return s.width == 2;
  if (s.name == "shld" || s.name == "shrd") return masked_count(s) > 8 * s.width;
  return false;
}

}  // namespace reprise::cpu::silicon
