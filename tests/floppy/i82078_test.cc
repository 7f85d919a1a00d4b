// The controller against the tables of its data sheet.
#include <random>

#include "tests/floppy/fixture.h"

namespace reprise {
namespace {

using Bytes = std::vector<u8>;

struct Floppy : FloppyBench {};

TEST_F(Floppy, ResetAsksForFourInterruptStatuses) {
  out8(*fdc, 2, 0x18);
  EXPECT_EQ(msr(), 0);
  const unsigned edges = board.pins.edges[6];
  out8(*fdc, 2, 0x1c);
  EXPECT_EQ(msr(), 0x80);
  step(1'000'000);
  EXPECT_EQ(board.pins.edges[6], edges + 1);
  for (u8 drive = 0; drive < 4; ++drive) EXPECT_EQ(result({0x08}, 2), (Bytes{u8(0xc0 | drive), 0}));
  EXPECT_FALSE(board.pins.level[6]);
  EXPECT_EQ(result({0x08}, 1), Bytes{0x80});
  EXPECT_EQ(result({0x10}, 1), Bytes{0x90});
  EXPECT_EQ(result({0x00}, 1), Bytes{0x80});
}

TEST_F(Floppy, ReadsAcrossHeadsUntilTerminalCount) {
  dma_program(true, 0x10000, 36 * 512);
  const unsigned edges = board.pins.edges[6];
  EXPECT_EQ(result({0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x00, 0, 0, 1, 0, 1, 2}));
  EXPECT_EQ(board.pins.edges[6], edges + 1);
  EXPECT_TRUE(memory_is(0x10000, 0, 36 * 512));
  dma_program(true, 0x10000, 1024);
  EXPECT_EQ(result({0x46, 4, 0, 1, 3, 2, 18, 0x1b, 0xff}), (Bytes{0x04, 0, 0, 0, 1, 5, 2}));
  EXPECT_TRUE(memory_is(0x10000, (18 + 2) * 512, 1024));
}

// Table 5-7 of the 82077AA's data sheet: C, H, R at the end, and EN without a terminal count.
TEST_F(Floppy, EndsOfTracks) {
  dma_program(true, 0x10000, 512);
  EXPECT_EQ(result({0x46, 0, 0, 0, 18, 2, 18, 0x1b, 0xff}), (Bytes{0, 0, 0, 1, 0, 1, 2}));
  dma_program(true, 0x10000, 512);
  EXPECT_EQ(result({0xc6, 0, 0, 0, 18, 2, 18, 0x1b, 0xff}), (Bytes{4, 0, 0, 0, 1, 1, 2}));
  dma_program(true, 0x10000, 4096);
  EXPECT_EQ(result({0x46, 0, 0, 0, 17, 2, 18, 0x1b, 0xff}), (Bytes{0x40, 0x80, 0, 1, 0, 1, 2}));
  // CVE-2021-3507: a first sector behind the last one runs into nothing, not over the end.
  dma_program(true, 0x10000, 0x8000);
  EXPECT_EQ(result({0xc6, 4, 0, 1, 18, 2, 1, 0x1b, 0xff}), (Bytes{0x44, 0x04, 0, 0, 1, 19, 2}));
  EXPECT_EQ(result({0x46, 0, 0, 0, 200, 2, 1, 0x1b, 0xff}), (Bytes{0x40, 0x04, 0, 0, 0, 200, 2}));
}

TEST_F(Floppy, WhatIsNotThere) {
  EXPECT_EQ(result({0x46, 0, 5, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x40, 4, 0x10, 5, 0, 1, 2}));
  EXPECT_EQ(result({0x46, 0, 0, 1, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x40, 4, 0, 0, 1, 1, 2}));
  EXPECT_EQ(result({0x46, 0, 0, 0, 1, 3, 18, 0x1b, 0xff}), (Bytes{0x40, 4, 0, 0, 0, 1, 3}));
  EXPECT_EQ(result({0x06, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x40, 1, 0, 0, 0, 1, 2}));  // FM
  rate(250);
  EXPECT_EQ(result({0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x40, 1, 0, 0, 0, 1, 2}));
  EXPECT_EQ(result({0x4a, 0})[1], 1);
  rate(500);
  EXPECT_EQ(result({0x4a, 0})[0], 0);
  out8(*fdc, 2, 0x0c);  // motor off
  EXPECT_EQ(result({0x4a, 0})[0], 0x40);
  EXPECT_EQ(result({0x4a, 1})[0], 0x41);  // CVE-2021-20196: no disk
  dma_program(true, 0x10000, 512);
  EXPECT_EQ(result({0x46, 1, 0, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x41, 1, 0, 0, 0, 1, 2}));
  EXPECT_EQ(result({0x46, 3, 0, 0, 1, 2, 18, 0x1b, 0xff})[0], 0x43);
  EXPECT_EQ(result({0x45, 3, 0, 0, 1, 2, 18, 0x1b, 0xff})[0], 0x43);
  EXPECT_EQ(result({0x4d, 3, 2, 18, 0x1b, 0})[0], 0x43);
}

TEST_F(Floppy, Writes) {
  const Bytes data = pattern(1536, 7);
  std::copy(data.begin(), data.end(), &memory.bytes[0x20000]);
  dma_program(false, 0x20000, 1200);  // the rest of the third sector becomes zeros
  EXPECT_EQ(result({0x45, 0, 0, 0, 4, 2, 18, 0x1b, 0xff}), (Bytes{0, 0, 0, 0, 0, 7, 2}));
  EXPECT_TRUE(std::equal(data.begin(), data.begin() + 1200, &disk->bytes[3 * 512]));
  EXPECT_EQ(disk->bytes[3 * 512 + 1200] | disk->bytes[6 * 512 - 1], 0);
  EXPECT_EQ(disk->bytes[6 * 512], image[6 * 512]);
  dma_program(false, 0x20000, 512);
  EXPECT_EQ(result({0x49, 0, 0, 0, 9, 2, 18, 0x1b, 0xff})[0], 0);  // deleted, as good as any
  EXPECT_TRUE(std::equal(data.begin(), data.begin() + 512, &disk->bytes[8 * 512]));
}

TEST_F(Floppy, SeeksStepTheHeadAndImpliedOnesToo) {
  EXPECT_EQ(result({0x04, 0}, 1), Bytes{0x38});
  command({0x0f, 4, 20});
  EXPECT_EQ(msr(), 0x81);
  const Cycles begin = board.scheduler.now();
  while (!board.pins.level[6]) step(100'000);
  EXPECT_NEAR(double(board.scheduler.now() - begin), 60e6, 2e5);  // 20 steps of 3 ms
  EXPECT_EQ(result({0x08}, 2), (Bytes{0x24, 20}));
  EXPECT_EQ(result({0x04, 0}, 1), Bytes{0x28});
  dma_program(true, 0x10000, 512);
  EXPECT_EQ(result({0x46, 0, 20, 0, 1, 2, 18, 0x1b, 0xff})[0], 0);
  EXPECT_TRUE(memory_is(0x10000, 20 * 36 * 512, 512));
  result({0xcf, 0, 3}, 0);
  EXPECT_EQ(result({0x08}, 2), (Bytes{0x20, 23}));
  result({0x8f, 0, 1}, 0);
  EXPECT_EQ(result({0x08}, 2), (Bytes{0x20, 22}));
  EXPECT_EQ(result({0x4a, 4}).at(3), 22);
  command({0x13, 0, 0x60, 0});
  dma_program(true, 0x10000, 512);
  EXPECT_EQ(result({0x46, 0, 40, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x20, 0, 0, 40, 0, 2, 2}));
  EXPECT_TRUE(memory_is(0x10000, 40 * 36 * 512, 512));
  command({0x07, 0});
  command({0x07, 2});  // nothing there, at the same time
  EXPECT_EQ(msr(), 0x85);
  run();
  EXPECT_EQ(result({0x08}, 2), (Bytes{0x20, 0}));
  EXPECT_TRUE(board.pins.level[6]);
  EXPECT_EQ(result({0x08}, 2), (Bytes{0x72, 0}));
  EXPECT_FALSE(board.pins.level[6]);
}

TEST_F(Floppy, TheChangeLineGoesWithAStep) {
  EXPECT_EQ(in8(*fdc, 7), 0x80);
  EXPECT_EQ(in8(fdc->dir_port(), 0), 0x80);
  result({0x07, 0}, 0);
  EXPECT_EQ(in8(*fdc, 7), 0x80);  // no step: it was there
  result({0x0f, 0, 1}, 0);
  EXPECT_EQ(in8(*fdc, 7), 0);
  ASSERT_TRUE(a.post_eject(false).ok());
  board.run(0);
  EXPECT_EQ(in8(*fdc, 7), 0x80);
  result({0x0f, 0, 2}, 0);
  EXPECT_EQ(in8(*fdc, 7), 0x80);
  ASSERT_TRUE(a.post_insert({.key = "a", .file = "n", .size = k144, .node = disk}).ok());
  board.run(0);
  EXPECT_EQ(in8(*fdc, 7), 0x80);
  result({0x0f, 0, 1}, 0);
  EXPECT_EQ(in8(*fdc, 7), 0);
}

TEST_F(Floppy, WithoutDmaSoftwareMovesTheBytes) {
  command({0x03, 0xdf, 0x03});
  for (const u8 config : {0x20, 0x07}) {  // without the FIFO, with it
    command({0x13, 0, config, 0});
    command({0x46, 0, 0, 0, 2, 2, 2, 0x1b, 0xff});
    Bytes data;
    unsigned edges = board.pins.edges[6];
    for (unsigned i = 0; i < 100'000 && (msr() & 0x20); ++i) {
      if ((msr() & 0xf0) == 0xf0) {
        EXPECT_TRUE(board.pins.level[6]);
        data.push_back(u8(in8(*fdc, 5)));
      }
      step(500);
    }
    EXPECT_TRUE(std::equal(data.begin(), data.end(), &image[512]));
    EXPECT_EQ(data.size(), 512u);
    EXPECT_EQ(board.pins.edges[6] - edges, (config == 0x20 ? 512u : 32u) + 1);
    EXPECT_EQ(results(), (Bytes{0x40, 0x80, 0, 1, 0, 1, 2}));  // nobody says TC
  }
  command({0x45, 0, 0, 0, 2, 2, 2, 0x1b, 0xff});
  for (unsigned i = 0; i < 10'000; ++i) {
    if ((msr() & 0xf0) == 0xb0) out8(*fdc, 5, 0x77);
    step(500);
  }
  EXPECT_EQ(results().at(0), 0x40);
  EXPECT_EQ(Bytes(&disk->bytes[512], &disk->bytes[1024]), Bytes(512, 0x77));
}

TEST_F(Floppy, AnAbsentHostIsAnOverrun) {
  out8(dma.first_ports(), 0xa, 6);
  EXPECT_EQ(result({0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x40, 0x10, 0, 0, 0, 1, 2}));
  command({0x03, 0xdf, 0x03});
  EXPECT_EQ(result({0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0x40, 0x10, 0, 0, 0, 1, 2}));
  EXPECT_EQ(in8(dma.first_ports(), 8) & 0x40, 0);
}

TEST_F(Floppy, ReadTrackVerifyAndDeleted) {
  dma_program(true, 0x10000, 18 * 512);
  EXPECT_EQ(result({0x42, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}).at(0), 0);
  EXPECT_TRUE(memory_is(0x10000, 0, 18 * 512));
  dma_program(true, 0x10000, 18 * 512);
  EXPECT_EQ(result({0x42, 0, 0, 0, 3, 2, 4, 0x1b, 0xff}).at(1), 4);  // other IDs, read anyway
  EXPECT_TRUE(memory_is(0x10000, 0, 4 * 512));
  EXPECT_EQ(result({0x56, 0, 0, 0, 1, 2, 18, 0x1b, 0xff}), (Bytes{0, 0, 0, 1, 0, 1, 2}));
  EXPECT_EQ(result({0x56, 0x80, 0, 0, 1, 2, 18, 0x1b, 3}), (Bytes{0, 0, 0, 0, 0, 4, 2}));
  EXPECT_EQ(result({0x56, 0x80, 0, 0, 17, 2, 18, 0x1b, 3}).at(1), 0x80);
  EXPECT_EQ(result({0x56, 0, 0, 0, 1, 2, 19, 0x1b, 0xff}).at(1), 4);
  dma_program(true, 0x10000, 1024);
  EXPECT_EQ(result({0x4c, 0, 0, 0, 5, 2, 18, 0x1b, 0xff}), (Bytes{0, 0, 0x40, 0, 0, 5, 2}));
  EXPECT_TRUE(memory_is(0x10000, 4 * 512, 512));
  EXPECT_EQ(result({0x6c, 0, 0, 0, 5, 2, 18, 0x1b, 0xff}).at(2), 0x40);
}

TEST_F(Floppy, Scans) {
  const auto scan = [this](u8 command, u64 offset, int change) {
    std::copy_n(&image[offset], 512, &memory.bytes[0x30000]);
    memory.bytes[0x30000 + 100] = u8(image[offset + 100] + change);
    for (unsigned i = 0; i < 18; ++i)  // the same for each sector
      std::copy_n(&memory.bytes[0x30000], 512, &memory.bytes[0x30000 + 512 * i]);
    dma_program(false, 0x30000, 18 * 512);
    return result({command, 0, 0, 0, 1, 2, 3, 0x1b, 1});
  };
  disk->bytes = image = Bytes(k144, 0x40);
  disk->bytes[612] = image[612] = 0x50;  // sector 2 is higher
  EXPECT_EQ(scan(0x51, 0, 0), (Bytes{0, 0, 0x08, 0, 0, 1, 2}));
  EXPECT_EQ(scan(0x51, 512, 0), (Bytes{0, 0, 0x08, 0, 0, 2, 2}));
  EXPECT_EQ(scan(0x51, 0, 1).at(2), 0x04);
  EXPECT_EQ(scan(0x5d, 0, 1), (Bytes{0, 0, 0, 0, 0, 2, 2}));
  EXPECT_EQ(scan(0x59, 0, 1), (Bytes{0, 0, 0, 0, 0, 1, 2}));
  EXPECT_EQ(scan(0x59, 0, 0xbf), (Bytes{0, 0, 0x08, 0, 0, 1, 2}));  // FFh is equal to anything
}

TEST_F(Floppy, AScanGoesOnAfterALoad) {
  disk->bytes = image = Bytes(k144, 0x40);
  const auto scan = [this](u8 third, bool loads) {
    command({0x51, 0, 0, 0, 1, 2, 1, 0x1b, 1});
    unsigned given = 0;
    for (unsigned i = 0; i < 10'000; ++i) {
      if ((msr() & 0xf0) == 0xb0) out8(*fdc, 5, ++given == 3 ? third : 0x40);
      if (given == 200 && loads) {
        EXPECT_TRUE(board.reload().ok());
        loads = false;
      }
      step(500);
    }
    return results();
  };
  command({0x03, 0xdf, 0x03});  // without DMA
  const Bytes equal = scan(0x40, false), lower = scan(0x41, false);
  EXPECT_NE(equal, lower);
  EXPECT_EQ(scan(0x40, true), equal);
  EXPECT_EQ(scan(0x41, true), lower);
}

TEST_F(Floppy, FormatsWhatTheImageCanKeep) {
  for (u8 i = 0; i < 18; ++i) {
    const u8 id[] = {0, 1, u8(i + 1), 2};
    std::copy_n(id, 4, &memory.bytes[0x20000 + 4 * i]);
  }
  dma_program(false, 0x20000, 72);
  EXPECT_EQ(result({0x4d, 4, 2, 18, 0x1b, 0xf6}).at(0), 0x04);
  EXPECT_EQ(Bytes(&disk->bytes[18 * 512], &disk->bytes[36 * 512]), Bytes(18 * 512, 0xf6));
  EXPECT_EQ(disk->bytes[18 * 512 - 1], image[18 * 512 - 1]);
  EXPECT_EQ(disk->bytes[36 * 512], image[36 * 512]);
  memory.bytes[0x20002] = 19;
  dma_program(false, 0x20000, 72);
  EXPECT_EQ(result({0x4d, 4, 2, 18, 0x1b, 0}).at(1), 0x02);
}

TEST_F(Floppy, RegistersAreDumpedSavedAndRestored) {
  result({0x0f, 0, 5}, 0);
  result({0x08}, 2);
  command({0x13, 0, 0x57, 0x0a});
  command({0x12, 0x84});
  EXPECT_EQ(result({0x94}, 1), Bytes{0x10});
  EXPECT_EQ(result({0x0e}, 10), (Bytes{5, 0, 0, 0, 0xdf, 2, 0, 0x84, 0x57, 0x0a}));
  command({0x33, 1});
  const Bytes saved = result({0x2e}, 16);
  EXPECT_EQ(saved, (Bytes{0, 1, 5, 0, 0, 0, 0xdf, 2, 0, 0x84, 0x57, 0x0a, 0, 0, 0, 0}));
  out8(*fdc, 4, 0x80);  // software reset, under LOCK
  run();
  for (unsigned i = 0; i < 4; ++i) result({0x08}, 2);
  EXPECT_EQ(result({0x0e}, 10), (Bytes{0, 0, 0, 0, 0xdf, 2, 0, 0x84, 0x07, 0x0a}));
  result({0x14}, 1);
  out8(*fdc, 4, 0x80);
  run();
  for (unsigned i = 0; i < 4; ++i) result({0x08}, 2);
  EXPECT_EQ(result({0x0e}, 10), (Bytes{0, 0, 0, 0, 0xdf, 2, 0, 0x04, 0x20, 0}));
  out8(*fdc, 5, 0x4e);
  for (const u8 byte : saved) out8(*fdc, 5, byte);
  EXPECT_EQ(result({0x2e}, 16), saved);
  EXPECT_EQ(result({0x17, 3}, 1), Bytes{3});
  EXPECT_EQ(result({0x18}, 1), Bytes{0x41});
  EXPECT_EQ(result({0x8e, 0x1b, 0x2a, 0x80}, 4), (Bytes{0x1b, 0x0a, 0, 0}));
  EXPECT_EQ(result({0x8e, 0x1b, 0xc0}, 0), Bytes{});
  EXPECT_EQ(in8(*fdc, 0), 0xff);
  out8(*fdc, 3, 0x02);
  EXPECT_EQ(in8(*fdc, 3), 0xfe);
}

// CVE-2015-3456: parameters without end.
TEST_F(Floppy, NoCommandTakesMoreBytesThanItHas) {
  for (const u8 first : {0x8e, 0x4e, 0x46, 0x0e, 0x2e, 0x33}) {
    for (unsigned i = 0; i < 1000; ++i) {
      out8(*fdc, 5, i ? 0x01 : first);
      if (i % 100 == 99) run();
    }
    out8(*fdc, 4, 0x80);
    run();
  }
  EXPECT_EQ(msr() & 0x80, 0x80);
}

// Noise at every port, with DMA and disk in any state: nothing hangs, and a reset mends all.
TEST_F(Floppy, Noise) {
  std::mt19937_64 random(5);
  for (unsigned i = 0; i < 200'000; ++i) {
    const u16 port = random() % 4 ? 5 : u16(random() % 8);
    if (random() % 4 == 0)
      in8(*fdc, port);
    else
      out8(*fdc, port, u8(random() % 2 ? random() : random() >> random() % 64));
    if (random() % 16 == 0) out8(dma.first_ports(), u16(random() % 16), u8(random()));
    if (random() % 64 == 0) out8(*fdc, 2, 0x1c);
    if (random() % 8 == 0) step(random() % 100'000);
    if (random() % 4096 == 0) {
      if (a.present())
        ASSERT_TRUE(a.post_eject(true).ok());
      else
        ASSERT_TRUE(a.post_insert({.key = "", .file = "n", .size = k144, .node = disk}).ok());
      board.run(0);
    }
  }
  out8(*fdc, 2, 0x18);
  out8(*fdc, 2, 0x1c);
  run();
  for (unsigned i = 0; i < 4; ++i) result({0x08}, 2);
  EXPECT_EQ(result({0x10}, 1), Bytes{0x90});
}

struct Protected : FloppyBench {
  Protected() : FloppyBench(FloppyType::Mb1_44, k144, true) {}
};

TEST_F(Protected, RefusesToWrite) {
  EXPECT_EQ(result({0x04, 0}, 1), Bytes{0x78});
  dma_program(false, 0x20000, 512);
  EXPECT_EQ(result({0x45, 0, 0, 0, 4, 2, 18, 0x1b, 0xff}).at(1), 0x02);
  EXPECT_EQ(result({0x4d, 0, 2, 18, 0x1b, 0xf6}).at(1), 0x02);
  EXPECT_EQ(disk->bytes, image);
}

struct DoubleStep : FloppyBench {
  DoubleStep() : FloppyBench(FloppyType::Mb1_2, 360 << 10) {}
};

TEST_F(DoubleStep, FortyTracksInA12MbDrive) {
  EXPECT_EQ(result({0x4a, 0}).at(1), 1);  // 250 kbit/s
  rate(300);
  result({0x0f, 0, 6}, 0);
  EXPECT_EQ(result({0x4a, 0}).at(3), 3);
  dma_program(true, 0x10000, 512);
  EXPECT_EQ(result({0x46, 4, 3, 1, 9, 2, 9, 0x1b, 0xff}).at(0), 4);
  EXPECT_TRUE(memory_is(0x10000, ((3 * 2 + 1) * 9 + 8) * 512, 512));
  result({0x0f, 0, 7}, 0);
  EXPECT_EQ(result({0x4a, 0}).at(1), 1);  // between tracks
}

TEST(FloppyFormats, BySize) {
  const auto is = [](u64 kib, u8 tracks, u8 heads, u8 sectors, u16 kbps) {
    const FloppyFormat f = FloppyFormat::of(kib << 10);
    return f.tracks == tracks && f.heads == heads && f.sectors == sectors && f.kbps == kbps;
  };
  EXPECT_TRUE(is(160, 40, 1, 8, 250));
  EXPECT_TRUE(is(180, 40, 1, 9, 250));
  EXPECT_TRUE(is(320, 40, 2, 8, 250));
  EXPECT_TRUE(is(360, 40, 2, 9, 250));
  EXPECT_TRUE(is(720, 80, 2, 9, 250));
  EXPECT_TRUE(is(1200, 80, 2, 15, 500));
  EXPECT_TRUE(is(1440, 80, 2, 18, 500));
  EXPECT_TRUE(is(1680, 80, 2, 21, 500));
  EXPECT_TRUE(is(1722, 82, 2, 21, 500));
  EXPECT_TRUE(is(2880, 80, 2, 36, 1000));
  EXPECT_TRUE(is(1000, 80, 2, 15, 500));   // odd: what has room
  EXPECT_TRUE(is(9000, 80, 2, 36, 1000));  // too large: its beginning
  EXPECT_TRUE(is(0, 40, 1, 8, 250));
  EXPECT_EQ(floppy_type("auto", 0), FloppyType::Mb2_88);
  EXPECT_EQ(floppy_type("auto", 1440 << 10), FloppyType::Mb1_44);
  EXPECT_EQ(floppy_type("auto", 1200 << 10), FloppyType::Mb1_2);
  EXPECT_EQ(floppy_type("auto", 720 << 10), FloppyType::Kb720);
  EXPECT_EQ(floppy_type("auto", 160 << 10), FloppyType::Kb360);
  EXPECT_EQ(floppy_type("none", 1440 << 10), FloppyType::None);
}

}  // namespace
}  // namespace reprise
