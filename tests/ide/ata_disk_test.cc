// The protocol of disks, step by step.
#include "tests/ide/ide_rig.h"

namespace reprise {
namespace {

struct AtaTest : IdeRig {
  std::shared_ptr<DiskNode> node = std::make_shared<DiskNode>(kDiskSize);
  AtaDisk* disk = nullptr;
  void SetUp() override {
    IdeRig::SetUp();
    disk = &add_disk(0, 0, node);
    power_on();
  }
  u32 lba28() { return in(3) | u32(in(4)) << 8 | u32(in(5)) << 16 | u32(in(6) & 15) << 24; }
  std::vector<u16> identify() {
    ata(0xec);
    EXPECT_EQ(wait() & (kDrq | kErr), kDrq);
    const std::vector<u8> bytes = take(512);
    std::vector<u16> words(256);
    std::memcpy(words.data(), bytes.data(), 512);
    return words;
  }
};

TEST_F(AtaTest, PortsAreThereWhenDecodedAndSignatureSaysDisk) {
  EXPECT_EQ(in(7), 0x50);
  EXPECT_EQ(in(1), 1);
  EXPECT_EQ(in(2), 1);
  EXPECT_EQ(in(3), 1);
  EXPECT_EQ(in(4) | in(5), 0);
  out(6, 0xb0);  // there is no device 1: device 0 answers for it
  EXPECT_EQ(in(7), 0);
  EXPECT_EQ(in(2), 1);
  out(7, 0xec);
  EXPECT_EQ(in(7), 0);
  base = kSecondary;
  EXPECT_EQ(in(7), 0x7f);
  EXPECT_EQ(in(3), 0x7f);
  base = kPrimary;
  config(0x40, 2, 0);
  EXPECT_EQ(in(7), 0xff);
  config(0x40, 2, 0x8000);
  config(0x04, 2, 0);
  EXPECT_EQ(in(7), 0xff);
  EXPECT_EQ(space.in(0x3f6, 1), 0xffu);
}

TEST_F(AtaTest, IdentifyDescribesTheDisk) {
  const std::vector<u16> id = identify();
  EXPECT_EQ(in(7), 0x50);
  EXPECT_FALSE(irq());
  EXPECT_EQ(id[27], 'R' << 8 | 'E');
  EXPECT_EQ(id[60] | u32(id[61]) << 16, kDiskSize / 512);
  EXPECT_EQ(id[100] | u32(id[101]) << 16, kDiskSize / 512);
  EXPECT_EQ(id[1], kDiskSize / 512 / 16 / 63);
  EXPECT_EQ(id[3], 16);
  EXPECT_EQ(id[6], 63);
  EXPECT_EQ(id[59], 0x110);
  u8 sum = 0;
  for (const u16 word : id) sum = u8(sum + word + (word >> 8));
  EXPECT_EQ(sum, 0);
  EXPECT_EQ(id[255] & 0xff, 0xa5);
}

TEST_F(AtaTest, EachSectorByTheDataRegisterHasItsInterrupt) {
  ata(0x20, 7, 3);
  EXPECT_EQ(alternate_status() & kBsy, kBsy);
  EXPECT_FALSE(irq());
  while (alternate_status() & kBsy) run(1000);
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_TRUE(irq()) << i;
    EXPECT_EQ(alternate_status(), 0x58);  // leaves INTRQ alone
    EXPECT_TRUE(irq());
    EXPECT_EQ(in(7), 0x58);
    EXPECT_FALSE(irq());
    EXPECT_EQ(take(512), part(*node, 512 * (7 + i), 512));
  }
  EXPECT_FALSE(irq());
  EXPECT_EQ(in(7), 0x50);
  EXPECT_EQ(edges(), 3u);
  EXPECT_EQ(lba28(), 9u);
  EXPECT_EQ(in_data(), 0xffff);  // nothing beyond
}

TEST_F(AtaTest, MultipleMovesBlocksAndDwordsAreTwoWords) {
  ata(0xc6, 0, 8);
  EXPECT_EQ(wait(), 0x50);
  const unsigned before = edges();
  ata(0xc4, 100, 20);
  wait();
  std::vector<u8> data;
  for (unsigned i = 0; i < 20 * 128; ++i) {
    const u32 dword = space.in(base, 4);
    for (unsigned b = 0; b < 4; ++b) data.push_back(u8(dword >> 8 * b));
    in(7);
  }
  EXPECT_EQ(data, part(*node, 51200, 20 * 512));
  EXPECT_EQ(edges() - before, 3u);  // 8, 8 and 4 sectors
  ata(0xc6, 0, 3);
  EXPECT_EQ(wait() & kErr, kErr);
  ata(0xc6, 0, 0);
  EXPECT_EQ(wait() & kErr, 0);
  ata(0xc4, 0, 1);  // off now
  EXPECT_EQ(wait() & kErr, kErr);
  EXPECT_EQ(in(1), 4);
}

TEST_F(AtaTest, ACountOfZeroIs256Sectors) {
  ata(0x20, 3, 0);
  unsigned sectors = 0;
  for (; wait() & kDrq; ++sectors) ASSERT_EQ(take(512), part(*node, 512 * (3 + u64(sectors)), 512));
  EXPECT_EQ(sectors, 256u);
  EXPECT_EQ(edges(), 256u);
}

TEST_F(AtaTest, WritesAskForEachSectorAndAreThereAfterTheLastInterrupt) {
  std::vector<u8> data(1024);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = u8(i * 7);
  ata(0x30, 50, 2);
  EXPECT_EQ(alternate_status(), 0x58);
  EXPECT_FALSE(irq());  // not for the first
  give(std::span(data).first(512));
  EXPECT_TRUE(irq());
  EXPECT_EQ(in(7), 0x58);
  give(std::span(data).last(512));
  EXPECT_EQ(alternate_status() & kBsy, kBsy);
  EXPECT_FALSE(irq());
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(edges(), 2u);
  EXPECT_EQ(part(*node, 25600, 1024), data);
}

TEST_F(AtaTest, A48BitCommandCountsTo65536AndHobReadsTheOtherHalf) {
  ata_ext(0x24, 0x1234, 0x0102);
  control(0x80);
  EXPECT_EQ(in(2), 1);
  EXPECT_EQ(in(3), 0);
  control(0);
  EXPECT_EQ(in(2), 2);
  EXPECT_EQ(in(3), 0x34);
  unsigned sectors = 0;
  for (wait(); in(7) & kDrq; ++sectors) {
    EXPECT_EQ(take(512), part(*node, 512 * (0x1234 + u64(sectors)), 512));
    wait();
  }
  EXPECT_EQ(sectors, 0x102u);
  ata_ext(0x24, 0, 0);  // 65536 sectors: more than there are
  EXPECT_EQ(wait() & (kErr | kDrq), kErr);
  EXPECT_EQ(in(1), 0x10);
  EXPECT_EQ(in(4), (kDiskSize / 512) >> 8);  // the first that is not there
}

TEST_F(AtaTest, AddressesAreCheckedInEachForm) {
  const u32 last = kDiskSize / 512 - 1;
  ata(0x20, last, 1);
  EXPECT_EQ(wait(), 0x58);
  take(512);
  for (const u8 count : {2, 0}) {
    ata(0x20, last, count);
    EXPECT_EQ(wait() & (kErr | kDrq), kErr);
    EXPECT_EQ(in(1), 0x10);
  }
  ata(0x20, 0x0fff'ffff, 1);
  EXPECT_EQ(wait() & kErr, kErr);
  EXPECT_EQ(in(1), 0x10);
  // Cylinder 1, head 2, sector 3.
  const auto chs = [this](u16 cylinder, u8 head, u8 sector) {
    out(6, u8(0xa0 | head));
    out(2, 1);
    out(3, sector);
    out(4, u8(cylinder));
    out(5, u8(cylinder >> 8));
    out(7, 0x20);
    return wait();
  };
  EXPECT_EQ(chs(1, 2, 3), 0x58);
  EXPECT_EQ(take(512), part(*node, 512 * ((16 + 2) * 63 + 2), 512));
  EXPECT_EQ(in(3), 3);
  EXPECT_EQ(chs(1, 2, 0) & kErr, kErr);
  EXPECT_EQ(chs(1, 2, 64) & kErr, kErr);
  out(6, 0xa3);  // another translation: 4 heads, 17 sectors
  out(2, 17);
  out(7, 0x91);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(chs(1, 2, 3), 0x58);
  EXPECT_EQ(take(512), part(*node, 512 * ((4 + 2) * 17 + 2), 512));
  EXPECT_EQ(chs(1, 4, 3) & kErr, kErr);
  EXPECT_EQ(identify()[55], 4);
  out(6, 0xa0);
  out(2, 0);
  out(7, 0x91);
  EXPECT_EQ(wait() & kErr, kErr);
  out(6, 0xa0);
  out(7, 0x24);  // EXT without LBA
  EXPECT_EQ(wait() & kErr, kErr);
}

TEST_F(AtaTest, WhileBusyOrMovingDataTheTaskFileIsDeaf) {
  ata(0x20, 5, 1);
  out(7, 0xec);
  out(3, 0x99);
  out(6, 0xf0);
  EXPECT_EQ(in(3), 5);
  EXPECT_EQ(wait(), 0x58);
  out(7, 0xc8);
  out(2, 77);
  EXPECT_EQ(in(2), 1);
  EXPECT_EQ(take(512), part(*node, 2560, 512));
  EXPECT_EQ(in(7), 0x50);
}

TEST_F(AtaTest, SoftResetGivesUpWhatWasGoingOn) {
  ata(0x20, 5, 1);
  control(4);
  EXPECT_EQ(in(7), 0x80);
  run(10'000'000);
  EXPECT_EQ(in(7), 0x80);
  control(0);
  EXPECT_EQ(in(7), 0x50);
  EXPECT_EQ(in(2), 1);
  EXPECT_EQ(in(1), 1);
  EXPECT_FALSE(irq());
  run(10'000'000);
  EXPECT_EQ(in(7), 0x50);
  ata(0x20, 6, 1);
  wait();
  EXPECT_EQ(take(512), part(*node, 3072, 512));
}

TEST_F(AtaTest, NienHoldsTheInterruptBack) {
  control(2);
  ata(0x20, 5, 1);
  while (alternate_status() & kBsy) run(1000);
  EXPECT_FALSE(irq());
  control(0);
  EXPECT_TRUE(irq());
}

TEST_F(AtaTest, DiagnosticsAnswerForBothAndSelectDevice0) {
  add_disk(0, 1, std::make_shared<DiskNode>(1 << 20));
  power_on();
  out(6, 0xb0);
  EXPECT_EQ(in(7), 0x50);
  out(7, 0x90);
  EXPECT_TRUE(irq());
  EXPECT_EQ(in(7), 0x50);
  EXPECT_EQ(in(1), 1);
  EXPECT_EQ(in(6) & 0x10, 0);
  EXPECT_EQ(edges(), 1u);
}

TEST_F(AtaTest, OnlyTheSelectedDeviceInterrupts) {
  auto other = std::make_shared<DiskNode>(1 << 20);
  add_disk(0, 1, other);
  power_on();
  ata(0x20, 9, 1, 1);
  EXPECT_EQ(wait(), 0x58);
  EXPECT_EQ(take(512), part(*other, 4608, 512));
  ata(0xec, 0, 1, 1);
  EXPECT_TRUE(irq());
  EXPECT_EQ(take(2)[0], 0x40);
  control(4);
  control(0);
  ata(0xe7, 0, 1, 1);
  while (alternate_status() & kBsy) run(1000);
  EXPECT_TRUE(irq());
  out(6, 0xe0);
  EXPECT_FALSE(irq());
  out(6, 0xf0);
  EXPECT_TRUE(irq());
}

TEST_F(AtaTest, HostErrorsAreUncorrectableReadsAndAbortedWrites) {
  node->bad = 100 * 512;
  ata(0x20, 99, 1);
  EXPECT_EQ(wait(), 0x58);
  take(512);
  ata(0x20, 100, 4);
  EXPECT_EQ(wait() & (kErr | kDrq), kErr);
  EXPECT_EQ(in(1), 0x40);
  EXPECT_EQ(lba28(), 100u);
  EXPECT_EQ(in(2), 4);
  ata(0x30, 100, 1);
  give(std::vector<u8>(512));
  EXPECT_EQ(wait() & (kErr | kDrq), kErr);
  EXPECT_EQ(in(1), 0x04);
  ata(0x40, 101, 1);  // READ VERIFY
  EXPECT_EQ(wait() & kErr, kErr);
  ata(0x40, 90, 10);
  EXPECT_EQ(wait(), 0x50);
}

TEST_F(AtaTest, WriteCacheOffAndFuaMeanAFlush) {
  const auto write = [this](u8 code) {
    ata_ext(code, 1, 1);
    give(std::vector<u8>(512, 1));
    EXPECT_EQ(wait(), 0x50);
  };
  write(0x34);
  EXPECT_EQ(node->flushes, 0u);
  write(0xce);  // WRITE MULTIPLE FUA EXT
  EXPECT_EQ(node->flushes, 1u);
  out(1, 0x82);
  out(7, 0xef);
  wait();
  EXPECT_EQ(identify()[85] & 0x20, 0);
  EXPECT_EQ(node->flushes, 2u);
  write(0x34);
  EXPECT_EQ(node->flushes, 3u);
  ata(0xe7);
  wait();
  ata(0xea);
  wait();
  EXPECT_EQ(node->flushes, 5u);
}

TEST_F(AtaTest, SettingsSurviveASoftResetUnlessTheyRevert) {
  const auto feature = [this](u8 what, u8 value = 0) {
    out(1, what);
    out(2, value);
    out(7, 0xef);
    return wait() & kErr;
  };
  const auto reset = [this] {
    control(4);
    control(0);
  };
  EXPECT_EQ(feature(0x03, 0x45), 0);
  EXPECT_EQ(identify()[88], 0x203f);
  EXPECT_EQ(feature(0x03, 0x46), kErr);
  EXPECT_EQ(feature(0x03, 0x0c), 0);
  EXPECT_EQ(feature(0x99), kErr);
  reset();
  EXPECT_EQ(identify()[88], 0x203f);
  EXPECT_EQ(feature(0xcc), 0);
  reset();
  EXPECT_EQ(identify()[88], 0x3f);
  EXPECT_EQ(identify()[63], 0x407);
}

TEST_F(AtaTest, SetMaxFollowsReadNativeMax) {
  const u32 last = kDiskSize / 512 - 1;
  ata(0xf9, 999);
  EXPECT_EQ(wait() & kErr, kErr);
  ata(0xf8);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(lba28(), last);
  ata(0xf9, 999);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(identify()[60], 1000);
  ata(0x20, 1000);
  EXPECT_EQ(wait() & kErr, kErr);
  ata_ext(0x27, 0, 0);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(lba28() & 0xff'ffff, last);
  ata_ext(0x37, last, 0);
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(identify()[60], (last + 1) & 0xffff);
}

TEST_F(AtaTest, TrimZeroesRanges) {
  u8 list[512] = {};
  list[0] = 10;
  list[6] = 4;
  list[8] = 30;
  list[14] = 1;
  ram->write(0x2000, list);
  table(0x1000, {{0x2000, 512}});
  const auto trim = [this] {
    ata_ext(0x06, 0, 1);
    start(false);
    return wait();
  };
  out(1, 0);
  EXPECT_EQ(trim() & kErr, kErr);  // not TRIM
  out(1, 1);
  EXPECT_EQ(trim(), 0x50);
  EXPECT_EQ(part(*node, 5120, 2048), std::vector<u8>(2048));
  EXPECT_NE(part(*node, 7168, 512), std::vector<u8>(512));
  EXPECT_EQ(part(*node, 15360, 512), std::vector<u8>(512));
  list[5] = 1;
  ram->write(0x2000, list);
  EXPECT_EQ(trim() & kErr, kErr);  // beyond the end
  EXPECT_EQ(in(1), 0x14);
}

TEST_F(AtaTest, SmartTestsAreLogged) {
  const auto smart = [this](u8 what, u8 count = 1, u8 low = 0) {
    out(6, 0xe0);
    out(1, what);
    out(2, count);
    out(3, low);
    out(4, 0x4f);
    out(5, 0xc2);
    out(7, 0xb0);
    return wait() & (kErr | kDrq);
  };
  EXPECT_EQ(smart(0xda), 0);
  EXPECT_EQ(in(4), 0x4f);
  EXPECT_EQ(in(5), 0xc2);
  EXPECT_EQ(smart(0xd4, 0, 2), 0);
  EXPECT_EQ(smart(0xd4, 0, 9), kErr);
  EXPECT_EQ(smart(0xd5, 1, 6), kDrq);
  const std::vector<u8> log = take(512);
  EXPECT_EQ(log[2], 2);
  EXPECT_EQ(log[508], 1);
  u8 sum = 0;
  for (const u8 byte : log) sum += byte;
  EXPECT_EQ(sum, 0);
  EXPECT_EQ(smart(0xd6, 1, 0x80), kDrq);
  give(std::vector<u8>(512, 0x3c));
  EXPECT_EQ(wait(), 0x50);
  EXPECT_EQ(smart(0xd5, 1, 0x80), kDrq);
  EXPECT_EQ(take(512), std::vector<u8>(512, 0x3c));
  EXPECT_EQ(smart(0xd0), kDrq);
  take(512);
  EXPECT_EQ(smart(0xd9), 0);
  EXPECT_EQ(smart(0xd0), kErr);
  EXPECT_EQ(identify()[85] & 1, 0);
}

TEST_F(AtaTest, PowerModesBuffersAndWhatAborts) {
  ata(0xe5);
  wait();
  EXPECT_EQ(in(2), 0xff);
  ata(0xe0);
  wait();
  ata(0xe5);
  wait();
  EXPECT_EQ(in(2), 0);
  ata(0xe8);
  give(std::vector<u8>(512, 0x77));
  EXPECT_EQ(wait(), 0x50);
  ata(0xe4);
  wait();
  EXPECT_EQ(take(512), std::vector<u8>(512, 0x77));
  for (const u8 code : {0x00, 0xa0, 0xa1, 0xf1, 0xf6, 0x08, 0xb1, 0xff}) {
    ata(code);
    EXPECT_EQ(wait(), 0x51) << int(code);
    EXPECT_EQ(in(1), 4);
  }
  ata(0xe6);  // SLEEP
  EXPECT_EQ(wait(), 0x50);
  ata(0xec);
  EXPECT_EQ(in(7), 0x50);
  control(4);
  control(0);
  identify();
}

TEST_F(AtaTest, AByteAtTheDataRegisterTakesAWord) {
  ata(0xe8);
  for (unsigned i = 0; i < 256; ++i) out(0, u8(i));
  EXPECT_EQ(wait(), 0x50);
  ata(0xe4);
  wait();
  const std::vector<u8> expected = part(*node, 0, 0);
  for (unsigned i = 0; i < 256; ++i) ASSERT_EQ(in(0), u8(i));
  EXPECT_EQ(in(7), 0x50);
}

}  // namespace
}  // namespace reprise
