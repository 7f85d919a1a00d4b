// The "standard VGA" PCI adapter: 1234:1111, a VGA with DISPI and 16 MiB of memory.
//
// Source: QEMU's specification of the standard VGA (docs/specs/standard-vga): register layout only.
//   BAR0  16 MiB, prefetchable  VRAM
//   BAR2  4 KiB   000h-3FFh EDID of the monitor (edid.h; zeros: none)   400h-41Fh ports 3C0h-3DFh
//                 500h-515h DISPI registers, 16 bits each   600h size of this block (8)
//                 604h byte order of the frame buffer: 1E1E1E1Eh little, BEBEBEBEh big
//   ROM   the VGA BIOS
//   ports 3B0h-3DFh, 1CEh (DISPI index), 1CFh and 1D0h (DISPI data); memory A0000h-BFFFFh;
//   the command register's I/O and memory bits govern these too
// The byte order holds for pixels of 15 bits and more.
// Not modelled: DDC by the VGA's own pins (there are none).
#pragma once

#include <memory>
#include <span>

#include "chipset/display/edid.h"
#include "chipset/display/vga_core.h"
#include "chipset/pci/pci_device.h"

namespace reprise {

class StdVga final : public PciDevice, public MmioHandler {
 public:
  static constexpr u64 kVram = 16 << 20;
  struct Config {
    u64 vram = kVram;  // a power of two, 1 MiB to 256 MiB
    bool edid = true;
    unsigned xres = 1024, yres = 768;  // what the monitor likes best
  };
  // `rom`: the VGA BIOS, at most 64 KiB; empty for none.
  StdVga(const DeviceContext& context, PciBus& bus, u8 devfn, PageStore& pages,
         std::span<const u8> rom, const Config& config);
  StdVga(const DeviceContext& context, PciBus& bus, u8 devfn, PageStore& pages,
         std::span<const u8> rom)
      : StdVga(context, bus, devfn, pages, rom, Config{}) {}

  std::string_view kind() const override { return "VGA"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;
  // BAR2.
  u64 mmio_read(u64 offset, unsigned size) override;
  void mmio_write(u64 offset, unsigned size, u64 value) override;

  const VgaCore& core() const { return core_; }
  MemoryBlock& vram() { return *vram_; }
  const u32& byte_order() const { return byte_order_; }
  // None in graphics modes.
  std::optional<TextScreen> text_screen() const { return core_.text_screen(); }

 protected:
  void config_written(u8, unsigned, u32) override { place_legacy(); }

 private:
  struct VgaPorts final : IoHandler {
    explicit VgaPorts(VgaCore& core) : core(core) {}
    u32 io_read(u16 offset, unsigned) override { return core.read_port(u16(0x3b0 + offset)); }
    void io_write(u16 offset, unsigned, u32 value) override {
      core.write_port(u16(0x3b0 + offset), u8(value));
    }
    VgaCore& core;
  };
  struct DispiPorts final : IoHandler {
    explicit DispiPorts(VgaCore& core) : core(core) {}
    u32 io_read(u16 offset, unsigned size) override;
    void io_write(u16 offset, unsigned size, u32 value) override;
    VgaCore& core;
  };
  struct Window final : MmioHandler {
    explicit Window(VgaCore& core) : core(core) {}
    u64 mmio_read(u64 offset, unsigned size) override;
    void mmio_write(u64 offset, unsigned size, u64 value) override;
    VgaCore& core;
  };
  void place_legacy();

  std::unique_ptr<MemoryBlock> vram_, rom_;
  VgaCore core_;
  std::array<u8, kEdidSize> edid_{};
  u32 byte_order_ = 0x1e1e'1e1e;
  VgaPorts vga_ports_{core_};
  DispiPorts dispi_ports_{core_};
  Window window_{core_};
  PortWindow vga_port_window_, dispi_port_window_;
  MemoryWindow memory_window_;
};

}  // namespace reprise
