// What the tables for the firmware and the operating system must know of the board.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cpu/topology.h"
#include "replay/core/types.h"

namespace reprise {

// RAM fills the space from 0 to at most 3 GiB; the rest appears above 4 GiB.
struct RamLayout {
  static constexpr u64 kLowLimit = u64(3) << 30;
  static constexpr u64 kHighStart = u64(4) << 30;
  u64 below_4g = 0;
  u64 above_4g = 0;
  static RamLayout of(u64 bytes) {
    const u64 low = std::min(bytes, kLowLimit);
    return {low, bytes - low};
  }
};

struct BoardFacts {
  unsigned cpus = 1;
  cpu::Topology topology;  // local APIC ids follow from it
  u32 apic_id_limit() const { return topology.apic_id(cpus - 1) + 1; }
  RamLayout ram;
  u64 cpu_hz = 1'000'000'000;
  u32 cpu_signature = 0;  // CPUID 1 EAX and EDX, for SMBIOS
  u32 cpu_features = 0;
  bool graphics = true;  // false: the firmware talks on the first serial port
  bool hpet = true;
  u32 hpet_block_id = 0x8086a201;  // low half of the HPET's capability register
  unsigned serial_ports = 1;       // bit i: a 16550 at 3F8h, 2F8h, 3E8h, 2E8h
  unsigned parallel_ports = 0;     // bit i: a port at 378h, 278h, 3BCh
  bool floppies = false;           // there is a floppy drive
  // Where SeaBIOS puts the PIIX4 power-management block when it is given ACPI tables.
  u16 pm_base = 0x600;
  u16 gpe0_base = 0xafe0;  // GPE0_STS and GPE0_EN, 2 bytes each
  u8 acpi_enable = 0xf1;   // written to port B2h
  u8 acpi_disable = 0xf0;
  u8 reset_value = 0x06;  // written to port CF9h: RCPU and SRST
  bool acpi = true;
  std::array<u8, 16> uuid{};  // -uuid, as its digits are written
  // -smbios: fields by type and name; whole structures.
  std::map<unsigned, std::map<std::string, std::string>> smbios;
  std::vector<std::shared_ptr<const std::vector<u8>>> smbios_structures;
};

}  // namespace reprise
