// What a device offers to a bus: a window of ports or of memory-mapped registers.
#pragma once

#include "replay/core/types.h"

namespace reprise {

// Offsets are relative to the window's start. Sizes: 1, 2, 4 (MMIO also 8). The address space never
// splits or merges an access unless the handler says which widths it takes (see
// AddressSpace::add_*).
class IoHandler {
 public:
  virtual ~IoHandler() = default;
  virtual u32 io_read(u16 offset, unsigned size) = 0;
  virtual void io_write(u16 offset, unsigned size, u32 value) = 0;
};

class MmioHandler {
 public:
  virtual ~MmioHandler() = default;
  virtual u64 mmio_read(u64 offset, unsigned size) = 0;
  virtual void mmio_write(u64 offset, unsigned size, u64 value) = 0;
};

}  // namespace reprise
