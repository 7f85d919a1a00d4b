// A fw_cfg device on memory of a few MiB, as the firmware's side of it.
#pragma once

#include <gtest/gtest.h>

#include "chipset/firmware/fw_cfg.h"

namespace reprise {

struct FlatMemory final : DmaBus {
  Bytes ram = Bytes(64 << 10);
  void dma_read(u64 address, std::span<u8> bytes) override {
    for (u8& byte : bytes) byte = address < ram.size() ? ram[address] : 0xff, ++address;
  }
  void dma_write(u64 address, std::span<const u8> bytes) override {
    for (const u8 byte : bytes) {
      if (address < ram.size()) ram[address] = byte;
      ++address;
    }
  }
};

struct FwCfgBoard {
  ObjectTree tree;
  Scheduler scheduler{1'000'000'000};
  Door door{[] { return Position{}; }};
  FlatMemory memory;
  FwCfg fw{DeviceContext{tree, scheduler, door, "/fw_cfg"}, memory};

  Bytes read(u16 key, std::size_t count) {
    fw.io_write(0, 2, key);
    Bytes out(count);
    for (u8& byte : out) byte = u8(fw.io_read(1, 1));
    return out;
  }
  // Puts a descriptor at 1000h and starts it; returns the control word left there.
  u32 dma(u32 control, u32 length, u64 address) {
    const Bytes descriptor =
        ByteBuilder().u32be(control).u32be(length).u32be(address >> 32).u32be(address).take();
    memory.dma_write(0x1000, descriptor);
    fw.io_write(4, 4, 0);
    fw.io_write(8, 4, __builtin_bswap32(0x1000));
    return u32(get_be(memory.ram, 0x1000, 4));
  }
  u32 number(u16 key) { return u32(get_le(read(key, 4), 0, 4)); }
};

}  // namespace reprise
