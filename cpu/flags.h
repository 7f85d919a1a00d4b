// The six arithmetic flags, kept as the operands of what set them last ("lazy flags").
//
// Operands and result are stored sign-extended to 64 bits. Sign extension keeps both the signed and
// the unsigned order of a width, so no reader needs to know the width.
#pragma once

#include <bit>
#include <type_traits>

#include "replay/core/types.h"

namespace reprise::cpu {

inline constexpr u32 CF = 1u << 0, PF = 1u << 2, AF = 1u << 4, ZF = 1u << 6, SF = 1u << 7,
                     TF = 1u << 8, IF = 1u << 9, DF = 1u << 10, OF = 1u << 11, IOPL = 3u << 12,
                     NT = 1u << 14, RF = 1u << 16, VM = 1u << 17, AC = 1u << 18, VIF = 1u << 19,
                     VIP = 1u << 20, ID = 1u << 21;
inline constexpr u32 kArith = CF | PF | AF | ZF | SF | OF;

template <class T>
inline u64 sext(T value) {
  return u64(i64(std::make_signed_t<T>(value)));
}

class Flags {
 public:
  enum Kind : u32 {
    kRaw,    // all six in raw_; CF, OF, AF as for kMixed, too
    kAdd,    // r = a + b
    kSub,    // r = a - b
    kLogic,  // CF = OF = AF = 0
    kMixed,  // SF, ZF, PF from r; of a, bit 0 is CF, bit 4 AF, bit 63 OF
  };
  static constexpr u64 kMixedCf = 1, kMixedAf = 16, kMixedOf = u64(1) << 63;

  template <class T>
  void set_add(T a, T b, T r) {
    set(kAdd, sext(a), sext(b), sext(r));
  }
  template <class T>
  void set_sub(T a, T b, T r) {
    set(kSub, sext(a), sext(b), sext(r));
  }
  template <class T>
  void set_logic(T r) {
    r_ = sext(r), kind_ = kLogic;
  }
  // CF, AF and OF given as kMixed...; the rest from r.
  template <class T>
  void set_mixed(T r, u64 cf_af_of) {
    a_ = cf_af_of, r_ = sext(r), kind_ = kMixed;
  }
  void set_raw(u32 bits) {
    a_ = (bits & (CF | AF)) | (bits & OF ? kMixedOf : 0), raw_ = bits & kArith, kind_ = kRaw;
  }

  bool cf() const {
    switch (kind_) {
      case kAdd:
        return r_ < a_;
      case kSub:
        return a_ < b_;
      case kLogic:
        return false;
      default:
        return a_ & kMixedCf;
    }
  }
  bool of() const {
    switch (kind_) {
      case kAdd:
        return ((a_ ^ r_) & (b_ ^ r_)) >> 63;
      case kSub:
        return ((a_ ^ b_) & (a_ ^ r_)) >> 63;
      case kLogic:
        return false;
      default:
        return a_ & kMixedOf;
    }
  }
  bool af() const {
    switch (kind_) {
      case kAdd:
      case kSub:
        return ((a_ ^ b_ ^ r_) >> 4) & 1;
      case kLogic:
        return false;
      default:
        return a_ & kMixedAf;
    }
  }
  bool zf() const { return kind_ == kRaw ? raw_ & ZF : r_ == 0; }
  bool sf() const { return kind_ == kRaw ? (raw_ & SF) != 0 : i64(r_) < 0; }
  bool pf() const { return kind_ == kRaw ? (raw_ & PF) != 0 : !(std::popcount(u8(r_)) & 1); }

  // All six as bits of EFLAGS.
  u32 bits() const {
    if (kind_ == kRaw) return raw_;
    return (cf() ? CF : 0) | (pf() ? PF : 0) | (af() ? AF : 0) | (zf() ? ZF : 0) | (sf() ? SF : 0) |
           (of() ? OF : 0);
  }
  // Changes only the flags in `mask`.
  void change(u32 mask, u32 values) { set_raw((bits() & ~mask) | (values & mask)); }

  // The condition of Jcc, SETcc and CMOVcc: the opcode's low four bits.
  bool test(unsigned condition) const {
    bool value = false;
    switch (condition >> 1) {
      case 0:
        value = of();
        break;
      case 1:
        value = cf();
        break;
      case 2:
        value = zf();
        break;
      case 3:
        value = kind_ == kSub ? a_ <= b_ : cf() || zf();
        break;
      case 4:
        value = sf();
        break;
      case 5:
        value = pf();
        break;
      case 6:
        value = less();
        break;
      case 7:
        value = less() || zf();
        break;
    }
    return value != bool(condition & 1);
  }
  bool less() const { return kind_ == kSub ? i64(a_) < i64(b_) : sf() != of(); }

  // The same test where the kind is known when the instruction is decoded.
  template <Kind K, unsigned Condition>
  bool test_known() const {
    static_assert(K == kSub || K == kLogic);
    constexpr unsigned group = Condition >> 1;
    bool value = false;
    if constexpr (group == 2)
      value = r_ == 0;
    else if constexpr (group == 4)
      value = i64(r_) < 0;
    else if constexpr (group == 5)
      value = !(std::popcount(u8(r_)) & 1);
    else if constexpr (K == kSub) {
      if constexpr (group == 0) value = ((a_ ^ b_) & (a_ ^ r_)) >> 63;
      if constexpr (group == 1) value = a_ < b_;
      if constexpr (group == 3) value = a_ <= b_;
      if constexpr (group == 6) value = i64(a_) < i64(b_);
      if constexpr (group == 7) value = i64(a_) <= i64(b_);
    } else {
      if constexpr (group == 3) value = r_ == 0;
      if constexpr (group == 6) value = i64(r_) < 0;
      if constexpr (group == 7) value = i64(r_) <= 0;
    }
    return value != bool(Condition & 1);
  }

 private:
  void set(Kind kind, u64 a, u64 b, u64 r) { a_ = a, b_ = b, r_ = r, kind_ = kind; }
  u64 a_ = 0, b_ = 0, r_ = 0;
  u32 kind_ = kRaw;
  u32 raw_ = 0;
};

}  // namespace reprise::cpu
