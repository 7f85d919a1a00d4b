// The fuzz entry over changed kernels, as a test: refused with a message, or placed in RAM.
#include "tests/fuzz/kernel_fuzz.h"

#include <random>

#include "tests/firmware/sample_kernels.h"

namespace reprise {
namespace {

// Offsets that loaders look at: the setup header, ELF and Multiboot headers.
unsigned install_changed(const Bytes& sample, std::size_t looked_at, unsigned seed) {
  std::mt19937 random(seed);
  unsigned installed = 0;
  for (unsigned round = 0; round < 1000; ++round) {
    Bytes kernel = sample;
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      const u8 edges[] = {0, 1, 0x7f, 0x80, 0xff, u8(random())};
      kernel[random() % std::min(looked_at, kernel.size())] = edges[random() % 6];
    }
    if (random() % 8 == 0) kernel.resize(random() % kernel.size());
    if (kernel.empty()) continue;
    KernelCase input;
    input.ram = u64(1 + random() % 128) << 20;
    input.initrd = random() % 2 ? random() % (1 << 20) : 0;
    input.append = random() % 8 ? random() % 2000 : random() % 70'000;
    input.kernel = kernel;
    installed += install_any_kernel(input);
  }
  return installed;
}

TEST(KernelFuzz, Linux) { EXPECT_GT(install_changed(bzimage(), 0x270, 1), 100u); }
TEST(KernelFuzz, MultibootElf) { EXPECT_GT(install_changed(multiboot_elf(), 96, 2), 100u); }
TEST(KernelFuzz, MultibootFlat) { EXPECT_GT(install_changed(multiboot_flat(), 104, 3), 100u); }

// The edges of each field, by name.
TEST(KernelFuzz, EdgesOfTheLinuxHeader) {
  struct Edge {
    std::size_t offset;
    unsigned width;
    std::vector<u64> values;
  };
  const Edge edges[] = {
      {0x1f1, 1, {0, 1, 64, 127, 255}},                              // setup_sects
      {0x1f4, 4, {0, 1, 0x1000, 0x1001, ~u32(0)}},                   // syssize
      {0x206, 2, {0, 0x200, 0x201, 0x202, 0x209, 0xffff}},           // version
      {0x211, 1, {0, 1, 0xff}},                                      // loadflags
      {0x22c, 4, {0, 0xfff, 0x37ffffff, ~u32(0)}},                   // initrd_addr_max
      {0x238, 4, {0, 1, 2047, ~u32(0)}},                             // cmdline_size
      {0x258, 8, {0, 0x100000, 0xffffffff, u64(1) << 32, ~u64(0)}},  // pref_address
      {0x260, 4, {0, 1, ~u32(0)}}};                                  // init_size
  for (const Edge& edge : edges) {
    for (const u64 value : edge.values) {
      for (const u64 initrd : {u64(0), u64(1), u64(48) << 20}) {
        Bytes kernel = bzimage();
        put_le(kernel, edge.offset, edge.width, value);
        install_any_kernel({.ram = 64 << 20, .initrd = initrd, .append = 100, .kernel = kernel});
      }
    }
  }
}

// 65,535 segments that are each the whole file would be copied for hours.
TEST(KernelFuzz, SegmentsThatOverlapAreRefused) {
  constexpr std::size_t kSegments = 60'000, kTable = 0x3000;
  Bytes kernel = multiboot_elf();
  kernel.resize(kTable + kSegments * 32);
  put_le(kernel, 28, 4, kTable);
  put_le(kernel, 44, 2, kSegments);
  for (std::size_t i = 0; i < kSegments; ++i) {
    const std::span<u8> header = std::span(kernel).subspan(kTable + i * 32, 32);
    put_le(header, 0, 4, 1);
    put_le(header, 12, 4, 1 << 20);
    put_le(header, 16, 4, kernel.size());
    put_le(header, 20, 4, kernel.size());
  }
  EXPECT_FALSE(install_any_kernel({.ram = 64 << 20, .kernel = kernel}));
}

}  // namespace
}  // namespace reprise
