// Attacks on the IDE channels, their bus masters and the floppy controller, with real drives
// behind.
#include <gtest/gtest.h>

#include "tests/rubbish/attack.h"
#include "tests/storage/memory_node.h"

namespace reprise::rubbish {
namespace {

constexpr unsigned kIde = 1 << 3 | 1;
constexpr u32 kPrimary = 0x1f0, kSecondary = 0x170, kMaster = 0xc000;  // + 8 for the second channel
constexpr u32 kPrd = 0x20000, kBuffer = 0x40000, kRamEnd = 16 << 20;
constexpr u8 kReadDma = 0xc8, kWriteDma = 0xca, kPacket = 0xa0;

struct Disk {
  const char *id, *interface, *media;
  unsigned bus, unit;
  u64 size;
};

// A disk and a CD on the first channel, an empty CD drive on the second, floppies in A and B.
Bench disks(Cycles cycles = 20'000'000'000) {
  static constexpr Disk kDisks[] = {{"hd", "ide", "disk", 0, 0, 3'000 * 512},
                                    {"cd", "ide", "cdrom", 0, 1, 700 * 2048},
                                    {"none", "ide", "cdrom", 1, 0, 0},
                                    {"fd", "floppy", "disk", 0, 0, 1'474'560},
                                    {"fd2", "floppy", "disk", 0, 1, 0}};
  Bench bench{.cycles = cycles};
  bench.configure = [](MachineConfig& config) {
    for (const Disk& disk : kDisks) {
      DriveConfig& drive = config.drives.emplace_back();
      drive.id = disk.id;
      drive.interface = disk.interface;
      drive.media = disk.media;
      drive.bus = disk.bus;
      drive.unit = disk.unit;
      drive.size = disk.size;
      drive.present = disk.size != 0;
    }
  };
  bench.host = [] {
    PcI440fx::HostOptions host;
    for (const Disk& disk : kDisks) {
      if (!disk.size) continue;
      auto node = std::make_shared<MemoryNode>(disk.size);
      std::vector<u8> content(disk.size);
      for (u64 i = 0; i < disk.size; ++i) content[i] = u8(i * 7 + (i >> 9));
      EXPECT_TRUE(node->write(0, content));
      host.media[disk.id] = {.key = disk.id,
                             .file = disk.id,
                             .size = disk.size,
                             .read_only = std::string(disk.media) == "cdrom",
                             .node = node};
    }
    return host;
  };
  return bench;
}

Script& ide_on(Script& s) {
  s.config32(kIde, 0x20, kMaster).config16(kIde, 4, 5).config32(kIde, 0x40, 0x80008000);
  return s.open_pic();
}
// The task file and a command; `device` as for the Device register.
Script& command(Script& s, u32 base, u8 device, u8 code, u8 features, u8 count, u32 lba) {
  s.out8(base + 6, device).wait_us(1).out8(base + 1, features).out8(base + 2, count);
  s.out8(base + 3, lba & 0xff).out8(base + 4, lba >> 8 & 0xff).out8(base + 5, lba >> 16 & 0xff);
  return s.out8(base + 7, code);
}
Script& prd(Script& s, u32 at, u32 base, u32 bytes_and_end) {
  return s.write32(at, base).write32(at + 4, bytes_and_end);
}
Script& master(Script& s, u32 table, bool to_memory) {
  s.out8(kMaster, 0).out8(kMaster + 2, 6).out32(kMaster + 4, table);
  return s.out8(kMaster, to_memory ? 9 : 1);
}
// Whatever state the channel is in: stop, reset, wait.
Script& recover(Script& s) {
  s.wait_us(3000).in8(kMaster + 2).out8(kMaster, 0);
  s.out8(0x3f6, 4).wait_us(20).out8(0x3f6, 0).wait_us(50);
  return s.poll8(kPrimary + 7, 0x80, 0, 20'000);
}

// Attack 6: count 0, addresses past the end, DRQ read too often and by any width, commands while
// BSY.
TEST(Rubbish, IdeCommands) {
  Script s;
  ide_on(s);
  for (const u8 code :
       {0x20, 0x21, 0x24, 0x29, 0x30, 0x34, 0x39, 0xc4, 0xc5, 0xc6, 0xec, 0xa1, 0x40,
        0x70, 0x10, 0x90, 0x91, 0xe7, 0xea, 0xef, 0xb0, 0xf8, 0x27, 0x00, 0xff, 0x08}) {
    for (const u8 device : {0xe0, 0xa0, 0xef, 0xf0}) {
      for (const u32 lba : {0u, 2999u, 3000u, 0xffffffu}) {
        command(s, kPrimary, device, code, 0, 0, lba);
        command(s, kPrimary, device, 0x20, 0, 255, lba);  // while busy, perhaps
        s.wait_us(300).in16(kPrimary, 3).in8(kPrimary, 3).in32(kPrimary, 3);
        s.ins(2, kPrimary, kBuffer, 600).outs(2, kPrimary, kBuffer, 600).in8(kPrimary + 7);
      }
      recover(s);
    }
  }
  EXPECT_TRUE(attack(s, disks()).ended);
}

// CVE-2020-29443: packets whose lengths, addresses and transfers do not agree.
TEST(Rubbish, AtapiPackets) {
  Script s;
  ide_on(s);
  for (unsigned code = 0; code < 256; ++code) {
    for (const u32 limit : {0u, 1u, 0xfffeu, 0xffffu}) {
      command(s, kPrimary, 0xb0, kPacket, limit & 1 ? 0 : 0, 0, limit << 8);
      s.wait_us(30).out16(kPrimary, code | 0xff00).out16(kPrimary, limit & 1 ? 0xffff : 0x0000);
      s.out16(kPrimary, limit & 2 ? 0xff02 : 0).out16(kPrimary, 0xffff).out16(kPrimary, 0xff01);
      s.out16(kPrimary, 0xffff).wait_us(20).ins(2, kPrimary, kBuffer, 40).in8(kPrimary + 7);
      s.outs(2, kPrimary, kBuffer, 40).in8(kPrimary + 2).in8(kPrimary + 4).in8(kPrimary + 5);
    }
    recover(s);
  }
  EXPECT_TRUE(attack(s, disks(60'000'000'000)).ended);
}

// Attack 7: tables without end, of zero entries, in ROM, in devices, in nothing, across 64 KiB.
TEST(Rubbish, BusMasterTables) {
  Script s;
  ide_on(s);
  const u32 end = 0x80000000;
  for (const bool reads : {true, false}) {
    const auto go = [&](u32 table) {
      command(s, kPrimary, 0xe0, reads ? kReadDma : kWriteDma, 0, 0, 100);
      master(s, table, reads).wait_us(100);
      recover(s).in8(kMaster + 2);
    };
    for (const u32 base : {kBuffer, kBuffer + 1, 0x4fff0u, kRamEnd - 256, kRamEnd, 0xf0000u,
                           0xa0000u, 0xfee00000u, 0xfec00000u, 0xfed00000u, kPrd})
      for (const u32 bytes : {0u, 1u, 2u, 511u, 0xfffeu, 0xffffu}) {
        prd(s, kPrd, base, bytes | end);
        go(kPrd);
      }
    // At the end of a 64 KiB page, where the next entry is at its beginning or behind it.
    for (const u32 at : {0x20000u, 0x30000u}) prd(s, at, kBuffer, 512 | end);
    prd(s, 0x2fff8, kBuffer, 512);
    go(0x2fff8);
    for (const u32 at : {0x20000u, 0x30000u}) prd(s, at, 512 | end, 512 | end);
    s.write32(0x2fffc, kBuffer).write32(kRamEnd - 4, kBuffer);
    for (const u32 table : {0x2fffcu, kRamEnd - 4}) go(table);
    for (u32 i = 0; i < 0x2000; ++i) prd(s, kPrd + 8 * i, kBuffer, 16);  // no end
    go(kPrd);
    // The other direction than the command's; started twice, stopped in the middle.
    prd(s, kPrd, kBuffer, 0x8000 | end);
    command(s, kPrimary, 0xe0, reads ? kReadDma : kWriteDma, 0, 64, 0);
    master(s, kPrd, !reads).out8(kMaster, 9).out8(kMaster, 1).out8(kMaster, 0).wait_us(50);
    recover(s);
    master(s, kPrd, reads).wait_us(50);  // no command
    recover(s);
  }
  const Outcome o = attack(s, disks());
  EXPECT_TRUE(o.ended) << o.why_not << " at " << std::hex << o.current;
}

// A transfer into its own table, and into the code that waits for it.
TEST(Rubbish, BusMasterOverItself) {
  Script s;
  ide_on(s);
  for (u32 target : {kPrd, 0x1000u - 512, 0x7f00u}) {
    prd(s, kPrd, target, 0x80000000 | (target == kPrd ? 0x1000 : 0x100));
    command(s, kPrimary, 0xe0, kReadDma, 0, 8, 0);
    master(s, kPrd, true).wait_us(2000);
    recover(s);
  }
  prd(s, kPrd, 0xfffffff0, 0x80000000);  // over the top
  for (const u32 table : {kPrd, 0u, 3u, kRamEnd, 0xffff0u, 0xfee00000u, 0xfed00000u,
                          ~3u}) {  // zeros: all of it to address 0
    command(s, kPrimary, 0xe0, kReadDma, 0, 0, 0);
    master(s, table, true).wait_us(2000);
  }
  attack(s, disks(500'000'000));
}

TEST(Rubbish, IdeAtRandom) {
  for (u32 seed = 1; seed <= 4; ++seed) {
    Script s;
    ide_on(s).interrupts(true).seed(seed);
    const auto begin = s.size();
    s.fuzz_ports(kPrimary, 8, 60).fuzz_ports(kMaster, 16, 10).fuzz_ports(0x3f6, 1, 2);
    s.fuzz_ports(kSecondary, 8, 30).fuzz_ports(0x376, 1, 1).wait_us(200);
    s.repeat_from(begin, 300);
    s.interrupts(false);
    attack(s, disks(2'000'000'000));  // DMA may have gone over the script's own variables
  }
}

// --- floppies ---

constexpr u32 kFdc = 0x3f0;

Script& floppy_on(Script& s) {
  s.open_pic().out8(kFdc + 2, 0).wait_us(10).out8(kFdc + 2, 0x3c).wait_us(5000);
  return s.out8(kFdc + 5, 8).in8(kFdc + 5, 2);
}
// Channel 2 of the first 8237: `mode` is 46h for disk to memory, 4Ah the other way.
Script& dma(Script& s, u32 mode, u32 at, u32 bytes) {
  s.out8(0x0a, 6).out8(0x0c, 0).out8(0x0b, mode).out8(4, at & 0xff).out8(4, at >> 8 & 0xff);
  s.out8(5, (bytes - 1) & 0xff).out8(5, (bytes - 1) >> 8 & 0xff).out8(0x81, at >> 16);
  return s.out8(0x0a, 2);
}
Script& bytes(Script& s, std::initializer_list<u32> list) {
  for (const u32 byte : list) s.poll8(kFdc + 4, 0xc0, 0x80, 200).out8(kFdc + 5, byte);
  return s;
}

// Attack 1 (VENOM): parameters without end, for every command.
TEST(Rubbish, FloppyParametersWithoutEnd) {
  Script s;
  floppy_on(s);
  for (unsigned code = 0; code < 256; ++code) {
    s.out8(kFdc + 5, code).out8(kFdc + 5, 0x40, code == 0x8e || code == 0x0a ? 100'000 : 600);
    s.in8(kFdc + 5, 30).in8(kFdc + 4).out8(kFdc + 4, 0x80).wait_us(20);  // DSR: reset
  }
  EXPECT_TRUE(attack(s, disks()).ended);
}

// Attack 2: no medium, past the end of the track, of the disk, no DMA, terminal count at odd
// places.
TEST(Rubbish, FloppyTransfers) {
  Script s;
  floppy_on(s);
  bytes(s, {3, 0xdf, 2});
  bytes(s, {7, 0}).wait_us(300'000);
  for (const u32 code : {0xe6u, 0xc5u, 0xccu, 0xc9u, 0xd1u, 0x42u, 0x4du, 0x4au, 0x16u}) {
    for (const u32 unit : {0u, 4u, 1u, 2u, 3u}) {
      for (const u32 last : {0u, 1u, 18u, 0xffu}) {
        for (const u32 size : {2u, 0u, 7u, 0xffu}) {
          dma(s, code == 0xc5 || code == 0x4d ? 0x4a : 0x46, kBuffer, last & 1 ? 0x10000 : 700);
          bytes(s, {code, unit, last & 2 ? 0xffu : 0u, unit >> 2, last & 1 ? 0xffu : 1u, size, last,
                    0x1b, 0xff});
          s.wait_us(2000).in8(kFdc + 4).in8(kFdc + 5, 10);
        }
        s.out8(kFdc + 2, 0).wait_us(5).out8(kFdc + 2, 0x3c).wait_us(200);
        bytes(s, {8}).in8(kFdc + 5, 2);
      }
    }
  }
  EXPECT_TRUE(attack(s, disks(60'000'000'000)).ended);
}

TEST(Rubbish, FloppyAtRandom) {
  for (u32 seed = 1; seed <= 4; ++seed) {
    Script s;
    floppy_on(s).interrupts(true).seed(seed);
    const auto begin = s.size();
    s.fuzz_ports(kFdc, 6, 200).fuzz_ports(0x3f7, 1, 2).fuzz_ports(0, 0x10, 10).wait_us(500);
    s.out8(kFdc + 2, 0x3c);
    s.repeat_from(begin, 200);
    s.interrupts(false);
    attack(s, disks(2'000'000'000));
  }
}

}  // namespace
}  // namespace reprise::rubbish
