// fw_cfg: the firmware configuration device, a set of numbered byte strings for the firmware.
//
// Source: QEMU Firmware Configuration (fw_cfg) Device specification (docs/specs/fw_cfg).
//   510h  w16  selector: item key; bit 14 ignored (once "write channel"), bit 15 arch-specific
//   511h  r8   next byte of the selected item; 0 past its end
//   514h  r/w  DMA address, big-endian: bits 63-32 at 514h, 31-0 at 518h; the second write starts
//              the transfer. Reads give "QEMU CFG".
// DMA descriptor (big-endian): control, length, address. Control: 0 error, 1 read, 2 skip,
// 3 select key in 31-16, 4 write. The transfer is done when the write to 518h is.
// Items from 20h on are files; item 19h is their directory, in order of name.
// Not modelled: writing through the data register (removed from the interface).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chipset/firmware/bytes.h"
#include "chipset/memory/address_space.h"
#include "chipset/memory/handlers.h"
#include "replay/core/device.h"

namespace reprise {

// Item keys (FW_CFG_*).
namespace fw_key {
inline constexpr u16 kSignature = 0x00, kId = 0x01, kUuid = 0x02, kRamSize = 0x03;
inline constexpr u16 kNographic = 0x04, kNbCpus = 0x05, kMachineId = 0x06;
inline constexpr u16 kKernelAddr = 0x07, kKernelSize = 0x08, kKernelCmdline = 0x09;
inline constexpr u16 kInitrdAddr = 0x0a, kInitrdSize = 0x0b, kBootDevice = 0x0c, kNuma = 0x0d;
inline constexpr u16 kBootMenu = 0x0e, kMaxCpus = 0x0f, kKernelEntry = 0x10, kKernelData = 0x11;
inline constexpr u16 kInitrdData = 0x12, kCmdlineAddr = 0x13, kCmdlineSize = 0x14;
inline constexpr u16 kCmdlineData = 0x15, kSetupAddr = 0x16, kSetupSize = 0x17, kSetupData = 0x18;
inline constexpr u16 kFileDir = 0x19, kFileFirst = 0x20;
inline constexpr u16 kAcpiTables = 0x8000, kSmbios = 0x8001, kIrq0Override = 0x8002;
}  // namespace fw_key

class FwCfg final : public Device, public IoHandler {
 public:
  static constexpr u16 kPort = 0x510;
  static constexpr u16 kPorts = 12;
  using Blob = std::shared_ptr<const std::vector<u8>>;

  FwCfg(const DeviceContext& context, DmaBus& dma);

  // The board fills the device before the machine runs; the contents are configuration.
  void add_item(u16 key, Bytes data);
  void add_item(u16 key, Blob data, u64 begin = 0);  // from `begin` to the end, not copied
  void add_u16(u16 key, u16 value) { add_item(key, ByteBuilder().u16le(value).take()); }
  void add_u32(u16 key, u32 value) { add_item(key, ByteBuilder().u32le(value).take()); }
  void add_u64(u16 key, u64 value) { add_item(key, ByteBuilder().u64le(value).take()); }
  // At most 55 characters of name. A writable file is state, and reset puts its contents back.
  void add_file(const std::string& name, Bytes data, bool writable = false);
  // What the guest would read now; null if there is no such item or file.
  const Bytes* file(const std::string& name) const;
  std::span<const u8> item(u16 key) const;

  std::string_view kind() const override { return "fw-cfg"; }
  void reset() override;
  void state(State& s) override;
  u32 io_read(u16 offset, unsigned size) override;
  void io_write(u16 offset, unsigned size, u32 value) override;

 private:
  struct Item {
    Blob data;
    u64 begin = 0;
    u64 hash = 0;
  };
  struct File {
    Bytes data;
    Bytes initial;  // of a writable file
    bool writable = false;
  };
  struct Regs {
    u16 selector = fw_key::kSignature;
    u32 offset = 0;
    u32 dma_high = 0;  // bits 63-32, until the write to bits 31-0 uses them
  };

  void rebuild_directory();
  void select(u16 key);
  u8 next_byte();
  void start_dma(u64 address);
  u32 transfer(u32 control, u32 length, u64 address);  // the control word that reports the outcome
  void read_to_memory(u64 address, u32 length);
  bool write_from_memory(u64 address, u32 length);
  File* selected_file();

  DmaBus& dma_;
  std::map<u16, Item> items_;
  std::map<std::string, File> files_;
  std::vector<File*> by_key_;  // files in the order of their keys
  u64 digest_ = 0;             // of all contents except writable files
  Regs regs_;
};

}  // namespace reprise
