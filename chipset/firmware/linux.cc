// Linux bzImage by the 16-bit boot protocol (Documentation/x86/boot.rst).
//
//   10000h  setup code, with the header's loader fields filled in; its heap and stack end at 20000h
//   20000h  command line
//   1 MiB   the protected-mode kernel
//   initrd  as high as the kernel allows
#include <cstdio>

#include "chipset/firmware/kernel.h"
#include "gen/linuxboot.rom.h"

namespace reprise {
namespace {

constexpr u32 kSetup = 0x10000, kCmdline = 0x20000, kKernel = 0x100000;
constexpr u64 kCmdlineRoom = 0x60000;  // up to 80000h, well below the firmware's own data
constexpr u32 kMinHeap = 0x2000;       // for setup's heap and stack
constexpr u64 kHeaderEnd = 0x268;

// Offsets of the setup header's fields.
enum Field : std::size_t {
  kSetupSects = 0x1f1,
  kSysSize = 0x1f4,
  kBootFlag = 0x1fe,
  kMagic = 0x202,
  kVersion = 0x206,
  kTypeOfLoader = 0x210,
  kLoadFlags = 0x211,
  kRamdiskImage = 0x218,
  kRamdiskSize = 0x21c,
  kHeapEndPtr = 0x224,
  kCmdLinePtr = 0x228,
  kInitrdAddrMax = 0x22c,
  kCmdlineSize = 0x238,
  kPrefAddress = 0x258,
  kInitSize = 0x260,
};
constexpr u8 kLoadedHigh = 1, kCanUseHeap = 0x80;

struct Header {
  u16 version = 0;
  u64 setup_size = 0;   // bytes of setup code, the boot sector included
  u64 kernel_end = 0;   // first byte of RAM that the starting kernel does not use
  u64 initrd_max = 0;   // last byte that the initrd may take
  u64 cmdline_max = 0;  // characters
};

std::string hex(u64 value) {
  char text[20];
  std::snprintf(text, sizeof text, "%llxh", static_cast<unsigned long long>(value));
  return text;
}

Error truncated(u64 have, u64 need) {
  return fail("kernel: the file ends after " + std::to_string(have) +
              " bytes, but its header says " + std::to_string(need) +
              "; it is truncated, copy or download it again");
}

Result<Header> parse(std::span<const u8> image) {
  if (image.size() < kHeaderEnd) return truncated(image.size(), kHeaderEnd);
  Header header;
  header.version = u16(get_le(image, kVersion, 2));
  if (header.version < 0x0202)
    return fail("kernel: Linux boot protocol " + hex(header.version) +
                " is older than 2.02 (Linux 2.4); give a newer kernel");
  if (!(image[kLoadFlags] & kLoadedHigh))
    return fail("kernel: a zImage, which loads below 1 MiB; give a bzImage");

  const u64 sectors = image[kSetupSects] ? image[kSetupSects] : 4;
  header.setup_size = (sectors + 1) * 512;
  if (kSetup + header.setup_size + kMinHeap > kCmdline)
    return fail("kernel: setup code of " + std::to_string(header.setup_size) +
                " bytes does not leave it a heap; the file is damaged");
  // The count of 16-byte units had only 16 bits before 2.04.
  const unsigned width = header.version >= 0x0204 ? 4 : 2;
  const u64 body = get_le(image, kSysSize, width) * 16;
  if (image.size() < header.setup_size + std::max<u64>(body, 1))
    return truncated(image.size(), header.setup_size + std::max<u64>(body, 1));

  header.kernel_end = kKernel + (image.size() - header.setup_size);
  if (header.version >= 0x020a) {
    const u64 init_end = get_le(image, kPrefAddress, 8) + get_le(image, kInitSize, 4);
    if (init_end > u64(4) << 30 || init_end < get_le(image, kInitSize, 4))
      return fail("kernel: preferred address " + hex(get_le(image, kPrefAddress, 8)) +
                  " is not below 4 GiB; the file is damaged");
    header.kernel_end = std::max(header.kernel_end, init_end);
  }
  header.initrd_max = header.version >= 0x0203 ? get_le(image, kInitrdAddrMax, 4) : 0x37ffffff;
  header.cmdline_max = header.version >= 0x0206 ? get_le(image, kCmdlineSize, 4) : 255;
  header.cmdline_max = std::min(header.cmdline_max, kCmdlineRoom - 1);
  return header;
}

// The highest page-aligned place that kernel, RAM and firmware leave.
Result<u32> place_initrd(const Header& header, const KernelFiles& files) {
  const u64 size = files.initrd_size();
  const u64 floor = (header.kernel_end + 0xfff) & ~u64(0xfff);
  const u64 room = (size + 0xfff) & ~u64(0xfff);
  const u64 end = std::min(files.usable_end(), header.initrd_max + 1) & ~u64(0xfff);
  if (floor + room <= end) return u32(end - room);
  if (floor + room > header.initrd_max + 1)
    return fail("initrd: " + std::to_string(size) + " bytes do not fit below " +
                hex(header.initrd_max) + ", where this kernel wants it; give a smaller one");
  return too_little_ram("kernel and initrd need", floor + room);
}

}  // namespace

bool is_linux(std::span<const u8> image) {
  return image.size() >= kVersion && get_le(image, kBootFlag, 2) == 0xaa55 &&
         get_le(image, kMagic, 4) == 0x53726448;  // "HdrS"
}

Result<void> install_linux(FwCfg& fw_cfg, const KernelFiles& files) {
  const Header header = TRY(parse(files.image()));
  if (header.kernel_end > files.usable_end())
    return too_little_ram("kernel: needs", header.kernel_end);
  if (files.append.size() > header.cmdline_max)
    return fail("-append: " + std::to_string(files.append.size()) +
                " characters; this kernel takes at most " + std::to_string(header.cmdline_max));
  u32 initrd = 0;
  if (files.initrd_size()) initrd = TRY(place_initrd(header, files));

  const std::span<const u8> first = files.image().first(header.setup_size);
  Bytes setup(first.begin(), first.end());
  setup[kTypeOfLoader] = 0xff;  // a loader without an assigned number
  setup[kLoadFlags] |= kCanUseHeap;
  put_le(setup, kHeapEndPtr, 2, kCmdline - kSetup - 0x200);
  put_le(setup, kCmdLinePtr, 4, kCmdline);
  put_le(setup, kRamdiskImage, 4, initrd);
  put_le(setup, kRamdiskSize, 4, files.initrd_size());

  fw_cfg.add_u32(fw_key::kSetupAddr, kSetup);
  fw_cfg.add_u32(fw_key::kSetupSize, u32(setup.size()));
  fw_cfg.add_item(fw_key::kSetupData, std::move(setup));
  fw_cfg.add_u32(fw_key::kCmdlineAddr, kCmdline);
  fw_cfg.add_u32(fw_key::kCmdlineSize, u32(files.append.size() + 1));
  fw_cfg.add_item(fw_key::kCmdlineData, ByteBuilder().text(files.append).u8le(0).take());
  fw_cfg.add_u32(fw_key::kKernelAddr, kKernel);
  fw_cfg.add_u32(fw_key::kKernelSize, u32(files.image().size() - header.setup_size));
  fw_cfg.add_item(fw_key::kKernelData, files.kernel, header.setup_size);
  if (files.initrd_size()) {
    fw_cfg.add_u32(fw_key::kInitrdAddr, initrd);
    fw_cfg.add_u32(fw_key::kInitrdSize, u32(files.initrd_size()));
    fw_cfg.add_item(fw_key::kInitrdData, files.initrd);
  }
  fw_cfg.add_file("genroms/linuxboot.bin",
                  Bytes(std::begin(rom::linuxboot_rom), std::end(rom::linuxboot_rom)));
  return {};
}

}  // namespace reprise
