// Puts a generated program into a machine: descriptor and page tables, registers.
#include "tests/support/program_generator.h"

namespace reprise::cpu {

namespace {

constexpr u64 kGdt = 0x1000, kIdt = 0x2000, kTss = 0x3000, kHandlers = 0x4000, kHandlerSize = 0x40;
constexpr u64 kTables = 0x40000, kLeaves = 0x44000;

u64 gate(u16 selector, u32 offset, u8 access) {
  return (offset & 0xFFFF) | u64(selector) << 16 | u64(access) << 40 | u64(offset >> 16) << 48;
}

void descriptors(EquivalenceMachine& m, bool wide, bool interrupts_off, u32 code_limit) {
  m.poke(kGdt + 0x08, 8, wide ? 0x00AF9B000000FFFF : 0x00CF9B000000FFFF);
  m.poke(kGdt + 0x10, 8, 0x00CF93000000FFFF);
  m.poke(kGdt + 0x18, 8, wide ? 0x00AFFB000000FFFF : 0x00CFFB000000FFFF);
  m.poke(kGdt + 0x20, 8, 0x00CFF3000000FFFF);
  if (code_limit) {  // in bytes, below 1 MiB
    m.poke(kGdt + 0x08, 8, 0x00409B0000000000 | code_limit);
    m.poke(kGdt + 0x18, 8, 0x0040FB0000000000 | code_limit);
  }
  for (unsigned v = 0; v < 64; ++v) {
    const u8 access = u8((v == 3 || v == 4 || v == 0x30 ? 0xEE : 0x8E) | (interrupts_off ? 0 : 1));
    m.poke(kIdt + (wide ? 16 : 8) * v, 8, gate(0x08, u32(kHandlers + kHandlerSize * v), access));
  }
}

// Identity below 2 MiB (or 4), two more views of it with other rights and frames above.
void page_tables(EquivalenceMachine& m, const Program& p, Rng& rng) {
  const bool wide = p.mode != GuestMode::kPaging;
  const unsigned size = wide ? 8 : 4;
  if (p.mode == GuestMode::kLong) {
    m.poke(kTables, 8, 0x41007), m.poke(0x41000, 8, 0x42007);
  } else if (p.mode == GuestMode::kPae) {
    for (unsigned i = 0; i < 4; ++i) m.poke(kTables + 8 * i, 8, i == 0 ? 0x42001 : 0);
  }
  const u64 directory = wide ? 0x42000 : kTables;
  for (unsigned i = 0; i < 3; ++i)
    if (wide || i < 2) m.poke(directory + size * i, size, (kLeaves + 0x1000 * i) | 7);
  static constexpr u32 frames[8] = {0x20, 0x21, 0x22, 0x0C, 0x0D, 0xF0, 0xE0, 0xD0};
  const bool user_tables = rng.chance(30) && !p.smap;
  const auto leaf = [&](unsigned region, unsigned page, u64 entry) {
    const u64 at = wide          ? kLeaves + 0x1000 * region + 8 * page
                   : region == 2 ? kLeaves + 0x1000 + 4 * page
                                 : kLeaves + 4 * (page + 512 * region);
    m.poke(at, size, entry);
  };
  for (unsigned page = 0; page < 0x100; ++page) {
    const bool areas = (page >= 0x20 && page < 0x28) || (page >= 0x0C && page < 0x10);
    const bool system =
        page < 6 || (page >= 8 && page < 10) || (page >= 0x40 && page < 0x48) || (p.smap && !areas);
    leaf(0, page, page << 12 | (system && !user_tables ? 3 : 7));
    for (unsigned region = 1; region < 3; ++region) {
      u32 frame = page;
      if (areas && rng.chance(30)) frame = frames[rng.below(8)];
      u32 rights = 7;
      if (rng.chance(15)) rights = rng.below(8);
      if (rng.chance(20)) rights |= 0x100;
      if (rng.chance(30)) rights |= 0x20;
      leaf(region, page, frame << 12 | rights);
    }
  }
}

void flat(Cpu& c, SegIndex index, u16 selector, u16 rights) {
  Segment& g = c.seg[index];
  g = {};
  g.selector = selector;
  g.rights = rights;
  g.limit = 0xFFFFFFFF;
}

void enter_real(Cpu& c, bool flat_code) {
  for (const SegIndex i : {CS, SS, DS, ES, FS, GS}) {
    c.seg[i].selector = i == DS || i == ES ? 0x2000 : 0;
    c.seg[i].base = i == DS || i == ES ? kDataArea : 0;
    c.seg[i].limit = flat_code ? 0xFFFFFFFF : 0xFFFF;
  }
  c.cr0 = CR0_ET | CR0_NE;
}

void enter_protected(Cpu& c, const Program& p, u32 code_limit) {
  const bool wide = p.mode == GuestMode::kLong;
  const u16 level = u16(p.ring << 5);
  flat(c, CS, p.ring ? 0x1B : 0x08,
       u16(0x9B | level |
           (wide         ? 0xA000
            : code_limit ? 0x4000
                         : 0xC000)));
  if (code_limit) c.seg[CS].limit = code_limit;
  for (const SegIndex i : {SS, DS, ES, FS, GS})
    flat(c, i, p.ring ? 0x23 : 0x10, u16(0xC093 | level));
  c.cpl = p.ring;
  c.gdtr = {kGdt, 0x47};
  c.idtr = {kIdt, u16(wide ? 1023 : 511)};
  Segment& tr = c.seg[TR];
  tr.selector = 0x28, tr.base = kTss + 0x400 * c.index, tr.limit = 0x67, tr.rights = 0x8B;
  c.seg[LDTR].usable = false;
  c.cr0 = CR0_PE | CR0_ET | CR0_NE;
  if (p.mode >= GuestMode::kPaging) c.cr0 |= CR0_PG;
  if (p.mode >= GuestMode::kPae) c.cr4 |= CR4_PAE;
  if (wide) c.efer = EFER_LME | EFER_LMA | EFER_SCE;
  if (p.mode >= GuestMode::kPaging) c.cr3 = kTables;
  if (p.mode == GuestMode::kPae) c.pdpte[0] = 0x42001;
}

}  // namespace

void install_program(EquivalenceMachine& m, const Program& p) {
  Rng rng{p.registers_seed};
  for (const auto& [at, bytes] : p.memory) m.ram->write(at, bytes);
  m.rom->write(0, p.rom);
  const bool wide = p.mode == GuestMode::kLong;
  const u32 code_limit = !wide && rng.chance(25) ? u32(kCodeArea) + rng.below(0x3000) : 0;
  if (p.mode <= GuestMode::kRealFlat) {
    for (unsigned v = 0; v < 64; ++v) m.poke(4 * v, 4, kHandlers + kHandlerSize * v);
  } else {
    descriptors(m, wide, rng.chance(80), code_limit);
  }
  for (unsigned i = 0; i < p.cpus; ++i) {
    const u64 tss = kTss + 0x400 * i, stack = i ? 0x2FF00 : 0x9F00;
    if (wide) {
      m.poke(tss + 4, 8, stack);
    } else {
      m.poke(tss + 4, 4, stack), m.poke(tss + 8, 2, 0x10);
    }
    m.poke(tss + 0x66, 2, 0x68);
  }
  if (p.mode >= GuestMode::kPaging) page_tables(m, p, rng);
  for (unsigned i = 0; i < p.cpus; ++i) {
    Cpu& c = m.cluster->cpu(i);
    for (unsigned r = 0; r < 16; ++r)
      c.r[r] = rng.chance(50) ? rng.next() & 0x3FFF : kDataArea + rng.below(0x4000);
    if (!wide)
      for (unsigned r = 8; r < 16; ++r) c.r[r] = 0;
    if (p.mode <= GuestMode::kRealFlat)
      enter_real(c, p.mode == GuestMode::kRealFlat);
    else
      enter_protected(c, p, code_limit);
    c.cr4 |= (rng.chance(70) ? CR4_OSFXSR : 0) | (rng.chance(50) ? CR4_PGE : 0) |
             (rng.chance(50) ? CR4_DE : 0);
    if (p.mode == GuestMode::kLong && rng.chance(50)) c.cr4 |= CR4_PKE;
    if (p.smap) c.cr4 |= CR4_SMAP;
    if (p.smap && rng.chance(70)) c.eflags |= AC;
    if (p.mode >= GuestMode::kPaging && rng.chance(50)) c.cr0 |= CR0_WP;
    if (rng.chance(60)) c.eflags |= IF;
    if (p.ring && rng.chance(50)) c.eflags |= IOPL;
    if (p.ring && rng.chance(30)) c.cr0 |= CR0_AM;
    c.r[RSP] = i ? 0x2F000 : p.ring ? 0x7E00 : 0x9E00;
    if (p.mode <= GuestMode::kRealFlat) c.r[RSP] = i ? 0x7E00 : 0x9E00;
    c.r[kRip] = p.entry[i];
    c.smbase = i ? 0x50000 : 0x30000;
    c.activity = Activity::Running;
    c.update_mode();
  }
  m.rig->start(rng.chance(50) ? 40 : 700);
}

}  // namespace reprise::cpu
