// Loads and stores, where no pointer to the page is at hand: the slow halves of access.h. They
// translate, tell the stops, reach memory or devices, and derive the pointer for the next time.
#include "cpu/memory/access.h"

#include <algorithm>
#include <bit>

#include "cpu/cluster.h"
#include "cpu/engine/block_cache.h"
#include "cpu/memory/sized.h"
#include "cpu/timing/clocks.h"

namespace reprise::cpu {

namespace {

// A pointer for supervisor code was derived. What it may use only while AC is set is remembered.
void note_lent(Cpu& c, u64 linear, bool user) {
  if (user || !(c.cr4 & CR4_SMAP) || !(c.eflags & AC)) return;
  const unsigned index = linear >> 12 & (kDataTlb - 1);
  if (!c.data_tlb[index].user) return;
  c.lent.add(index);
  c.lends = true;
}

// Where an access that crosses a page goes on: 32-bit addresses wrap (system accesses from
// compatibility mode may be beyond them).
u64 following_page(const Cpu& c, u64 linear) {
  const u64 next = (linear | 0xFFF) + 1;
  return c.code64() || linear >> 32 ? next : u32(next);
}

void show_access(const Cpu& c, u64 linear, unsigned size, u64 value, bool write) {
  if (c.cluster.stops().shows_accesses()) [[unlikely]]
    c.cluster.trace()->accessed(c, linear, size, value, write);
}

}  // namespace

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

u64 Cpu::load_slow(u64 linear, unsigned size, bool user, u8 segment) {
  if (p5) return p5::load(*this, linear, size, user, segment);
  return load_any(linear, size, user, segment, true);
}

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

}  // namespace reprise::cpu
