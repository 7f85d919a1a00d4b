// Registers and memory of the vCPU that Hg chose.
#include <algorithm>

#include "qmp/gdb/stub.h"
#include "qmp/operator_debug.h"

namespace reprise {

using gdb::Cursor;

namespace {

// What a hex answer, or an escaped one, has room for.
constexpr u64 kMaxMemory = gdb::kPacketSize / 2;

constexpr const char* kBadPacket = "E16";  // EINVAL
constexpr const char* kNoMemory = "E0e";   // EFAULT
constexpr const char* kNoDebug = "this machine's registers and memory cannot be changed";

// "ADDRESS,LENGTH"
std::optional<std::pair<u64, u64>> range(Cursor& in) {
  const auto address = in.number();
  if (!address || !in.skip(",")) return std::nullopt;
  const auto length = in.number();
  if (!length) return std::nullopt;
  return std::pair(*address, *length);
}

}  // namespace

// --- registers ---

std::vector<u8> GdbStub::register_bytes(const cpu::DebugRegister& which) const {
  u128 value = cpu::read_register(cpu(cpu_), which);
  std::vector<u8> bytes(which.bits / 8);
  for (u8& byte : bytes) {
    byte = u8(value);
    value >>= 8;
  }
  return bytes;
}

Result<void> GdbStub::change_register(const cpu::DebugRegister& which, std::span<const u8> bytes) {
  if (!op_.debug()) return fail(kNoDebug);
  return op_.debug()->write_register(cpu_, which.name, bytes);
}

void GdbStub::read_all_registers(Cursor) {
  std::string all;
  for (const cpu::DebugRegister& r : registers_) all += gdb::to_hex(register_bytes(r));
  reply(all);
}

// Those that differ are written, in order, up to the first that cannot be.
void GdbStub::write_all_registers(Cursor in) {
  const auto bytes = gdb::from_hex(in.rest());
  std::size_t size = 0;
  for (const cpu::DebugRegister& r : registers_) size += r.bits / 8;
  if (!bytes || bytes->size() != size) return reply(kBadPacket);
  std::span<const u8> rest(*bytes);
  for (const cpu::DebugRegister& r : registers_) {
    const auto value = rest.first(r.bits / 8);
    rest = rest.subspan(value.size());
    if (std::ranges::equal(value, register_bytes(r))) continue;
    if (const auto changed = change_register(r, value); !changed) return reply_result(changed);
  }
  reply("OK");
}

void GdbStub::read_one_register(Cursor in) {
  const auto number = in.number();
  if (!number || !in.end() || *number >= registers_.size()) return reply(kBadPacket);
  reply(gdb::to_hex(register_bytes(registers_[*number])));
}

void GdbStub::write_one_register(Cursor in) {
  const auto number = in.number();
  if (!number || *number >= registers_.size() || !in.skip("=")) return reply(kBadPacket);
  const auto bytes = gdb::from_hex(in.rest());
  const cpu::DebugRegister& which = registers_[*number];
  if (!bytes || bytes->size() != which.bits / 8) return reply(kBadPacket);
  reply_result(change_register(which, *bytes));
}

// --- memory ---

std::vector<u8> GdbStub::memory(u64 address, u64 length) {
  OperatorDebug* debug = op_.debug();
  if (!debug) return {};
  length = std::min(length, kMaxMemory);
  return physical_ ? debug->read_physical(address, length)
                   : debug->read_linear(cpu_, address, length);
}

Result<void> GdbStub::change_memory(u64 address, std::span<const u8> bytes) {
  OperatorDebug* debug = op_.debug();
  if (!debug) return fail(kNoDebug);
  if (bytes.empty()) return {};  // asks whether the packet is known
  return physical_ ? debug->write_physical(address, bytes)
                   : debug->write_linear(cpu_, address, bytes);
}

void GdbStub::read_memory(Cursor in) {
  const auto asked = range(in);
  if (!asked || !in.end()) return reply(kBadPacket);
  const auto bytes = memory(asked->first, asked->second);
  reply(bytes.empty() ? kNoMemory : gdb::to_hex(bytes));
}

// As lldb has it: no letter before the bytes; of length 0, it asks whether the packet is known.
void GdbStub::read_binary(Cursor in) {
  const auto asked = range(in);
  if (!asked || !in.end()) return reply(kBadPacket);
  if (!asked->second) return reply("OK");
  const auto bytes = memory(asked->first, asked->second);
  if (bytes.empty()) return reply(kNoMemory);
  reply(std::string(bytes.begin(), bytes.end()));
}

void GdbStub::write_memory(Cursor in) {
  const auto asked = range(in);
  if (!asked || !in.skip(":")) return reply(kBadPacket);
  const auto bytes = gdb::from_hex(in.rest());
  if (!bytes || bytes->size() != asked->second) return reply(kBadPacket);
  reply_result(change_memory(asked->first, *bytes));
}

void GdbStub::write_binary(Cursor in) {
  const auto asked = range(in);
  if (!asked || !in.skip(":") || in.rest().size() != asked->second) return reply(kBadPacket);
  const std::string_view data = in.rest();
  reply_result(
      change_memory(asked->first, {reinterpret_cast<const u8*>(data.data()), data.size()}));
}

}  // namespace reprise
