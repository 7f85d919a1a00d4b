#include "chipset/southbridge/smbus.h"

#include <gtest/gtest.h>

#include <numeric>

#include "chipset/southbridge/spd_eeprom.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct Smbus : testing::Test {
  TestBoard board;
  unsigned smis = 0;
  SmbusHost host{board.context("/smbus"), IrqLine(board.pins, 9), [this] { ++smis; }};
  SpdEeprom spd{board.context("/spd"), sdram_spd(128)};
  Smbus() {
    host.attach(0x50, spd);
    board.tree.reset();
  }
  // As Linux's i2c-piix4 does it; returns the status.
  u8 transact(u8 protocol, u8 address, bool read, u8 command = 0, u8 data0 = 0) {
    out8(host, 0, 0x1e);
    out8(host, 4, u8(address << 1 | read));
    out8(host, 3, command);
    out8(host, 5, data0);
    out8(host, 2, u8(protocol << 2));
    out8(host, 2, u8(protocol << 2 | 0x40));
    EXPECT_EQ(in8(host, 0), 1);
    board.run(25'000'000);
    return in8(host, 0);
  }
};

TEST_F(Smbus, ReadsTheModuleAndItsChecksumIsRight) {
  u8 sum = 0;
  for (unsigned i = 0; i < 63; ++i) {
    ASSERT_EQ(transact(2, 0x50, true, u8(i)), 2);
    sum = u8(sum + in8(host, 5));
  }
  EXPECT_EQ(transact(2, 0x50, true, 63), 2);
  EXPECT_EQ(in8(host, 5), sum);
  EXPECT_EQ(transact(3, 0x50, true, 2), 2);
  EXPECT_EQ(in8(host, 5), 4);   // SDRAM
  EXPECT_EQ(in8(host, 6), 13);  // rows
  EXPECT_EQ(transact(1, 0x50, true), 2);
  EXPECT_EQ(in8(host, 5), 9);  // and on from there: columns
}

TEST_F(Smbus, BlocksGoThroughTheDataPort) {
  EXPECT_EQ(transact(5, 0x50, true, 30), 2);  // 50 is more than a block has
  EXPECT_EQ(in8(host, 5), 50);
  in8(host, 2);
  EXPECT_EQ(in8(host, 7), 32);                   // side of 128 MiB
  EXPECT_EQ(in8(host, 7), 0x20);                 // setup
  EXPECT_EQ(transact(5, 0x50, false, 2, 3), 2);  // write protected
  EXPECT_EQ(transact(2, 0x50, true, 2), 2);
  EXPECT_EQ(in8(host, 5), 4);
}

TEST_F(Smbus, NobodyAnswersElsewhere) {
  EXPECT_EQ(transact(0, 0x51, false), 4);
  EXPECT_EQ(transact(0, 0x50, false), 2);
  EXPECT_EQ(transact(4, 0x50, false), 4);  // reserved
}

TEST_F(Smbus, InterruptsAndKill) {
  host.select_interrupt(4);
  out8(host, 4, 0xa1);
  out8(host, 2, 0x49);
  EXPECT_FALSE(board.pins.level[9]);
  board.run(25'000'000);
  EXPECT_TRUE(board.pins.level[9]);
  out8(host, 0, 2);
  EXPECT_FALSE(board.pins.level[9]);
  host.select_interrupt(0);
  out8(host, 2, 0x49);
  out8(host, 2, 0x02);
  EXPECT_EQ(in8(host, 0), 0x10);
  EXPECT_EQ(smis, 0u);
  out8(host, 0, 0x1e);
  out8(host, 2, 0x49);
  board.run(25'000'000);
  EXPECT_EQ(in8(host, 0), 2);
  EXPECT_EQ(smis, 1u);
}

// 2^(rows + columns) words of 8 bytes, by banks and sides, is the module's size; all modules
// together are the RAM.
TEST(Spd, SaysTheSize) {
  for (unsigned mib = 8; mib <= 1024; mib *= 2) {
    const SpdContents s = sdram_spd(mib);
    EXPECT_EQ((u64(8) << (s[3] + s[4])) * s[17] * s[5], u64(mib) << 20);
    EXPECT_EQ(unsigned(s[31]) * 4 * s[5], mib);
    EXPECT_EQ(u8(std::accumulate(s.begin(), s.begin() + 63, 0)), s[63]);
  }
  EXPECT_EQ(sdram_modules(128 << 20), std::vector<unsigned>{128});
  EXPECT_EQ(sdram_modules(u64(3) << 30), (std::vector<unsigned>{1024, 1024, 1024}));
  EXPECT_EQ(sdram_modules(200 << 20), (std::vector<unsigned>{128, 64, 8}));
  EXPECT_EQ(sdram_modules(4 << 20), std::vector<unsigned>{});
  EXPECT_EQ(sdram_modules(u64(1) << 38).size(), 8u);
}

}  // namespace
}  // namespace reprise
