#include "tools/reprise/files.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "tools/reprise/suboptions.h"

namespace reprise::tools {
namespace {

namespace fs = std::filesystem;

constexpr u64 kMiB = 1 << 20;
constexpr const char* kFirmwareDir = "/usr/share/seabios";
constexpr const char* kFirmwarePackage = "apt install seabios";

// In the directories of -L, then where Debian's package has it; null: nowhere.
Result<Blob> find_firmware(const Options& options, const std::string& name) {
  std::vector<std::string> dirs = options.firmware_dirs;
  dirs.push_back(kFirmwareDir);
  for (const std::string& dir : dirs) {
    std::error_code ignored;
    const fs::path path = fs::path(dir) / name;
    if (fs::exists(path, ignored)) return read_file("firmware", path.string(), 16 * kMiB);
  }
  return Blob();
}

Result<Blob> firmware(const Options& options, const std::string& name) {
  const Blob found = TRY(find_firmware(options, name));
  if (found) return found;
  return fail("the firmware " + name + " is neither in " + kFirmwareDir +
              " nor in a directory given by -L; install it: " + kFirmwarePackage);
}

Result<void> check_bios(const std::string& path, const std::vector<u8>& bios) {
  if (bios.size() % 4096 || bios.size() > 16 * kMiB)
    return fail("-bios " + path + ": " + std::to_string(bios.size()) +
                " bytes; expected a whole number of 4 KiB pages up to 16 MiB (is it truncated?)");
  return {};
}

}  // namespace

Result<Blob> read_file(const std::string& option, const std::string& path, u64 limit) {
  const std::string what = option + " " + path + ": ";
  std::error_code problem;
  const auto status = fs::status(path, problem);
  if (!fs::exists(status)) return fail(what + "no such file");
  if (fs::is_directory(status)) return fail(what + "is a directory; expected a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(what + std::strerror(errno));
  std::vector<u8> bytes;
  std::vector<char> piece(kMiB);
  while (in.read(piece.data(), std::streamsize(piece.size())), in.gcount() > 0) {
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + in.gcount());
    if (bytes.size() > limit)
      return fail(what + "larger than " + size_text(limit) + ", the most that can be loaded");
  }
  if (in.bad()) return fail(what + "cannot be read: " + std::strerror(errno));
  if (bytes.empty()) return fail(what + "is empty");
  return Blob(std::make_shared<const std::vector<u8>>(std::move(bytes)));
}

namespace {

// What else the machine holds, for the guest to read.
Result<void> load_extras(Options& options) {
  auto& blobs = options.config.blobs;
  if (!options.splash.empty()) {
    blobs["bootsplash"] = TRY(read_file("-boot splash=", options.splash, 16 * kMiB));
    const std::vector<u8>& picture = *blobs["bootsplash"];
    const bool jpeg = picture.size() > 2 && picture[0] == 0xFF && picture[1] == 0xD8;
    const bool bmp = picture.size() > 2 && picture[0] == 'B' && picture[1] == 'M';
    if (!jpeg && !bmp)
      return fail("-boot splash=" + options.splash + ": expected a JPEG or BMP picture");
  }
  for (std::size_t i = 0; i < options.smbios_files.size(); ++i)
    blobs["smbios" + std::to_string(i)] =
        TRY(read_file("-smbios file=", options.smbios_files[i], 0xffff));
  for (const auto& [name, path] : options.fw_cfg_files)
    blobs["fw_cfg:" + name] = TRY(read_file("-fw_cfg", path, 64 * kMiB));
  return {};
}

// A medium in any drive: the firmware boots from it, or says that it cannot.
bool something_to_boot(const MachineConfig& config) {
  return std::any_of(config.drives.begin(), config.drives.end(),
                     [](const DriveConfig& drive) { return drive.present; });
}

}  // namespace

Result<void> load_files(Options& options) {
  TRY(load_extras(options));
  auto& blobs = options.config.blobs;
  const u64 ram = options.config.ram_bytes;
  if (!options.kernel.empty()) {
    blobs["kernel"] = TRY(read_file("-kernel", options.kernel, std::min<u64>(ram, 512 * kMiB)));
    TRY(check_kernel(options.kernel, *blobs["kernel"]));
  }
  if (!options.initrd.empty())
    blobs["initrd"] = TRY(read_file("-initrd", options.initrd, std::min<u64>(ram, 2048 * kMiB)));
  if (!options.bios.empty()) {
    blobs["bios"] = TRY(read_file("-bios", options.bios, 16 * kMiB));
    TRY(check_bios(options.bios, *blobs["bios"]));
  } else if (options.kernel.empty() && !something_to_boot(options.config) && builtin_guest()) {
    blobs["bios"] = builtin_guest();
    // By it the guest says that a test has failed.
    auto& devices = options.config.devices;
    if (std::none_of(devices.begin(), devices.end(),
                     [](const auto& each) { return each.kind == "isa-debug-exit"; }))
      devices.push_back({"isa-debug-exit", {}});
    return {};  // it needs no VGA BIOS
  } else {
    blobs["bios"] = TRY(firmware(options, "bios-256k.bin"));
  }
  if (options.config.vga == "none") return {};
  // Firmware of one's own may do without.
  const std::string vga = "vgabios-stdvga.bin";
  const Blob rom =
      options.bios.empty() ? TRY(firmware(options, vga)) : TRY(find_firmware(options, vga));
  if (rom) blobs["vgabios"] = rom;
  return {};
}

}  // namespace reprise::tools
