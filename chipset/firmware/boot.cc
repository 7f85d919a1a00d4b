#include "chipset/firmware/boot.h"

#include <algorithm>
#include <map>

namespace reprise {
namespace {

constexpr std::size_t kMaxFiles = 128;

// Where SeaBIOS will find the drive.
std::string device_path(const DriveConfig& drive) {
  const std::string unit = std::to_string(drive.unit);
  if (drive.interface == "floppy") return "/pci@i0cf8/isa@1/fdc@03f0/floppy@" + unit;
  return "/pci@i0cf8/ide@1,1/drive@" + std::to_string(drive.bus) + "/disk@" + unit;
}

Result<Bytes> boot_order(const FwCfg& fw_cfg, const MachineConfig& config) {
  std::map<int, std::string> by_index;
  for (const char* rom : {"linuxboot.bin", "multiboot.bin"})
    if (fw_cfg.file(std::string("genroms/") + rom))
      by_index[0] = std::string("/rom@genroms/") + rom;
  for (const DriveConfig& drive : config.drives) {
    if (drive.bootindex < 0 || drive.interface == "none") continue;
    const auto [it, fresh] = by_index.emplace(drive.bootindex, device_path(drive));
    if (!fresh)
      return fail("drive '" + drive.id + "': bootindex=" + std::to_string(drive.bootindex) +
                  " is taken by " + it->second + "; expected another number");
  }
  ByteBuilder out;
  for (const auto& [index, path] : by_index) out.text(out.size() ? "\n" : "").text(path);
  if (out.size() && config.boot.strict) out.text("\nHALT");
  if (out.size()) out.u8le(0);
  return out.take();
}

Result<void> install_user_files(FwCfg& fw_cfg, const MachineConfig& config) {
  constexpr std::string_view kPrefix = "fw_cfg:";
  std::size_t count = 0;
  for (const auto& [role, blob] : config.blobs) {
    if (!role.starts_with(kPrefix)) continue;
    const std::string name = role.substr(kPrefix.size());
    if (name.empty() || name.size() > 55)
      return fail("-fw_cfg name=" + name + ": expected a name of 1 to 55 characters");
    if (fw_cfg.file(name)) return fail("-fw_cfg name=" + name + ": the machine has that file");
    if (++count > kMaxFiles) return fail("-fw_cfg: more than 128 files");
    fw_cfg.add_file(name, *blob);
  }
  return {};
}

}  // namespace

Result<void> install_boot(FwCfg& fw_cfg, const MachineConfig& config) {
  const BootConfig& boot = config.boot;
  for (const char letter : boot.order + boot.once)
    if (!boot_nibble(letter))
      return fail(std::string("-boot: no device '") + letter + "'; expected letters of acdn");
  fw_cfg.add_file("bootorder", TRY(boot_order(fw_cfg, config)));
  fw_cfg.add_u16(fw_key::kBootMenu, boot.menu);
  if (boot.splash_time >= 0)
    fw_cfg.add_file("etc/boot-menu-wait",
                    ByteBuilder().u16le(std::min<u64>(u64(boot.splash_time), 0xffff)).take());
  const u64 timeout =
      boot.reboot_timeout < 0 ? ~u64(0) : std::min<u64>(boot.reboot_timeout, 0xffff);
  fw_cfg.add_file("etc/boot-fail-wait", ByteBuilder().u32le(timeout).take());
  if (const Blob* splash = config.blob("bootsplash"); splash && *splash && (*splash)->size() > 1)
    fw_cfg.add_file((**splash)[0] == 'B' ? "bootsplash.bmp" : "bootsplash.jpg", **splash);
  return install_user_files(fw_cfg, config);
}

u8 boot_nibble(char letter) {
  switch (letter) {
    case 'a':
    case 'b':
      return 1;
    case 'c':
      return 2;
    case 'd':
      return 3;
    case 'n':
      return 4;
  }
  return 0;
}

Result<std::array<u8, 16>> parse_uuid(const std::string& text) {
  std::array<u8, 16> uuid{};
  if (text.empty()) return uuid;
  const Error wrong = fail("-uuid " + text +
                           ": expected 8-4-4-4-12 hexadecimal digits, such as "
                           "12345678-1234-1234-1234-123456789abc");
  if (text.size() != 36) return wrong;
  unsigned digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return wrong;
      continue;
    }
    const std::string_view hex = "0123456789abcdef";
    const auto value = hex.find(char(text[i] >= 'A' && text[i] <= 'F' ? text[i] | 0x20 : text[i]));
    if (value == std::string_view::npos) return wrong;
    uuid[digits / 2] = u8(uuid[digits / 2] << 4 | value);
    ++digits;
  }
  return uuid;
}

}  // namespace reprise
