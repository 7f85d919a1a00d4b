// Any bytes as a kernel: refused with a message, or placed in RAM without overlaps.
#pragma once

#include "chipset/firmware/kernel.h"
#include "tests/firmware/fixture.h"
#include "tools/reprise/files.h"

namespace reprise {

struct KernelCase {
  u64 ram = 64 << 20;
  u64 initrd = 0;
  std::size_t append = 0;
  std::span<const u8> kernel;
};

// True: installed.
inline bool install_any_kernel(const KernelCase& input) {
  const auto blob = [](std::span<const u8> bytes) {
    return std::make_shared<const Bytes>(bytes.begin(), bytes.end());
  };
  MachineConfig config;
  config.ram_bytes = input.ram;
  config.append = std::string(input.append, 'a');
  config.blobs["kernel"] = blob(input.kernel);
  if (input.initrd) config.blobs["initrd"] = blob(Bytes(input.initrd));
  const Result<void> looked_at = tools::check_kernel("k", *config.blobs["kernel"]);
  check(looked_at.ok() || !looked_at.error().message.empty(), "a refusal says why");

  FwCfgBoard board;
  const Result<void> installed = install_kernel(board.fw, config);
  if (!installed) {
    check(!installed.error().message.empty(), "a refusal says why");
    return false;
  }
  struct Piece {
    u16 address, size, data;
  };
  constexpr Piece kPieces[] = {{fw_key::kSetupAddr, fw_key::kSetupSize, fw_key::kSetupData},
                               {fw_key::kCmdlineAddr, fw_key::kCmdlineSize, fw_key::kCmdlineData},
                               {fw_key::kKernelAddr, fw_key::kKernelSize, fw_key::kKernelData},
                               {fw_key::kInitrdAddr, fw_key::kInitrdSize, fw_key::kInitrdData}};
  std::vector<std::pair<u64, u64>> taken;  // first, end
  const auto number = [&](u16 key) {
    const auto item = board.fw.item(key);
    return item.size() < 4 ? 0 : get_le(item, 0, 4);
  };
  const bool multiboot = board.fw.file("genroms/multiboot.bin");  // whose kernel ends in zeros
  for (const Piece& piece : kPieces) {
    const u64 size = number(piece.size), begin = number(piece.address);
    if (!size) continue;
    if (!multiboot || piece.data != fw_key::kKernelData)
      check(board.fw.item(piece.data).size() >= size, "as many bytes as are promised");
    check(begin + size <= input.ram, "inside of RAM");
    for (const auto& [first, end] : taken)
      check(begin + size <= first || begin >= end, "nothing overlaps");
    taken.emplace_back(begin, begin + size);
  }
  return true;
}

}  // namespace reprise
