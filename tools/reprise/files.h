// The files a machine starts from: firmware, kernel, initrd. Read whole, looked at before the run.
#pragma once

#include <string>
#include <vector>

#include "chipset/board/config.h"
#include "tools/reprise/options.h"

namespace reprise::tools {

Result<Blob> read_file(const std::string& option, const std::string& path, u64 limit);

// A kernel that the loader would take and that is all there: a bzImage or a multiboot ELF.
Result<void> check_kernel(const std::string& path, const std::vector<u8>& kernel);

// Fills config.blobs: "bios" and "vgabios" always, "kernel" and "initrd" when given.
Result<void> load_files(Options& options);

// The firmware image that runs when no other guest is given; null if this build has none.
Blob builtin_guest();

}  // namespace reprise::tools
