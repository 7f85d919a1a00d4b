// A sparse file without a name: what a run keeps on the host's disk until it ends.
#pragma once

#include "storage/block_node.h"

namespace reprise {

// In $TMPDIR, else /var/tmp. It is gone when the node is, also after a crash; flush does nothing.
Result<std::shared_ptr<BlockNode>> make_temp_file(u64 size);

}  // namespace reprise
