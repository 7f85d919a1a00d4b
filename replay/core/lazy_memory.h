// Memory that reads as zeros and that the host commits page by page when it is written: a guest
// may have more RAM than the host, as long as it does not use it.
#pragma once

#include "replay/core/types.h"

namespace reprise {

// Large: the host may commit more at a time, which is faster where most of it will be used.
enum class HostPages { Small, Large };
// Page aligned; null if the host's address space has no room.
u8* reserve_memory(u64 size, HostPages pages = HostPages::Small);
void release_memory(u8* memory, u64 size);

}  // namespace reprise
