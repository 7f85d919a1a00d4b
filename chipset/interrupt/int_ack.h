// The interrupt acknowledge cycle: who answers it with a vector.
#pragma once

#include "replay/core/types.h"

namespace reprise {

class IntAck {
 public:
  virtual ~IntAck() = default;
  virtual u8 acknowledge() = 0;
};

}  // namespace reprise
