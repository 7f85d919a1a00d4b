// Stand-ins for what interrupt controllers are connected to.
#pragma once

#include <vector>

#include "chipset/interrupt/int_ack.h"
#include "chipset/interrupt/msi.h"
#include "chipset/memory/handlers.h"
#include "cpu/bus.h"

namespace reprise {

// A vCPU's pins: the level of INTR, and counts of edges.
struct TestCpuPins final : cpu::Pins {
  bool intr = false;
  unsigned nmis = 0, smis = 0, inits = 0, map_changes = 0;
  std::vector<u8> sipis;
  void set_intr(bool level) override { intr = level; }
  void nmi() override { ++nmis; }
  void smi() override { ++smis; }
  void init() override { ++inits; }
  void sipi(u8 vector) override { sipis.push_back(vector); }
  void set_a20(bool) override {}
  void memory_map_changed() override { ++map_changes; }
};

struct TestIntAck final : IntAck {
  u8 vector = 0x08;
  unsigned cycles = 0;
  u8 acknowledge() override {
    ++cycles;
    return vector;
  }
};

struct TestMsi final : MsiSink {
  std::vector<std::pair<u64, u32>> messages;
  void deliver(u64 address, u32 data) override { messages.emplace_back(address, data); }
};

inline u8 in8(IoHandler& ports, u16 offset) { return u8(ports.io_read(offset, 1)); }
inline void out8(IoHandler& ports, u16 offset, u8 value) { ports.io_write(offset, 1, value); }

}  // namespace reprise
