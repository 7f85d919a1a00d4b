// Source: Intel SDM volume 2. Undefined flags: DIV and IDIV leave all flags; AAM and AAD clear
// CF, OF, AF.
#include "cpu/exec/misc.h"

#include "cpu/cluster.h"
#include "cpu/exec/alu.h"
#include "cpu/exec/shift.h"

namespace reprise::cpu {

namespace {

// The double-width operand: AX, DX:AX, EDX:EAX, RDX:RAX.
template <class T>
typename Wide<T>::U get_wide(Cpu& c) {
  if constexpr (sizeof(T) == 1)
    return c.reg<u16>(RAX * 8);
  else
    return typename Wide<T>::U(c.reg<T>(RDX * 8)) << kBits<T> | c.reg<T>(RAX * 8);
}

}  // namespace

template <class T>
void div(Cpu& c, const Op& op) {
  using U = typename Wide<T>::U;
  const U by = read_rm<T>(c, op);
  if (by == 0) c.raise(kDE);
  const U dividend = get_wide<T>(c);
  const U quotient = dividend / by;
  if (quotient >> kBits<T>) c.raise(kDE);
  set_halves<T>(c, T(quotient), T(dividend % by));
}

template <class T>
void idiv(Cpu& c, const Op& op) {
  using U = typename Wide<T>::U;
  using S = typename Wide<T>::S;
  using H = std::make_signed_t<T>;
  const S by = H(read_rm<T>(c, op));
  const U raw = get_wide<T>(c);
  const S dividend = S(raw);
  if (by == 0) c.raise(kDE);
  if (by == -1 && raw == U(1) << (2 * kBits<T> - 1)) c.raise(kDE);  // would overflow the host too
  const S quotient = dividend / by;
  if (quotient != S(H(quotient))) c.raise(kDE);
  set_halves<T>(c, T(quotient), T(dividend % by));
}

template <class T>
void mov_acc_moffs(Cpu& c, const Op& op) {
  c.set_reg<T>(RAX * 8, load<T>(c, &op, linear_at<T>(c, &op, op.imm64(), false), op.seg));
}
template <class T>
void mov_moffs_acc(Cpu& c, const Op& op) {
  store<T>(c, &op, linear_at<T>(c, &op, op.imm64(), true), c.reg<T>(RAX * 8), op.seg);
}

template <class T>
void enter_frame(Cpu& c, const Op& op) {
  const unsigned level = op.arg & 31;
  const u64 old_sp = c.r[RSP], old_bp = c.r[RBP];
  u64 sp = old_sp;
  const auto push_at = [&](T value) {
    sp -= sizeof(T);
    store<T>(c, &op, stack_address(c, sp, sizeof(T), true), value, SS);
  };
  push_at(T(old_bp));
  // On a 16-bit stack only SP has moved; EBP takes ESP's upper half too.
  const bool narrow = !c.code64() && !c.seg[SS].db();
  const u64 frame = narrow ? (old_sp & ~u64(0xFFFF)) | u16(sp) : sp;
  u64 bp = old_bp;
  for (unsigned i = 1; i < level; ++i) {
    bp -= sizeof(T);
    push_at(load<T>(c, &op, stack_address(c, bp, sizeof(T), false), SS));
  }
  if (level) push_at(T(frame));
  sp -= u16(op.imm);
  // The new top must be writable, or the instruction faults as a whole.
  c.probe(stack_address(c, sp, sizeof(T), true), sizeof(T), true, c.user(), SS);
  set_sp(c, sp);
  c.set_reg<T>(RBP * 8, T(frame));  // the operand's size decides, not the stack's
}

template <class T>
void pusha(Cpu& c, const Op& op) {
  const u64 sp = c.r[RSP];
  for (unsigned i = 0; i < 8; ++i)  // all or none
    c.probe(stack_address(c, sp - (i + 1) * sizeof(T), sizeof(T), true), sizeof(T), true, c.user(),
            SS);
  for (unsigned i = 0; i < 8; ++i)
    store<T>(c, &op, stack_address(c, sp - (i + 1) * sizeof(T), sizeof(T), true),
             T(i == RSP ? sp : c.r[i]), SS);
  set_sp(c, sp - 8 * sizeof(T));
}

template <class T>
void popa(Cpu& c, const Op& op) {
  T values[8];
  for (unsigned i = 0; i < 8; ++i) values[7 - i] = peek<T>(c, &op, i * sizeof(T));
  for (unsigned i = 0; i < 8; ++i)
    if (i != RSP) c.set_reg<T>(u8(i * 8), values[i]);
  set_sp(c, c.r[RSP] + 8 * sizeof(T));
}

template <class T>
void popcnt(Cpu& c, const Op& op) {
  const T value = read_rm<T>(c, op);
  c.set_reg<T>(op.reg, T(std::popcount(value)));
  c.flags.set_raw(value ? 0 : ZF);
}

#define WIDTHS(fn)                        \
  template void fn<u8>(Cpu&, const Op&);  \
  template void fn<u16>(Cpu&, const Op&); \
  template void fn<u32>(Cpu&, const Op&); \
  template void fn<u64>(Cpu&, const Op&);
WIDTHS(div)
WIDTHS(idiv)
WIDTHS(mov_acc_moffs)
WIDTHS(mov_moffs_acc)
WIDTHS(enter_frame)
WIDTHS(pusha)
WIDTHS(popa)
WIDTHS(popcnt)
#undef WIDTHS

void cbw(Cpu& c, const Op& op) {
  if (op.osize == 2)
    c.reg<u16>(RAX * 8) = u16(i8(c.r[RAX]));
  else if (op.osize == 4)
    c.set_reg<u32>(RAX * 8, u32(i16(c.r[RAX])));
  else
    c.r[RAX] = u64(i64(i32(c.r[RAX])));
}

void cwd(Cpu& c, const Op& op) {
  if (op.osize == 2)
    c.reg<u16>(RDX * 8) = u16(i16(c.r[RAX]) >> 15);
  else if (op.osize == 4)
    c.set_reg<u32>(RDX * 8, u32(i32(c.r[RAX]) >> 31));
  else
    c.r[RDX] = u64(i64(c.r[RAX]) >> 63);
}

void bswap(Cpu& c, const Op& op) {
  if (op.osize == 8)
    c.reg<u64>(op.rm) = __builtin_bswap64(c.reg<u64>(op.rm));
  else if (op.osize == 4)
    c.set_reg<u32>(op.rm, __builtin_bswap32(c.reg<u32>(op.rm)));
  else
    c.reg<u16>(op.rm) = 0;  // undefined; processors clear it
}

void sahf(Cpu& c, const Op&) { c.flags.change(SF | ZF | AF | PF | CF, u32(c.r[RAX] >> 8)); }
void lahf(Cpu& c, const Op&) {
  c.reg<u8>(RAX * 8 + 1) = u8((c.flags.bits() & (SF | ZF | AF | PF | CF)) | 2);
}
void clc(Cpu& c, const Op&) { c.flags.change(CF, 0); }
void stc(Cpu& c, const Op&) { c.flags.change(CF, CF); }
void cmc(Cpu& c, const Op&) { c.flags.change(CF, c.flags.cf() ? 0 : CF); }
void cld(Cpu& c, const Op&) { c.eflags &= ~DF; }
void std_(Cpu& c, const Op&) { c.eflags |= DF; }

void xlat(Cpu& c, const Op& op) {
  const u64 linear = linear_at<u8>(c, &op, c.r[RBX] + u8(c.r[RAX]), false);
  c.reg<u8>(RAX * 8) = load<u8>(c, &op, linear, op.seg);
}

void salc(Cpu& c, const Op&) { c.reg<u8>(RAX * 8) = c.flags.cf() ? 0xFF : 0; }

// Decimal adjustment: AL, with the flags that follow from the result.
namespace {
void finish_decimal(Cpu& c, u8 al, bool cf, bool af) {
  c.reg<u8>(RAX * 8) = al;
  c.flags.set_mixed<u8>(al, (cf ? Flags::kMixedCf : 0) | (af ? Flags::kMixedAf : 0));
}
void adjust(Cpu& c, int sign) {  // DAA, DAS
  const u8 old = u8(c.r[RAX]);
  const bool old_cf = c.flags.cf();
  const bool af = (old & 15) > 9 || c.flags.af();
  const bool high = old > 0x99 || old_cf;
  u8 al = old;
  bool cf = false;
  if (af) {
    cf = old_cf || (sign > 0 ? old > 0xF9 : old < 6);
    al = u8(al + 6 * sign);
  }
  if (high) {
    al = u8(al + 0x60 * sign);
    cf = true;
  }
  finish_decimal(c, al, cf, af);
}
void ascii_adjust(Cpu& c, int sign) {  // AAA, AAS
  const bool carry = (c.r[RAX] & 15) > 9 || c.flags.af();
  if (carry) c.reg<u16>(RAX * 8) = u16(c.r[RAX] + 0x106 * sign);
  c.reg<u8>(RAX * 8) &= 15;
  c.flags.set_mixed<u8>(u8(c.r[RAX]), carry ? Flags::kMixedCf | Flags::kMixedAf : 0);
}
}  // namespace

void daa(Cpu& c, const Op&) { adjust(c, 1); }
void das(Cpu& c, const Op&) { adjust(c, -1); }
void aaa(Cpu& c, const Op&) { ascii_adjust(c, 1); }
void aas(Cpu& c, const Op&) { ascii_adjust(c, -1); }

void aam(Cpu& c, const Op& op) {
  const u8 base = u8(op.imm);
  if (base == 0) c.raise(kDE);
  const u8 al = u8(c.r[RAX]);
  c.reg<u16>(RAX * 8) = u16((al / base) << 8 | al % base);
  c.flags.set_mixed<u8>(u8(al % base), 0);
}

void aad(Cpu& c, const Op& op) {
  const u8 al = u8(c.r[RAX] + u8(c.r[RAX] >> 8) * u8(op.imm));
  c.reg<u16>(RAX * 8) = al;
  c.flags.set_mixed<u8>(al, 0);
}

void cmpxchg8b(Cpu& c, const Op& op) {
  const bool wide = op.flags & kOpRexW;
  if (wide && !c.cluster.model().has(Feature::kCx16)) c.raise(kUD);
  const unsigned half = wide ? 8 : 4;
  const u64 linear = memory_address(c, op, 2 * half, true);
  if (wide && (linear & 15)) c.raise(kGP, 0);
  c.probe(linear, 2 * half, true, c.user(), op.seg);
  const auto at = [&](u64 address) {
    return wide ? load<u64>(c, &op, address, op.seg) : load<u32>(c, &op, address, op.seg);
  };
  const u64 low = at(linear), high = at(linear + half);
  const auto part = [&](u8 reg) { return wide ? c.r[reg] : u32(c.r[reg]); };
  const bool equal = low == part(RAX) && high == part(RDX);
  const u64 new_low = equal ? part(RBX) : low, new_high = equal ? part(RCX) : high;
  if (wide) {
    store<u64>(c, &op, linear, new_low, op.seg);
    store<u64>(c, &op, linear + 8, new_high, op.seg);
  } else {
    store<u64>(c, &op, linear, new_low | new_high << 32, op.seg);
  }
  if (!equal) c.r[RAX] = low, c.r[RDX] = high;
  c.flags.change(ZF, equal ? ZF : 0);
}

void nop(Cpu&, const Op&) {}
void ud(Cpu& c, const Op&) { c.raise(kUD); }

}  // namespace reprise::cpu
