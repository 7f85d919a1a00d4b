// The PC's guest-physical memory map and port map.
//
// Regions overlap by priority, as the chipset's decoders do: the highest priority wins for each
// page, and a disabled region is not there. `generation` listeners (the vCPUs) drop what they
// derived whenever the map changes.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "chipset/memory/handlers.h"
#include "cpu/bus.h"
#include "replay/core/pages.h"

namespace reprise {

// DMA by devices: always through here (never through a vCPU's view): no SMRAM, no local APIC.
class DmaBus {
 public:
  virtual ~DmaBus() = default;
  virtual void dma_read(u64 address, std::span<u8> bytes) = 0;
  virtual void dma_write(u64 address, std::span<const u8> bytes) = 0;
};

}  // namespace reprise
