// The packet protocol and MMC commands.
#include "tests/ide/ide_rig.h"

namespace reprise {
namespace {

struct AtapiTest : IdeRig {
  std::shared_ptr<DiskNode> node = std::make_shared<DiskNode>(kCdSize);
  static constexpr u32 kBlocks = kCdSize / 2048;
  void SetUp() override {
    IdeRig::SetUp();
    base = kSecondary;
    add_cd(1, 0, node);
    power_on();
  }
  using Bytes = std::vector<u8>;
  struct Answer {
    u8 status, error;
    Bytes data;
    std::vector<u16> blocks;  // lengths
  };
  static Bytes packet(Bytes bytes) {
    bytes.resize(12);
    return bytes;
  }
  // By the data register; `most`: gives up after so many bytes.
  Answer command(Bytes bytes, u16 limit = 0xfffe, const Bytes& give_data = {}) {
    out(6, 0xa0);
    out(1, 0);
    out(4, u8(limit));
    out(5, u8(limit >> 8));
    out(7, 0xa0);
    EXPECT_EQ(alternate_status() & (kBsy | kDrq), kDrq);
    EXPECT_EQ(in(2), 1);
    EXPECT_FALSE(irq());
    give(packet(std::move(bytes)));
    Answer answer{};
    for (;;) {
      while (alternate_status() & kBsy) run(100'000);
      EXPECT_TRUE(irq());
      answer.status = in(7);
      if (!(answer.status & kDrq)) break;
      const u16 length = u16(in(4) | in(5) << 8);
      answer.blocks.push_back(length);
      if (in(2) == 2) {
        const Bytes block = take(length);
        answer.data.insert(answer.data.end(), block.begin(), block.end());
      } else {
        EXPECT_EQ(in(2), 0);
        give(give_data);
      }
    }
    EXPECT_EQ(in(2), 3);
    answer.error = in(1);
    return answer;
  }
  Answer read(u32 lba, u16 count, u16 limit = 0xfffe) {
    return command({0x28, 0, u8(lba >> 24), u8(lba >> 16), u8(lba >> 8), u8(lba), 0, u8(count >> 8),
                    u8(count)},
                   limit);
  }
  // Key, code, qualifier.
  Bytes sense() {
    const Answer answer = command({0x03, 0, 0, 0, 18});
    EXPECT_EQ(answer.data.size(), 18u);
    return {answer.data[2], answer.data[12], answer.data[13]};
  }
  void settle_attention() {
    EXPECT_EQ(command({0}).error, 0x60);
    EXPECT_EQ(sense()[1], 0x29);
    EXPECT_EQ(command({0}).status & kErr, 0);
  }
};

TEST_F(AtapiTest, SignatureAndIdentify) {
  EXPECT_EQ(in(7), 0);
  EXPECT_EQ(in(4), 0x14);
  EXPECT_EQ(in(5), 0xeb);
  out(4, 0);
  out(7, 0xec);  // aborts, with the signature
  EXPECT_EQ(wait() & (kErr | kDrq), kErr);
  EXPECT_EQ(in(1), 4);
  EXPECT_EQ(in(4), 0x14);
  out(7, 0xa1);
  EXPECT_TRUE(irq());
  EXPECT_EQ(wait() & kDrq, kDrq);
  const Bytes id = take(512);
  EXPECT_EQ(id[0] | id[1] << 8, 0x85c0);
  EXPECT_EQ(id[54], 'E');
  EXPECT_EQ(id[55], 'R');
  EXPECT_FALSE(irq());
  EXPECT_EQ(in(7) & (kBsy | kDrq | kErr), 0);
}

TEST_F(AtapiTest, AttentionAfterPowerOnOnce) {
  EXPECT_EQ(command({0x12, 0, 0, 0, 36}).data.size(), 36u);  // INQUIRY does not mind
  settle_attention();
  EXPECT_EQ(sense(), (Bytes{0, 0, 0}));
}

TEST_F(AtapiTest, InquiryNamesTheDrive) {
  const Bytes data = command({0x12, 0, 0, 0, 96}).data;
  EXPECT_EQ(data.size(), 36u);
  EXPECT_EQ(data[0], 5);
  EXPECT_EQ(data[1], 0x80);
  EXPECT_EQ(std::string(data.begin() + 8, data.begin() + 36), "REPRISE REPRISE CD-ROM  1.0 ");
}

TEST_F(AtapiTest, ReadsInBlocksOfAtMostTheLimit) {
  settle_attention();
  EXPECT_EQ(command({0x25}).data,
            (Bytes{0, 0, u8((kBlocks - 1) >> 8), u8(kBlocks - 1), 0, 0, 8, 0}));
  Answer answer = read(5, 3, 2048);
  EXPECT_EQ(answer.blocks, (std::vector<u16>{2048, 2048, 2048}));
  EXPECT_EQ(answer.data, part(*node, 5 * 2048, 3 * 2048));
  answer = read(5, 1, 1001);  // odd: even blocks, then the rest
  EXPECT_EQ(answer.blocks, (std::vector<u16>{1000, 1000, 48}));
  EXPECT_EQ(answer.data, part(*node, 5 * 2048, 2048));
  answer = read(0, 100, 0xffff);
  EXPECT_EQ(answer.data, part(*node, 0, 100 * 2048));
  answer = read(0, 0);
  EXPECT_EQ(answer.status & kErr, 0);
  EXPECT_TRUE(answer.blocks.empty());
  for (const u16 limit : {0, 1}) {
    answer = read(0, 1, limit);
    EXPECT_EQ(answer.status & kErr, kErr);
    EXPECT_EQ(answer.error & 4, 4);
  }
}

TEST_F(AtapiTest, AnOddAnswerEndsInPadding) {
  const Answer answer = command({0x12, 0, 0, 0, 5});
  EXPECT_EQ(answer.blocks, std::vector<u16>{5});
  EXPECT_EQ(answer.data, (Bytes{5, 0x80, 0, 0x21, 31}));
}

TEST_F(AtapiTest, AddressesBeyondTheEndAreRefused) {
  settle_attention();
  EXPECT_EQ(read(kBlocks - 1, 1).data.size(), 2048u);
  for (const u32 lba : {kBlocks, 0xffff'ffffu, 0x8000'0000u}) {  // CVE-2020-29443: lba -1
    EXPECT_EQ(read(lba, 1).error, 0x50);
    EXPECT_EQ(sense(), (Bytes{5, 0x21, 0}));
  }
  EXPECT_EQ(read(kBlocks - 1, 2).error, 0x50);
  EXPECT_EQ(command({0xa8, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}).error, 0x50);
  EXPECT_EQ(command({0xbe, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0xf8}).error, 0x50);
}

TEST_F(AtapiTest, DmaMovesDataToMemory) {
  settle_attention();
  table(0x1000, {{0x10'0000, 0x1000}, {0x20'0000, 0x7000}});
  out(1, 1);
  out(7, 0xa0);
  give(packet({0xa8, 0, 0, 0, 0, 9, 0, 0, 0, 16}));
  start(true);
  EXPECT_EQ(wait() & (kErr | kDrq), 0);
  EXPECT_EQ(in(2), 3);
  EXPECT_EQ(master_status() & 7, 4);
  EXPECT_EQ(memory(0x10'0000, 0x1000), part(*node, 9 * 2048, 0x1000));
  EXPECT_EQ(memory(0x20'0000, 0x7000), part(*node, 9 * 2048 + 0x1000, 0x7000));
  EXPECT_EQ(edges(), 5u);  // three packets before, one of them with data
}

TEST_F(AtapiTest, ReadCdGivesThePartsAskedFor) {
  settle_attention();
  const Bytes raw = command({0xbe, 0, 0, 0, 0, 16, 0, 0, 2, 0xf8}).data;
  ASSERT_EQ(raw.size(), 2u * 2352);
  EXPECT_EQ(Bytes(raw.begin(), raw.begin() + 16),
            (Bytes{0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 2, 0x16, 1}));
  EXPECT_EQ(Bytes(raw.begin() + 16, raw.begin() + 2064), part(*node, 16 * 2048, 2048));
  EXPECT_EQ(command({0xbe, 0, 0, 0, 0, 16, 0, 0, 1, 0x10}).data, part(*node, 16 * 2048, 2048));
  EXPECT_EQ(command({0xb9, 0, 0, 0, 2, 16, 0, 2, 17, 0x10}).data, part(*node, 16 * 2048, 2048));
  EXPECT_EQ(command({0xbe, 0, 0, 0, 0, 16, 0, 0, 1, 0}).status & kErr, 0);
  EXPECT_EQ(command({0xbe, 4, 0, 0, 0, 16, 0, 0, 1, 0x10}).error, 0x50);  // audio
}

TEST_F(AtapiTest, TableOfContents) {
  settle_attention();
  const u8 high = u8(kBlocks >> 8), low = u8(kBlocks);
  EXPECT_EQ(command({0x43, 0, 0, 0, 0, 0, 0, 0, 100}).data,
            (Bytes{0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, high, low}));
  EXPECT_EQ(command({0x43, 2, 0, 0, 0, 0, 0xaa, 0, 100}).data,
            (Bytes{0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 0, u8((kBlocks + 150) / 75),
                   u8((kBlocks + 150) % 75)}));
  EXPECT_EQ(command({0x43, 0, 1, 0, 0, 0, 0, 0, 100}).data.size(), 12u);
  EXPECT_EQ(command({0x43, 0, 2, 0, 0, 0, 0, 0, 100}).data.size(), 48u);
  EXPECT_EQ(command({0x43, 2, 0, 0, 0, 0, 5, 0, 100}).error, 0x50);
  EXPECT_EQ(command({0x42, 2, 0x40, 1, 0, 0, 0, 0, 16}).data.size(), 16u);
  EXPECT_EQ(command({0x51, 0, 0, 0, 0, 0, 0, 0, 34}).data.size(), 34u);
  EXPECT_EQ(command({0x52, 1, 0, 0, 0, 1, 0, 0, 36}).data[27], low);
}

TEST_F(AtapiTest, ConfigurationNamesTheProfile) {
  const Bytes all = command({0x46, 0, 0, 0, 0, 0, 0, 1, 0}).data;
  EXPECT_EQ(all[3] | all[2] << 8, int(all.size() - 4));
  EXPECT_EQ(all[7], 8);  // CD-ROM
  const Bytes one = command({0x46, 2, 0, 0x1e, 0, 0, 0, 1, 0}).data;
  EXPECT_EQ(one.size(), 16u);
  EXPECT_EQ(one[9], 0x1e);
}

TEST_F(AtapiTest, ModePages) {
  settle_attention();
  const Bytes page = command({0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 100}).data;
  EXPECT_EQ(page[1], page.size() - 2);
  EXPECT_EQ(page[8], 0x2a);
  EXPECT_EQ(command({0x1a, 0, 0x2a, 0, 100}).data.size(), 24u);
  EXPECT_EQ(command({0x5a, 0, 0xea, 0, 0, 0, 0, 0, 100}).error, 0x50);
  EXPECT_EQ(command({0x5a, 0, 0x30, 0, 0, 0, 0, 0, 100}).error, 0x50);
  const Bytes list = {0, 0, 0, 0, 0, 0, 0, 0, 1, 6, 9, 8, 7, 6, 5, 4};
  EXPECT_EQ(command({0x55, 0x10, 0, 0, 0, 0, 0, 0, 16}, 0xfffe, list).status & kErr, 0);
  const Bytes now = command({0x5a, 0, 0x01, 0, 0, 0, 0, 0, 100}).data;
  EXPECT_EQ(Bytes(now.begin() + 8, now.end()), (Bytes{1, 6, 9, 8, 7, 6, 5, 4}));
  Bytes bad = list;
  bad[9] = 200;
  EXPECT_EQ(command({0x55, 0x10, 0, 0, 0, 0, 0, 0, 16}, 0xfffe, bad).error, 0x50);
  EXPECT_EQ(sense()[1], 0x26);
}

TEST_F(AtapiTest, TheTrayOpensUnlessLocked) {
  settle_attention();
  EXPECT_EQ(command({0x1e, 0, 0, 0, 1}).status & kErr, 0);
  EXPECT_EQ(command({0x1b, 0, 0, 0, 2}).error, 0x50);
  EXPECT_EQ(sense(), (Bytes{5, 0x53, 2}));
  command({0x1e, 0, 0, 0, 0});
  EXPECT_EQ(command({0x1b, 0, 0, 0, 2}).status & kErr, 0);
  EXPECT_EQ(command({0}).error, 0x20);
  EXPECT_EQ(sense(), (Bytes{2, 0x3a, 2}));
  Bytes event = command({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}).data;
  EXPECT_EQ(event, (Bytes{0, 6, 4, 0x10, 3, 1, 0, 0}));
  EXPECT_EQ(command({0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8}).data[1], 0x10);
  board.tree.reset();  // does not close it
  power_on();
  command({0x03, 0, 0, 0, 18});
  EXPECT_EQ(command({0}).error, 0x20);
  EXPECT_EQ(command({0x1b, 0, 0, 0, 3}).status & kErr, 0);
  EXPECT_EQ(command({0}).error, 0x60);
  EXPECT_EQ(sense()[1], 0x28);
  EXPECT_EQ(command({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}).data[4], 2);
  EXPECT_EQ(command({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8}).data, (Bytes{0, 6, 4, 0x10, 0, 2, 0, 0}));
  EXPECT_EQ(read(0, 1).data.size(), 2048u);
}

TEST_F(AtapiTest, DeviceResetWorksWhileBusy) {
  settle_attention();
  out(1, 0);
  out(4, 0xfe);
  out(5, 0xff);
  out(7, 0xa0);
  give(packet({0x28, 0, 0, 0, 0, 0, 0, 0, 8}));
  EXPECT_EQ(alternate_status() & kBsy, kBsy);
  out(7, 0xa0);  // ignored
  out(7, 0x08);
  EXPECT_EQ(alternate_status(), 0);
  EXPECT_EQ(in(4), 0x14);
  EXPECT_FALSE(irq());
  run(1'000'000'000);
  EXPECT_FALSE(irq());
  EXPECT_EQ(read(1, 1).data, part(*node, 2048, 2048));
}

TEST_F(AtapiTest, HostErrorsAreMediumErrors) {
  settle_attention();
  node->bad = 10 * 2048;
  EXPECT_EQ(read(9, 1).data.size(), 2048u);
  EXPECT_EQ(read(10, 1).error, 0x30);
  EXPECT_EQ(sense(), (Bytes{3, 0x11, 0}));
}

TEST_F(AtapiTest, UnknownPacketsAndPlayingAudioFail) {
  settle_attention();
  EXPECT_EQ(command({0xff}).error, 0x50);
  EXPECT_EQ(sense()[1], 0x20);
  EXPECT_EQ(command({0x45}).error, 0x50);
  EXPECT_EQ(sense()[1], 0x64);
  EXPECT_EQ(command({0xad, 0, 0, 0, 0, 0, 0, 0, 0, 100}).error, 0x50);  // a CD is no DVD
  EXPECT_EQ(sense()[1], 0x30);
}

}  // namespace
}  // namespace reprise
