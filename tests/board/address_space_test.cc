#include "chipset/memory/address_space.h"

#include <gtest/gtest.h>

#include "chipset/memory/cpu_bus.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

// Remembers accesses; reads give the offset.
struct Probe final : MmioHandler, IoHandler {
  std::vector<std::string> log;
  u64 mmio_read(u64 offset, unsigned size) override {
    log.push_back("r" + std::to_string(size) + "@" + std::to_string(offset));
    return 0x1111'1111'1111'1100 + offset;
  }
  void mmio_write(u64 offset, unsigned size, u64 value) override {
    log.push_back("w" + std::to_string(size) + "@" + std::to_string(offset) + "=" +
                  std::to_string(value));
  }
  u32 io_read(u16 offset, unsigned size) override { return u32(mmio_read(offset, size)); }
  void io_write(u16 offset, unsigned size, u32 value) override { mmio_write(offset, size, value); }
};
using Log = std::vector<std::string>;

struct Listener final : cpu::Pins {
  unsigned maps = 0, gates = 0;
  void set_intr(bool) override {}
  void nmi() override {}
  void smi() override {}
  void init() override {}
  void sipi(u8) override {}
  void set_a20(bool) override { ++gates; }
  void memory_map_changed() override { ++maps; }
};

struct Apic final : cpu::LocalApic {
  u64 where = 0xfee0'0900;
  u8 acknowledge() override { return 0; }
  u64 base() const override { return where; }
  bool set_base(u64 value) override { return where = value, true; }
  u8 tpr() const override { return 0; }
  void set_tpr(u8) override {}
  u64 tsc_deadline() const override { return 0; }
  void set_tsc_deadline(u64) override {}
  void set_tsc_offset(u64) override {}
  std::optional<u64> read_msr(u32) override { return {}; }
  bool write_msr(u32, u64) override { return false; }
};

struct Fixture : ::testing::Test {
  TestBoard board;
  std::unique_ptr<MemoryBlock> ram = std::move(*MemoryBlock::create(board.pages, "ram", 4 << 20));
  AddressSpace space;
  Probe probe;
};
using AddressSpaceTest = Fixture;

TEST_F(AddressSpaceTest, NothingReadsAsOnes) {
  EXPECT_EQ(space.read(0x1234, 4, false), 0xffff'ffffu);
  EXPECT_EQ(space.read(~u64(0), 1, false), 0xffu);
  EXPECT_EQ(space.in(0x1234, 2), 0xffffu);
  space.write(0x1234, 8, 1, false);
  space.out(0xffff, 4, 1);
}

TEST_F(AddressSpaceTest, PriorityDecidesAndListenersHear) {
  Listener listener;
  space.add_listener(listener);
  MemoryWindow low(space, "ram", MapPriority::Ram, *ram);
  low.map(0, 4 << 20);
  MemoryWindow device(space, "device", MapPriority::Pci, probe);
  device.map(0x3f'f000, 0x2000);  // half beneath RAM
  EXPECT_EQ(listener.maps, 2u);
  device.map(0x3f'f000, 0x2000);
  EXPECT_EQ(listener.maps, 2u);  // no change, no word of it
  EXPECT_EQ(space.page(0x3f'f123, false).page, 0x3ffu);
  EXPECT_TRUE(space.page(0x3f'f123, false).writable);
  EXPECT_EQ(space.page(0x40'0000, false).block, nullptr);
  EXPECT_EQ(space.read(0x40'0004, 1, false), 4u);
  // An access over the border belongs to both.
  probe.log.clear();
  space.write(0x3f'fffc, 8, 0x1122'3344'5566'7788, false);
  EXPECT_EQ(probe.log, Log{"w4@4096=" + std::to_string(0x1122'3344)});
  EXPECT_EQ(space.read(0x3f'fffc, 4, false), 0x5566'7788u);
}

TEST_F(AddressSpaceTest, ReadsAndWritesAreDecodedApart) {
  auto rom = std::move(*MemoryBlock::create(board.pages, "rom", 0x1000, true));
  const u8 byte = 0x52;
  rom->write(0, {&byte, 1});
  MemoryWindow rom_window(space, "rom", MapPriority::Legacy, *rom);
  rom_window.map(0xf'0000, 0x1000);
  MemoryWindow shadow(space, "shadow", MapPriority::Ram, *ram, 0xf'0000);
  shadow.set_access(false, true);
  shadow.map(0xf'0000, 0x1000);
  EXPECT_EQ(space.page(0xf'0000, false).block, rom.get());
  EXPECT_FALSE(space.page(0xf'0000, false).writable);
  space.write(0xf'0000, 1, 0x99, false);
  EXPECT_EQ(space.read(0xf'0000, 1, false), 0x52u);
  EXPECT_EQ(ram->data()[0xf'0000], 0x99);
  shadow.set_access(true, false);
  EXPECT_EQ(space.page(0xf'0000, false).block, ram.get());
  EXPECT_FALSE(space.page(0xf'0000, false).writable);
  EXPECT_EQ(space.read(0xf'0000, 1, false), 0x99u);
  space.write(0xf'0000, 1, 0x77, false);  // to the ROM beneath: ignored
  EXPECT_EQ(space.read(0xf'0000, 1, false), 0x99u);
  EXPECT_EQ(rom->data()[0], 0x52);
}

TEST_F(AddressSpaceTest, WideRegisterAccessesAreSplit) {
  MemoryWindow device(space, "device", MapPriority::Pci, probe, 2);
  device.map(0x1000, 0x1000);
  space.write(0x1001, 8, 0x0807'0605'0403'0201, false);
  EXPECT_EQ(probe.log, (Log{"w2@1=513", "w2@3=1027", "w2@5=1541", "w2@7=2055"}));
}

TEST_F(AddressSpaceTest, DmaSeesMemoryOnly) {
  MemoryWindow low(space, "ram", MapPriority::Ram, *ram);
  low.map(0, 0x2000);
  MemoryWindow device(space, "device", MapPriority::Pci, probe);
  device.map(0x2000, 0x1000);
  const std::vector<u8> out(0x3000, 0x5a);
  space.dma_write(0x1000, out);
  EXPECT_TRUE(probe.log.empty());
  std::vector<u8> in(0x3000);
  space.dma_read(0x1000, in);
  EXPECT_EQ(in[0xfff], 0x5a);
  EXPECT_EQ(in[0x1000], 0xff);
  EXPECT_EQ(space.peek(0x1ff0, in), 16u);
}

TEST_F(AddressSpaceTest, A20WrapsAndApicPageIsPerCpu) {
  Listener listener;
  space.add_listener(listener);
  MemoryWindow low(space, "ram", MapPriority::Ram, *ram);
  low.map(0, 4 << 20);
  Apic apic;
  Probe registers;
  CpuBus bus(space, apic, registers);
  bus.write(0x10'0010, 1, 0x42, false);
  EXPECT_EQ(bus.read(0x10, 1, false), 0u);
  space.set_a20(false);
  EXPECT_EQ(listener.gates, 1u);
  bus.write(0x10'0010, 1, 0x43, false);
  EXPECT_EQ(ram->data()[0x10], 0x43);
  EXPECT_EQ(bus.page(0x30'0000, false).page, 0x200u);
  space.set_a20(true);
  EXPECT_EQ(bus.read(0x10'0010, 1, false), 0x42u);

  EXPECT_EQ(bus.page(0xfee0'0000, false).block, nullptr);
  bus.read(0xfee0'0020, 4, false);
  EXPECT_EQ(registers.log, Log{"r4@32"});
  apic.where = 0x3900;  // moved over RAM
  EXPECT_EQ(bus.page(0x3000, false).block, nullptr);
  apic.where = 0x3d00;  // x2APIC: no page
  EXPECT_EQ(bus.page(0x3000, false).block, ram.get());
  apic.where = 0x3100;  // off
  EXPECT_EQ(bus.page(0x3000, false).block, ram.get());
}

TEST_F(AddressSpaceTest, PagesSayHowManyFollow) {
  MemoryWindow low(space, "ram", MapPriority::Ram, *ram);
  low.map(0, 4 << 20);
  Apic apic;
  Probe registers;
  CpuBus bus(space, apic, registers);
  EXPECT_EQ(bus.page(0x10'0000, false).following, 0x2ffu);
  EXPECT_EQ(bus.page(0x3f'f000, false).following, 0u);
  apic.where = 0x20'0900;  // moved over RAM
  EXPECT_EQ(bus.page(0x10'0000, false).following, 0xffu);
  EXPECT_EQ(bus.page(0x1f'f000, false).following, 0u);
  EXPECT_EQ(bus.page(0x20'1000, false).following, 0x1feu);
  apic.where = 0x20'0100;  // off
  EXPECT_EQ(bus.page(0x20'0000, false).following, 0x1ffu);
  space.set_a20(false);
  EXPECT_EQ(bus.page(0x10'0000, false).following, 0u);
}

TEST_F(AddressSpaceTest, PortsAreSplitWhereTheWindowEnds) {
  Probe narrow, word, dword, inner;
  PortWindow a(space, "a", 0x60, 1, narrow);
  PortWindow b(space, "b", 0x61, 2, word, 2);
  space.out(0x60, 4, 0x4433'2211);
  EXPECT_EQ(narrow.log, Log{"w1@0=17"});
  EXPECT_EQ(word.log, (Log{"w1@0=34", "w1@1=51"}));  // a word at 62h would leave the window
  word.log.clear();
  space.out(0x61, 2, 0x2211);
  EXPECT_EQ(word.log, Log{"w2@0=8721"});

  PortWindow c(space, "c", PortPriority::Host, dword, 4);
  c.map(0xcf8, 4);
  PortWindow d(space, "d", PortPriority::Reset, inner);
  d.map(0xcf9, 1);
  space.out(0xcf8, 4, 1);
  space.out(0xcf9, 1, 6);
  EXPECT_EQ(dword.log, Log{"w4@0=1"});
  EXPECT_EQ(inner.log, Log{"w1@0=6"});
  d.unmap();
  space.out(0xcf9, 1, 7);
  EXPECT_EQ(dword.log.back(), "w1@1=7");
  EXPECT_EQ(space.in(0xffff, 4) >> 8, 0xff'ffffu);  // wraps to port 0
}

}  // namespace
}  // namespace reprise
