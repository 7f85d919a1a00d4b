// Attacks on fw_cfg, PCI configuration and the display.
#include <gtest/gtest.h>

#include "tests/rubbish/attack.h"

namespace reprise::rubbish {
namespace {

constexpr u32 kSelect = 0x510, kData = 0x511, kDma = 0x514;
constexpr unsigned kHost = 0, kIsa = 1 << 3, kIde = 1 << 3 | 1, kPm = 1 << 3 | 3, kVga = 2 << 3;

u32 swapped(u32 value) { return __builtin_bswap32(value); }

// A DMA descriptor of fw_cfg at `at`: big-endian control, length, address.
Script& descriptor(Script& s, u32 at, u32 control, u32 length, u32 high, u32 low) {
  s.write32(at, swapped(control)).write32(at + 4, swapped(length));
  return s.write32(at + 8, swapped(high)).write32(at + 12, swapped(low));
}
Script& go(Script& s, u32 high, u32 low) {
  return s.out32(kDma, swapped(high)).out32(kDma + 4, swapped(low));
}

TEST(Rubbish, FwCfgPastEverything) {
  Script s;
  for (const u32 key : {0u, 5u, 0x19u, 0x20u, 0x2fu, 0x7fffu, 0x8000u, 0xc000u, 0xffffu})
    s.out16(kSelect, key).in8(kData, 3000).in16(kData, 10).in32(kData, 10).out8(kData, 1, 100);
  s.ins(1, kData, Script::kScratch, 100'000);
  EXPECT_TRUE(attack(s).ended);
}

TEST(Rubbish, FwCfgDma) {
  constexpr u32 at = 0x20000;
  Script s;
  // select and read / skip / write / nothing / everything; lengths to 4 GiB; targets: RAM, ROM,
  // VRAM, the local APIC, nowhere, beyond the address space, the descriptor itself.
  for (const u32 control :
       {0x190002u, 0x190008u, 0x190010u, 0x190004u, 0xffffffffu, 0x1u, 0xffff000au})
    for (const u32 length : {0u, 1u, 0x1000u, 0x2000000u, 0xffffffffu})
      for (const u32 target :
           {0x30000u, at, 0xf0000u, 0xa0000u, 0xfee00000u, 0xfffffff0u, 0xe0000000u}) {
        descriptor(s, at, control, length, 0, target);
        go(s, 0, at).read32(at);
      }
  descriptor(s, at, 0x190002, 0x1000, 0xffffffff, 0xfffff000);
  go(s, 0, at);
  // The descriptor: in nothing, in ROM, in a device, across the end of RAM, at no address that
  // exists.
  for (const u32 place :
       {0xe0000000u, 0xfffff000u, 0xfee00300u, 0xfffff8u, 0xfffffffcu, 0xfed00000u, 1u})
    go(s, 0, place);
  go(s, 0xffffffff, 0xfffffff8);
  s.in32(kDma).in32(kDma + 4).seed(2).fuzz_ports(kSelect, 12, 20'000);
  EXPECT_TRUE(attack(s).ended);
}

// BARs over RAM, ROM, local APIC, each other and port 0; all ones, and sizes in between.
TEST(Rubbish, BarsOverEverything) {
  Script s;
  for (const unsigned devfn : {kHost, kIsa, kIde, kPm, kVga}) {
    s.config16(devfn, 4, 0x507);
    for (unsigned bar = 0x10; bar < 0x28; bar += 4)
      for (const u32 base : {0u, 0xffffffffu, 0x100000u, 0xfee00000u, 0xfec00000u, 0xfffc0000u,
                             0xc0u, 0xe0000000u, 0x7ff0u}) {
        s.config32(devfn, bar, base).config_read(devfn, bar).read32(base & ~0xfffu, 2);
        s.in8(base & 0xfff0, 2).config32(devfn, bar, 0xf0000000);
      }
    s.config32(devfn, 0x30, 0x100001).read32(0x100000).config32(devfn, 0x30, 0xffffffff);
    s.config32(devfn, 0x30, 0xfee00001).config32(devfn, 0x30, 0).config16(devfn, 4, 0);
  }
  EXPECT_TRUE(attack(s).ended);
}

TEST(Rubbish, ConfigurationCycles) {
  Script s;
  for (const u32 address :
       {0x800000fdu, 0x800000ffu, 0x80ffff00u, 0xffffffffu, 0x7fffffffu, 0x80010000u, 0x8000ff00u})
    for (unsigned byte = 0; byte < 4; ++byte)
      s.out32(0xcf8, address)
          .in32(0xcfc + byte)
          .in16(0xcfc + byte)
          .in8(0xcfc + byte)
          .out32(0xcfc + byte, 0xffffffff)
          .out16(0xcfc + byte, 0)
          .out8(0xcf8 + byte, 0xff);
  s.out8(0xcfb, 0x80).out16(0xcf8, 0xffff).in32(0xcf9).in32(0xcf6).out32(0xcfd, 0x12345678);
  EXPECT_TRUE(attack(s).ended);
}

TEST(Rubbish, ConfigurationAtRandom) {
  for (const unsigned devfn : {kIsa, kIde, kPm, kVga, kHost}) {
    Script s;
    s.seed(devfn + 1).fuzz_config(devfn, 20'000);
    s.fuzz_memory(0xa0000, 0x60000, 2000).fuzz_memory(0xe0000000, 0x20000000, 2000);
    attack(s, {.cycles = 500'000'000});  // its own ROM or RAM may be gone
  }
}

// Any values in all registers of the display, the memory behind them touched between them.
TEST(Rubbish, DisplayAtRandom) {
  for (u32 seed = 1; seed <= 4; ++seed) {
    Script s;
    s.config32(kVga, 0x10, 0xe0000000)
        .config32(kVga, 0x18, 0xf0000000)
        .config16(kVga, 4, 3)
        .seed(seed);
    const auto begin = s.size();
    s.fuzz_ports(0x3b0, 0x30, 300).fuzz_ports(0x1ce, 4, 50).fuzz_memory(0xa0000, 0x20000, 100);
    s.fuzz_memory(0xe0000000, 0x1000000, 100).fuzz_memory(0xf0000000, 0x1000, 100);
    s.wait_us(20'000);
    s.repeat_from(begin, 100);
    EXPECT_TRUE(attack(s, {.cycles = 10'000'000'000}).ended);
  }
}

// Start addresses, offsets and sizes that point past the memory; text and graphics.
TEST(Rubbish, DisplayPastItsMemory) {
  Script s;
  s.config32(kVga, 0x10, 0xe0000000).config16(kVga, 4, 3).out8(0x3c2, 0x63).out8(0x3d4, 0x11);
  s.out8(0x3d5, 0);
  for (unsigned mode = 0; mode < 8; ++mode) {
    s.in8(0x3da).out8(0x3c0, 0x10).out8(0x3c0, mode << 5 | (mode & 3)).out8(0x3c0, 0x20);
    for (unsigned reg = 0; reg < 0x19; ++reg)
      for (const u32 value : {0xffu, 0u, 0x80u, 0x7fu})
        s.out8(0x3d4, reg).out8(0x3d5, value).write8(0xb8000, value).wait_us(17'000);
  }
  EXPECT_TRUE(attack(s, {.cycles = 60'000'000'000}).ended);
}

TEST(Rubbish, DispiSizes) {
  Script s;
  s.config32(kVga, 0x10, 0xe0000000).config16(kVga, 4, 3);
  for (const u32 x : {0u, 1u, 7u, 1024u, 0xffffu})
    for (const u32 y : {0u, 1u, 65535u})
      for (const u32 depth : {0u, 4u, 8u, 15u, 24u, 32u, 0xffffu}) {
        s.out16(0x1ce, 4).out16(0x1cf, 0);
        s.out16(0x1ce, 1).out16(0x1cf, x).out16(0x1ce, 2).out16(0x1cf, y);
        s.out16(0x1ce, 3).out16(0x1cf, depth).out16(0x1ce, 4).out16(0x1cf, 0x41);
        for (const u32 reg : {5u, 6u, 7u, 8u, 9u, 10u, 0xffffu})
          s.out16(0x1ce, reg).out16(0x1cf, 0xffff).in16(0x1cf).out16(0x1cf, 0x7fff);
        s.write32(0xe0000000, 0x1234).write32(0xe0fffffc, 1).write8(0xa0000, 1).wait_us(17'000);
      }
  EXPECT_TRUE(attack(s, {.cycles = 20'000'000'000}).ended);
}

}  // namespace
}  // namespace reprise::rubbish
