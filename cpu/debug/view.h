// Memory as a vCPU sees it, for debuggers: by tables alone. Nothing changes, no device is touched.
#pragma once

#include <span>

#include "cpu/cpu.h"

namespace reprise::cpu {

enum class AddressKind : u8 { Linear, Physical };

// The memory behind one address, and how many bytes from there on are in its page. No block:
// nothing is mapped, or a device.
struct MemoryPiece {
  MemoryBlock* block = nullptr;
  u64 offset = 0;
  u64 room = 0;
};
MemoryPiece memory_at(const Cpu& cpu, AddressKind kind, u64 address);

// Returns how many bytes from `address` on could be read. Outside long mode linear addresses have
// 32 bits.
std::size_t view_memory(const Cpu& cpu, AddressKind kind, u64 address, std::span<u8> bytes);

}  // namespace reprise::cpu
