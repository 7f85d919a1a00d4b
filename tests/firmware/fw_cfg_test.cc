#include "tests/firmware/fixture.h"

namespace reprise {
namespace {

constexpr u32 kError = 1, kRead = 2, kSkip = 4, kSelect = 8, kWrite = 16;

Bytes counting(std::size_t count) {
  Bytes out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = u8(i + 1);
  return out;
}

TEST(FwCfg, IdentifiesItself) {
  FwCfgBoard b;
  EXPECT_EQ(b.read(fw_key::kSignature, 6), (Bytes{'Q', 'E', 'M', 'U', 0, 0}));
  EXPECT_EQ(b.number(fw_key::kId), 3u);
  EXPECT_EQ(b.fw.io_read(4, 4), 0x554d4551u);  // "QEMU" at ascending ports
  EXPECT_EQ(b.fw.io_read(8, 4), 0x47464320u);  // " CFG"
}

// SeaBIOS walks the directory in order; keys must match the order.
TEST(FwCfg, DirectoryNamesKeysAndSizes) {
  FwCfgBoard b;
  b.fw.add_file("zeta", counting(3));
  b.fw.add_file("alpha", counting(7));
  const Bytes directory = b.read(fw_key::kFileDir, 4 + 2 * 64);
  EXPECT_EQ(get_be(directory, 0, 4), 2u);
  EXPECT_EQ(get_be(directory, 4, 4), 7u);
  EXPECT_EQ(get_be(directory, 8, 2), 0x20u);
  EXPECT_STREQ(reinterpret_cast<const char*>(&directory[12]), "alpha");
  EXPECT_EQ(get_be(directory, 68, 4), 3u);
  EXPECT_EQ(b.read(u16(get_be(directory, 72, 2)), 4), (Bytes{1, 2, 3, 0}));
}

TEST(FwCfg, DmaSelectsSkipsAndReadsZerosPastTheEnd) {
  FwCfgBoard b;
  b.fw.add_file("f", counting(100));
  EXPECT_EQ(b.dma(0x20 << 16 | kSelect | kSkip, 98, 0), 0u);
  std::fill(b.memory.ram.begin() + 0x2000, b.memory.ram.begin() + 0x6000, 0xcc);
  EXPECT_EQ(b.dma(kRead, 0x3000, 0x2000), 0u);
  EXPECT_EQ(b.memory.ram[0x2000], 99);
  EXPECT_EQ(b.memory.ram[0x2001], 100);
  for (unsigned at = 0x2002; at < 0x5000; ++at) ASSERT_EQ(b.memory.ram[at], 0) << at;
  EXPECT_EQ(b.memory.ram[0x5000], 0xcc);
  EXPECT_EQ(b.dma(kSkip, 0xffffffff, 0), 0u);  // stays at the end
  EXPECT_EQ(b.fw.io_read(1, 1), 0u);
}

TEST(FwCfg, DmaWritesOnlyWhatIsWritableAndFits) {
  FwCfgBoard b;
  b.fw.add_file("constant", counting(8));
  b.fw.add_file("writable", counting(8), true);
  std::fill(b.memory.ram.begin() + 0x2000, b.memory.ram.begin() + 0x2010, 0xaa);
  EXPECT_EQ(b.dma(0x20 << 16 | kSelect | kWrite, 8, 0x2000), kError);
  EXPECT_EQ(b.dma(fw_key::kId << 16 | kSelect | kWrite, 1, 0x2000), kError);
  EXPECT_EQ(b.dma(0x21 << 16 | kSelect | kWrite, 9, 0x2000), kError);
  EXPECT_EQ(*b.fw.file("writable"), counting(8));
  EXPECT_EQ(b.dma(kSkip, 6, 0), 0u);
  EXPECT_EQ(b.dma(kWrite, 3, 0x2000), kError);
  EXPECT_EQ(b.dma(kWrite, 2, 0x2000), 0u);
  EXPECT_EQ(*b.fw.file("writable"), (Bytes{1, 2, 3, 4, 5, 6, 0xaa, 0xaa}));
  b.fw.reset();
  EXPECT_EQ(*b.fw.file("writable"), counting(8));
}

// Any access of any size, any descriptor: nothing but the device's own effects.
TEST(FwCfg, SurvivesEveryAccess) {
  FwCfgBoard b;
  b.fw.add_file("writable", counting(8), true);
  for (u16 offset = 0; offset < FwCfg::kPorts; ++offset) {
    for (const unsigned size : {1u, 2u, 4u}) {
      b.fw.io_write(offset, size, 0xffffffff);
      const u32 value = b.fw.io_read(offset, size);
      EXPECT_EQ(size == 4 ? 0u : value >> (8 * size), 0u);
    }
  }
  b.fw.io_write(4, 4, 0xffffffff);
  b.fw.io_write(8, 4, 0xffffffff);
  for (u32 key : {0u, 0x1fu, 0x20u, 0x21u, 0x3fffu, 0x4020u, 0x8000u, 0xc020u, 0xffffu})
    for (u32 control = 0; control < 32; ++control)
      for (u64 address : {u64(0x2000), u64(0xfffffff0), ~u64(0)})
        b.dma(key << 16 | control, 0x100, address);
}

}  // namespace
}  // namespace reprise
