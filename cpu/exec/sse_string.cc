// SSE4.2: PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM and CRC32.
//
// Source: Intel SDM volume 2, 4.1 (imm8 of the string instructions) and CRC32.
#include <algorithm>
#include <array>

#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

enum Aggregation { kEqualAny, kRanges, kEqualEach, kEqualOrdered };

// One bit per element of the second operand (IntRes1). `a`, `b`: valid elements of each.
template <class L>
u32 aggregate(const L& x, unsigned a, const L& y, unsigned b, unsigned how) {
  constexpr unsigned n = L::kCount;
  u32 result = 0;
  for (unsigned j = 0; j < n; ++j) {
    bool match = how == kEqualOrdered;
    switch (how) {
      case kEqualAny:
        for (unsigned i = 0; i < a; ++i) match |= j < b && x[i] == y[j];
        break;
      case kRanges:
        for (unsigned i = 0; i + 1 < a; i += 2) match |= j < b && x[i] <= y[j] && y[j] <= x[i + 1];
        break;
      case kEqualEach:
        match = j < a && j < b ? x[j] == y[j] : j >= a && j >= b;
        break;
      case kEqualOrdered:
        for (unsigned i = 0; i < a && j + i < n; ++i) match &= j + i < b && x[i] == y[j + i];
        break;
    }
    result |= u32(match) << j;
  }
  return result;
}

// Implicit: up to the first zero. Explicit: |EAX|, |EDX| (RAX, RDX with REX.W), at most all.
template <class L>
unsigned implicit_length(const L& x) {
  unsigned length = 0;
  while (length < L::kCount && x[length] != 0) ++length;
  return length;
}
unsigned explicit_length(u64 value, bool wide, unsigned most) {
  const i64 length = wide ? i64(value) : i32(value);
  const u64 magnitude = length < 0 ? ~u64(length) + 1 : u64(length);
  return unsigned(std::min<u64>(magnitude, most));
}

template <class T, bool Explicit, bool Mask, class Form>
void compare_strings(Cpu& c, const Op& op, const Xmm& second) {
  const auto x = lanes<T>(c.fpu.xmm[op.reg]), y = lanes<T>(second);
  constexpr unsigned n = x.kCount;
  constexpr u32 all = (1u << n) - 1;
  const bool wide = op.flags & kOpRexW;
  const unsigned a = Explicit ? explicit_length(c.r[RAX], wide, n) : implicit_length(x);
  const unsigned b = Explicit ? explicit_length(c.r[RDX], wide, n) : implicit_length(y);
  u32 result = aggregate(x, a, y, b, op.imm >> 2 & 3);
  if (op.imm & 0x10) result ^= op.imm & 0x20 ? (1u << b) - 1 : all;
  const bool high = op.imm & 0x40;
  if constexpr (Mask) {
    Lanes<T, Xmm> spread;
    for (unsigned i = 0; i < n; ++i) spread[i] = result >> i & 1 ? T(-1) : T(0);
    Form::put_at(c, 0, high ? Xmm(spread) : Xmm{{result, 0}});
  } else {
    c.r[RCX] = !result ? n : u32(high ? 31 - std::countl_zero(result) : std::countr_zero(result));
  }
  c.flags.set_raw((result ? CF : 0) | (b < n ? ZF : 0) | (a < n ? SF : 0) | (result & 1 ? OF : 0));
}

template <bool Explicit, bool Mask, class Form>
struct StringCompare {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    body(c, op, WxUnaligned::read<Place>(c, op));
    NEXT;
  }
  [[gnu::noinline]] static void body(Cpu& c, const Op* op, const Xmm second) {
    switch (op->imm & 3) {
      case 0:
        return compare_strings<u8, Explicit, Mask, Form>(c, *op, second);
      case 1:
        return compare_strings<u16, Explicit, Mask, Form>(c, *op, second);
      case 2:
        return compare_strings<i8, Explicit, Mask, Form>(c, *op, second);
      default:
        return compare_strings<i16, Explicit, Mask, Form>(c, *op, second);
    }
  }
};

template <bool Explicit, bool Mask>
void add_compare(Tables& t, u8 opcode, const char* name) {
  const Row row = {name, Vx_Wx_Ub, &kPlaceSet<StringCompare<Explicit, Mask, Legacy>>, kXmmRow,
                   Feature::kSse42};
  t.add(k0F3A, opcode, k66, row);
  add_vex<StringCompare<Explicit, Mask, Vex128>, void>(t, k0F3A, opcode, k66, row,
                                                       kVex128 | kVexUnary);
}

// CRC-32C (polynomial 1EDC6F41h, reflected), a byte at a time.
constexpr std::array<u32, 256> make_crc_table() {
  std::array<u32, 256> table = {};
  for (u32 i = 0; i < 256; ++i) {
    u32 crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<u32, 256> kCrcTable = make_crc_table();

template <class T>
u32 crc32c(u32 crc, T value) {
  for (unsigned i = 0; i < sizeof(T); ++i)
    crc = crc >> 8 ^ kCrcTable[u8(crc ^ u32(u64(value) >> (8 * i)))];
  return crc;
}
struct Crc32 {
  template <class T, class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const T value = Place::template read<T>(c, op);
    c.reg<u64>(op->reg) = crc32c(c.reg<u32>(op->reg), value);
    NEXT;
  }
};
struct Crc32Byte {
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    return Crc32::run<u8, Place>(c, op);
  }
};

}  // namespace

void add_sse_string_rows(Tables& t) {
  const Feature f = Feature::kSse42;
  add_compare<true, true>(t, 0x60, "pcmpestrm");
  add_compare<true, false>(t, 0x61, "pcmpestri");
  add_compare<false, true>(t, 0x62, "pcmpistrm");
  add_compare<false, false>(t, 0x63, "pcmpistri");
  t.add(k0F38, 0xF0, kF2, {"crc32", Gv_Ev, &kPlaceSet<Crc32Byte>, kByteReg, f});
  t.add(k0F38, 0xF1, kF2, {"crc32", Gv_Ev, &kSet<Crc32>, 0, f});
}

}  // namespace reprise::cpu
