// What the machine starts from.
#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

constexpr Row kRows[] = {
    {"kernel", "FILE", "a Linux bzImage or a multiboot ELF", DO(o.kernel = text)},
    {"initrd", "FILE", "its initial RAM disk, or a module for multiboot", DO(o.initrd = text)},
    {"append", "TEXT", "the kernel's command line",
     DO(o.config.append = text; o.given.insert("append"))},
    {"bios", "FILE", "the firmware instead of SeaBIOS", DO(o.bios = text)},
    {"L", "DIR", "where to look for firmware first", DO(o.firmware_dirs.push_back(text))},
};

}  // namespace

std::span<const Row> boot_rows() { return kRows; }

}  // namespace reprise::tools
