// Linear to guest-physical: page walks in all paging modes, and the TLBs.
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
#include <algorithm>
#include <bit>
#include <cstring>

#include "cpu/cluster.h"
#include "cpu/engine/block_cache.h"
#include "cpu/memory/sized.h"
#include "cpu/timing/clocks.h"

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

// A translation, and the pointers derived from it.
template <unsigned N, class Fast>
void drop(TlbEntry (&tlb)[N], Fast (*fast)[N], unsigned index) {
  tlb[index] = {};
  fast[0][index] = fast[1][index] = {};
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

// A pointer for supervisor code was derived. What it may use only while AC is set is remembered.
void note_lent(Cpu& c, u64 linear, bool user) {
  if (user || !(c.cr4 & CR4_SMAP) || !(c.eflags & AC)) return;
  const unsigned index = linear >> 12 & (kDataTlb - 1);
  if (!c.data_tlb[index].user) return;
  c.lent.add(index);
  c.lends = true;
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

PhysPage Cpu::find_phys_page(u64 address) {
  const u64 frame = address >> 12;
  PhysEntry& e = phys_cache[frame & (kPhysCache - 1)];
  if (e.frame != frame) {
    e.page = bus->page(address & kPageFrameMask, smm);
    e.frame = frame;
    const PhysPage& p = e.page;
    if (p.block && p.following >= kPhysCache)
      phys_runs[address >> 32 != 0] = {frame, p.following + 1, p.block, p.page, p.writable};
  }
  return e.page;
}

// --- flushing
// --------------------------------------------------------------------------------------

void Cpu::drop_data_entry(u64 linear) {
  for (unsigned table = 0; table < 2; ++table) {
    FastEntry& e = fast_tables[table][linear >> 12 & (kDataTlb - 1)];
    if (p5 && e.read_tag != 1) p5->drop_lines(table, e.read_tag);
    e = {};
  }
}

void Cpu::drop_code_entry(u64 linear) {
  for (auto& table : fast_codes) table[linear >> 12 & (kCodeTlb - 1)] = {};
  const TlbEntry& old = code_tlb[linear >> 12 & (kCodeTlb - 1)];
  if (p5 && old.tag != ~u64(0)) p5->drop_code_lines(old.tag);
}

void Cpu::drop_lines() {
  if (p5) p5->drop_lines();
}

void Cpu::flush_tlb(bool global) {
  const auto drop_data = [&](unsigned i) {
    if (global || !data_tlb[i].global) drop(data_tlb, fast_tables, i);
  };
  const auto drop_code = [&](unsigned i) {
    if (global || !code_tlb[i].global) drop(code_tlb, fast_codes, i);
  };
  drop_lines();
  (global ? data_sets.used : data_sets.local).each(drop_data);
  (global ? code_sets.used : code_sets.local).each(drop_code);
  data_sets.local.none();
  code_sets.local.none();
  if (!global) return;
  data_sets.used.none(), data_sets.large.none(), data_sets.keyed.none();
  code_sets.used.none(), code_sets.large.none(), code_sets.keyed.none();
}

void Cpu::invlpg(u64 linear) {
  const u64 number = linear >> 12;
  const auto covers = [number](const TlbEntry& e) {
    if (e.tag == ~u64(0)) return false;
    return e.large ? e.tag >> (e.large - 12) == number >> (e.large - 12) : e.tag == number;
  };
  const auto drop_data = [&](unsigned i) {
    if (covers(data_tlb[i])) drop(data_tlb, fast_tables, i);
  };
  const auto drop_code = [&](unsigned i) {
    if (covers(code_tlb[i])) drop(code_tlb, fast_codes, i);
  };
  drop_lines();
  drop_data(number & (kDataTlb - 1));
  drop_code(number & (kCodeTlb - 1));
  data_sets.large.each(drop_data);
  code_sets.large.each(drop_code);
}

// What pointers were derived from may be forbidden now; keys of translations stay.
void Cpu::set_pkru(u32 value) {
  const u32 changed = pkru ^ value;
  pkru = value;
  const auto drop_pointers = [&](unsigned i) {
    if (changed >> (2 * data_tlb[i].key) & 3) fast_tables[0][i] = fast_tables[1][i] = {};
  };
  if (changed && (cr4 & CR4_PKE)) drop_lines();
  if (changed && (cr4 & CR4_PKE))
    (changed & 3 ? data_sets.used : data_sets.keyed).each(drop_pointers);
}

void Cpu::drop_fast() {
  drop_lines();
  for (auto& table : fast_tables)
    for (auto& e : table) e = {};
  for (auto& table : fast_codes)
    for (auto& e : table) e = {};
  for (auto& e : phys_cache) e.frame = ~u64(0);
  for (auto& run : phys_runs) run = {};
}

void Cpu::drop_write_pointers() {
  drop_lines();
  for (auto& table : fast_tables)
    for (auto& e : table) e.write_tag = 1;
}

void Cpu::memory_map_changed() {
  drop_fast();
  request_leave();
}

// --- slow halves of loads and stores
// ------------------------------------------------------------------

u64 Cpu::read_physical(u64 address, unsigned size) {
  const PhysPage page = phys_page(address);
  if (!page.block) {
    publish();
    const u64 value = bus->read(address, size, smm);
    after_device();
    return value;
  }
  return read_sized(
      reinterpret_cast<u64>(page.block->data() + page.page * kPageSize) + (address & 0xFFF), size);
}

void Cpu::write_physical(u64 address, unsigned size, u64 value) {
  cluster.stops().wrote_physical(*this, address, size);
  const PhysPage page = phys_page(address);
  if (!page.block || !page.writable) {
    publish();
    bus->write(address, size, value, smm);
    after_device();
    return;
  }
  page.block->write(page.page * kPageSize + (address & 0xFFF),
                    {reinterpret_cast<const u8*>(&value), size});
}

void Cpu::check_access(u64 linear, unsigned size, bool user, u8 segment) {
  if (code64() && (!canonical(linear) || !canonical(linear + size - 1)))
    raise(segment == SS ? kSS : kGP, 0);
  // 80-bit reals are aligned to 8 bytes; other odd sizes are structures of words.
  const unsigned natural = size == 10 ? 8 : std::has_single_bit(size) ? size : 2;
  if (user && (eflags & AC) && (cr0 & CR0_AM) && (linear & (natural - 1))) raise(kAC, 0);
}

namespace {
// Where an access that crosses a page goes on: 32-bit addresses wrap (system accesses from
// compatibility mode may be beyond them).
u64 following_page(const Cpu& c, u64 linear) {
  const u64 next = (linear | 0xFFF) + 1;
  return c.code64() || linear >> 32 ? next : u32(next);
}
}  // namespace

u64 Cpu::load_slow(u64 linear, unsigned size, bool user, u8 segment) {
  if (p5) return p5::load(*this, linear, size, user, segment);
  return load_any(linear, size, user, segment, true);
}

namespace {

void show_access(const Cpu& c, u64 linear, unsigned size, u64 value, bool write) {
  if (c.cluster.stops().shows_accesses()) [[unlikely]]
    c.cluster.trace()->accessed(c, linear, size, value, write);
}

}  // namespace

u64 Cpu::load_any(u64 linear, unsigned size, bool user, u8 segment, bool counts) {
  check_access(linear, size, user, segment);
  const unsigned room = kPageSize - (linear & 0xFFF);
  if (size > room) {
    const u64 next = following_page(*this, linear);
    const u64 low = load_page(linear, room, user, counts);
    const u64 high = load_page(next, size - room, user, counts);
    note_data_access(linear, size, false);
    if (counts) show_access(*this, linear, size, low | high << (8 * room), false);
    return low | high << (8 * room);
  }
  const u64 value = load_page(linear, size, user, counts);
  note_data_access(linear, size, false);
  if (counts) show_access(*this, linear, size, value, false);
  return value;
}

// Within one page; sizes 1 to 8. Devices see powers of two.
u64 Cpu::load_page(u64 linear, unsigned size, bool user, bool counts) {
  const u64 address = translate(linear, false, user);
  StopList& stops = cluster.stops();
  stops.read(linear, address);
  if (stops.data() && counts) stops.accessed(*this, linear, address, size, false);
  const PhysPage page = phys_page(address);
  if (page.block) {
    const u8* host = page.block->data() + page.page * kPageSize;
    const bool watched = stops.data() && stops.watches(*this, linear, address, false);
    if (pages == fast_tables[user] && !watched) {
      FastEntry& e = pages[linear >> 12 & (kDataTlb - 1)];
      const u64 tag = linear & ~u64(0xFFF);
      if (e.read_tag != tag) {
        e = {tag, 1, reinterpret_cast<u64>(host) - tag, address >> 12};
        note_lent(*this, linear, user);
      }
    }
    return read_sized(reinterpret_cast<u64>(host) + (address & 0xFFF), size);
  }
  publish();
  u64 value = 0;
  for (unsigned done = 0; done < size;) {
    unsigned piece = size - done;
    piece = piece >= 8 ? 8 : piece >= 4 ? 4 : piece >= 2 ? 2 : 1;
    value |= bus->read(address + done, piece, smm) << (8 * done);
    done += piece;
  }
  after_device();
  return value;
}

void Cpu::store_slow(u64 linear, unsigned size, u64 value, bool user, u8 segment) {
  if (p5) return p5::store(*this, linear, size, value, user, segment);
  store_any(linear, size, value, user, segment);
}

void Cpu::store_any(u64 linear, unsigned size, u64 value, bool user, u8 segment) {
  check_access(linear, size, user, segment);
  const unsigned room = kPageSize - (linear & 0xFFF);
  if (size > room) {
    const u64 next = following_page(*this, linear);
    translate(linear, true, user);  // both halves must be writable before either is written
    translate(next, true, user);
    store_page(linear, room, value, user);
    store_page(next, size - room, value >> (8 * room), user);
  } else {
    store_page(linear, size, value, user);
  }
  note_data_access(linear, size, true);
  show_access(*this, linear, size, value, true);
}

void Cpu::store_page(u64 linear, unsigned size, u64 value, bool user) {
  const u64 address = translate(linear, true, user);
  StopList& stops = cluster.stops();
  stops.wrote(linear, address);
  if (stops.data()) stops.accessed(*this, linear, address, size, true);
  const PhysPage page = phys_page(address);
  if (page.block && page.writable) {
    MemoryBlock& block = *page.block;
    const u64 index = page.page;
    u8* host = block.direct_write(index);
    if (host) {
      write_sized(reinterpret_cast<u64>(host) + (address & 0xFFF), size, value);
    } else {
      block.write(index * kPageSize + (address & 0xFFF), {reinterpret_cast<u8*>(&value), size});
      host = block.direct_write(index);
    }
    const bool watched = stops.data() && (stops.watches(*this, linear, address, false) ||
                                          stops.watches(*this, linear, address, true));
    if (host && pages == fast_tables[user] && !watched) {
      const u64 tag = linear & ~u64(0xFFF);
      FastEntry& e = pages[linear >> 12 & (kDataTlb - 1)];
      const u64 addend = reinterpret_cast<u64>(host) - tag;
      // A write implies the right to read.
      e = {tag, tag, addend, address >> 12};
      note_lent(*this, linear, user);
    }
    return;
  }
  publish();
  for (unsigned done = 0; done < size;) {
    unsigned piece = size - done;
    piece = piece >= 8 ? 8 : piece >= 4 ? 4 : piece >= 2 ? 2 : 1;
    const u64 mask = piece == 8 ? ~u64(0) : (u64(1) << (8 * piece)) - 1;
    bus->write(address + done, piece, value >> (8 * done) & mask, smm);
    done += piece;
  }
  after_device();
}

void Cpu::probe(u64 linear, unsigned size, bool write, bool user, u8 segment) {
  probe_data(*this, linear, size, {write, user}, segment);
}

u8* Cpu::host_pointer(u64 linear, unsigned& size, bool write, bool user, u8 segment) {
  check_access(linear, 1, user, segment);
  check((linear & 0xFFF) + size <= kPageSize, "host_pointer across pages");
  if (pages != fast_tables[user]) return nullptr;  // accesses must be seen one by one
  const u64 address = translate(linear, write, user);
  StopList& stops = cluster.stops();
  if (stops.data() && stops.watches(*this, linear, address, write)) return nullptr;
  write ? stops.wrote(linear, address) : stops.read(linear, address);
  const PhysPage page = phys_page(address);
  if (!page.block || (write && !page.writable)) return nullptr;
  if (!write)
    return const_cast<u8*>(page.block->data()) + page.page * kPageSize + (address & 0xFFF);
  const unsigned offset = address & 0xFFF;
  if (const u64 code = page.block->info(page.page).code_lines >> (offset / 64)) {
    const unsigned line = offset / 64 + unsigned(std::countr_zero(code));
    size = std::min(size, line * 64 > offset ? line * 64 - offset : 0);
    if (size == 0) return nullptr;
  }
  page.block->touch(page.page * kPageSize + offset, size);
  return const_cast<u8*>(page.block->data()) + page.page * kPageSize + (address & 0xFFF);
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
