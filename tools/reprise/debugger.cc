#include "tools/reprise/debugger.h"

#include <algorithm>
#include <cstdio>

#include "chipset/board/debug_port.h"

namespace reprise::tools {
namespace {

using cpu::AddressKind;

constexpr u64 kMaxRead = 16 << 20;

std::string hex(u64 value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::vector<u8> read(PcI440fx& machine, unsigned cpu, AddressKind kind, u64 address, u64 length) {
  if (cpu >= machine.cpus().size()) return {};
  std::vector<u8> bytes(std::min(length, kMaxRead));
  bytes.resize(cpu::view_memory(machine.cpus().cpu(cpu), kind, address, bytes));
  return bytes;
}

Result<void> check_size(std::span<const u8> bytes) {
  if (bytes.empty() || bytes.size() > DebugPort::kMaxBytes)
    return fail("a write of memory has 1 to " + std::to_string(DebugPort::kMaxBytes) +
                " bytes, not " + std::to_string(bytes.size()));
  return {};
}

}  // namespace

std::vector<u8> Debugger::read_linear(unsigned cpu, u64 address, u64 length) {
  return read(machine_, cpu, AddressKind::Linear, address, length);
}

std::vector<u8> Debugger::read_physical(u64 address, u64 length) {
  return read(machine_, 0, AddressKind::Physical, address, length);
}

Result<void> Debugger::write_linear(unsigned cpu, u64 address, std::span<const u8> bytes) {
  TRY(check_size(bytes));
  return change(DebugPort::write_memory(cpu, AddressKind::Linear, address, bytes),
                "no memory at linear address " + hex(address));
}

Result<void> Debugger::write_physical(u64 address, std::span<const u8> bytes) {
  TRY(check_size(bytes));
  return change(DebugPort::write_memory(0, AddressKind::Physical, address, bytes),
                "no memory at physical address " + hex(address));
}

Result<void> Debugger::write_register(unsigned cpu, std::string_view name,
                                      std::span<const u8> bytes) {
  const auto& all = machine_.debug().registers();
  const auto known = std::find_if(all.begin(), all.end(),
                                  [&](const cpu::DebugRegister& r) { return r.name == name; });
  if (known == all.end()) return fail("there is no register '" + std::string(name) + "'");
  return change(DebugPort::write_register(cpu, name, bytes),
                known->name + " cannot have that value in the processor's present mode");
}

Result<void> Debugger::change(std::vector<u8> message, const std::string& refused) {
  if (machine_.door().replaying())
    return fail("the past can be watched, not changed; replay-live goes on live from here");
  if (machine_.exit_status().kind) return fail("the machine is off; system_reset starts it again");
  if (machine_.waits_for_host()) return fail("the machine waits for a disk; try again");
  DebugPort& port = machine_.debug();
  const u64 before = port.delivered();
  if (!port.post(std::move(message))) return fail("too much waits at the door; try again");
  machine_.deliver();
  if (port.delivered() == before) return fail("the machine ended before it could be changed");
  return port.done() ? Result<void>() : fail(refused);
}

}  // namespace reprise::tools
