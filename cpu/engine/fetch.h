// From code in memory to decoded instructions and blocks.
#pragma once

#include "cpu/cpu.h"
#include "cpu/engine/block_cache.h"

namespace reprise::cpu {

inline u64 linear_ip(const Cpu& c) {
  return c.code64() ? c.r[kRip] : u32(c.seg[CS].base + c.r[kRip]);
}

// Decodes the instruction at r[kRip] into `op`; faults of fetching are raised.
struct Fetched {
  u64 address = 0, address2 = 0;  // guest-physical; address2: of the second page, if it is used
  bool crossing = false;
  u8 bytes[15];
};
Fetched fetch_one(Cpu& c, Op* op);

// The block at r[kRip]; null where code is not in memory. Faults of fetching are raised.
Block* find_block(Cpu& c);

}  // namespace reprise::cpu
