// Memory that reads as zeros and that the host commits page by page when it is written: a guest
// may have more RAM than the host, as long as it does not use it.
#pragma once

#include "replay/core/types.h"

namespace reprise {

// Large: the host may commit 2 MiB at a time, which is faster where much of it will be used, and
// leaves more of the host's TLB to the rest.
enum class HostPages { Small, Large };
// Aligned to its pages; null if the host's address space has no room.
u8* reserve_memory(u64 size, HostPages pages = HostPages::Small);
void release_memory(u8* memory, u64 size);

}  // namespace reprise
