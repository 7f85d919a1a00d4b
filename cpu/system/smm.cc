// System management mode.
//
// Source: AMD APM volume 2, section 10.2 (64-bit save area, revision 20064h) for models with long
// mode; Intel SDM volume 3, section 30.4.1.1 (32-bit save area, revision 20000h) for the others,
// whose reserved part holds the descriptor caches.
// Both relocate SMBASE and restart HLT. Not modelled: restart of I/O instructions.
#include "cpu/cluster.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

constexpr u64 kSaveArea = 0x8000;  // offsets below are from SMBASE + 8000h
constexpr u32 kRevision = 0x7EFC;

struct SaveArea {
  Cpu& c;
  u64 base;
  void put(u32 offset, unsigned size, u64 value) const {
    c.write_physical(base + offset, size, value);
  }
  u64 get(u32 offset, unsigned size) const { return c.read_physical(base + offset, size); }
};

// Rights as 12 bits: byte 5 of the descriptor, then the flags of byte 6. Unusable is not present.
u16 pack(const Segment& g) { return g.usable ? (g.rights & 0xFF) | (g.rights >> 4 & 0xF00) : 0; }
void unpack(Segment& g, u16 packed) {
  g.rights = (packed & 0xFF) | (packed & 0xF00) << 4;
  g.usable = packed & 0x80;
}

// --- 64-bit area
constexpr SegIndex kOrder64[8] = {ES, CS, SS, DS, FS, GS, LDTR, TR};
constexpr u32 kSegment64[8] = {0x7E00, 0x7E10, 0x7E20, 0x7E30, 0x7E40, 0x7E50, 0x7E70, 0x7E90};
constexpr u32 kGpr64 = 0x7FF8;  // RAX; the others below it in order

void save64(const SaveArea& a) {
  Cpu& c = a.c;
  for (unsigned i = 0; i < 8; ++i) {
    const Segment& g = c.seg[kOrder64[i]];
    a.put(kSegment64[i], 2, g.selector);
    a.put(kSegment64[i] + 2, 2, pack(g));
    a.put(kSegment64[i] + 4, 4, g.limit);
    a.put(kSegment64[i] + 8, 8, g.base);
  }
  a.put(0x7E64, 4, c.gdtr.limit), a.put(0x7E68, 8, c.gdtr.base);
  a.put(0x7E84, 4, c.idtr.limit), a.put(0x7E88, 8, c.idtr.base);
  a.put(0x7EC8, 1, 0);
  a.put(0x7EC9, 1, c.activity == Activity::Halted);
  a.put(0x7ECA, 1, c.nmi_blocked);
  a.put(0x7ECB, 1, c.cpl);
  a.put(0x7ED0, 8, c.efer);
  a.put(kRevision, 4, 0x20064), a.put(0x7F00, 4, c.smbase);
  a.put(0x7F48, 8, c.cr4), a.put(0x7F50, 8, c.cr3), a.put(0x7F58, 8, c.cr0);
  a.put(0x7F60, 8, c.dr[7]), a.put(0x7F68, 8, c.dr[6]);
  a.put(0x7F70, 8, c.rflags()), a.put(0x7F78, 8, c.r[kRip]);
  for (u32 i = 0; i < 16; ++i) a.put(kGpr64 - 8 * i, 8, c.r[i]);
}

// --- 32-bit area
constexpr u32 kSelector32[8] = {0x7FA8, 0x7FAC, 0x7FB0, 0x7FB4, 0x7FB8, 0x7FBC, 0x7FC0, 0x7FC4};
constexpr u32 kHidden32 = 0x7F10;  // base, limit, rights of each: reserved in the manual
constexpr u32 kGpr32 = 0x7FD0;     // EAX; the others above it in order

void save32(const SaveArea& a) {
  Cpu& c = a.c;
  a.put(0x7FFC, 4, c.cr0), a.put(0x7FF8, 4, c.cr3);
  a.put(0x7FF4, 4, c.rflags()), a.put(0x7FF0, 4, c.r[kRip]);
  for (u32 i = 0; i < 8; ++i) a.put(kGpr32 + 4 * i, 4, u32(c.r[i]));
  a.put(0x7FCC, 4, c.dr[6]), a.put(0x7FC8, 4, c.dr[7]);
  for (u32 i = 0; i < 8; ++i) {
    const Segment& g = c.seg[i];
    a.put(kSelector32[i], 4, g.selector);
    a.put(kHidden32 + 12 * i, 4, g.base);
    a.put(kHidden32 + 12 * i + 4, 4, g.limit);
    a.put(kHidden32 + 12 * i + 8, 4, pack(g));
  }
  a.put(0x7F70, 4, c.gdtr.base), a.put(0x7F74, 4, c.gdtr.limit);
  a.put(0x7F78, 4, c.idtr.base), a.put(0x7F7C, 4, c.idtr.limit);
  a.put(0x7F80, 4, c.cr4);
  a.put(0x7F84, 4, c.cpl), a.put(0x7F88, 4, c.nmi_blocked);
  a.put(0x7F00, 2, 0), a.put(0x7F02, 2, c.activity == Activity::Halted);
  a.put(0x7EF8, 4, c.smbase), a.put(kRevision, 4, 0x20000);
}

// What RSM would load, judged before anything is.
struct Modes {
  u64 cr0, cr3, cr4, efer;
  u32 rflags;
  u8 cpl;
};

bool legal(const Cpu& c, const Modes& m) {
  const CpuModel& model = c.cluster.model();
  const bool paging = m.cr0 & CR0_PG;
  if ((m.cr0 >> 32) || (paging && !(m.cr0 & CR0_PE))) return false;
  if ((m.cr0 & CR0_NW) && !(m.cr0 & CR0_CD)) return false;
  if (m.cr4 & ~u64(model.cr4_mask())) return false;
  if (m.efer & ~u64(model.efer_mask())) return false;
  const bool lma = paging && (m.efer & EFER_LME);
  if (lma && !(m.cr4 & CR4_PAE)) return false;
  if (!lma && (m.cr4 & CR4_PCIDE)) return false;
  if (m.cr3 >> 40) return false;
  return m.cpl <= 3 && !(lma && (m.rflags & VM));
}

void commit(Cpu& c, const Modes& m) {
  c.cr0 = (m.cr0 & 0xE005003F) | CR0_ET;
  c.cr3 = m.cr3;
  c.cr4 = m.cr4;
  c.efer = m.efer & ~u64(EFER_LMA);
  if ((c.cr0 & CR0_PG) && (c.efer & EFER_LME)) c.efer |= EFER_LMA;
  c.cpl = m.rflags & VM ? 3 : !(m.cr0 & CR0_PE) ? 0 : m.cpl;
  c.set_rflags(m.rflags & 0x3F7FD7);
}

bool load64(const SaveArea& a) {
  Cpu& c = a.c;
  const Modes m{a.get(0x7F58, 8), a.get(0x7F50, 8),      a.get(0x7F48, 8),
                a.get(0x7ED0, 8), u32(a.get(0x7F70, 8)), u8(a.get(0x7ECB, 1))};
  if (!legal(c, m)) return false;
  const bool halted = a.get(0x7EC9, 1) & 1;
  for (unsigned i = 0; i < 8; ++i) {
    Segment& g = c.seg[kOrder64[i]];
    g.selector = u16(a.get(kSegment64[i], 2));
    unpack(g, u16(a.get(kSegment64[i] + 2, 2)));
    g.limit = u32(a.get(kSegment64[i] + 4, 4));
    g.base = a.get(kSegment64[i] + 8, 8);
  }
  c.gdtr = {a.get(0x7E68, 8), u16(a.get(0x7E64, 2))};
  c.idtr = {a.get(0x7E88, 8), u16(a.get(0x7E84, 2))};
  c.nmi_blocked = a.get(0x7ECA, 1) & 1;
  const u64 smbase = a.get(0x7F00, 4);
  c.dr[7] = (a.get(0x7F60, 8) & 0xFFFF23FF) | 0x400;
  c.dr[6] = (a.get(0x7F68, 8) & 0xE00F) | 0xFFFF0FF0;
  for (u32 i = 0; i < 16; ++i) c.r[i] = a.get(kGpr64 - 8 * i, 8);
  const u64 ip = a.get(0x7F78, 8);
  commit(c, m);
  c.smbase = smbase;
  c.activity = halted ? Activity::Halted : Activity::Running;
  c.r[kRip] = ip;
  return true;
}

bool load32(const SaveArea& a) {
  Cpu& c = a.c;
  const Modes m{a.get(0x7FFC, 4),      a.get(0x7FF8, 4),    a.get(0x7F80, 4), 0,
                u32(a.get(0x7FF4, 4)), u8(a.get(0x7F84, 1))};
  if (!legal(c, m)) return false;
  const bool halted = a.get(0x7F02, 2) & 1;
  for (u32 i = 0; i < 8; ++i) {
    Segment& g = c.seg[i];
    g.selector = u16(a.get(kSelector32[i], 4));
    g.base = a.get(kHidden32 + 12 * i, 4);
    g.limit = u32(a.get(kHidden32 + 12 * i + 4, 4));
    unpack(g, u16(a.get(kHidden32 + 12 * i + 8, 4)));
  }
  c.gdtr = {a.get(0x7F70, 4), u16(a.get(0x7F74, 4))};
  c.idtr = {a.get(0x7F78, 4), u16(a.get(0x7F7C, 4))};
  c.nmi_blocked = a.get(0x7F88, 4) & 1;
  const u64 smbase = a.get(0x7EF8, 4);
  c.dr[7] = (a.get(0x7FC8, 4) & 0xFFFF23FF) | 0x400;
  c.dr[6] = (a.get(0x7FCC, 4) & 0xE00F) | 0xFFFF0FF0;
  for (u32 i = 0; i < 8; ++i) c.r[i] = a.get(kGpr32 + 4 * i, 4);
  const u64 ip = a.get(0x7FF0, 4);
  commit(c, m);
  c.smbase = smbase;
  c.activity = halted ? Activity::Halted : Activity::Running;
  c.r[kRip] = ip;
  return true;
}

bool wide(const Cpu& c) { return c.cluster.model().has(Feature::kLm); }

}  // namespace

void Cpu::enter_smm() {
  smm = true;
  memory_map_changed();  // SMRAM appears
  const SaveArea area{*this, smbase + kSaveArea};
  if (wide(*this))
    save64(area);
  else
    save32(area);
  nmi_blocked = true;
  activity = Activity::Running;
  shadow_at = kNever;
  debug_trap = 0;
  cr0 &= ~u64(CR0_PE | CR0_EM | CR0_TS | CR0_PG);
  cr4 = 0;
  efer = 0;
  dr[7] = 0x400;
  cpl = 0;
  eflags = 2;
  flags.set_raw(0);
  for (const u8 i : {ES, CS, SS, DS, FS, GS}) {
    seg[i] = {};
    seg[i].rights = 0x8093;
    seg[i].limit = 0xFFFFFFFF;
  }
  seg[CS].selector = u16(smbase >> 4);
  seg[CS].base = smbase;
  r[kRip] = 0x8000;
  flush_tlb(true);
  update_mode();
}

void rsm(Cpu& c, const Op&) {
  if (!c.smm) c.raise(kUD);
  const SaveArea area{c, c.smbase + kSaveArea};
  if (!(wide(c) ? load64(area) : load32(area))) {
    c.r[kRip] = c.ip();
    c.cluster.triple_fault(c);
    return;
  }
  c.smm = false;
  c.memory_map_changed();
  c.flush_tlb(true);
  c.update_mode();
}

}  // namespace reprise::cpu
