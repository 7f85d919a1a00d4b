// A controller with two drives and disks in memory, and a driver for it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "chipset/floppy/i82078.h"
#include "tests/storage/memory_node.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {

struct FloppyMemory final : DmaBus {
  std::vector<u8> bytes = std::vector<u8>(1 << 20);
  void dma_read(u64 address, std::span<u8> out) override {
    std::copy_n(bytes.begin() + i64(address), out.size(), out.begin());
  }
  void dma_write(u64 address, std::span<const u8> in) override {
    std::copy(in.begin(), in.end(), bytes.begin() + i64(address));
  }
};

struct FloppyBench : testing::Test {
  static constexpr u64 k144 = 1440 << 10;

  explicit FloppyBench(FloppyType type = FloppyType::Mb1_44, u64 size = k144,
                       bool read_only = false) {
    disk = std::make_shared<MemoryNode>(pattern(size), read_only);
    image = disk->bytes;
    if (size)
      a.insert({.key = "a", .file = "a", .size = size, .read_only = read_only, .node = disk});
    fdc = std::make_unique<I82078>(board.context("/floppy"), IrqLine(board.pins, 6), dma,
                                   std::array<I82078::Slot, 2>{{{type, &a}, {type, &b}}});
    board.tree.reset();
    out8(dma.second_ports(), 0x14, 0);
    out8(*fdc, 2, 0x1c);  // out of reset, motor 0, DMA and interrupts on
    run();
    for (unsigned i = 0; i < 4; ++i) result({0x08}, 2);
    command({0x03, 0xdf, 0x02});
    rate(FloppyFormat::of(size).kbps);
  }

  void rate(unsigned kbps) {
    out8(*fdc, 7, kbps == 500 ? 0 : kbps == 300 ? 1 : kbps == 250 ? 2 : 3);
  }
  // Until the next second: longer than anything takes.
  void run() {
    for (unsigned i = 0; i < 10'000; ++i) step(100'000);
  }
  void step(Cycles cycles) {
    const Cycles end = board.scheduler.now() + cycles;
    while (board.scheduler.deadline() <= end) {
      board.scheduler.set_now(std::max(board.scheduler.now(), board.scheduler.deadline()));
      check(a.settle_due() && b.settle_due(), "a disk in memory is never late");
      board.scheduler.run_due();
    }
    board.scheduler.set_now(end);
  }
  u8 msr() { return u8(in8(*fdc, 4)); }
  void command(std::initializer_list<u8> bytes) {
    for (const u8 byte : bytes) {
      EXPECT_EQ(msr() & 0xc0, 0x80);
      out8(*fdc, 5, byte);
    }
  }
  std::vector<u8> results() {
    std::vector<u8> bytes;
    while ((msr() & 0xd0) == 0xd0) bytes.push_back(u8(in8(*fdc, 5)));
    return bytes;
  }
  // Runs a command to its end and checks how long its result is.
  std::vector<u8> result(std::initializer_list<u8> bytes, std::size_t length = 7) {
    command(bytes);
    run();
    std::vector<u8> all = results();
    EXPECT_EQ(all.size(), length);
    EXPECT_EQ(msr() & 0xdf, 0x80);
    all.resize(std::max(all.size(), length));
    return all;
  }
  void dma_program(bool to_memory, u32 address, u32 length) {
    IoHandler& ports = dma.first_ports();
    out8(ports, 0xb, to_memory ? 0x46 : 0x4a);
    out8(ports, 0xc, 0);
    out8(ports, 4, u8(address));
    out8(ports, 4, u8(address >> 8));
    out8(ports, 5, u8(length - 1));
    out8(ports, 5, u8((length - 1) >> 8));
    out8(dma.page_ports(), 1, u8(address >> 16));
    out8(ports, 0xa, 2);
  }
  bool memory_is(u32 address, u64 offset, u64 length) {
    return std::equal(&memory.bytes[address], &memory.bytes[address + length], &image[offset]);
  }

  TestBoard board;
  FloppyMemory memory;
  I8237 dma{board.context("/dma"), memory};
  Drive a{board.context("/drive/a"),
          DriveSetup{.id = "a", .latency = LatencyModel::floppy(), .removable = true},
          std::make_unique<InlineWorker>()};
  Drive b{board.context("/drive/b"),
          DriveSetup{.id = "b", .latency = LatencyModel::floppy(), .removable = true},
          std::make_unique<InlineWorker>()};
  std::shared_ptr<MemoryNode> disk;
  std::vector<u8> image;  // as it was
  std::unique_ptr<I82078> fdc;
};

}  // namespace reprise
