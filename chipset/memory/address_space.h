// The PC's guest-physical memory map and port map.
//
// Windows overlap by priority, as the chipset's decoders do: the highest priority wins for each
// byte and direction, and a window that is not placed is not there. Listeners (the vCPUs) drop what
// they derived whenever the map changes. The map itself is derived: each owner of a window (host
// bridge, PCI device) rebuilds its part in settle().
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "chipset/memory/handlers.h"
#include "cpu/bus.h"
#include "replay/core/pages.h"

namespace reprise {

class AddressSpace;

// DMA by devices: always through here (never through a vCPU's view): no SMRAM, no local APIC.
class DmaBus {
 public:
  virtual ~DmaBus() = default;
  virtual void dma_read(u64 address, std::span<u8> bytes) = 0;
  virtual void dma_write(u64 address, std::span<const u8> bytes) = 0;
  // Of `length` bytes from `address` on, how many come before the first that nothing answers.
  virtual std::size_t dma_answered(u64 /*address*/, std::size_t length) { return length; }
};

// Which decoder claims an address first. Equal priorities are settled by name, not by order of
// construction.
enum class MapPriority : u8 {
  Pci,     // memory BARs: whatever nothing else claims
  Legacy,  // A0000-BFFFF on the VGA, memory of the ISA bus, ROM below 1 MiB
  Board,   // chips at fixed addresses: BIOS ROM below 4 GiB, I/O APIC, HPET
  Ram,     // DRAM, PAM segments that point at it
  Smram,   // A0000-BFFFF when the host bridge says so
};

// Whose accesses a window answers.
enum : u8 { kViewCpu = 1, kViewSmm = 2, kViewDma = 4, kViewAll = 7 };

// A window of the memory map; in it either memory or registers. Not placed until map().
class MemoryWindow {
 public:
  // Memory: byte `offset` of `block` is at the window's start.
  MemoryWindow(AddressSpace& space, std::string name, MapPriority priority, MemoryBlock& block,
               u64 offset = 0);
  // Registers: accesses wider than `max_width` bytes are split, none is merged.
  MemoryWindow(AddressSpace& space, std::string name, MapPriority priority, MmioHandler& handler,
               unsigned max_width = 4);
  ~MemoryWindow();
  MemoryWindow(const MemoryWindow&) = delete;

  // Places (or moves) the window. A window that would pass the end of the address space is cut.
  void map(u64 base, u64 size);
  void unmap();
  bool mapped() const { return size_ != 0; }
  u64 base() const { return base_; }
  u64 size() const { return size_; }
  // Directions that it answers; the other falls through to the window beneath.
  void set_access(bool reads, bool writes);
  void set_views(u8 views);
  // Moves a memory window along its block (a bank register).
  void set_offset(u64 offset);

 private:
  friend class AddressSpace;
  AddressSpace& space_;
  std::string name_;
  MapPriority priority_;
  MemoryBlock* block_ = nullptr;
  MmioHandler* handler_ = nullptr;
  unsigned max_width_ = 8;
  u64 offset_ = 0;
  u64 base_ = 0;
  u64 size_ = 0;
  bool reads_ = true, writes_ = true;
  u8 views_ = kViewAll;
};

enum class PortPriority : u8 {
  Isa,   // claimed by subtractive decode
  Pci,   // I/O BARs and other movable windows
  Host,  // the host bridge: CF8h, CFCh
  Reset  // CF9h, inside the host bridge's CF8h
};

// A window of the port map. An access goes to the window that owns its first port, if the window
// reaches as far as the access and takes its width; otherwise it is split in halves. So a dword at
// CF8h is the PCI address register although a byte at CF9h is the reset control register, and
// devices with 8-bit registers (the default) see bytes, as on the ISA bus.
class PortWindow {
 public:
  PortWindow(AddressSpace& space, std::string name, PortPriority priority, IoHandler& handler,
             unsigned max_width = 1);
  // Placed at once: what a board does with a chip at a fixed address.
  PortWindow(AddressSpace& space, std::string name, u16 base, unsigned size, IoHandler& handler,
             unsigned max_width = 1)
      : PortWindow(space, std::move(name), PortPriority::Isa, handler, max_width) {
    map(base, size);
  }
  ~PortWindow();
  PortWindow(const PortWindow&) = delete;

  void map(u16 base, unsigned size);  // what passes port FFFFh is cut
  void unmap();
  bool mapped() const { return size_ != 0; }
  u16 base() const { return base_; }

 private:
  friend class AddressSpace;
  AddressSpace& space_;
  std::string name_;
  PortPriority priority_;
  IoHandler& handler_;
  unsigned max_width_;
  u16 base_ = 0;
  unsigned size_ = 0;
};

class AddressSpace final : public DmaBus {
 public:
  AddressSpace();
  ~AddressSpace() override;
  AddressSpace(const AddressSpace&) = delete;

  // A vCPU to be told of changes. It must outlive the last change.
  void add_listener(cpu::Pins& pins) { listeners_.push_back(&pins); }

  // The A20 gate: while it is off, bit 20 of every address from a vCPU is 0.
  void set_a20(bool enabled);
  bool a20() const { return a20_mask_ == ~u64(0); }
  u64 a20_mask() const { return a20_mask_; }

  // A vCPU's accesses, A20 already applied; they never cross a page. Nothing there: all ones.
  cpu::PhysPage page(u64 address, bool smm);
  u64 read(u64 address, unsigned size, bool smm) { return read(view(smm), address, size); }
  void write(u64 address, unsigned size, u64 value, bool smm) {
    write(view(smm), address, size, value);
  }
  u32 in(u16 port, unsigned size);
  void out(u16 port, unsigned size, u32 value);

  // Memory only: to a bus master registers read as ones and ignore writes (no peer-to-peer).
  void dma_read(u64 address, std::span<u8> bytes) override;
  void dma_write(u64 address, std::span<const u8> bytes) override;
  std::size_t dma_answered(u64 address, std::size_t length) override;
  // Told of what reached memory by dma_write().
  void on_dma_write(std::function<void(u64 address, u64 size)> seen) {
    dma_seen_ = std::move(seen);
  }

  // For operators and debuggers: as a vCPU sees memory, without touching registers. Returns how
  // many bytes from `address` on could be read.
  std::size_t peek(u64 address, std::span<u8> bytes);

 private:
  friend class MemoryWindow;
  friend class PortWindow;
  struct Range {  // [start, next range's start)
    u64 start;
    MemoryWindow* reads;
    MemoryWindow* writes;
  };
  using View = std::vector<Range>;

  void add(MemoryWindow& window);
  void remove(MemoryWindow& window);
  void changed();
  void rebuild();
  View build(u8 views) const;
  View& view(bool smm) {
    if (stale_) rebuild();
    return views_[smm ? 1 : 0];
  }
  View& dma_view() {
    if (stale_) rebuild();
    return views_[2];
  }
  static std::size_t find(const View& view, u64 address);
  // The first address after the range, or 0 for the end of the address space.
  static u64 end_of(const View& view, std::size_t index) {
    return index + 1 < view.size() ? view[index + 1].start : 0;
  }
  u64 read(View& view, u64 address, unsigned size);
  void write(View& view, u64 address, unsigned size, u64 value);
  std::size_t read_memory(View& view, u64 address, std::span<u8> bytes, bool stop_at_registers);

  void refresh_ports(u16 base, unsigned size);

  std::vector<MemoryWindow*> windows_;  // by (priority, name), lowest first
  std::array<View, 3> views_;           // vCPU, vCPU in SMM, DMA
  bool stale_ = true;
  u64 a20_mask_ = ~u64(0);
  std::vector<cpu::Pins*> listeners_;
  std::function<void(u64, u64)> dma_seen_;
  std::vector<PortWindow*> ports_;     // by (priority, name), lowest first
  std::vector<PortWindow*> port_map_;  // 64 Ki
};

}  // namespace reprise
