// The raw format: sectors, sub-ranges, and the rule about guessed formats.
#include "storage/format/raw.h"

#include <gtest/gtest.h>

#include <random>

#include "storage/format/probe.h"
#define LLVMFuzzerTestOneInput probe_fuzz
#include "tests/fuzz/probe_fuzz.cc"

namespace reprise {
namespace {

using namespace std::string_view_literals;

RawOptions part(u64 offset, std::optional<u64> size = {}) {
  RawOptions options;
  options.offset = offset;
  options.size = size;
  return options;
}

TEST(Raw, IsWholeSectors) {
  auto file = std::make_shared<MemoryNode>(pattern(1000));
  const auto disk = open_raw(file).value();
  EXPECT_EQ(disk->size(), 1024u);
  std::vector<u8> want = pattern(1000);
  want.resize(1024);
  EXPECT_EQ(read_all(*disk), want);
  EXPECT_EQ(disk->map(0, 1024)->length, 1000u);
  EXPECT_TRUE(disk->map(1000, 24)->zero);
  EXPECT_TRUE(disk->discard(1000, 24).ok());
  EXPECT_EQ(file->bytes.size(), 1000u);  // nothing has been written there
  ASSERT_TRUE(disk->write(512, pattern(512, 2)).ok());
  EXPECT_EQ(file->bytes.size(), 1024u);
  std::ranges::copy(pattern(512, 2), want.begin() + 512);
  EXPECT_EQ(file->bytes, want);
  EXPECT_EQ(disk->write(1024, pattern(1)).error().number, kEIO);
  EXPECT_EQ(disk->size(), 1024u);
}

TEST(Raw, AReadOnlyFileStaysAsItIs) {
  auto file = std::make_shared<MemoryNode>(pattern(1000), true);
  const auto disk = open_raw(file).value();
  EXPECT_TRUE(disk->read_only());
  EXPECT_EQ(disk->write(512, pattern(512)).error().number, kEACCES);
  EXPECT_EQ(file->bytes, pattern(1000));
}

TEST(Raw, PartsOfAFile) {
  auto file = std::make_shared<MemoryNode>(pattern(8192));
  const auto disk = open_raw(file, part(1024, 2048)).value();
  EXPECT_EQ(disk->size(), 2048u);
  EXPECT_TRUE(std::ranges::equal(read_all(*disk), std::span(file->bytes).subspan(1024, 2048)));
  ASSERT_TRUE(disk->write(0, std::vector<u8>(2048, 7)).ok());
  EXPECT_EQ(file->bytes[1023], pattern(8192)[1023]);
  EXPECT_EQ(file->bytes[1024], 7);
  EXPECT_EQ(file->bytes[3071], 7);
  EXPECT_EQ(file->bytes[3072], pattern(8192)[3072]);
  EXPECT_EQ(disk->map(512, 512)->host_offset, 1536u);
  std::vector<u8> out(513);
  EXPECT_EQ(disk->read(1536, out).error().number, kEIO);
  EXPECT_FALSE(disk->resize(4096).ok());
  EXPECT_EQ(open_raw(file, part(8192)).value()->size(), 0u);
  EXPECT_EQ(open_raw(file, part(7168)).value()->size(), 1024u);
  for (const RawOptions& wrong : {part(100), part(8704), part(0, 100), part(0, 8704),
                                  part(512, 8192), part(~u64(511)), part(512, ~u64(511))})
    EXPECT_EQ(open_raw(file, wrong).error().number, kEINVAL);
}

TEST(Raw, EmptyFiles) {
  const auto disk = open_raw(std::make_shared<MemoryNode>(0)).value();
  EXPECT_EQ(disk->size(), 0u);
  EXPECT_TRUE(disk->read(0, {}).ok());
  EXPECT_TRUE(disk->discard(0, 0).ok());
  EXPECT_FALSE(disk->map(0, 1).ok());
}

std::vector<u8> sector(std::string_view text, u64 at = 0) {
  std::vector<u8> bytes(512);
  std::ranges::copy(text, bytes.begin() + std::ptrdiff_t(at));
  return bytes;
}

TEST(Probe, KnowsFormatsByTheirSignatures) {
  const auto probe = [](const std::vector<u8>& bytes) { return name_of(probe_format(bytes)); };
  EXPECT_EQ(probe(sector("QFI\xFB\0\0\0\3"sv)), "qcow2");
  EXPECT_EQ(probe(sector("QFI\xFB\0\0\0\1"sv)), "qcow");
  EXPECT_EQ(probe(sector("QED\0"sv)), "qed");
  EXPECT_EQ(probe(sector("KDMV")), "vmdk");
  EXPECT_EQ(probe(sector("COWD")), "vmdk");
  EXPECT_EQ(probe(sector("# Disk DescriptorFile\nversion=1\n")), "vmdk");
  EXPECT_EQ(probe(sector("# Disk DescriptorFile\r\n\r\n # x\r\nversion=3\r\n")), "vmdk");
  EXPECT_EQ(probe(sector("#!/bin/sh\nversion=1\n")), "vmdk");
  EXPECT_EQ(probe(sector("#!/bin/sh\necho\nversion=1\n")), "raw");
  EXPECT_EQ(probe(sector("#!/bin/sh\n#V2.0 Format\n")), "cloop");
  EXPECT_EQ(probe(sector("\x7F\x10\xDA\xBE", 0x40)), "vdi");
  EXPECT_EQ(probe(sector("vhdxfile")), "vhdx");
  EXPECT_EQ(probe(sector("conectix")), "vpc");
  EXPECT_EQ(probe(sector("LUKS\xBA\xBE")), "luks");
  EXPECT_EQ(probe(sector("\xEB\x63\x90")), "raw");
  EXPECT_EQ(probe({}), "raw");
  EXPECT_EQ(probe({'Q', 'F', 'I'}), "raw");
  EXPECT_EQ(probe({'#'}), "raw");
}

TEST(Probe, OtherFormatsAreRefusedWithAWayOut) {
  const auto file = std::make_shared<MemoryNode>(sector("QFI\xFB\0\0\0\3"sv));
  const auto guessed = open_format(file, "", "disk.img");
  EXPECT_EQ(guessed.error().number, kENOTSUP);
  EXPECT_NE(guessed.error().message.find("qemu-img convert -f qcow2"), std::string::npos);
  EXPECT_TRUE(open_format(file, "raw", "disk.img").ok());
  EXPECT_EQ(open_format(file, "vdi", "disk.img").error().number, kENOTSUP);
  EXPECT_NE(open_format(file, "rwa", "x").error().message.find("'rwa'"), std::string::npos);
}

// The guest may not choose the format that is guessed at the next start.
TEST(Probe, AGuessedRawImageStaysRaw) {
  const auto file = std::make_shared<MemoryNode>(pattern(4096));
  const std::vector<u8> evil = sector("QFI\xFB\0\0\0\3"sv);
  const auto guessed = open_format(file, "", "disk.img").value();
  EXPECT_EQ(guessed->write(0, evil).error().number, kEPERM);
  std::vector<u8> more = evil;
  more.resize(2048);
  EXPECT_EQ(guessed->write(0, more).error().number, kEPERM);
  EXPECT_EQ(guessed->write(0, std::span(evil).first(2)).ok(), true);
  EXPECT_EQ(guessed->write(2, std::span(evil).subspan(2, 6)).error().number, kEPERM);
  EXPECT_TRUE(guessed->write(0, pattern(4096, 3)).ok());
  EXPECT_TRUE(guessed->write(512, evil).ok());
  EXPECT_EQ(file->bytes[0], pattern(1, 3)[0]);
  EXPECT_TRUE(open_format(file, "raw", "disk.img").value()->write(0, evil).ok());
  EXPECT_EQ(file->bytes[3], 0xFB);
}

// The fuzz entry on signatures with some bytes changed.
TEST(Probe, ChangedHeads) {
  std::mt19937 random(1);
  const std::vector<u8> seeds[] = {sector("QFI\xFB\0\0\0\3"sv),
                                   sector("# Disk DescriptorFile\nversion=1\n"), sector("KDMV"),
                                   sector("conectix"), sector("\x7F\x10\xDA\xBE", 0x40)};
  for (unsigned round = 0; round < 20'000; ++round) {
    std::vector<u8> bytes = seeds[random() % 5];
    for (unsigned changes = random() % 4; changes > 0; --changes)
      bytes[random() % 80] = u8(random() % 2 ? '\n' : random());
    if (random() % 4 == 0) bytes.resize(random() % 513);
    probe_fuzz(bytes.data(), bytes.size());
  }
}

}  // namespace
}  // namespace reprise
