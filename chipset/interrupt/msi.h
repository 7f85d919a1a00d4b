// Where message-signalled interrupts go: a memory write to FEExxxxxh that the local APICs see.
#pragma once

#include "replay/core/types.h"

namespace reprise {

class MsiSink {
 public:
  virtual ~MsiSink() = default;
  // Messages to addresses outside FEExxxxxh are ignored.
  virtual void deliver(u64 address, u32 data) = 0;
};

}  // namespace reprise
