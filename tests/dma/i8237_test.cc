#include "chipset/dma/i8237.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct TestMemory final : DmaBus {
  std::vector<u8> bytes = std::vector<u8>(1 << 20);
  void dma_read(u64 address, std::span<u8> out) override {
    std::copy_n(bytes.begin() + i64(address), out.size(), out.begin());
  }
  void dma_write(u64 address, std::span<const u8> in) override {
    std::copy(in.begin(), in.end(), bytes.begin() + i64(address));
  }
};

struct Dma : testing::Test {
  TestBoard board;
  TestMemory memory;
  I8237 dma{board.context("/dma"), memory};
  IoHandler& first = dma.first_ports();
  IoHandler& second = dma.second_ports();

  Dma() {
    board.tree.reset();
    out8(second, 0x16, 0xc0);  // channel 4: cascade, unmasked
    out8(second, 0x14, 0x00);
  }
  void program(u8 mode, u16 address, u8 page, u16 count) {  // channel 2, as a floppy driver does
    out8(first, 0xc, 0);
    out8(first, 0x4, u8(address));
    out8(first, 0x4, u8(address >> 8));
    out8(first, 0x5, u8(count));
    out8(first, 0x5, u8(count >> 8));
    out8(dma.page_ports(), 1, page);
    out8(first, 0xb, mode);
    out8(first, 0xa, 2);
  }
};

TEST_F(Dma, MovesUntilTerminalCountAndMasksTheChannel) {
  program(0x46, 0xfffe, 0x03, 3);  // to memory, four bytes, across the page's end
  std::vector<u8> data{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(dma.transfer(2, data).bytes, 0u);  // no DREQ
  dma.set_dreq(2, true);
  EXPECT_EQ(in8(first, 8), 0x40);
  I8237::Moved moved = dma.transfer(2, std::span(data).first(1));
  EXPECT_EQ(moved.bytes, 1u);
  EXPECT_FALSE(moved.terminal_count);
  EXPECT_EQ(in8(first, 4), 0xff);
  EXPECT_EQ(in8(first, 4), 0xff);
  moved = dma.transfer(2, std::span(data).subspan(1));
  EXPECT_EQ(moved.bytes, 3u);
  EXPECT_TRUE(moved.terminal_count);
  EXPECT_EQ(memory.bytes[0x3ffff], 2);
  EXPECT_EQ(memory.bytes[0x30000], 3);  // the address wraps, the page does not move
  EXPECT_EQ(in8(first, 8), 0x44);
  EXPECT_EQ(in8(first, 8), 0x40);  // reading clears TC
  EXPECT_FALSE(dma.ready(2));
  EXPECT_EQ(in8(first, 0xf), 0xff);
}

TEST_F(Dma, AutoinitialisesAndHonoursTheCascade) {
  program(0x5a, 0x1000, 0x01, 1);  // from memory, two bytes
  memory.bytes[0x11000] = 7;
  memory.bytes[0x11001] = 8;
  dma.set_dreq(2, true);
  out8(second, 0x14, 0x04);  // mask the cascade
  EXPECT_FALSE(dma.ready(2));
  out8(second, 0x14, 0x00);
  for (int i = 0; i < 2; ++i) {
    u8 data[4] = {};
    const I8237::Moved moved = dma.transfer(2, data);
    EXPECT_EQ(moved.bytes, 2u);
    EXPECT_TRUE(moved.terminal_count);
    EXPECT_EQ(data[0], 7);
    EXPECT_EQ(data[1], 8);
  }
}

TEST_F(Dma, WordChannelsDoubleTheAddress) {
  out8(second, 0x18, 0);  // clear the flip-flop
  for (const auto& [port, value] : {std::pair{0x4, 0x00}, {0x4, 0x80}, {0x6, 0}, {0x6, 0}})
    out8(second, u16(port), u8(value));
  out8(dma.page_ports(), 0xb, 0x05);  // bit 0 of the page is not used
  out8(second, 0x16, 0x45);
  out8(second, 0x14, 0x01);
  dma.set_dreq(5, true);
  u8 data[2] = {0x12, 0x34};
  EXPECT_TRUE(dma.transfer(5, data).terminal_count);
  EXPECT_EQ(memory.bytes[0x50000], 0x12);
  EXPECT_EQ(memory.bytes[0x50001], 0x34);
}

struct Requests : Dma {
  void channel(unsigned n, u8 mode, u16 address, u16 count, u8 page) {
    static constexpr u8 kPages[] = {7, 3, 1, 2};
    out8(first, 0xc, 0);
    out8(first, u16(2 * n), u8(address));
    out8(first, u16(2 * n), u8(address >> 8));
    out8(first, u16(2 * n + 1), u8(count));
    out8(first, u16(2 * n + 1), u8(count >> 8));
    out8(dma.page_ports(), kPages[n], page);
    out8(first, 0xb, u8(mode | n));
  }
  u16 read16(unsigned reg) {
    out8(first, 0xc, 0);
    const u8 low = u8(in8(first, u16(reg)));
    return u16(low | in8(first, u16(reg)) << 8);
  }
};

TEST_F(Requests, MoveMemoryToMemory) {
  for (unsigned i = 0; i < 8; ++i) memory.bytes[0x2fffe + i - (i >= 2 ? 0x10000 : 0)] = u8(i + 1);
  channel(0, 0x88, 0xfffe, 2, 0x02);  // its own terminal count is not the end
  channel(1, 0x84, 0x1000, 4, 0x05);
  out8(first, 8, 0x01);
  out8(first, 9, 0x04);
  EXPECT_EQ(std::vector<u8>(&memory.bytes[0x51000], &memory.bytes[0x51006]),
            (std::vector<u8>{1, 2, 3, 4, 5, 0}));
  EXPECT_EQ(in8(first, 0xd), 5);
  EXPECT_EQ(in8(first, 8), 0x02);  // channel 1 alone, and no request left
  EXPECT_EQ(read16(0), 0x0003);
  EXPECT_EQ(read16(1), 0xfffd);
  EXPECT_EQ(read16(3), 0xffff);
  EXPECT_EQ(in8(first, 0xf), 0xff);
}

TEST_F(Requests, FillByHoldingTheSourceAndSmearWhereThePagesAreOne) {
  memory.bytes[0x20010] = 0x5a;
  channel(0, 0x88, 0x0010, 0, 0x02);
  channel(1, 0xa4, 0x0002, 4, 0x05);  // downwards, across the page's start
  out8(first, 8, 0x03);
  out8(first, 9, 0x04);
  for (const u64 at : {0x50002u, 0x50001u, 0x50000u, 0x5ffffu, 0x5fffeu})
    EXPECT_EQ(memory.bytes[at], 0x5a);
  EXPECT_EQ(memory.bytes[0x50003] | memory.bytes[0x5fffd], 0);

  channel(0, 0x88, 0x0010, 0xffff, 0x02);
  channel(1, 0x84, 0x0011, 0xffff, 0x02);
  out8(first, 8, 0x01);
  out8(first, 9, 0x04);
  EXPECT_TRUE(std::all_of(&memory.bytes[0x20000], &memory.bytes[0x30000],
                          [](u8 byte) { return byte == 0x5a; }));
}

TEST_F(Requests, WaitForBlockModeAndPassMasksButNotTheCascade) {
  channel(2, 0x44, 0x0100, 3, 0x04);  // single mode
  out8(first, 9, 0x06);
  EXPECT_EQ(in8(first, 8), 0x40);
  out8(second, 0x14, 0x04);  // mask the cascade
  channel(2, 0x84, 0x0100, 3, 0x04);
  EXPECT_EQ(in8(first, 8), 0x40);
  out8(second, 0x14, 0x00);  // masked channel 2 goes
  EXPECT_EQ(in8(first, 8), 0x04);
  EXPECT_EQ(memory.bytes[0x40100], 0xff);
  EXPECT_EQ(memory.bytes[0x40103], 0xff);
  EXPECT_EQ(memory.bytes[0x40104], 0);
  EXPECT_EQ(read16(4), 0x0104);
  out8(second, 0x10, 0x04);  // the second controller off: nothing reaches the CPU
  out8(first, 9, 0x06);
  EXPECT_EQ(in8(first, 8), 0x40);
}

}  // namespace
}  // namespace reprise
