#include "chipset/firmware/kernel.h"

#include <algorithm>
#include <string_view>

namespace reprise {
namespace {

bool starts_with(std::span<const u8> image, std::string_view magic) {
  return image.size() >= magic.size() && std::equal(magic.begin(), magic.end(), image.begin(),
                                                    [](char a, u8 b) { return u8(a) == b; });
}

// What was given instead of a kernel, as far as the first bytes tell.
std::string describe(std::span<const u8> image) {
  using namespace std::string_view_literals;
  if (image.empty()) return "is empty";
  if (starts_with(image,
                  "\x7f"
                  "ELF"sv))
    return "is an ELF file without a Multiboot header (a vmlinux?)";
  if (starts_with(image, "\x1f\x8b"sv)) return "is compressed with gzip";
  if (starts_with(image,
                  "\xfd"
                  "7zXZ"sv))
    return "is compressed with xz";
  if (starts_with(image, "\x28\xb5\x2f\xfd"sv)) return "is compressed with zstd";
  if (starts_with(image, "070701"sv)) return "is a cpio archive (an initrd?)";
  if (starts_with(image, "MZ"sv)) return "is an EFI program without a Linux boot header";
  if (image.size() < 1024)
    return "has only " + std::to_string(image.size()) + " bytes, too few for a kernel";
  return "has neither a Linux boot header nor a Multiboot header";
}

}  // namespace

Error too_little_ram(const std::string& what, u64 end) {
  const u64 mib = (end + KernelFiles::kFirmwareTop + 0xfffff) >> 20;
  return fail(what + " at least " + std::to_string(mib) + " MiB of RAM below 4 GiB; give -m " +
              std::to_string(mib) + "M or more");
}

Result<void> install_kernel(FwCfg& fw_cfg, const MachineConfig& config) {
  const Blob* kernel = config.blob("kernel");
  const Blob* initrd = config.blob("initrd");
  if (!kernel || !*kernel) {
    if (initrd && *initrd) return fail("-initrd needs a kernel to go with: give -kernel FILE");
    if (!config.append.empty()) return fail("-append needs a kernel: give -kernel FILE");
    return {};
  }
  const KernelFiles files{*kernel, initrd ? *initrd : nullptr, config.append,
                          RamLayout::of(config.ram_bytes)};
  if (files.initrd_size() > 0xffffffff) return fail("initrd: larger than 4 GiB");
  if (is_linux(files.image())) return install_linux(fw_cfg, files);
  if (is_multiboot(files.image())) return install_multiboot(fw_cfg, files);
  return fail("kernel: the file " + describe(files.image()) +
              "; give a Linux bzImage (such as /boot/vmlinuz-...) or a 32-bit Multiboot kernel");
}

}  // namespace reprise
