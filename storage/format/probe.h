// Which format an image has, by its first bytes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "storage/block_node.h"

namespace reprise {

inline constexpr u64 kProbeBytes = 512;  // the signatures of all formats lie in the first sector

enum class ImageFormat : u8 {
  Raw,  // what has no signature, ISO 9660 among it
  Qcow,
  Qcow2,
  Qed,
  Vmdk,
  Vdi,
  Vhdx,
  Vpc,
  Parallels,
  Luks,
  Bochs,
  Cloop,
};

// `head`: the image's first kProbeBytes bytes, or all of it if it is shorter.
ImageFormat probe_format(std::span<const u8> head);
Result<ImageFormat> probe_format(BlockNode& file);

std::string_view name_of(ImageFormat format);  // QEMU's: "raw", "qcow2", "vpc"
std::optional<ImageFormat> format_named(std::string_view name);

// Opens the format over the file: `name` is what the operator said ("raw"), or empty to look at the
// content. Formats that cannot be opened are refused with the way to convert them.
Result<std::shared_ptr<BlockNode>> open_format(std::shared_ptr<BlockNode> file,
                                               std::string_view name, const std::string& path);

}  // namespace reprise
