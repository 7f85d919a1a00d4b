// One PCI function: 256 bytes of configuration space, windows that its BARs place, INTx and MSI.
//
// Source: PCI Local Bus Specification 2.2, chapter 6 (header type 0), 6.2.5 (BARs), 6.8 (MSI).
//   00h ids  04h command  06h status  08h class and revision  0Eh header type  10h-27h BARs
//   2Ch subsystem  30h expansion ROM  34h capabilities  3Ch interrupt line, 3Dh pin
// Command bits with effect: 0 I/O decode, 1 memory decode, 10 INTx off. Bit 2 (bus master) is the
// device's to ask for by bus_master().
// Not modelled: parity and SERR, power management state, type 1 headers.
#pragma once

#include <array>
#include <memory>

#include "chipset/pci/pci_bus.h"

namespace reprise {

inline constexpr u8 pci_devfn(unsigned slot, unsigned function) { return u8(slot * 8 + function); }

struct PciIdentity {
  u16 vendor;
  u16 device;
  u32 class_code;  // 24 bits
  u8 revision = 0;
  u16 subsystem_vendor = 0x1af4;
  u16 subsystem = 0x1100;
  u8 interrupt_pin = 0;  // 1..4: INTA#..INTD#
  bool multifunction = false;
};

class PciDevice : public Device {
 public:
  PciDevice(const DeviceContext& context, PciBus& bus, u8 devfn, const PciIdentity& identity);
  ~PciDevice() override;

  u8 devfn() const { return devfn_; }
  // Configuration accesses: 1, 2 or 4 bytes; bytes beyond FFh read as ones.
  u32 config_read(u8 offset, unsigned size);
  void config_write(u8 offset, unsigned size, u32 value);

  void reset() override;
  void settle() override;
  void state(State& s) override;

 protected:
  // --- what a device declares in its constructor ---

  // Initial value and which bits software can change.
  void define8(u8 offset, u8 initial, u8 writable = 0);
  void define16(u8 offset, u16 initial, u16 writable = 0);
  void define32(u8 offset, u32 initial, u32 writable = 0);
  void write_one_to_clear(u8 offset, u8 bits) { write_clears_[offset] = bits; }

  // BAR `index` (0..5). Sizes are powers of two: at least 4 for ports, 16 for memory.
  void io_bar(unsigned index, u32 size, IoHandler& handler, unsigned max_width = 4);
  struct MemoryBar {
    bool prefetchable = false;
    bool wide = false;  // 64-bit: takes index + 1 too
  };
  void memory_bar(unsigned index, u64 size, MmioHandler& handler, MemoryBar kind,
                  unsigned max_width = 4);
  void memory_bar(unsigned index, u64 size, MemoryBlock& block, u64 offset, MemoryBar kind);
  // The expansion ROM; the block's size is a power of two and at least 2 KiB.
  void rom_bar(MemoryBlock& block);

  // A capability of `length` bytes (id and next pointer included) in the list; returns its offset.
  u8 capability(u8 id, u8 length);
  // MSI with 64-bit addresses and up to 2^log2_messages messages, no per-vector masks.
  void msi_capability(unsigned log2_messages = 0);

  // --- what a device does ---

  u8 config8(u8 offset) const { return config_[offset]; }
  u16 config16(u8 offset) const { return u16(config_[offset] | config_[offset + 1] << 8); }
  u32 config32(u8 offset) const { return config16(offset) | u32(config16(u8(offset + 2))) << 16; }
  void set_config8(u8 offset, u8 value) { config_[offset] = value; }

  bool io_enabled() const { return config_[4] & 1; }
  bool memory_enabled() const { return config_[4] & 2; }
  bool bus_master() const { return config_[4] & 4; }
  // Where a BAR puts its window; kNever while it is not decoded.
  u64 bar_base(unsigned index) const;

  // The level of this function's INTx pin.
  void set_intx(bool level);
  bool msi_enabled() const { return msi_ && (config_[msi_ + 2] & 1); }
  void send_msi(unsigned message = 0);

  // After software has written [offset, offset + size) of the configuration space, with what was
  // there before; BARs have been placed.
  virtual void config_written(u8 /*offset*/, unsigned /*size*/, u32 /*before*/) {}

  PciBus& bus_;

 private:
  struct Bar {
    u64 size = 0;
    u8 offset = 0;
    bool io = false, wide = false;
    std::unique_ptr<MemoryWindow> memory;
    std::unique_ptr<PortWindow> ports;
  };
  static constexpr unsigned kRomBar = 6;
  Bar& new_bar(unsigned index, u64 size, u32 flags);
  u64 decoded(const Bar& bar) const;
  void place_bars();
  void drive_intx();

  u8 devfn_;
  IrqLine intx_;
  std::array<u8, 256> initial_{}, writable_{}, write_clears_{};
  std::array<Bar, 7> bars_;
  u8 next_capability_ = 0x40;
  u8 last_capability_ = 0x34;  // where the list's last pointer is
  u8 msi_ = 0;

  std::array<u8, 256> config_{};
  bool intx_level_ = false;
};

}  // namespace reprise
