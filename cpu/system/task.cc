// Hardware task switch.
//
// Source: Intel SDM volume 3, sections 8.2 (TSS), 8.3 (switching), table 8-1 (checks and their
// order), table 8-2 (busy, NT, link).
//
// All that can fault in the old task's context comes first: both TSSs are translated for writing
// before anything is written. From the commit point on, faults are the new task's.
#include "cpu/memory/access.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"
#include "cpu/timing/clocks.h"

namespace reprise::cpu {

namespace {

// What a TSS holds, from the instruction pointer to the LDT selector.
struct TaskState {
  u32 cr3 = 0, eip = 0, eflags = 0;
  u32 gpr[8] = {};
  u16 selector[6] = {};  // in order of SegIndex
  u16 ldt = 0;
  bool trap = false;
};

// Offsets in the 32-bit TSS.
constexpr u32 kLink = 0, kCr3 = 0x1C, kEip = 0x20, kEflags = 0x24, kGpr = 0x28, kSelectors = 0x48,
              kTaskLdt = 0x60, kTrap = 0x64;
// ... and in the 16-bit one.
constexpr u32 kIp16 = 0x0E, kFlags16 = 0x10, kGpr16 = 0x12, kSelectors16 = 0x22, kLdt16 = 0x2A;

TaskState read_task(Cpu& c, u32 base, bool wide) {
  TaskState t;
  const auto get = [&](u32 offset, unsigned size) {
    return u32(c.read_system(u32(base + offset), size));
  };
  if (wide) {
    t.cr3 = get(kCr3, 4), t.eip = get(kEip, 4), t.eflags = get(kEflags, 4);
    for (u32 i = 0; i < 8; ++i) t.gpr[i] = get(kGpr + 4 * i, 4);
    for (u32 i = 0; i < 6; ++i) t.selector[i] = u16(get(kSelectors + 4 * i, 2));
    t.ldt = u16(get(kTaskLdt, 2));
    t.trap = get(kTrap, 2) & 1;
  } else {
    t.eip = get(kIp16, 2), t.eflags = get(kFlags16, 2);
    for (u32 i = 0; i < 8; ++i) t.gpr[i] = get(kGpr16 + 2 * i, 2) | 0xFFFF0000;
    for (u32 i = 0; i < 4; ++i) t.selector[i] = u16(get(kSelectors16 + 2 * i, 2));
    t.ldt = u16(get(kLdt16, 2));
  }
  return t;
}

void write_task(Cpu& c, u32 base, bool wide, u32 ip, u32 flags) {
  const auto put = [&](u32 offset, unsigned size, u32 value) {
    c.write_system(u32(base + offset), size, value);
  };
  if (wide) {
    put(kEip, 4, ip), put(kEflags, 4, flags);
    for (u32 i = 0; i < 8; ++i) put(kGpr + 4 * i, 4, u32(c.r[i]));
    for (u32 i = 0; i < 6; ++i) put(kSelectors + 4 * i, 2, c.seg[i].selector);
  } else {
    put(kIp16, 2, ip), put(kFlags16, 2, flags & 0xFFFF);
    for (u32 i = 0; i < 8; ++i) put(kGpr16 + 2 * i, 2, u32(c.r[i]) & 0xFFFF);
    for (u32 i = 0; i < 4; ++i) put(kSelectors16 + 2 * i, 2, c.seg[i].selector);
  }
}

// From the commit point on r[kRip] is such that a fault is seen at the new task's EIP.
void set_fault_ip(Cpu& c, u32 eip) { c.r[kRip] = c.in_block ? u64(eip) - c.op->offset : eip; }

void load_task_ldt(Cpu& c, u16 selector, bool ext) {
  load_null_segment(c, LDTR, selector);
  if ((selector & 0xFFFC) == 0) return;
  const u32 error = selector_error(selector, ext);
  Descriptor d;
  if ((selector & 4) || !read_descriptor(c, selector, d)) c.raise(kTS, error);
  if (d.s() || d.type() != kLdt || !d.present()) c.raise(kTS, error);
  c.seg[LDTR] = d.segment(selector);
}

void load_task_code(Cpu& c, u16 selector, bool ext) {
  const u32 error = selector_error(selector, ext);
  Descriptor d;
  if ((selector & 0xFFFC) == 0) c.raise(kTS, u32(ext));
  if (!read_descriptor(c, selector, d) || !d.code()) c.raise(kTS, error);
  const u8 rpl = selector & 3;
  if (d.conforming() ? d.dpl() > rpl : d.dpl() != rpl) c.raise(kTS, error);
  if (!d.present()) c.raise(kNP, error);
  mark_accessed(c, d);
  c.seg[CS] = d.segment(selector);
  c.update_mode();
}

constexpr u16 kWideCode = 0x4000;  // D

// The new task's segments, whose faults happen in the new task.
void load_task_segments(Cpu& c, const TaskState& t, bool ext) {
  // Until each is loaded, nothing of the old task's caches may be used.
  for (u8 i = 0; i < 6; ++i) load_null_segment(c, i, t.selector[i]);
  c.seg[CS].rights = kWideCode;  // a fault saves all of EIP
  if (c.v86()) {
    for (u8 i = 0; i < 6; ++i) load_real_segment(c, i, t.selector[i]);
    c.cpl = 3;
    c.update_mode();
    load_task_ldt(c, t.ldt, ext);
    return;
  }
  c.cpl = t.selector[CS] & 3;
  c.update_mode();
  load_task_ldt(c, t.ldt, ext);
  load_task_code(c, t.selector[CS], ext);
  if ((t.selector[SS] & 0xFFFC) == 0) c.raise(kTS, u32(ext));
  load_stack_segment(c, t.selector[SS], kTS, ext);
  for (const u8 i : {DS, ES, FS, GS}) load_data_segment(c, i, t.selector[i], kTS, ext);
  c.update_mode();
}

}  // namespace

void switch_task(Cpu& c, u16 selector, const Descriptor& d, TaskSwitch how, u64 return_ip, bool ext,
                 bool has_error, u32 error) {
  const bool wide = d.type() & 8;
  if (c.clocks && c.clocks->path != FarPath::TaskGate) c.clocks->path = FarPath::Tss;
  const Segment old = c.seg[TR];
  const bool old_wide = old.type() & 8;
  Segment tr = d.segment(selector);
  tr.rights |= 2;
  if (tr.limit < (wide ? 0x67u : 0x2Bu)) c.raise(kTS, selector_error(selector, ext));
  const u32 base = u32(tr.base), old_base = u32(old.base);

  // All of both TSSs that will be touched.
  const TaskState t = read_task(c, base, wide);
  const u32 first = old_wide ? kEip : kIp16, last = old_wide ? kTaskLdt - 1 : kLdt16 - 1;
  c.probe(u32(old_base + first), 1, true, false, DS);
  c.probe(u32(old_base + last), 1, true, false, DS);
  const bool nested = how == TaskSwitch::Call || how == TaskSwitch::Interrupt;
  if (nested) c.probe(u32(base + kLink), 2, true, false, DS);
  Descriptor old_descriptor;
  const bool leaves = how == TaskSwitch::Jump || how == TaskSwitch::Return;
  if (leaves && !read_descriptor(c, old.selector, old_descriptor))
    c.raise(kTS, selector_error(old.selector, ext));
  if (leaves) c.probe(old_descriptor.address + 5, 1, true, false, DS);
  if (how != TaskSwitch::Return) c.probe(d.address + 5, 1, true, false, DS);
  const bool paged = wide && (c.cr0 & CR0_PG);
  if (paged && (c.cr4 & CR4_PAE)) c.load_pdptes(t.cr3);

  u32 flags = c.rflags();
  if (how == TaskSwitch::Return) flags &= ~NT;
  if (leaves) set_busy(c, old_descriptor, false);
  write_task(c, old_base, old_wide, u32(return_ip), flags);
  if (nested) c.write_system(u32(base + kLink), 2, old.selector);
  if (how != TaskSwitch::Return) set_busy(c, d, true);

  // Commit: the new task's registers, then its segments.
  c.seg[TR] = tr;
  if (c.clocks) c.clocks->task = u8(!wide ? 2 : t.eflags & VM ? 1 : 0);
  c.cr0 |= CR0_TS;
  if (paged && t.cr3 != c.cr3) {
    c.cr3 = t.cr3;
    c.flush_tlb(false);
  }
  c.dr[7] &= ~u64(0x155);
  for (unsigned i = 0; i < 8; ++i) c.r[i] = t.gpr[i];
  set_fault_ip(c, t.eip);
  c.cpl = 0;
  c.set_rflags((t.eflags & 0x3F7FD7) | (nested ? NT : 0));
  load_task_segments(c, t, ext);
  if (t.eip > (c.v86() ? 0xFFFF : c.seg[CS].limit)) c.raise(kGP, u32(ext));
  if (has_error) {
    StackWriter stack = StackWriter::present(c, false, u32(ext));
    stack.push(error, wide ? 4 : 2);
    stack.commit();
  }
  if (t.trap) c.debug_trap |= 1u << 15;
  c.r[kRip] = t.eip;
}

void switch_by_gate(Cpu& c, u16 selector, TaskSwitch how, u64 return_ip, bool ext, bool has_error,
                    u32 error) {
  if (c.clocks) c.clocks->path = FarPath::TaskGate;
  const u32 code = selector_error(selector, ext);
  Descriptor d;
  if ((selector & 4) || !read_descriptor(c, selector, d)) c.raise(kGP, code);
  if (d.s() || (d.type() != kTss16 && d.type() != kTss32)) c.raise(kGP, code);
  if (!d.present()) c.raise(kNP, code);
  switch_task(c, selector, d, how, return_ip, ext, has_error, error);
}

void return_from_task(Cpu& c, u64 return_ip) {
  const Segment& tr = c.seg[TR];
  if (!tr.usable) c.raise(kTS, 0);
  const u16 selector = u16(c.read_system(u32(tr.base), 2));
  const u32 code = selector_error(selector);
  Descriptor d;
  if ((selector & 4) || !read_descriptor(c, selector, d)) c.raise(kTS, code);
  if (d.s() || (d.type() != kTss16Busy && d.type() != kTss32Busy)) c.raise(kTS, code);
  if (!d.present()) c.raise(kNP, code);
  switch_task(c, selector, d, TaskSwitch::Return, return_ip);
}

}  // namespace reprise::cpu
