// Linear to guest-physical: page walks in all paging modes, by way of the TLBs.
//
// Source: Intel SDM volume 3, chapter 4. The TLBs are direct-mapped and part of the machine's
// state; what is cached is visible to guests that change tables without flushing. Large pages are
// cached as 4 KiB pieces that remember their size, so that INVLPG drops all of them.
//
// A fetch looks into the code TLB only when control enters another page than that of the previous
// fetch, or after a flush; direct mapping without replacement state makes any further look-up
// invisible, so cached blocks and single steps see the same translations.
//
// What a page permits may depend on EFLAGS.AC (SMAP) and PKRU. Neither is looked at where a pointer
// is at hand: when they forbid more than they did, the pointers that this is about are dropped.
#include "cpu/cluster.h"
#include "cpu/memory/sized.h"

namespace reprise::cpu {

namespace {

constexpr u64 kPresent = 1, kWritable = 2, kUser = 4, kAccessed = 32, kDirty = 64, kLarge = 128,
              kGlobal = 256, kNx = u64(1) << 63;
constexpr unsigned kPhysBits = 40;
constexpr u64 kFrameMask = ((u64(1) << kPhysBits) - 1) & ~u64(0xFFF);
constexpr u64 kAboveMax = ((u64(1) << 52) - 1) & ~((u64(1) << kPhysBits) - 1);

constexpr u32 kErrorPresent = 1, kErrorWrite = 2, kErrorUser = 4, kErrorReserved = 8,
              kErrorFetch = 16, kErrorKey = 32;

struct Access {
  bool write, user, fetch = false;
  bool implicit = false;  // to tables of the processor
};

// Do SMEP and SMAP keep supervisor code from the pages of users?
bool keeps_off(const Cpu& c, Access a) {
  if (a.fetch) return c.cr4 & CR4_SMEP;
  return (c.cr4 & CR4_SMAP) && (a.implicit || c.user() || !(c.eflags & AC));
}

// The protection key of a user page.
bool key_denies(const Cpu& c, const TlbEntry& e, Access a) {
  if (!(c.cr4 & CR4_PKE) || !c.long_mode() || !e.user || a.fetch) return false;
  const u32 rights = c.pkru >> (2 * e.key);  // AD, WD
  return (rights & 1) || ((rights & 2) && a.write && (a.user || (c.cr0 & CR0_WP)));
}

bool permits(const Cpu& c, const TlbEntry& e, Access a) {
  if (a.user ? !e.user : e.user && keeps_off(c, a)) return false;
  if (a.fetch && e.nx) return false;
  if (a.write && !e.writable && (a.user || (c.cr0 & CR0_WP))) return false;
  return !key_denies(c, e, a);
}

[[noreturn]] void page_fault(Cpu& c, u64 linear, u32 error, Access a) {
  // The entry that faulted is dropped, as processors do: a handler that only adds rights need not
  // flush.
  TlbEntry& e = a.fetch ? c.code_tlb[linear >> 12 & (kCodeTlb - 1)]
                        : c.data_tlb[linear >> 12 & (kDataTlb - 1)];
  if (e.tag == linear >> 12) {
    if (a.fetch)
      c.drop_code_entry(linear);
    else
      c.drop_data_entry(linear);
    e = {};
  }
  c.cr2 = linear;
  const bool nx = ((c.efer & EFER_NXE) && (c.cr4 & CR4_PAE)) || (c.cr4 & CR4_SMEP);
  c.raise(kPF, error | (a.write ? kErrorWrite : 0) | (a.user ? kErrorUser : 0) |
                   (a.fetch && nx ? kErrorFetch : 0));
}

// One level of a walk: where the entry was, so that A and D can be set once all is known.
struct Step {
  u64 address;
  u64 entry;
};

TlbEntry walk(Cpu& c, u64 linear, Access a) {
  Step steps[4];
  unsigned depth = 0;
  unsigned size_bits = 12;
  u64 writable = kWritable, user = kUser;
  bool nx = false;
  const bool nxe = c.efer & EFER_NXE;
  const bool wide = c.cr4 & CR4_PAE;
  const unsigned entry_size = wide ? 8 : 4;
  u64 table = c.cr3 & (wide ? kFrameMask : 0xFFFFF000);
  unsigned level = c.long_mode() ? 4 : wide ? 3 : 2;
  u64 entry = 0;

  if (level == 3) {  // the PDPTEs are registers, loaded with CR3
    entry = c.pdpte[linear >> 30 & 3];
    if (!(entry & kPresent)) page_fault(c, linear, 0, a);
    table = entry & kFrameMask;
    level = 2;
  }
  for (;; --level) {
    const unsigned shift = wide ? 12 + 9 * (level - 1) : 12 + 10 * (level - 1);
    const u64 slot = linear >> shift & (wide ? 511 : 1023);
    const u64 address = table + slot * entry_size;
    const PhysPage page = c.phys_page(address);
    entry = page.block
                ? read_sized(reinterpret_cast<u64>(page.block->data() + page.page * kPageSize) +
                                 (address & 0xFFF),
                             entry_size)
                : c.read_physical(address, entry_size);
    steps[depth++] = {address, entry};
    if (!(entry & kPresent)) page_fault(c, linear, 0, a);
    const bool large = (entry & kLarge) && level > 1 && (wide || (c.cr4 & CR4_PSE));
    u64 reserved = 0;
    if (wide) {
      reserved = kAboveMax | (nxe ? 0 : kNx) | (c.long_mode() ? 0 : 0x7FF0000000000000);
      if ((entry & kLarge) && (level == 4 || (level == 3 && !c.has_1g_pages()))) reserved |= kLarge;
      if (large) reserved |= ((u64(1) << shift) - 1) & ~u64(0x1FFF);
    } else if (large) {
      reserved = 1u << 21;  // PSE-36 gives bits 13-20 to the frame
    }
    if (entry & reserved) page_fault(c, linear, kErrorPresent | kErrorReserved, a);
    writable &= entry;
    user &= entry;
    nx |= nxe && (entry & kNx);
    if (large || level == 1) {
      size_bits = large ? shift : 12;
      break;
    }
    table = entry & (wide ? kFrameMask : 0xFFFFF000);
  }

  TlbEntry e;
  e.tag = linear >> 12;
  const u64 inside = linear & ((u64(1) << size_bits) - 1) & ~u64(0xFFF);
  u64 frame = entry & (wide ? kFrameMask : 0xFFFFF000);
  if (size_bits > 12) {
    frame &= ~((u64(1) << size_bits) - 1);
    if (!wide) frame |= (entry >> 13 & 0xFF) << 32;
  }
  e.frame = (frame | inside) >> 12;
  e.user = user != 0;
  e.writable = writable != 0;
  e.global = (entry & kGlobal) && (c.cr4 & CR4_PGE);
  e.nx = nx;
  e.large = size_bits > 12 ? size_bits : 0;
  e.key = c.long_mode() ? entry >> 59 & 15 : 0;
  if (!permits(c, e, a))
    page_fault(c, linear, kErrorPresent | (key_denies(c, e, a) ? kErrorKey : 0), a);
  e.dirty = a.write || (entry & kDirty);

  for (unsigned i = 0; i < depth; ++i) {
    const u64 wanted = steps[i].entry | kAccessed | (i + 1 == depth && a.write ? kDirty : u64(0));
    if (wanted != steps[i].entry) c.write_physical(steps[i].address, entry_size, wanted);
  }
  return e;
}

template <unsigned N>
void note(TlbSets<N>& sets, unsigned index, const TlbEntry& e) {
  sets.used.add(index);
  if (!e.global) sets.local.add(index);
  if (e.large) sets.large.add(index);
  if (e.key) sets.keyed.add(index);
}

u64 translate_data(Cpu& c, u64 linear, Access a) {
  const unsigned index = linear >> 12 & (kDataTlb - 1);
  if (!(c.cr0 & CR0_PG)) {
    c.data_sets.used.add(index);
    return u32(linear);
  }
  TlbEntry& e = c.data_tlb[index];
  if (e.tag != linear >> 12 || !permits(c, e, a) || (a.write && !e.dirty)) {
    const TlbEntry found = walk(c, linear, a);
    c.drop_data_entry(linear);
    e = found;
    note(c.data_sets, index, e);
  }
  return e.frame << 12 | (linear & 0xFFF);
}

void probe_data(Cpu& c, u64 linear, unsigned size, Access a, u8 segment) {
  c.check_access(linear, size, a.user, segment);
  translate_data(c, linear, a);
  if (((linear + size - 1) ^ linear) & ~u64(0xFFF)) {
    const u64 second = (linear + size - 1) & ~u64(0xFFF);
    translate_data(c, c.code64() ? second : u32(second), a);
  }
}

// EFLAGS.AC opens the pages of users to instructions, and not to what they imply: refused here,
// since what follows looks at AC.
void probe_implicit(Cpu& c, u64 linear, unsigned size, bool write) {
  if (!(c.cr4 & CR4_SMAP) || !(c.eflags & AC)) return;
  probe_data(c, linear, size, {.write = write, .user = false, .implicit = true}, DS);
}

}  // namespace

u64 Cpu::translate(u64 linear, bool write, bool user) {
  return translate_data(*this, linear, {write, user});
}

u64 Cpu::translate_fetch(u64 linear) {
  const unsigned index = linear >> 12 & (kCodeTlb - 1);
  if (!(cr0 & CR0_PG)) {
    code_sets.used.add(index);
    return u32(linear);
  }
  const Access a{.write = false, .user = user(), .fetch = true};
  TlbEntry& e = code_tlb[index];
  if (e.tag != linear >> 12 || !permits(*this, e, a)) {
    const TlbEntry found = walk(*this, linear, a);
    drop_code_entry(linear);
    e = found;
    note(code_sets, index, e);
  }
  return e.frame << 12 | (linear & 0xFFF);
}

u64 Cpu::debug_translate(u64 linear) const {
  if (!(cr0 & CR0_PG)) return u32(linear);
  const bool wide = cr4 & CR4_PAE;
  const unsigned entry_size = wide ? 8 : 4;
  if (long_mode() && !canonical(linear)) return kNever;
  if (!long_mode()) linear = u32(linear);
  u64 table = cr3 & (wide ? kFrameMask : 0xFFFFF000);
  unsigned level = long_mode() ? 4 : 2;
  if (wide && !long_mode()) {
    if (!(pdpte[linear >> 30 & 3] & kPresent)) return kNever;
    table = pdpte[linear >> 30 & 3] & kFrameMask;
  }
  for (;; --level) {
    const unsigned shift = wide ? 12 + 9 * (level - 1) : 12 + 10 * (level - 1);
    const u64 address = table + (linear >> shift & (wide ? 511 : 1023)) * entry_size;
    const PhysPage page = bus->page(address & kPageFrameMask, smm);
    if (!page.block) return kNever;
    u64 entry = 0;
    page.block->read(page.page * kPageSize + (address & 0xFFF),
                     {reinterpret_cast<u8*>(&entry), entry_size});
    if (!(entry & kPresent)) return kNever;
    const bool large = (entry & kLarge) && level > 1 && (wide || (cr4 & CR4_PSE));
    if (large || level == 1) {
      const u64 mask = (u64(1) << (large ? shift : 12)) - 1;
      const u64 high = large && !wide ? (entry >> 13 & 0xFF) << 32 : 0;
      return (entry & (wide ? kFrameMask : 0xFFFFF000) & ~mask) | high | (linear & mask);
    }
    table = entry & (wide ? kFrameMask : 0xFFFFF000);
  }
}

void Cpu::probe(u64 linear, unsigned size, bool write, bool user, u8 segment) {
  probe_data(*this, linear, size, {write, user}, segment);
}

u64 Cpu::read_system(u64 linear, unsigned size) {
  probe_implicit(*this, linear, size, false);
  return load_any(linear, size, false, DS, false);
}

void Cpu::write_system(u64 linear, unsigned size, u64 value) {
  probe_implicit(*this, linear, size, true);
  store_any(linear, size, value, false, DS);
}

void Cpu::load_pdptes(u64 value) {
  u64 loaded[4];
  for (unsigned i = 0; i < 4; ++i) {
    loaded[i] = read_physical((value & 0xFFFFFFE0) + 8 * i, 8);
    const u64 reserved = kAboveMax | 0xFFF0000000000000 | 0x1E6;
    if ((loaded[i] & kPresent) && (loaded[i] & reserved)) raise(kGP, 0);
  }
  for (unsigned i = 0; i < 4; ++i) pdpte[i] = loaded[i];
}

}  // namespace reprise::cpu
