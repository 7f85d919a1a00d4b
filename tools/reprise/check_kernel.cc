// Says what is wrong with a kernel in the operator's words, before the loader sees it.
#include <string_view>

#include "tools/reprise/files.h"

namespace reprise::tools {
namespace {

u32 little(const std::vector<u8>& bytes, u64 at, unsigned size) {
  u32 value = 0;
  for (unsigned i = 0; i < size; ++i) value |= u32(bytes[at + i]) << (8 * i);
  return value;
}

Result<void> truncated(const std::string& path, u64 have, u64 need) {
  return fail("-kernel " + path + ": truncated: the file has " + std::to_string(have) +
              " bytes, but its header says that it has " + std::to_string(need));
}

// Linux x86 boot protocol: 1F1h setup_sects, 1F4h syssize (16-byte units), 202h "HdrS".
Result<void> check_linux(const std::string& path, const std::vector<u8>& kernel) {
  const u64 sectors = kernel[0x1F1] ? kernel[0x1F1] : 4;
  const u64 need = (sectors + 1) * 512 + u64(little(kernel, 0x1F4, 4)) * 16;
  // Signed images have padding after the end; a few bytes less are not missing from the kernel.
  if (kernel.size() + 15 < need) return truncated(path, kernel.size(), need);
  return {};
}

// ELF: e_phoff at 1Ch (32-bit) or 20h, e_phentsize, e_phnum; each segment's file range.
Result<void> check_elf(const std::string& path, const std::vector<u8>& kernel) {
  const bool wide = kernel[4] == 2;
  if (kernel.size() < 64) return truncated(path, kernel.size(), 64);
  const u64 table = little(kernel, wide ? 0x20 : 0x1C, 4);
  const u64 entry = little(kernel, wide ? 0x36 : 0x2A, 2);
  const u64 count = little(kernel, wide ? 0x38 : 0x2C, 2);
  if (entry < (wide ? 56 : 32)) return fail("-kernel " + path + ": not a valid ELF file");
  if (table + entry * count > kernel.size())
    return truncated(path, kernel.size(), table + entry * count);
  for (u64 i = 0; i < count; ++i) {
    const u64 at = table + i * entry;
    if (little(kernel, at, 4) != 1) continue;  // PT_LOAD
    const u64 end =
        u64(little(kernel, at + (wide ? 8 : 4), 4)) + little(kernel, at + (wide ? 32 : 16), 4);
    if (end > kernel.size()) return truncated(path, kernel.size(), end);
  }
  return {};
}

bool has_multiboot_header(const std::vector<u8>& kernel) {
  for (u64 at = 0; at + 12 <= kernel.size() && at < 8192; at += 4) {
    if (little(kernel, at, 4) == 0x1BADB002 &&
        u32(0x1BADB002 + little(kernel, at + 4, 4) + little(kernel, at + 8, 4)) == 0)
      return true;
  }
  return false;
}

}  // namespace

Result<void> check_kernel(const std::string& path, const std::vector<u8>& kernel) {
  const std::string_view text(reinterpret_cast<const char*>(kernel.data()), kernel.size());
  if (kernel.size() >= 0x268 && text.substr(0x202, 4) == "HdrS") return check_linux(path, kernel);
  if (text.starts_with("\x7f"
                       "ELF") &&
      kernel.size() > 4) {
    if (!has_multiboot_header(kernel))
      return fail("-kernel " + path +
                  ": an ELF file without a multiboot header in its first 8 KiB");
    return check_elf(path, kernel);
  }
  if (kernel.size() < 0x268)
    return fail("-kernel " + path + ": " + std::to_string(kernel.size()) +
                " bytes are too few for a kernel; is the file truncated?");
  return fail("-kernel " + path + ": neither a Linux bzImage nor a multiboot ELF");
}

}  // namespace reprise::tools
