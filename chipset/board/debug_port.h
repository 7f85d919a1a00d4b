// What debuggers change in a machine: registers and memory, as inputs of the port "/machine:debug".
// So the changes are in recordings, and a replay makes them again.
//
// A message, little-endian; the rest of it is the new value:
//   1, vCPU, address (8)         memory by guest-physical address, as that vCPU sees it
//   2, vCPU, address (8)         memory by linear address, as that vCPU translates it now
//   3, vCPU, length (1), name    a register, of its width
// A message that is none of these, or that cannot be done, changes nothing.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cpu/cluster.h"
#include "cpu/debug/registers.h"
#include "cpu/debug/view.h"
#include "replay/core/door.h"

namespace reprise {

class DebugPort {
 public:
  static constexpr std::size_t kMaxBytes = 64 << 10;  // of memory in one message

  DebugPort(Door& door, cpu::Cluster& cpus);

  static std::vector<u8> write_memory(unsigned cpu, cpu::AddressKind kind, u64 address,
                                      std::span<const u8> bytes);
  static std::vector<u8> write_register(unsigned cpu, std::string_view name,
                                        std::span<const u8> bytes);
  // Posted, to be delivered at the next boundary; false: too much waits.
  bool post(std::vector<u8> message) { return door_.post(port_, std::move(message)); }

  // The last message that was delivered.
  u64 delivered() const { return delivered_; }  // how many there were
  bool done() const { return done_; }           // whether it was done

  const std::vector<cpu::DebugRegister>& registers() const { return registers_; }

 private:
  bool receive(std::span<const u8> message);
  bool change_memory(const cpu::Cpu& cpu, cpu::AddressKind kind, std::span<const u8> rest);
  bool change_register(cpu::Cpu& cpu, std::span<const u8> rest);

  Door& door_;
  cpu::Cluster& cpus_;
  const std::vector<cpu::DebugRegister> registers_;
  Port port_;
  u64 delivered_ = 0;
  bool done_ = false;
};

}  // namespace reprise
