// Disks on the PC: where they are, what CMOS memory says of them, and what is refused.
#include <gtest/gtest.h>

#include "chipset/board/pc_i440fx.h"
#include "chipset/ide/geometry.h"
#include "tests/storage/memory_node.h"

namespace reprise {
namespace {

struct DisksOnBoard : testing::Test {
  MachineConfig config;
  PcI440fx::HostOptions host;
  void SetUp() override {
    config.ram_bytes = 2 << 20;
    config.blobs["bios"] = std::make_shared<std::vector<u8>>(0x10000, u8(0xf4));
  }
  DriveConfig& add(unsigned bus, unsigned unit, u64 size, bool cd = false) {
    DriveConfig drive;
    drive.id = "d" + std::to_string(2 * bus + unit);
    drive.bus = bus;
    drive.unit = unit;
    drive.size = size;
    drive.media = cd ? "cdrom" : "disk";
    drive.read_only = cd;
    drive.present = size != 0;
    if (size)
      host.media[drive.id] = {drive.id, "", size, cd, std::make_shared<MemoryNode>(1 << 20)};
    return config.drives.emplace_back(drive);
  }
  std::string refusal() {
    auto machine = PcI440fx::create(config, host);
    return machine ? "" : machine.error().message;
  }
};

TEST_F(DisksOnBoard, CmosNamesThem) {
  add(0, 0, u64(20) << 30);
  DriveConfig& second = add(0, 1, 8 << 20);
  second.cyls = 300;
  second.heads = 4;
  second.secs = 17;
  add(1, 0, u64(1) << 30, true);
  add(1, 1, u64(2) << 30);
  auto machine = PcI440fx::create(config, host);
  ASSERT_TRUE(machine.ok()) << machine.error().message;
  AddressSpace& space = (*machine)->space();
  const auto cmos = [&space](u8 index) {
    space.out(0x70, 1, index);
    return space.in(0x71, 1);
  };
  EXPECT_EQ(cmos(0x12), 0xffu);
  EXPECT_EQ(cmos(0x19), 47u);
  EXPECT_EQ(cmos(0x1a), 47u);
  EXPECT_EQ(cmos(0x1b) | cmos(0x1c) << 8, 16383u);
  EXPECT_EQ(cmos(0x1d), 16u);
  EXPECT_EQ(cmos(0x23), 63u);
  EXPECT_EQ(cmos(0x24) | cmos(0x25) << 8, 300u);
  EXPECT_EQ(cmos(0x26), 4u);
  EXPECT_EQ(cmos(0x2c), 17u);
  EXPECT_EQ(cmos(0x39), 0x41u);  // LBA, none; CD, LBA
  EXPECT_NE((*machine)->objects().find("/pci/ide/10"), nullptr);
  const auto config32 = [&space](u8 function, u8 reg) {
    space.out(0xcf8, 4, 0x8000'0800u | u32(function) << 8 | reg);
    return space.in(0xcfc, 4);
  };
  EXPECT_EQ(config32(1, 0), 0x7010'8086u);
}

TEST_F(DisksOnBoard, WhatCannotBeIsRefused) {
  EXPECT_EQ(refusal(), "");
  add(1, 0, 0, true);  // an empty CD drive
  EXPECT_EQ(refusal(), "");
  DriveConfig& disk = add(0, 0, 8 << 20);
  disk.cyls = 10;
  EXPECT_NE(refusal().find("1 to 16 heads"), std::string::npos) << refusal();
  disk.cyls = 0;
  disk.present = false;
  EXPECT_NE(refusal().find("needs file="), std::string::npos) << refusal();
  disk.present = true;
  disk.bus = 2;
  EXPECT_NE(refusal().find("d0"), std::string::npos) << refusal();
}

TEST(Geometry, ComesFromTheSizeOrTheOperator) {
  using Translation = Geometry::Translation;
  EXPECT_EQ(Geometry::of(0, 0, 0, 0).cylinders, 2u);
  const Geometry small = Geometry::of(1008 * 1024, 0, 0, 0);
  EXPECT_EQ(small.cylinders, 1024u);
  EXPECT_EQ(small.translation, Translation::None);
  const Geometry large = Geometry::of(u64(1) << 40, 0, 0, 0);
  EXPECT_EQ(large.cylinders, 16383u);
  EXPECT_EQ(large.translation, Translation::Lba);
  const Geometry given = Geometry::of(1 << 20, 2000, 8, 32);
  EXPECT_EQ(given.cylinders * 1000 + given.heads, 2'000'008u);
  EXPECT_EQ(given.sectors, 32);
}

}  // namespace
}  // namespace reprise
