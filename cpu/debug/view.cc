#include "cpu/debug/view.h"

#include <algorithm>

namespace reprise::cpu {

MemoryPiece memory_at(const Cpu& cpu, AddressKind kind, u64 address) {
  const u64 physical = kind == AddressKind::Linear ? cpu.debug_translate(address) : address;
  if (physical == kNever) return {};
  const PhysPage page = cpu.bus->page(physical & kPageFrameMask, cpu.smm);
  const u64 inside = physical & ~kPageFrameMask;
  return {page.block, page.page * kPageSize + inside, kPageSize - inside};
}

std::size_t view_memory(const Cpu& cpu, AddressKind kind, u64 address, std::span<u8> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    if (done && address + done < address) break;
    const MemoryPiece piece = memory_at(cpu, kind, address + done);
    if (!piece.block) break;
    const std::size_t size = std::min<u64>(piece.room, bytes.size() - done);
    piece.block->read(piece.offset, bytes.subspan(done, size));
    done += size;
  }
  return done;
}

}  // namespace reprise::cpu
