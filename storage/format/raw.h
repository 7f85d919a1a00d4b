// Raw: the guest's disk is the file's bytes, from `offset` on, `size` of them.
//
// A disk is whole sectors. Where the file ends inside a sector, the rest of it reads as zeros, and
// the first write there makes the file longer, up to the sector's end.
//
// A format that was guessed from the content is a promise to keep: a guest that writes, say, a
// qcow2 header that names /etc/shadow as its backing file into a raw disk would be believed at the
// next start. So with `probed` a write that would make the image look like another format is
// refused (EPERM), as QEMU does. Who says format=raw is not held to that.
#pragma once

#include "storage/block_node.h"

namespace reprise {

struct RawOptions {
  u64 offset = 0;           // whole sectors
  std::optional<u64> size;  // whole sectors; none: to the file's end
  bool probed = false;
};

Result<std::shared_ptr<BlockNode>> open_raw(std::shared_ptr<BlockNode> file,
                                            const RawOptions& options = {});

}  // namespace reprise
