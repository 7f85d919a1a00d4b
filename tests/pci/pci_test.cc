#include <gtest/gtest.h>

#include "chipset/northbridge/i440fx.h"
#include "chipset/southbridge/piix3.h"
#include "chipset/southbridge/piix4_pm.h"
#include "replay/core/state_readers.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct Messages final : MsiSink {
  std::vector<std::pair<u64, u32>> seen;
  void deliver(u64 address, u32 data) override { seen.push_back({address, data}); }
};

struct Card final : PciDevice, IoHandler, MmioHandler {
  Card(const DeviceContext& context, PciBus& bus)
      : PciDevice(
            context, bus, pci_devfn(3, 0),
            {.vendor = 0x1234, .device = 0x5678, .class_code = 0x020000, .interrupt_pin = 1}) {
    io_bar(0, 32, *this);
    memory_bar(2, 0x4000, *this, {.prefetchable = true, .wide = true});
    msi_capability(1);
  }
  std::string_view kind() const override { return "card"; }
  u32 io_read(u16 offset, unsigned) override { return 0x40u + offset; }
  void io_write(u16, unsigned, u32) override {}
  u64 mmio_read(u64 offset, unsigned) override { return 0x80 + offset; }
  void mmio_write(u64, unsigned, u64) override {}
  using PciDevice::send_msi;
  using PciDevice::set_intx;
};

struct PciTest : ::testing::Test {
  TestBoard board;
  AddressSpace space;
  Messages messages;
  PciBus bus{board.context("/pci"),
             space,
             messages,
             {IrqLine(board.pins, 0), IrqLine(board.pins, 1), IrqLine(board.pins, 2),
              IrqLine(board.pins, 3)}};

  void select(u8 devfn, u8 reg) {
    space.out(0xcf8, 4, 0x8000'0000 | u32(devfn) << 8 | (reg & 0xfc));
  }
  u32 config(u8 devfn, u8 reg, unsigned size = 4) {
    select(devfn, reg);
    return space.in(u16(0xcfc + reg % 4), size);
  }
  void config(u8 devfn, u8 reg, unsigned size, u32 value) {
    select(devfn, reg);
    space.out(u16(0xcfc + reg % 4), size, value);
  }
};

struct CardTest : PciTest {
  Card card{board.context("/pci/card"), bus};
  const u8 fn = pci_devfn(3, 0);
  void SetUp() override { board.tree.reset(); }
};

TEST_F(CardTest, MechanismOneTakesOnlyDwordsAndEmptySlotsReadOnes) {
  EXPECT_EQ(config(fn, 0), 0x5678'1234u);
  EXPECT_EQ(config(fn, 2, 2), 0x5678u);
  EXPECT_EQ(config(fn, 3, 1), 0x56u);
  space.out(0xcf8, 1, 0);  // not an address write
  EXPECT_EQ(space.in(0xcf8, 4), 0x8000'1800u);
  EXPECT_EQ(config(pci_devfn(4, 0), 0), 0xffff'ffffu);
  space.out(0xcf8, 4, 0x8001'1800);  // bus 1
  EXPECT_EQ(space.in(0xcfc, 4), 0xffff'ffffu);
  space.out(0xcf8, 4, 0x0000'1800);  // disabled
  EXPECT_EQ(space.in(0xcfc, 4), 0xffff'ffffu);
  config(fn, 0, 4, 0);
  EXPECT_EQ(config(fn, 0), 0x5678'1234u);
}

TEST_F(CardTest, BarsReportTheirSizeAndMove) {
  config(fn, 0x10, 4, 0xffff'ffff);
  config(fn, 0x14, 4, 0xffff'ffff);
  config(fn, 0x18, 4, 0xffff'ffff);
  config(fn, 0x1c, 4, 0xffff'ffff);
  EXPECT_EQ(config(fn, 0x10), 0xffff'ffe1u);
  EXPECT_EQ(config(fn, 0x14), 0u);
  EXPECT_EQ(config(fn, 0x18), 0xffff'c00cu);
  EXPECT_EQ(config(fn, 0x1c), 0xffff'ffffu);

  config(fn, 0x10, 4, 0xc005);  // low bits are not the software's
  config(fn, 0x18, 4, 0xe000'0000);
  config(fn, 0x1c, 4, 0x12);
  EXPECT_EQ(config(fn, 0x10), 0xc001u);
  EXPECT_EQ(space.in(0xc003, 1), 0xffu);  // not enabled yet
  config(fn, 4, 2, 3);
  EXPECT_EQ(space.in(0xc003, 1), 0x43u);
  EXPECT_EQ(space.read(0x12'e000'0004, 1, false), 0x84u);
  config(fn, 0x10, 4, 0xd000);
  EXPECT_EQ(space.in(0xc003, 1), 0xffu);
  EXPECT_EQ(space.in(0xd01f, 1), 0x5fu);
  config(fn, 0x10, 4, 0xffff'0000);  // beyond the 64 Ki ports
  EXPECT_EQ(space.in(0xd01f, 1), 0xffu);
  EXPECT_EQ(space.in(0x0000, 1), 0xffu);
  board.tree.reset();
  EXPECT_EQ(space.read(0x12'e000'0004, 1, false), 0xffu);
}

TEST_F(CardTest, IntxIsTurnedByDeviceAndSharedAndMaskable) {
  card.set_intx(true);  // device 3, INTA#: PIRQC
  EXPECT_TRUE(board.pins.level[2]);
  EXPECT_EQ(config(fn, 6, 2) & 8, 8u);
  const IrqLine other = bus.intx(pci_devfn(7, 0), 1);
  other.set(true);
  card.set_intx(false);
  EXPECT_TRUE(board.pins.level[2]);
  other.set(false);
  EXPECT_FALSE(board.pins.level[2]);
  card.set_intx(true);
  config(fn, 4, 2, 0x400);
  EXPECT_FALSE(board.pins.level[2]);
  EXPECT_EQ(board.pins.edges[2], 2u);
}

TEST_F(CardTest, MsiReplacesIntx) {
  const u8 cap = u8(config(fn, 0x34, 1));
  EXPECT_EQ(config(fn, cap, 1), 5u);
  EXPECT_EQ(config(fn, u8(cap + 2), 2), 0x82u);
  card.set_intx(true);
  config(fn, u8(cap + 4), 4, 0xfee0'1003);
  config(fn, u8(cap + 12), 2, 0x4041);
  card.send_msi();
  EXPECT_TRUE(messages.seen.empty());
  config(fn, 4, 2, 4);
  config(fn, u8(cap + 2), 2, 0x71);  // asks for 128 messages, there are 2
  EXPECT_FALSE(board.pins.level[2]);
  card.send_msi(1);
  card.send_msi(2);
  EXPECT_EQ(messages.seen,
            (std::vector<std::pair<u64, u32>>{{0xfee0'1000, 0x4041}, {0xfee0'1000, 0x4040}}));
}

// --- i440FX ---

struct HostBridgeTest : PciTest {
  std::unique_ptr<MemoryBlock> ram = std::move(*MemoryBlock::create(board.pages, "ram", 8 << 20));
  std::unique_ptr<MemoryBlock> rom =
      std::move(*MemoryBlock::create(board.pages, "rom", 0x1'0000, true));
  MemoryWindow rom_window{space, "rom", MapPriority::Legacy, *rom};
  I440fx bridge{board.context("/pci/host"), bus, *ram};
  void SetUp() override {
    const u8 byte = 0x55;
    rom->write(0, {&byte, 1});
    rom_window.map(0xf'0000, 0x1'0000);
    board.tree.reset();
  }
};

TEST_F(HostBridgeTest, PamShadowsTheRom) {
  EXPECT_EQ(config(0, 0), 0x1237'8086u);
  EXPECT_EQ(space.read(0xf'0000, 1, false), 0x55u);
  config(0, 0x59, 1, 0x20);  // writes to DRAM, reads from ROM
  space.write(0xf'0000, 1, 0xaa, false);
  EXPECT_EQ(space.read(0xf'0000, 1, false), 0x55u);
  config(0, 0x59, 1, 0x10);
  EXPECT_EQ(space.read(0xf'0000, 1, false), 0xaau);
  space.write(0xf'0000, 1, 0xbb, false);
  EXPECT_EQ(space.read(0xf'0000, 1, false), 0xaau);
  config(0, 0x5d, 1, 0x30);  // the high nibble of PAM4: DC000
  space.write(0xd'c000, 4, 0x1234'5678, false);
  EXPECT_EQ(space.read(0xd'c000, 4, false), 0x1234'5678u);
  EXPECT_EQ(space.read(0xd'8000, 4, false), 0xffff'ffffu);
  board.tree.reset();
  EXPECT_EQ(space.read(0xf'0000, 1, false), 0x55u);
}

TEST_F(HostBridgeTest, SmramIsSeenInSmmOrWhileOpenUntilLocked) {
  config(0, 0x72, 1, 0x4a);
  space.write(0xa'0000, 1, 0x77, false);
  config(0, 0x72, 1, 0x0a);
  EXPECT_EQ(space.read(0xa'0000, 1, false), 0xffu);
  EXPECT_EQ(space.read(0xa'0000, 1, true), 0x77u);
  u8 byte = 0;
  config(0, 0x72, 1, 0x4a);
  space.dma_read(0xa'0000, {&byte, 1});
  EXPECT_EQ(byte, 0xff);
  config(0, 0x72, 1, 0x5a);  // locking closes
  EXPECT_EQ(config(0, 0x72, 1), 0x1au);
  config(0, 0x72, 1, 0x4a);
  EXPECT_EQ(config(0, 0x72, 1), 0x1au);
  EXPECT_EQ(space.read(0xa'0000, 1, false), 0xffu);
}

// --- PIIX3, PIIX4 ---

struct SouthBridgeTest : PciTest {
  TestPins isa;
  unsigned hard = 0, soft = 0, smis = 0, offs = 0;
  Piix3Isa piix3{board.context("/pci/isa"), bus, lines(), {[this] { ++hard; }, [this] { ++soft; }}};
  SmbusHost smbus{board.context("/pci/pm/smbus"), IrqLine(isa, 17), [this] { ++smis; }};
  Piix4Pm pm{board.context("/pci/pm"),
             bus,
             smbus,
             {IrqLine(isa, 16), [this] { ++smis; }, [this] { ++offs; }}};
  const u8 fn = pci_devfn(1, 3);

  std::array<IrqLine, 16> lines() {
    std::array<IrqLine, 16> all;
    for (unsigned i = 0; i < 16; ++i) all[i] = IrqLine(isa, i);
    return all;
  }
  void SetUp() override {
    board.tree.reset();
    config(fn, 0x40, 4, 0x601);
    config(fn, 0x80, 1, 1);
  }
};

TEST_F(SouthBridgeTest, PirqsFollowTheirRoutes) {
  piix3.set_irq(1, true);
  EXPECT_EQ(isa.edges[10], 0u);
  config(pci_devfn(1, 0), 0x61, 1, 10);
  EXPECT_TRUE(isa.level[10]);
  config(pci_devfn(1, 0), 0x61, 1, 0x8a);
  EXPECT_FALSE(isa.level[10]);
  config(pci_devfn(1, 0), 0x61, 1, 8);  // reserved
  EXPECT_FALSE(isa.level[8]);
}

TEST_F(SouthBridgeTest, ResetControl) {
  space.out(0xcf9, 1, 2);
  EXPECT_EQ(space.in(0xcf9, 1), 2u);
  space.out(0xcf9, 1, 6);
  EXPECT_EQ(hard, 1u);
  space.out(0xcf9, 1, 0);
  space.out(0xcf9, 1, 4);
  EXPECT_EQ(soft, 1u);
}

// The status bit follows every change of bit 23 of the count; the line follows status and enable.
TEST_F(SouthBridgeTest, TimerRaisesSciAtHalfWrap) {
  const Clock clock(board.scheduler, 3'579'545);
  const Cycles half = clock.cycle_of(1 << 23);
  space.out(0x602, 2, 0x0001);
  board.run_to(half - 1);
  EXPECT_EQ(space.in(0x608, 4), 0x7f'ffffu);
  EXPECT_EQ(space.in(0x600, 2), 0u);
  EXPECT_FALSE(isa.level[16]);
  board.run_to(half);
  EXPECT_EQ(space.in(0x608, 4), 0x80'0000u);
  EXPECT_TRUE(isa.level[16]);
  space.out(0x600, 2, 1);
  EXPECT_FALSE(isa.level[16]);
  board.run_to(clock.cycle_of(2 << 23));
  EXPECT_EQ(space.in(0x608, 4), 0u);
  EXPECT_TRUE(isa.level[16]);
  space.out(0x602, 2, 0);
  EXPECT_FALSE(isa.level[16]);
  EXPECT_EQ(board.scheduler.deadline(), kNever);
}

TEST_F(SouthBridgeTest, AnEventStaysAfterALoad) {
  pm.raise_gpe(1);
  const auto image = save_objects(board.tree);
  board.tree.reset();
  EXPECT_EQ(space.in(0xafe0, 2), 0u);
  ASSERT_TRUE(load_objects(board.tree, image).ok());
  EXPECT_EQ(space.in(0xafe0, 2), 2u);
}

TEST_F(SouthBridgeTest, ButtonSleepAndApm) {
  pm.press_power_button();
  EXPECT_EQ(space.in(0x600, 2), 0x100u);
  space.out(0x602, 2, 0x100);
  EXPECT_TRUE(isa.level[16]);
  space.out(0x604, 2, 0x2400);  // another sleep state
  EXPECT_EQ(offs, 0u);
  space.out(0x604, 2, 0x2000);
  EXPECT_EQ(offs, 1u);
  space.out(0xb2, 1, 0xf1);
  EXPECT_EQ(space.in(0x604, 2) & 1, 1u);
  EXPECT_EQ(smis, 0u);
  config(fn, 0x5b, 1, 2);
  space.out(0x628, 4, 1);
  space.out(0xb3, 1, 0x5c);
  space.out(0xb2, 1, 0);
  EXPECT_EQ(smis, 1u);
  EXPECT_EQ(space.in(0xb3, 1), 0x5cu);
}

}  // namespace
}  // namespace reprise
