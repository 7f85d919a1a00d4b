// Multiboot v1 kernels (Multiboot Specification 0.6.96): 32-bit ELF, or flat with load addresses in
// the header. The initrd becomes the one module.
//
//   9000h   information structure, its strings and module list; the ROM appends the memory map
//   >=1 MiB the kernel as it asks, then the module on a page of its own
// Not modelled: the video mode request (flag 2), symbols, drives, APM.
#include "chipset/firmware/kernel.h"
#include "gen/multiboot.rom.h"

namespace reprise {
namespace {

constexpr u32 kMagic = 0x1badb002;
constexpr u64 kSearch = 8192;  // the header lies within the first 8 KiB
constexpr u32 kPageModules = 1, kMemoryInfo = 2, kVideo = 4, kAddresses = 1 << 16;
constexpr u64 kInfo = 0x9000;
constexpr u64 kInfoRoom = 0xc000;  // with the memory map, inside one 64 KiB segment
constexpr u64 kLowest = 0x100000;  // the kernel's RAM begins at 1 MiB
constexpr u64 kRomStart = 0xf0000;
constexpr u64 kLargestSpan = u64(512) << 20;

struct Loaded {
  u64 address = 0;  // of data[0]
  Bytes data;
  u64 end = 0;  // zeros follow the data up to here
  u32 entry = 0;
};

std::size_t find_header(std::span<const u8> image) {  // image.size() if there is none
  const u64 limit = std::min<u64>(image.size(), kSearch);
  for (u64 at = 0; at + 12 <= limit; at += 4) {
    if (get_le(image, at, 4) != kMagic) continue;
    const u32 sum = u32(kMagic + get_le(image, at + 4, 4) + get_le(image, at + 8, 4));
    if (sum == 0) return at;
  }
  return image.size();
}

Error damaged(const std::string& what) {
  return fail("kernel: Multiboot header found, but " + what +
              "; the file is truncated or damaged, or was not linked for Multiboot");
}

// The kernel is one stretch of memory from its first byte of data to its last of zeros.
class Stretch {
 public:
  explicit Stretch(u64 usable_end) : usable_end_(usable_end) {}

  Result<void> add(u64 address, std::span<const u8> data, u64 memory_size) {
    u64 size = std::max<u64>(memory_size, data.size());
    // Linkers put a page with the ELF headers in front of what is linked at 1 MiB. That is ROM.
    if (address >= kRomStart && address < kLowest) {
      const u64 skip = std::min<u64>(kLowest - address, size);
      data = data.subspan(std::min<u64>(skip, data.size()));
      address += skip;
      size -= skip;
    }
    if (size == 0) return {};
    if (address < kLowest)
      return fail("kernel: a part loads at " + std::to_string(address) +
                  ", below 1 MiB, where the firmware is; link it at 1 MiB or above");
    if (address + size > usable_end_) return too_little_ram("kernel: needs", address + size);
    total_ += data.size();
    if (total_ > kLargestSpan) return damaged("its segments have more than 512 MiB, or overlap");
    first_ = std::min(first_, address);
    end_ = std::max(end_, address + size);
    parts_.push_back({address, data});
    return {};
  }
  Result<Loaded> finish(u32 entry) const {
    if (parts_.empty()) return damaged("nothing in the file is to be loaded");
    Loaded loaded{first_, {}, end_, entry};
    for (const Part& part : parts_) {
      const u64 offset = part.address - first_;
      if (offset + part.data.size() > kLargestSpan)
        return damaged("its parts lie more than 512 MiB apart");
      loaded.data.resize(std::max<u64>(loaded.data.size(), offset + part.data.size()));
      std::copy(part.data.begin(), part.data.end(), loaded.data.begin() + i64(offset));
    }
    return loaded;
  }

 private:
  struct Part {
    u64 address;
    std::span<const u8> data;
  };
  u64 usable_end_;
  u64 first_ = ~u64(0);
  u64 end_ = 0;
  u64 total_ = 0;
  std::vector<Part> parts_;
};

Result<Loaded> load_elf(std::span<const u8> image, u64 usable_end) {
  constexpr u64 kEhdrSize = 52, kPhdrSize = 32;
  if (image.size() < kEhdrSize) return damaged("its ELF header is cut short");
  if (image[4] != 1)
    return fail("kernel: a 64-bit ELF file; Multiboot wants ELF32: objcopy -O elf32-i386 IN OUT");
  if (image[5] != 1 || get_le(image, 18, 2) != 3) return damaged("the ELF file is not for i386");
  const u64 table = get_le(image, 28, 4), count = get_le(image, 44, 2);
  if (get_le(image, 42, 2) != kPhdrSize || table + count * kPhdrSize > image.size())
    return damaged("its program headers are outside the file");
  Stretch stretch(usable_end);
  for (u64 i = 0; i < count; ++i) {
    const std::span<const u8> header = image.subspan(table + i * kPhdrSize, kPhdrSize);
    constexpr u32 kLoad = 1;
    if (get_le(header, 0, 4) != kLoad) continue;
    const u64 offset = get_le(header, 4, 4), address = get_le(header, 12, 4);
    const u64 in_file = get_le(header, 16, 4), in_memory = get_le(header, 20, 4);
    if (offset + in_file > image.size())
      return damaged("segment " + std::to_string(i) + " is outside the file");
    TRY(stretch.add(address, image.subspan(offset, in_file), in_memory));
  }
  return stretch.finish(u32(get_le(image, 24, 4)));
}

// 3.1.3: the file's byte at `header` goes to header_addr.
Result<Loaded> load_flat(std::span<const u8> image, std::size_t header, u64 usable_end) {
  if (header + 32 > image.size()) return damaged("its address fields are cut short");
  const u64 header_addr = get_le(image, header + 12, 4), load = get_le(image, header + 16, 4);
  u64 load_end = get_le(image, header + 20, 4);
  const u64 bss_end = get_le(image, header + 24, 4);
  if (load > header_addr || header_addr - load > header)
    return damaged("load_addr does not fit header_addr");
  const u64 start = header - (header_addr - load);
  if (load_end == 0) load_end = load + image.size() - start;
  if (load_end < load || load_end - load > image.size() - start)
    return damaged("load_end_addr is past the end of the file");
  Stretch stretch(usable_end);
  TRY(stretch.add(load, image.subspan(start, load_end - load), std::max(bss_end, load_end) - load));
  return stretch.finish(u32(get_le(image, header + 28, 4)));
}

// 3.3: the structure of 88 bytes, then what it points to.
Bytes build_info(const KernelFiles& files, u64 module) {
  constexpr u32 kHasCmdline = 1 << 2, kHasModules = 1 << 3, kHasLoaderName = 1 << 9;
  constexpr u64 kSize = 88;
  ByteBuilder out;
  out.zeros(kSize);
  const auto field = [&](std::size_t offset, u64 value) { put_le(out.data(), offset, 4, value); };
  u32 flags = kHasCmdline | kHasLoaderName;
  field(16, kInfo + out.size());
  // By convention the first word names the kernel.
  out.text("kernel").text(files.append.empty() ? "" : " " + files.append).u8le(0);
  field(64, kInfo + out.size());
  out.text("Reprise").u8le(0);
  if (files.initrd) {
    const u64 name = kInfo + out.size();
    out.text("initrd").u8le(0).align(4);
    flags |= kHasModules;
    field(20, 1);
    field(24, kInfo + out.size());
    out.u32le(module).u32le(module + files.initrd_size()).u32le(name).u32le(0);
  }
  field(0, flags);
  return out.align(4).take();
}

}  // namespace

bool is_multiboot(std::span<const u8> image) { return find_header(image) < image.size(); }

Result<void> install_multiboot(FwCfg& fw_cfg, const KernelFiles& files) {
  const std::span<const u8> image = files.image();
  const std::size_t header = find_header(image);
  const u32 flags = u32(get_le(image, header + 4, 4));
  if (flags & 0xffff & ~(kPageModules | kMemoryInfo | kVideo))
    return fail("kernel: its Multiboot header requires features that no version defines (flags " +
                std::to_string(flags & 0xffff) + ")");
  const bool elf = get_le(image, 0, 4) == 0x464c457f;  // 7Fh "ELF"
  if (!(flags & kAddresses) && !elf)
    return damaged("it is neither an ELF file nor has address fields");
  Loaded loaded = TRY(flags & kAddresses ? load_flat(image, header, files.usable_end())
                                         : load_elf(image, files.usable_end()));

  const u64 module = (loaded.end + 0xfff) & ~u64(0xfff);
  if (files.initrd && module + files.initrd_size() > files.usable_end())
    return too_little_ram("kernel and initrd need", module + files.initrd_size());
  Bytes info = build_info(files, module);
  if (info.size() > kInfoRoom / 2)
    return fail("-append: " + std::to_string(files.append.size()) +
                " characters are too many for a Multiboot kernel; give at most 24000");

  fw_cfg.add_u32(fw_key::kKernelEntry, loaded.entry);
  fw_cfg.add_u32(fw_key::kKernelAddr, u32(loaded.address));
  fw_cfg.add_u32(fw_key::kKernelSize, u32(loaded.end - loaded.address));  // reads on as zeros
  fw_cfg.add_item(fw_key::kKernelData, std::move(loaded.data));
  if (files.initrd) {
    fw_cfg.add_u32(fw_key::kSetupAddr, u32(module));
    fw_cfg.add_u32(fw_key::kSetupSize, u32(files.initrd_size()));
    fw_cfg.add_item(fw_key::kSetupData, files.initrd);
  }
  fw_cfg.add_u32(fw_key::kInitrdAddr, kInfo);
  fw_cfg.add_u32(fw_key::kInitrdSize, u32(info.size()));
  fw_cfg.add_item(fw_key::kInitrdData, std::move(info));
  fw_cfg.add_file("genroms/multiboot.bin",
                  Bytes(std::begin(rom::multiboot_rom), std::end(rom::multiboot_rom)));
  return {};
}

}  // namespace reprise
