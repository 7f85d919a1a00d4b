// GDTR, IDTR, LDTR, TR, and the instructions that ask about descriptors.
//
// Source: Intel SDM volume 2: LAR, LSL, VERR, ARPL, LGDT, LLDT, LTR; CR4.UMIP.
#include "cpu/memory/access.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

// May the present privilege, with the selector's RPL, see this descriptor?
bool visible(const Cpu& c, u16 selector, const Descriptor& d) {
  return d.conforming_code() || (c.cpl <= d.dpl() && (selector & 3) <= d.dpl());
}

bool lar_type(const Cpu& c, u8 type) {
  switch (type) {
    case kTss16:
    case kTss16Busy:
    case kCallGate16:
    case kTaskGate:
      return !c.long_mode();
    case kLdt:
    case kTss32:
    case kTss32Busy:
    case kCallGate32:
      return true;
    default:
      return false;
  }
}

bool lsl_type(const Cpu& c, u8 type) {
  return type == kLdt || type == kTss32 || type == kTss32Busy ||
         (!c.long_mode() && (type == kTss16 || type == kTss16Busy));
}

void set_zf(Cpu& c, bool on) { c.flags.change(ZF, on ? ZF : 0); }

void privileged(Cpu& c) {
  if (c.cpl != 0) c.raise(kGP, 0);
}
void user_mode_prevention(Cpu& c) {
  if ((c.cr4 & CR4_UMIP) && c.cpl != 0) c.raise(kGP, 0);
}

void store_table(Cpu& c, const Op& op, const TableRegister& t) {
  user_mode_prevention(c);
  const unsigned size = c.code64() ? 10 : 6;
  const u64 address = memory_address(c, op, size, true);
  c.probe(address, size, true, c.user(), op.seg);
  const u64 after = c.code64() ? address + 2 : u32(address + 2);
  c.store_slow(address, 2, t.limit, c.user(), op.seg);
  c.store_slow(after, size - 2, t.base, c.user(), op.seg);
}

void load_table(Cpu& c, const Op& op, TableRegister& t) {
  privileged(c);
  const unsigned size = c.code64() ? 10 : 6;
  const u64 address = memory_address(c, op, size, false);
  const u64 after = c.code64() ? address + 2 : u32(address + 2);
  const u16 limit = u16(c.load_slow(address, 2, c.user(), op.seg));
  u64 base = c.load_slow(after, size - 2, c.user(), op.seg);
  if (c.code64()) {
    if (!canonical(base)) c.raise(kGP, 0);
  } else if (op.osize == 2) {
    base &= 0xFFFFFF;
  }
  t.base = base;
  t.limit = limit;
}

void store_selector(Cpu& c, const Op& op, u16 selector) {
  user_mode_prevention(c);
  if (op.flags & kOpMemory)
    write_rm<u16>(c, op, selector);
  else
    write_reg_size(c, op.rm, op.osize, selector);
}

}  // namespace

void sgdt(Cpu& c, const Op& op) { store_table(c, op, c.gdtr); }
void sidt(Cpu& c, const Op& op) { store_table(c, op, c.idtr); }
void lgdt(Cpu& c, const Op& op) { load_table(c, op, c.gdtr); }
void lidt(Cpu& c, const Op& op) { load_table(c, op, c.idtr); }
void sldt(Cpu& c, const Op& op) { store_selector(c, op, c.seg[LDTR].selector); }
void str(Cpu& c, const Op& op) { store_selector(c, op, c.seg[TR].selector); }

void lar(Cpu& c, const Op& op) {
  const u16 selector = read_rm<u16>(c, op);
  Descriptor d;
  const bool ok = read_descriptor(c, selector, d) && (d.s() || lar_type(c, d.type())) &&
                  visible(c, selector, d);
  if (ok) write_reg_size(c, op.reg, op.osize, d.high & (op.osize == 2 ? 0xFF00 : 0xF0FF00));
  set_zf(c, ok);
}

void lsl(Cpu& c, const Op& op) {
  const u16 selector = read_rm<u16>(c, op);
  Descriptor d;
  const bool ok = read_descriptor(c, selector, d) && (d.s() || lsl_type(c, d.type())) &&
                  visible(c, selector, d);
  if (ok) write_reg_size(c, op.reg, op.osize, d.limit());
  set_zf(c, ok);
}

void verr(Cpu& c, const Op& op) {
  const u16 selector = read_rm<u16>(c, op);
  Descriptor d;
  set_zf(c, read_descriptor(c, selector, d) && d.s() && d.readable() && visible(c, selector, d));
}

void verw(Cpu& c, const Op& op) {
  const u16 selector = read_rm<u16>(c, op);
  Descriptor d;
  set_zf(c, read_descriptor(c, selector, d) && d.writable() && visible(c, selector, d));
}

void arpl(Cpu& c, const Op& op) {
  const u16 selector = read_rm<u16>(c, op);
  const u16 rpl = c.reg<u16>(op.reg) & 3;
  const bool raises = (selector & 3) < rpl;
  if (raises) write_rm<u16>(c, op, u16((selector & ~3u) | rpl));
  set_zf(c, raises);
}

void lldt(Cpu& c, const Op& op) {
  privileged(c);
  const u16 selector = read_rm<u16>(c, op);
  if ((selector & 0xFFFC) == 0) return load_null_segment(c, LDTR, selector);
  const u32 error = selector_error(selector);
  Descriptor d;
  if ((selector & 4) || !read_descriptor(c, selector, d)) c.raise(kGP, error);
  if (d.s() || d.type() != kLdt) c.raise(kGP, error);
  if (c.long_mode() && !read_upper_half(c, selector, d)) c.raise(kGP, error);
  if (!d.present()) c.raise(kNP, error);
  Segment g = d.segment(selector);
  g.base |= u64(d.upper) << 32;
  if (c.long_mode() && !canonical(g.base)) c.raise(kGP, error);
  c.seg[LDTR] = g;
}

void ltr(Cpu& c, const Op& op) {
  privileged(c);
  const u16 selector = read_rm<u16>(c, op);
  if ((selector & 0xFFFC) == 0) c.raise(kGP, 0);
  const u32 error = selector_error(selector);
  Descriptor d;
  if ((selector & 4) || !read_descriptor(c, selector, d)) c.raise(kGP, error);
  if (d.s() || !(d.type() == kTss32 || (d.type() == kTss16 && !c.long_mode()))) c.raise(kGP, error);
  if (c.long_mode() && !read_upper_half(c, selector, d)) c.raise(kGP, error);
  if (!d.present()) c.raise(kNP, error);
  Segment g = d.segment(selector);
  g.base |= u64(d.upper) << 32;
  if (c.long_mode() && !canonical(g.base)) c.raise(kGP, error);
  set_busy(c, d, true);
  g.rights |= 2;
  c.seg[TR] = g;
}

}  // namespace reprise::cpu
