#include "chipset/ide/bus_master.h"

#include <algorithm>

namespace reprise {

u8 BusMaster::read(unsigned offset) const {
  switch (offset) {
    case 0:
      return regs_.command;
    case 2:
      return regs_.status;
    case 4:
    case 5:
    case 6:
    case 7:
      return u8(regs_.table >> (8 * (offset - 4)));
    default:
      return 0;
  }
}

bool BusMaster::write(unsigned offset, u8 value) {
  switch (offset) {
    case 0: {
      const bool starts = value & ~regs_.command & kStart;
      regs_.command = value & (kStart | kToMemory);
      if (!(value & kStart)) regs_.status &= u8(~kActive);
      if (!starts) return false;
      regs_.status |= kActive;
      regs_.next = regs_.table;
      regs_.left = 0;
      regs_.last = false;
      return true;
    }
    case 2:
      regs_.status =
          u8((regs_.status & ~kCapable & ~(value & (kInterrupt | kError))) | (value & kCapable));
      return false;
    case 4:
    case 5:
    case 6:
    case 7: {
      const unsigned shift = 8 * (offset - 4);
      regs_.table = ((regs_.table & ~(0xffu << shift)) | u32(value) << shift) & ~3u;
      return false;
    }
    default:
      return false;
  }
}

bool BusMaster::set_enabled(bool enabled) {
  const bool starts = enabled && !enabled_;
  enabled_ = enabled;
  return starts;
}

u32 BusMaster::region(std::size_t wanted) {
  if (!regs_.left) {
    std::array<u8, 8> bytes;
    if (bus_.dma_answered(regs_.next, bytes.size()) < bytes.size()) return abort();
    bus_.dma_read(regs_.next, bytes);
    const auto word = [&bytes](unsigned at) { return u32(bytes[at] | bytes[at + 1] << 8); };
    regs_.next += 8;
    regs_.address = (word(0) | word(2) << 16) & ~1u;
    regs_.left = word(4) & ~1u;
    if (!regs_.left) regs_.left = 1 << 16;
    regs_.last = bytes[7] & 0x80;
  }
  const u64 to_wrap = (u64(1) << 32) - regs_.address;
  const u64 length = std::min<u64>({wanted, regs_.left, to_wrap});
  const std::size_t answered = bus_.dma_answered(regs_.address, length);
  return answered ? u32(answered) : abort();
}

u32 BusMaster::abort() {
  regs_.status = u8((regs_.status & ~kActive) | kError);
  aborted_();
  return 0;
}

void BusMaster::advance(u32 length) {
  regs_.address += length;
  regs_.left -= length;
  if (!regs_.left && regs_.last) regs_.status &= u8(~kActive);
}

// Bounded by the data: each descriptor moves at least two bytes.
std::size_t BusMaster::to_memory(std::span<const u8> data) {
  std::size_t moved = 0;
  while (moved < data.size() && ready(true)) {
    const u32 length = region(data.size() - moved);
    if (!length) break;
    bus_.dma_write(regs_.address, data.subspan(moved, length));
    advance(length);
    moved += length;
  }
  return moved;
}

std::size_t BusMaster::from_memory(std::span<u8> data) {
  std::size_t moved = 0;
  while (moved < data.size() && ready(false)) {
    const u32 length = region(data.size() - moved);
    if (!length) break;
    bus_.dma_read(regs_.address, data.subspan(moved, length));
    advance(length);
    moved += length;
  }
  return moved;
}

void BusMaster::state(State& s) {
  s("command", regs_.command, 0, 9)("status", regs_.status, 0, 0x67)("table", regs_.table);
  s("next", regs_.next)("address", regs_.address)("left", regs_.left, 0, 1 << 16);
  s("last", regs_.last);
  if (s.loading()) regs_.status &= kActive | kError | kInterrupt | kCapable;
}

}  // namespace reprise
