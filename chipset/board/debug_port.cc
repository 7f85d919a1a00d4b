#include "chipset/board/debug_port.h"

#include <algorithm>

namespace reprise {

namespace {

enum Message : u8 { kPhysical = 1, kLinear = 2, kRegister = 3 };

u64 number(std::span<const u8> bytes) {
  u64 value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

DebugPort::DebugPort(Door& door, cpu::Cluster& cpus)
    : door_(door),
      cpus_(cpus),
      registers_(cpu::debug_registers(cpus.model())),
      port_(door, "/machine:debug", PortKind::Input, [this](std::span<const u8> message) {
        done_ = receive(message);
        ++delivered_;
      }) {}

std::vector<u8> DebugPort::write_memory(unsigned cpu, cpu::AddressKind kind, u64 address,
                                        std::span<const u8> bytes) {
  std::vector<u8> message(10 + bytes.size());
  message[0] = kind == cpu::AddressKind::Linear ? kLinear : kPhysical;
  message[1] = u8(cpu);
  for (unsigned i = 0; i < 8; ++i) message[2 + i] = u8(address >> (8 * i));
  std::ranges::copy(bytes, message.begin() + 10);
  return message;
}

std::vector<u8> DebugPort::write_register(unsigned cpu, std::string_view name,
                                          std::span<const u8> bytes) {
  std::vector<u8> message(3 + name.size() + bytes.size());
  message[0] = kRegister;
  message[1] = u8(cpu);
  message[2] = u8(name.size());
  std::ranges::copy(name, message.begin() + 3);
  std::ranges::copy(bytes, message.begin() + 3 + std::ptrdiff_t(name.size()));
  return message;
}

bool DebugPort::receive(std::span<const u8> message) {
  if (message.size() < 3 || message[1] >= cpus_.size()) return false;
  cpu::Cpu& cpu = cpus_.cpu(message[1]);
  const auto rest = message.subspan(2);
  switch (message[0]) {
    case kPhysical:
      return change_memory(cpu, cpu::AddressKind::Physical, rest);
    case kLinear:
      return change_memory(cpu, cpu::AddressKind::Linear, rest);
    case kRegister:
      return change_register(cpu, rest);
  }
  return false;
}

// All of it or nothing: first it is found, then written.
bool DebugPort::change_memory(const cpu::Cpu& cpu, cpu::AddressKind kind,
                              std::span<const u8> rest) {
  if (rest.size() <= 8 || rest.size() > 8 + kMaxBytes) return false;
  u64 address = number(rest.first(8));
  auto bytes = rest.subspan(8);
  if (address + (bytes.size() - 1) < address) return false;
  std::vector<cpu::MemoryPiece> pieces;
  for (u64 done = 0; done < bytes.size(); done += pieces.back().room) {
    pieces.push_back(cpu::memory_at(cpu, kind, address + done));
    if (!pieces.back().block) return false;
  }
  for (const cpu::MemoryPiece& piece : pieces) {
    const std::size_t size = std::min<u64>(piece.room, bytes.size());
    piece.block->write(piece.offset, bytes.first(size));
    bytes = bytes.subspan(size);
    const bool linear = kind == cpu::AddressKind::Linear;
    cpus_.stops().device_wrote(linear ? cpu.debug_translate(address) : address, size);
    address += size;
  }
  return true;
}

bool DebugPort::change_register(cpu::Cpu& cpu, std::span<const u8> rest) {
  const std::size_t length = rest[0];
  if (rest.size() < 1 + length) return false;
  const std::string name(rest.begin() + 1, rest.begin() + 1 + std::ptrdiff_t(length));
  const auto bytes = rest.subspan(1 + length);
  for (const cpu::DebugRegister& which : registers_) {
    if (which.name != name) continue;
    if (bytes.size() * 8 != which.bits) return false;
    const u64 low = number(bytes.first(std::min<std::size_t>(8, bytes.size())));
    const u64 high = bytes.size() > 8 ? number(bytes.subspan(8)) : 0;
    return cpu::write_register(cpu, which, u128(high) << 64 | low);
  }
  return false;
}

}  // namespace reprise
