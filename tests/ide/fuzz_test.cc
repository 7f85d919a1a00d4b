// Anything at any port, in any order: nothing breaks, and the same accesses give the same again.
#include <random>

#include "replay/core/hash.h"
#include "tests/ide/ide_rig.h"

namespace reprise {
namespace {

struct Walk {
  explicit Walk(u64 seed) : random(seed) {}
  std::mt19937_64 random;
  u64 digest = 0;
  u64 pick(u64 below) { return random() % below; }
  void see(u64 value) { digest = (digest ^ value) * 0x9e37'79b9'7f4a'7c15u + 1; }
};

// Commands that do something, more often than chance would give them.
constexpr u8 kCommands[] = {0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x3d, 0x40,
                            0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xce, 0x06, 0xe7, 0xec, 0xef,
                            0xb0, 0xa0, 0xa0, 0xa0, 0xa1, 0x08, 0x90, 0x91, 0xf8, 0xf9,
                            0xe4, 0xe8, 0xe5, 0x27, 0x37, 0x10, 0x70};
constexpr u8 kPackets[] = {0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x2b, 0x42, 0x43,
                           0x46, 0x4a, 0x51, 0x52, 0x55, 0x5a, 0xa8, 0xad, 0xb9, 0xbd, 0xbe};

struct Fuzzer : IdeRig {
  void TestBody() override {}
  void SetUp() override {
    IdeRig::SetUp();
    add_disk(0, 0, std::make_shared<DiskNode>(kDiskSize));
    add_disk(0, 1, std::make_shared<DiskNode>(1 << 20));
    add_cd(1, 0, std::make_shared<DiskNode>(kCdSize));
    power_on();
  }
  u64 go(u64 seed, unsigned steps) {
    Walk walk(seed);
    SetUp();
    for (unsigned i = 0; i < steps; ++i) {
      base = walk.pick(2) ? kPrimary : kSecondary;
      step(walk);
    }
    run(1'000'000'000);
    walk.see(hash64({ram->data(), ram->size()}));
    for (unsigned reg = 1; reg < 8; ++reg) walk.see(in(reg));
    return walk.digest;
  }

 private:
  void any_port(Walk& walk) {
    const u16 ports[] = {u16(base + walk.pick(8)), u16(base + 0x206), u16(kMaster + walk.pick(16))};
    const u16 port = ports[walk.pick(3)];
    const unsigned size = 1u << walk.pick(3);
    if (walk.pick(2)) return walk.see(space.in(port, size));
    space.out(port, size, u32(walk.random() >> walk.pick(64)));
  }
  // A command with the bus master ready or not, and a table good or not.
  void any_command(Walk& walk) {
    if (walk.pick(4) == 0) {
      space.out(u16(base + 0x206), 1, u32(walk.pick(4) ? 0 : walk.random()));
    }
    if (walk.pick(2)) {
      std::vector<Region> regions;
      for (u64 n = walk.pick(6); n; --n)
        regions.push_back({u32(0x10'0000 + walk.pick(kRam)), u32(walk.random() >> walk.pick(64))});
      table(u32(0x1000 + walk.pick(16) * 4), regions, walk.pick(4));
    }
    const u8 code = kCommands[walk.pick(std::size(kCommands))];
    const u32 lba = u32(walk.random() >> (32 + walk.pick(32)));
    if (walk.pick(2)) out(1, u8(walk.random()));
    if (walk.pick(2))
      ata(code, lba, u8(walk.random()), walk.pick(2));
    else
      ata_ext(code, walk.random() >> (16 + walk.pick(48)), u16(walk.random() >> walk.pick(64)),
              walk.pick(2));
    if (walk.pick(2)) start(walk.pick(2));
  }
  void any_packet(Walk& walk) {
    out(6, u8(walk.pick(8) ? 0xa0 : 0xb0));
    out(1, u8(walk.pick(8) ? walk.pick(2) : walk.random()));
    out(4, u8(walk.random()));
    out(5, u8(walk.random() >> walk.pick(64)));
    out(7, 0xa0);
    std::array<u8, 12> packet;
    for (u8& byte : packet) byte = walk.pick(2) ? 0 : u8(walk.random() >> walk.pick(64));
    packet[0] = walk.pick(16) ? kPackets[walk.pick(std::size(kPackets))] : u8(walk.random());
    give(packet);
    if (walk.pick(2)) start(walk.pick(2));
  }
  void step(Walk& walk) {
    switch (walk.pick(8)) {
      case 0:
        return any_command(walk);
      case 1:
        return any_packet(walk);
      case 2:
        for (u64 n = walk.pick(2000); n; --n) walk.see(in_data());
        return;
      case 3:
        for (u64 n = walk.pick(2000); n; --n) out_data(u16(walk.random()));
        return;
      case 4:
        return run(walk.pick(walk.pick(2) ? 1000 : 100'000'000));
      case 5:
        if (walk.pick(64) == 0) config(u8(walk.random()), 1, u32(walk.random()));
        if (walk.pick(64) == 0) power_on();
        return walk.see(in(7));
      default:
        return any_port(walk);
    }
  }
};

TEST(IdePorts, AnythingInAnyOrderTwice) {
  for (u64 seed = 0; seed < 200; ++seed) {
    Fuzzer one, two;
    ASSERT_EQ(one.go(seed, 400), two.go(seed, 400)) << seed;
  }
}

}  // namespace
}  // namespace reprise
