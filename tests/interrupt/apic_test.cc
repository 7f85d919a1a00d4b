#include <gtest/gtest.h>

#include "chipset/interrupt/ioapic.h"
#include "chipset/interrupt/lapic.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct Apics : testing::Test {
  TestBoard board;
  ApicBus bus;
  TestIntAck pic;
  TestCpuPins pins[2];
  Lapic bsp{
      board.context("/cpu0/apic"), {.id = 0, .bootstrap = true, .x2apic = true}, bus, pins[0], pic};
  Lapic ap{board.context("/cpu1/apic"),
           {.id = 1, .bootstrap = false, .x2apic = true},
           bus,
           pins[1],
           pic};
  IoApic ioapic{board.context("/ioapic"), bus};

  Apics() {
    board.tree.reset();
    for (Lapic* apic : {&bsp, &ap}) write(*apic, 0xf0, 0x1ff);
  }
  static void write(Lapic& apic, u64 offset, u32 value) { apic.mmio_write(offset, 4, value); }
  static u32 read(Lapic& apic, u64 offset) { return u32(apic.mmio_read(offset, 4)); }
  void route(unsigned pin, u64 entry) {
    for (unsigned half = 0; half < 2; ++half) {
      ioapic.mmio_write(0x00, 4, 0x10 + 2 * pin + half);
      ioapic.mmio_write(0x10, 4, u32(entry >> (32 * half)));
    }
  }
  u32 entry(unsigned pin) {
    ioapic.mmio_write(0x00, 4, 0x10 + 2 * pin);
    return u32(ioapic.mmio_read(0x10, 4));
  }
};

TEST_F(Apics, NestsByPriorityClass) {
  bus.deliver(0xfee0'0000, 0x51);
  bus.deliver(0xfee0'0000, 0x58);
  EXPECT_EQ(bsp.acknowledge(), 0x58);
  EXPECT_FALSE(pins[0].intr);  // 51h is of the same class
  bus.deliver(0xfee0'0000, 0x61);
  EXPECT_EQ(bsp.acknowledge(), 0x61);
  EXPECT_EQ(read(bsp, 0xa0), 0x60u);
  write(bsp, 0xb0, 0);
  EXPECT_FALSE(pins[0].intr);
  write(bsp, 0xb0, 0);
  ASSERT_TRUE(pins[0].intr);
  bsp.set_tpr(0x50);
  EXPECT_FALSE(pins[0].intr);
  EXPECT_EQ(bsp.acknowledge(), 0xff);  // raced: the spurious vector
  bsp.set_tpr(0x40);
  EXPECT_EQ(bsp.acknowledge(), 0x51);
}

// 100 MHz bus, 1 GHz CPU: a count of 1 at divisor 2 is 20 cycles.
TEST_F(Apics, TimerCountsAndFiresAtExactCycles) {
  board.run_to(1000);
  write(bsp, 0x3e0, 0x0);      // divide by 2
  write(bsp, 0x320, 0x20040);  // periodic
  write(bsp, 0x380, 100);      // from tick 100: every 200 ticks
  EXPECT_EQ(read(bsp, 0x390), 100u);
  board.run_to(1019);
  EXPECT_EQ(read(bsp, 0x390), 100u);
  board.run_to(1020);
  EXPECT_EQ(read(bsp, 0x390), 99u);
  board.run_to(2999);
  EXPECT_EQ(read(bsp, 0x390), 1u);
  EXPECT_FALSE(pins[0].intr);
  board.run_to(3000);
  ASSERT_TRUE(pins[0].intr);
  EXPECT_EQ(read(bsp, 0x390), 100u);
  EXPECT_EQ(bsp.acknowledge(), 0x40);
  write(bsp, 0xb0, 0);
  board.run_to(4999);
  EXPECT_FALSE(pins[0].intr);
  board.run_to(5000);
  EXPECT_TRUE(pins[0].intr);

  bsp.acknowledge();
  write(bsp, 0xb0, 0);
  board.run_to(5500);
  write(bsp, 0x3e0, 0xb);   // divide by 1: 75 counts are left
  write(bsp, 0x320, 0x40);  // one-shot
  EXPECT_EQ(read(bsp, 0x390), 75u);
  board.run_to(6249);
  EXPECT_FALSE(pins[0].intr);
  board.run_to(6250);
  EXPECT_TRUE(pins[0].intr);
  board.run_to(9000);
  EXPECT_EQ(read(bsp, 0x390), 0u);
  EXPECT_EQ(board.scheduler.deadline(), kNever);
}

// However short its period: the count is a function of the cycle, and there is nothing to deliver.
TEST_F(Apics, MaskedTimerCostsTheHostNothing) {
  board.run_to(1000);
  write(bsp, 0x3e0, 0xb);      // divide by 1
  write(bsp, 0x320, 0x30040);  // periodic, masked
  write(bsp, 0x380, 3);        // from tick 100: every 3 ticks
  EXPECT_EQ(board.scheduler.deadline(), kNever);
  board.run_to(100'000'015);
  EXPECT_EQ(read(bsp, 0x390), 2u);
  EXPECT_EQ(read(bsp, 0x220), 0u);  // IRR
  write(bsp, 0x320, 0x20040);
  board.run_to(100'000'029);
  EXPECT_FALSE(pins[0].intr);
  board.run_to(100'000'030);
  EXPECT_TRUE(pins[0].intr);
}

TEST_F(Apics, TscDeadlineFollowsTheGuestsTsc) {
  board.run_to(5000);
  bsp.set_tsc_deadline(7000);  // not in that mode: ignored
  EXPECT_EQ(bsp.tsc_deadline(), 0u);
  write(bsp, 0x320, 0x40041);
  bsp.set_tsc_offset(u64(-4000));  // the TSC reads 1000
  bsp.set_tsc_deadline(3500);
  EXPECT_EQ(bsp.tsc_deadline(), 3500u);
  board.run_to(7499);
  EXPECT_FALSE(pins[0].intr);
  board.run_to(7500);
  EXPECT_TRUE(pins[0].intr);
  EXPECT_EQ(bsp.tsc_deadline(), 0u);
}

TEST_F(Apics, SendsInterprocessorInterrupts) {
  write(bsp, 0x310, 1 << 24);
  write(bsp, 0x300, 0x00004500);  // INIT to 1
  EXPECT_EQ(pins[1].inits, 1u);
  EXPECT_EQ(read(ap, 0xf0), 0xffu);  // and its APIC is as after reset
  write(bsp, 0x300, 0x00008500);     // level de-assert: nothing
  EXPECT_EQ(pins[1].inits, 1u);
  write(bsp, 0x300, 0x000c469a);  // SIPI to all but self
  EXPECT_EQ(pins[1].sipis, std::vector<u8>{0x9a});
  EXPECT_TRUE(pins[0].sipis.empty());
  write(ap, 0xf0, 0x1ff);
  write(bsp, 0x300, 0x00080045);  // fixed, all
  EXPECT_TRUE(pins[0].intr && pins[1].intr);
  EXPECT_EQ(ap.acknowledge(), 0x45);
  write(bsp, 0x300, 0x00000400);  // NMI to 1
  EXPECT_EQ(pins[1].nmis, 1u);
  write(bsp, 0x300, 0x00000005);  // an illegal vector
  write(bsp, 0x280, 0);
  EXPECT_EQ(read(bsp, 0x280), 0x20u);
}

TEST_F(Apics, MatchesLogicalDestinations) {
  write(bsp, 0xd0, 0x01 << 24);
  write(ap, 0xd0, 0x02 << 24);
  bus.deliver(0xfee0'2004, 0x41);  // logical 02h
  EXPECT_FALSE(pins[0].intr);
  EXPECT_EQ(ap.acknowledge(), 0x41);
  write(ap, 0xb0, 0);
  bsp.set_tpr(0x20);
  bus.deliver(0xfee0'3004, 0x142);  // lowest priority of both: the AP has the lower TPR
  EXPECT_FALSE(pins[0].intr);
  EXPECT_EQ(ap.acknowledge(), 0x42);
  write(ap, 0xb0, 0);
  for (Lapic* apic : {&bsp, &ap}) write(*apic, 0xe0, 0x0fff'ffff);  // cluster
  write(bsp, 0xd0, 0x11u << 24);
  write(ap, 0xd0, 0x21u << 24);
  bus.deliver(0xfee2'1004, 0x43);
  EXPECT_FALSE(pins[0].intr);
  EXPECT_EQ(ap.acknowledge(), 0x43);
}

TEST_F(Apics, Lint0IsTheWayToThe8259) {
  bsp.set_irq(0, true);
  EXPECT_FALSE(pins[0].intr);  // masked after reset
  write(bsp, 0x350, 0x700);
  ASSERT_TRUE(pins[0].intr);
  EXPECT_EQ(bsp.acknowledge(), pic.vector);
  EXPECT_EQ(read(bsp, 0x100 + 0x00), 0u);  // nothing in service here
  bsp.set_irq(0, false);
  EXPECT_FALSE(pins[0].intr);
  bsp.set_irq(1, true);
  EXPECT_EQ(pins[0].nmis, 0u);
  ASSERT_TRUE(bsp.set_base(0xfee0'0000));  // no APIC: the pins are INTR and NMI
  bsp.set_irq(1, false);
  bsp.set_irq(1, true);
  EXPECT_EQ(pins[0].nmis, 1u);
  bsp.set_irq(0, true);
  EXPECT_TRUE(pins[0].intr);
  EXPECT_EQ(bsp.acknowledge(), pic.vector);
}

// As on a 486: nobody has to open LINT0 first, and no message arrives.
TEST_F(Apics, WithoutAnApicThe8259InterruptsTheProcessor) {
  TestCpuPins own;
  Lapic none{board.context("/cpu2/apic"), {.id = 2, .present = false}, bus, own, pic};
  none.reset();
  none.settle();
  for (int times = 0; times < 2; ++times) {
    none.set_irq(0, true);
    ASSERT_TRUE(own.intr);
    EXPECT_EQ(none.acknowledge(), pic.vector);
    none.set_irq(0, false);
    EXPECT_FALSE(own.intr);
    none.set_irq(1, true);
    none.set_irq(1, false);
    EXPECT_EQ(own.nmis, unsigned(times + 1));
    bus.deliver(0xfee0'2000, 0x51);
    EXPECT_FALSE(own.intr);
    none.init_reset();
  }
}

TEST_F(Apics, X2ApicModeIsEnteredOnlyInOrder) {
  EXPECT_FALSE(bsp.read_msr(0x802));
  EXPECT_FALSE(bsp.set_base(0xfee0'0400));
  ASSERT_TRUE(ap.set_base(0xfee0'0c00));
  EXPECT_FALSE(ap.set_base(0xfee0'0800));
  EXPECT_EQ(ap.read_msr(0x802), 1u);
  EXPECT_EQ(ap.read_msr(0x80d), 2u);
  EXPECT_FALSE(ap.write_msr(0x80b, 1));
  EXPECT_TRUE(ap.write_msr(0x83f, 0x77));  // self IPI
  EXPECT_EQ(ap.acknowledge(), 0x77);
  EXPECT_TRUE(ap.write_msr(0x830, 0x51));  // to the APIC with ID 0
  EXPECT_EQ(bsp.acknowledge(), 0x51);
  EXPECT_TRUE(ap.set_base(0xfee0'0000));
  EXPECT_EQ(ap.base(), 0xfee0'0000u);
}

TEST_F(Apics, LevelInterruptsAreSentAgainAfterTheEnd) {
  route(16, 0x8000 | 0x61);
  ioapic.set_irq(16, true);
  EXPECT_EQ(bsp.acknowledge(), 0x61);
  EXPECT_EQ(entry(16), 0xc061u);  // remote IRR
  EXPECT_FALSE(pins[0].intr);
  write(bsp, 0xb0, 0);
  EXPECT_EQ(bsp.acknowledge(), 0x61);  // the line is still up
  ioapic.set_irq(16, false);
  write(bsp, 0xb0, 0);
  EXPECT_FALSE(pins[0].intr);
  EXPECT_EQ(entry(16), 0x8061u);

  route(17, 0xa000 | 0x62);  // active low: asserted at once
  EXPECT_EQ(bsp.acknowledge(), 0x62);
  ioapic.set_irq(17, true);
  ioapic.mmio_write(0x40, 4, 0x62);  // the EOI register
  EXPECT_EQ(entry(17), 0xa062u);
}

TEST_F(Apics, EdgesOnAMaskedInputAreLost) {
  route(4, 0x1'0000 | 0x44);
  ioapic.set_irq(4, true);
  route(4, 0x44);
  EXPECT_FALSE(pins[0].intr);
  ioapic.set_irq(4, false);
  ioapic.set_irq(4, true);
  EXPECT_EQ(bsp.acknowledge(), 0x44);
  write(bsp, 0xb0, 0);
  ioapic.set_irq(4, true);  // no edge
  EXPECT_FALSE(pins[0].intr);
  ioapic.mmio_write(0, 4, 1);
  EXPECT_EQ(ioapic.mmio_read(0x10, 4), 0x0017'0020u);
}

TEST_F(Apics, SoftwareDisabledTakesNoFixedInterrupts) {
  write(bsp, 0xf0, 0xff);
  write(bsp, 0x320, 0x40);
  EXPECT_EQ(read(bsp, 0x320), 0x1'0040u);  // stays masked
  bus.deliver(0xfee0'0000, 0x51);
  EXPECT_FALSE(pins[0].intr);
  bus.deliver(0xfee0'0000, 0x400);
  EXPECT_EQ(pins[0].nmis, 1u);
}

}  // namespace
}  // namespace reprise
