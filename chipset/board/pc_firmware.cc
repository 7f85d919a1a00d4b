// What the PC's firmware starts from: its ROM, the CMOS memory, fw_cfg.
#include <algorithm>

#include "chipset/board/pc_i440fx.h"
#include "chipset/board/pc_wiring.h"
#include "chipset/firmware/boot.h"
#include "chipset/firmware/fw_cfg.h"
#include "chipset/firmware/kernel.h"
#include "chipset/firmware/tables.h"
#include "chipset/timer/mc146818.h"

namespace reprise {

namespace {
constexpr u64 kTop = u64(1) << 32;
constexpr u64 kRomUnit = 64 << 10, kRomLimit = 16 << 20, kLowRom = 128 << 10;
}  // namespace

// The ROM ends at 4 GiB; its last 128 KiB are also below 1 MiB, beneath the PAM segments.
Result<void> PcI440fx::build_firmware() {
  const Blob* bios = config_.blob("bios");
  if (!bios || !*bios) return fail("no firmware: give a BIOS image with -bios FILE");
  const std::vector<u8>& image = **bios;
  if (image.empty() || image.size() % kRomUnit || image.size() > kRomLimit)
    return fail("-bios: the image has " + std::to_string(image.size()) +
                " bytes; a BIOS has a multiple of 64 KiB, at most 16 MiB");
  MemoryBlock& rom = *TRY(memory("bios", image.size(), true));
  rom.write(0, image);
  const auto place = [&](const char* name, MapPriority priority, u64 offset, u64 base) {
    auto window = std::make_unique<MemoryWindow>(space_, name, priority, rom, offset);
    window->map(base, image.size() - offset);
    memory_windows_.push_back(std::move(window));
  };
  const u64 low = std::min<u64>(image.size(), kLowRom);
  place("bios-high", MapPriority::Board, 0, kTop - image.size());
  place("bios-low", MapPriority::Legacy, image.size() - low, (1 << 20) - low);

  fw_cfg_ = &add<FwCfg>("/fw_cfg", space_);
  ports("fw_cfg", FwCfg::kPort, FwCfg::kPorts, *fw_cfg_, 4);
  BoardFacts facts;
  facts.cpus = config_.cpus;
  facts.topology = cpus_->topology();
  facts.ram = RamLayout::of(config_.ram_bytes);
  facts.cpu_hz = config_.cpu_hz;
  facts.cpu_signature = cpus_->model().signature();
  facts.cpu_features = cpus_->model().word(cpu::kLeaf1Edx);
  facts.graphics = config_.graphics;
  facts.hpet = config_.hpet;
  facts.serial_ports = config_.serial_ports;
  facts.parallel_ports = config_.parallel_ports;
  facts.floppies = std::ranges::any_of(
      config_.drives, [](const DriveConfig& drive) { return drive.interface == "floppy"; });
  facts.acpi = config_.acpi;
  facts.uuid = TRY(parse_uuid(config_.uuid));
  facts.smbios = config_.smbios;
  for (const auto& [role, blob] : config_.blobs)
    if (role.starts_with("smbios")) facts.smbios_structures.push_back(blob);
  TRY(install_tables(*fw_cfg_, facts));
  TRY(install_kernel(*fw_cfg_, config_));
  return install_boot(*fw_cfg_, config_);
}

// Where AT firmware looks for what setup would have left there, and QEMU's additions.
void PcI440fx::fill_cmos(Mc146818& rtc) {
  const auto word = [&](u8 index, u64 value) {
    value = std::min<u64>(value, 0xffff);
    rtc.set_cmos(index, u8(value));
    rtc.set_cmos(u8(index + 1), u8(value >> 8));
  };
  const RamLayout ram = RamLayout::of(config_.ram_bytes);
  const u64 kib = ram.below_4g >> 10;
  rtc.set_cmos(0x14, 0x06);  // equipment: FPU, PS/2 mouse
  word(0x15, 640);
  word(0x17, kib > 1024 ? kib - 1024 : 0);  // KiB above 1 MiB, twice
  word(0x30, kib > 1024 ? kib - 1024 : 0);
  word(0x34, kib > 16384 ? (kib - 16384) / 64 : 0);  // 64 KiB units above 16 MiB
  const u64 high = ram.above_4g >> 16;
  rtc.set_cmos(0x5b, u8(high));
  rtc.set_cmos(0x5c, u8(high >> 8));
  rtc.set_cmos(0x5d, u8(high >> 16));
  rtc.set_cmos(0x5f, u8(config_.cpus - 1));
  fill_floppy_cmos(rtc);
  fill_disk_cmos(rtc);
  set_boot_order(config_.boot.once.empty() ? config_.boot.order : config_.boot.once);
}

// CMOS 3Dh: the first two devices, low nibble first; 38h: the third, and in bit 0 that a floppy
// needs no signature. -boot once= is over with the first reset.
void PcI440fx::set_boot_order(const std::string& order) {
  u8 nibbles[3] = {};
  for (std::size_t i = 0; i < order.size() && i < 3; ++i) nibbles[i] = boot_nibble(order[i]);
  rtc_->set_cmos(0x3d, u8(nibbles[1] << 4 | nibbles[0]));
  rtc_->set_cmos(0x38, u8(nibbles[2] << 4 | !config_.boot.check_floppy));
}

}  // namespace reprise
