// DMA through the PIIX3's bus masters, with tables good and bad.
#include "tests/ide/ide_rig.h"

namespace reprise {
namespace {

struct BusMasterTest : IdeRig {
  std::shared_ptr<DiskNode> node = std::make_shared<DiskNode>(kDiskSize);
  void SetUp() override {
    IdeRig::SetUp();
    add_disk(0, 0, node);
    power_on();
  }
  static constexpr u8 kActive = 1, kError = 2, kInterrupt = 4;
};

TEST_F(BusMasterTest, ReadsIntoRegionsAndInterrupts) {
  table(0x1000, {{0x10'0000, 0x600}, {0x20'0000, 0xa00}});
  ata(0xc8, 40, 8);
  start(true);
  EXPECT_EQ(master_status() & 7, kActive);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(master_status() & 7, kInterrupt);
  EXPECT_EQ(memory(0x10'0000, 0x600), part(*node, 20480, 0x600));
  EXPECT_EQ(memory(0x20'0000, 0xa00), part(*node, 20480 + 0x600, 0xa00));
  EXPECT_EQ(edges(), 1u);
  space.out(u16(master() + 2), 1, 0x64);
  EXPECT_EQ(master_status(), 0x60);
}

TEST_F(BusMasterTest, StartMayComeFirstOrLate) {
  table(0x1000, {{0x10'0000, 512}});
  start(true);
  run(1'000'000);
  ata(0xc8, 3, 1);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(memory(0x10'0000, 512), part(*node, 1536, 512));
  stop();
  ata(0xc8, 4, 1);
  run(100'000'000);
  EXPECT_EQ(alternate_status(), 0x58);
  EXPECT_FALSE(irq());
  start(true);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(memory(0x10'0000, 512), part(*node, 2048, 512));
}

TEST_F(BusMasterTest, WritesFromMemoryLargerThanOnePiece) {
  const u32 length = 3 << 20;
  std::vector<u8> data(length);
  for (u32 i = 0; i < length; ++i) data[i] = u8(i * 13 >> 3);
  ram->write(0x10'0000, data);
  std::vector<Region> regions;
  for (u32 at = 0; at < length; at += 0x1'0000) regions.push_back({0x10'0000 + at, 0});  // 64 KiB
  table(0x1000, regions);
  ata_ext(0x35, 11, u16(length / 512));
  start(false);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(master_status() & 7, kInterrupt);
  EXPECT_EQ(part(*node, 11 * 512, length), data);
  ram->write(0x10'0000, std::vector<u8>(length));
  ata_ext(0x25, 11, u16(length / 512));
  start(true);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(memory(0x10'0000, length), data);
}

TEST_F(BusMasterTest, ALongTableStaysActiveAShortOneWaits) {
  table(0x1000, {{0x10'0000, 0x1000}});
  ata(0xc8, 0, 1);
  start(true);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(stop() & 7, kActive | kInterrupt);
  EXPECT_EQ(master_status() & 7, kInterrupt);  // stopping is no acknowledgement

  table(0x1000, {{0x10'0000, 0x300}});
  ata(0xc8, 20, 2);
  start(true);
  run(100'000'000);
  EXPECT_EQ(master_status() & 7, 0);
  EXPECT_EQ(alternate_status(), 0x58);
  EXPECT_FALSE(irq());
  table(0x1000, {{0x10'0300, 0x100}});  // the rest, if software cares
  start(true);
  EXPECT_EQ(alternate_status(), 0x50);
  EXPECT_EQ(memory(0x10'0000, 0x400), part(*node, 10240, 0x400));
}

TEST_F(BusMasterTest, OddAddressesAndLengthsLoseTheirLowBit) {
  table(0x1000, {{0x10'0001, 0x101}, {0x10'2000, 0x100}});
  ata(0xc8, 1, 1);
  start(true);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(memory(0x10'0000, 0x100), part(*node, 512, 0x100));
  EXPECT_EQ(memory(0x10'2000, 0x100), part(*node, 768, 0x100));
}

TEST_F(BusMasterTest, TablesAndRegionsCross64KiB) {
  table(0xfff8, {{0x1'ff00, 0x200}, {0x10'0000, 0x200}});
  ata(0xc8, 1, 2);
  start(true);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(memory(0x1'ff00, 0x200), part(*node, 512, 0x200));
  EXPECT_EQ(memory(0x10'0000, 0x200), part(*node, 1024, 0x200));
}

TEST_F(BusMasterTest, ATableWithoutAnEndGoesOnThroughMemory) {
  for (u32 at = 0x1000; at < 0x3000; at += 8) {  // two bytes each, none the last
    put32(at, 0x10'0000);
    put32(at + 4, 2);
  }
  table(0x1000, {{0x10'0000, 2}}, false);
  ata(0xc8, 0, 4);
  start(true);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(master_status() & 7, kActive | kInterrupt);
}

TEST_F(BusMasterTest, TablesAndRegionsOutsideMemoryDoNoHarm) {
  auto rom = std::move(*MemoryBlock::create(board.pages, "rom", 0x1'0000, true));
  MemoryWindow rom_window(space, "rom", MapPriority::Board, *rom);
  rom_window.map(0xfff0'0000, 0x1'0000);
  const std::vector<u8> first = part(*node, 0, 16);
  for (const u32 where : {0xfff0'0000u, 0xd000'0000u, 0xffff'fff8u, u32(kRam)}) {
    space.out(u16(master() + 4), 4, where);  // ones: 64 KiB at the top of 4 GiB, the last
    ata(0xc8, 0, 8);
    start(true);
    run(100'000'000);
    stop();
    table(0x1000, {{where, 0x1000}});
    for (const bool to_memory : {true, false}) {
      control(4);
      control(0);
      ata(to_memory ? 0xc8 : 0xca, 0, 8);
      start(to_memory);
      if (where == 0xfff0'0000u) {
        EXPECT_EQ(wait(), 0x50);
        stop();
        EXPECT_EQ(part(*node, 0, 16), to_memory ? first : std::vector<u8>(16));
      } else {
        run(100'000'000);
        EXPECT_EQ(alternate_status(), 0x58) << where;
        EXPECT_EQ(stop() & 7, kError) << where;
        EXPECT_EQ(part(*node, 0, 16), std::vector<u8>(16)) << where;
      }
    }
  }
  for (u32 i = 0; i < 0x1'0000; ++i) ASSERT_EQ(rom->data()[i], 0);
}

// What lies before the place that nothing answers is moved; the function's status tells of it too.
TEST_F(BusMasterTest, AMasterAbortEndsTheTransfer) {
  for (const bool bad_table : {true, false}) {
    if (bad_table) {
      space.out(u16(master() + 4), 4, u32(kRam) - 4);  // half of a descriptor
    } else {
      table(0x1000, {{u32(kRam) - 0x200, 0x400}});
    }
    ata(0xc8, 1, 2);
    start(true);
    run(100'000'000);
    EXPECT_EQ(alternate_status(), 0x58);
    EXPECT_FALSE(irq());
    EXPECT_EQ(master_status() & 7, kError);
    EXPECT_EQ(ide.config_read(6, 2), 0x2280u);
    config(0x06, 2, 0x2000);
    EXPECT_EQ(ide.config_read(6, 2), 0x0280u);
    stop();
    space.out(u16(master() + 2), 1, 4);
    EXPECT_EQ(master_status() & 7, kError);
    space.out(u16(master() + 2), 1, kError);
    EXPECT_EQ(master_status() & 7, 0);
    control(4);
    control(0);
  }
  EXPECT_EQ(memory(u32(kRam) - 0x200, 0x200), part(*node, 512, 0x200));
}

TEST_F(BusMasterTest, NothingMovesTheWrongWayOrWithoutMastering) {
  table(0x1000, {{0x10'0000, 512}});
  ata(0xc8, 3, 1);
  start(false);
  run(100'000'000);
  EXPECT_EQ(alternate_status(), 0x58);
  EXPECT_EQ(memory(0x10'0000, 512), std::vector<u8>(512));
  stop();
  config(0x04, 2, 1);
  start(true);
  EXPECT_EQ(alternate_status(), 0x58);
  config(0x04, 2, 5);
  EXPECT_EQ(alternate_status(), 0x50);
  EXPECT_EQ(memory(0x10'0000, 512), part(*node, 1536, 512));
}

TEST_F(BusMasterTest, AResetInTheMiddleEndsIt) {
  table(0x1000, {{0x10'0000, 0x200}});
  ata(0xc8, 3, 8);
  start(true);
  control(4);
  control(0);
  run(100'000'000);
  EXPECT_FALSE(irq());
  EXPECT_EQ(in(7), 0x50);
  EXPECT_EQ(memory(0x10'0000, 512), std::vector<u8>(512));
  ata(0xca, 3, 8);
  board.tree.reset();
  run(100'000'000);
  EXPECT_EQ(in(7), 0xff);  // not decoded after a reset
  config(0x04, 2, 5);
  config(0x40, 4, 0x8000'8000);
  EXPECT_EQ(in(7), 0x50);
}

TEST_F(BusMasterTest, RegistersKeepOnlyTheirBits) {
  EXPECT_EQ(ide.config_read(0, 4), 0x7010'8086u);
  EXPECT_EQ(ide.config_read(8, 4), 0x0101'8000u);
  EXPECT_EQ(ide.config_read(0x20, 4), 0xc001u);
  space.out(kMaster + 4, 4, 0xffff'ffff);
  EXPECT_EQ(space.in(kMaster + 4, 4), 0xffff'fffcu);
  space.out(kMaster + 2, 1, 0xff);
  EXPECT_EQ(space.in(kMaster + 2, 1), 0x60u);
  space.out(kMaster, 1, 0xfe);
  EXPECT_EQ(space.in(kMaster, 1), 8u);
  EXPECT_EQ(space.in(kMaster + 1, 1), 0u);
  base = kSecondary;
  start(true);  // no device
  EXPECT_EQ(stop() & 7, 1);
  config(0x40, 4, 0xffff'ffff);
  EXPECT_EQ(ide.config_read(0x40, 4), 0xffff'ffffu);
}

}  // namespace
}  // namespace reprise
