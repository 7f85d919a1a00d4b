// -kernel, -initrd, -append: hands a Linux or Multiboot kernel to an option ROM through fw_cfg.
//
// The host parses and checks the file; the ROM only copies items to the addresses it is told and
// jumps. Sources: Linux, Documentation/x86/boot.rst; Multiboot Specification 0.6.96; System V ABI
// (ELF).
#pragma once

#include <span>
#include <string>

#include "chipset/board/config.h"
#include "chipset/firmware/board_facts.h"
#include "chipset/firmware/fw_cfg.h"

namespace reprise {

// Nothing to do without a kernel. An error says what is wrong with the file and what to give.
Result<void> install_kernel(FwCfg& fw_cfg, const MachineConfig& config);

// What the loaders share.
struct KernelFiles {
  Blob kernel;
  Blob initrd;  // may be null
  std::string append;
  RamLayout ram;
  std::span<const u8> image() const { return *kernel; }
  u64 initrd_size() const { return initrd ? initrd->size() : 0; }
  // The end of RAM that a kernel may use: the firmware keeps its tables above.
  u64 usable_end() const { return ram.below_4g > kFirmwareTop ? ram.below_4g - kFirmwareTop : 0; }
  static constexpr u64 kFirmwareTop = u64(1) << 20;
};

bool is_linux(std::span<const u8> image);
Result<void> install_linux(FwCfg& fw_cfg, const KernelFiles& files);

bool is_multiboot(std::span<const u8> image);
Result<void> install_multiboot(FwCfg& fw_cfg, const KernelFiles& files);

// "needs at least 96 MiB of RAM ..., give -m 96M": `end` is the first byte not used.
Error too_little_ram(const std::string& what, u64 end);

}  // namespace reprise
