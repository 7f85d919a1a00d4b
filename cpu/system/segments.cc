// Segment registers: checks of accesses, loading in all modes.
//
// Source: Intel SDM volume 3, chapters 3 and 5; volume 2: MOV, POP, LDS.
// A null selector loaded into FS or GS clears the base.
#include "cpu/memory/access.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

bool within_limit(const Segment& g, u64 offset, unsigned size) {
  const u64 last = offset + size - 1;
  if (g.s() && !g.code() && g.expand_down())
    return offset > g.limit && last <= (g.db() ? 0xFFFFFFFFu : 0xFFFFu);
  return last <= g.limit || g.limit == 0xFFFFFFFF;  // accesses wrap at 4 GiB
}

u64 Cpu::linear(u8 index, u64 offset, unsigned size, bool write) {
  const Segment& g = seg[index];
  if (code64()) return index >= FS ? g.base + offset : offset;
  const u8 vector = index == SS ? kSS : kGP;
  if (protected_mode() && !v86()) {
    if (!g.usable) raise(vector, 0);
    if (write ? !g.writable() : g.code() && !g.readable()) raise(vector, 0);
  }
  if (!within_limit(g, offset, size)) raise(vector, 0);
  return u32(g.base + offset);
}

Segment Descriptor::segment(u16 selector) const {
  Segment g;
  g.selector = selector;
  g.rights = (high >> 8 & 0xF0FF) | (s() ? 1 : 0);
  g.usable = true;
  g.limit = limit();
  g.base = base();
  return g;
}

bool read_descriptor(Cpu& c, u16 selector, Descriptor& d) {
  if ((selector & 0xFFFC) == 0) return false;
  u64 base = c.gdtr.base;
  u64 limit = c.gdtr.limit;
  if (selector & 4) {
    if (!c.seg[LDTR].usable) return false;
    base = c.seg[LDTR].base;
    limit = c.seg[LDTR].limit;
  }
  if ((selector | 7u) > limit) return false;
  d.address = base + (selector & 0xFFF8);
  if (!c.long_mode()) d.address = u32(d.address);
  const u64 value = c.read_system(d.address, 8);
  d.low = u32(value);
  d.high = u32(value >> 32);
  d.upper = 0;
  return true;
}

bool read_upper_half(Cpu& c, u16 selector, Descriptor& d) {
  const u64 limit = selector & 4 ? c.seg[LDTR].limit : c.gdtr.limit;
  if ((selector | 7u) + 8 > limit) return false;
  const u64 value = c.read_system(d.address + 8, 8);
  d.upper = u32(value);
  return !(value >> 32 & 0x1F00);
}

void mark_accessed(Cpu& c, const Descriptor& d) {
  if (!(d.high & 0x100)) c.write_system(d.address + 5, 1, (d.high >> 8 & 0xFF) | 1);
}

void set_busy(Cpu& c, const Descriptor& d, bool busy) {
  const u64 rights = c.read_system(d.address + 5, 1);
  c.write_system(d.address + 5, 1, busy ? rights | 2 : rights & ~u64(2));
}

void load_real_segment(Cpu& c, u8 index, u16 selector) {
  Segment& g = c.seg[index];
  g.selector = selector;
  g.base = u32(selector) << 4;
  g.usable = true;
  if (c.v86()) {
    g.limit = 0xFFFF;
    g.rights = 0xF3;
  } else if (index == CS) {
    g.rights = (g.rights & 0xF000) | 0x93;  // the limit stays, as "unreal mode" relies on
  } else if (!g.present()) {
    g.rights = 0x93;  // was null
    g.limit = 0xFFFF;
  }
}

void load_null_segment(Cpu& c, u8 index, u16 selector) {
  Segment& g = c.seg[index];
  g = {};
  g.selector = selector;
  g.usable = false;
  g.limit = 0;
}

Descriptor stack_descriptor(Cpu& c, u16 selector, u8 cpl, u8 vector, bool ext) {
  const u32 error = selector_error(selector, ext);
  Descriptor d;
  if (!read_descriptor(c, selector, d)) c.raise(vector, error);
  if ((selector & 3) != cpl || !d.writable() || d.dpl() != cpl) c.raise(vector, error);
  if (!d.present()) c.raise(kSS, error);
  return d;
}

void load_stack_segment(Cpu& c, u16 selector, u8 vector, bool ext) {
  if ((selector & 0xFFFC) == 0) {
    if (!c.code64() || c.cpl == 3 || (selector & 3) != c.cpl) c.raise(vector, u32(ext));
    load_null_segment(c, SS, selector);
    return;
  }
  const Descriptor d = stack_descriptor(c, selector, c.cpl, vector, ext);
  mark_accessed(c, d);
  c.seg[SS] = d.segment(selector);
}

void load_data_segment(Cpu& c, u8 index, u16 selector, u8 vector, bool ext) {
  if ((selector & 0xFFFC) == 0) return load_null_segment(c, index, selector);
  const u32 error = selector_error(selector, ext);
  Descriptor d;
  if (!read_descriptor(c, selector, d)) c.raise(vector, error);
  if (!d.s() || !d.readable()) c.raise(vector, error);
  if (!d.conforming_code() && ((selector & 3) > d.dpl() || c.cpl > d.dpl())) c.raise(vector, error);
  if (!d.present()) c.raise(kNP, error);
  mark_accessed(c, d);
  c.seg[index] = d.segment(selector);
}

void load_segment(Cpu& c, u8 index, u16 selector) {
  if (!c.protected_mode() || c.v86())
    load_real_segment(c, index, selector);
  else if (index == SS)
    load_stack_segment(c, selector);
  else
    load_data_segment(c, index, selector);
}

void drop_inner_segments(Cpu& c) {
  for (const u8 index : {ES, DS, FS, GS}) {
    const Segment& g = c.seg[index];
    // A null one keeps its base, which an MSR may have set.
    if (g.usable && !(g.code() && g.conforming()) && g.dpl() < c.cpl)
      load_null_segment(c, index, 0);
  }
}

void write_sp(Cpu& c, u64 mask, u64 value) {
  if (mask == 0xFFFF)
    c.reg<u16>(RSP * 8) = u16(value);
  else
    c.r[RSP] = value & mask;
}

void StackWriter::push(u64 value, unsigned size) {
  const u64 at = (sp - size) & mask();
  u64 linear = at;
  if (wide) {
    if (!canonical(at) || !canonical(at + size - 1)) c.raise(kSS, error);
  } else {
    if (!within_limit(segment, at, size)) c.raise(kSS, error);
    linear = u32(segment.base + at);
  }
  c.store_slow(linear, size, value, user, SS);
  sp = (sp & ~mask()) | at;
}

void StackWriter::commit() const { c.r[RSP] = wide ? sp : u32(sp); }

u64 stack_read(Cpu& c, u64 above, unsigned size) {
  return c.load_slow(stack_address(c, c.r[RSP] + above, size, false), size, c.user(), SS);
}

// --- instructions --------------------------------------------------------------------------------

// MOV SS and POP SS hold off interrupts until after the next instruction.
static void loaded(Cpu& c, u8 index) {
  c.update_mode();
  if (index == SS) c.shadow_at = c.position().icount + 1;
}

void mov_from_sreg(Cpu& c, const Op& op) {
  const u8 number = op.reg & 7;  // REX.R is ignored
  if (number > GS) c.raise(kUD);
  const u16 selector = c.seg[number].selector;
  if (op.flags & kOpMemory)
    write_rm<u16>(c, op, selector);
  else
    write_reg_size(c, op.rm, op.osize, selector);
}

void mov_to_sreg(Cpu& c, const Op& op) {
  const u8 number = op.reg & 7;  // REX.R is ignored
  if (number > GS || number == CS) c.raise(kUD);
  load_segment(c, number, read_rm<u16>(c, op));
  loaded(c, number);
}

template <u8 Seg>
void push_sreg(Cpu& c, const Op& op) {
  const u16 selector = c.seg[Seg].selector;
  if (op.osize == 2)
    push<u16>(c, &op, selector);
  else if (op.osize == 4)
    push<u32>(c, &op, selector);
  else
    push<u64>(c, &op, selector);
}

template <u8 Seg>
void pop_sreg(Cpu& c, const Op& op) {
  const u16 selector = u16(stack_read(c, 0, op.osize));
  const unsigned width = c.stack_width();
  const u64 sp = c.r[RSP] + op.osize;
  load_segment(c, Seg, selector);
  write_sp(c, width == 8 ? ~u64(0) : width == 4 ? 0xFFFFFFFF : 0xFFFF, sp);
  loaded(c, Seg);
}

template <u8 Seg>
void load_far_pointer(Cpu& c, const Op& op) {
  const u64 address = memory_address(c, op, op.osize + 2u, false);
  const u64 offset = c.load_slow(address, op.osize, c.user(), op.seg);
  const u64 after = address + op.osize;
  const u16 selector = u16(c.load_slow(c.code64() ? after : u32(after), 2, c.user(), op.seg));
  load_segment(c, Seg, selector);
  write_reg_size(c, op.reg, op.osize, offset);
  loaded(c, Seg);
}

template void push_sreg<ES>(Cpu&, const Op&);
template void push_sreg<CS>(Cpu&, const Op&);
template void push_sreg<SS>(Cpu&, const Op&);
template void push_sreg<DS>(Cpu&, const Op&);
template void push_sreg<FS>(Cpu&, const Op&);
template void push_sreg<GS>(Cpu&, const Op&);
template void pop_sreg<ES>(Cpu&, const Op&);
template void pop_sreg<SS>(Cpu&, const Op&);
template void pop_sreg<DS>(Cpu&, const Op&);
template void pop_sreg<FS>(Cpu&, const Op&);
template void pop_sreg<GS>(Cpu&, const Op&);
template void load_far_pointer<ES>(Cpu&, const Op&);
template void load_far_pointer<DS>(Cpu&, const Op&);
template void load_far_pointer<SS>(Cpu&, const Op&);
template void load_far_pointer<FS>(Cpu&, const Op&);
template void load_far_pointer<GS>(Cpu&, const Op&);

}  // namespace reprise::cpu
