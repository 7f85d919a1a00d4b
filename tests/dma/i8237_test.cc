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

}  // namespace
}  // namespace reprise
