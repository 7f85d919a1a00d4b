// Attacks on the chips of an ISA board: floods of interrupts and of commands.
#include <gtest/gtest.h>

#include "tests/rubbish/attack.h"

namespace reprise::rubbish {
namespace {

constexpr u32 kPit = 0x40, kLapic = 0xfee00000, kIoApic = 0xfec00000, kHpet = 0xfed00000;

// The 8254 as fast as it goes; the machine must go on between interrupts.
TEST(Rubbish, PitFlood) {
  for (const u32 reload : {1u, 2u, 0u}) {
    for (const u32 mode : {0x34u, 0x36u, 0x30u, 0x38u, 0x3au}) {
      Script s;
      s.open_pic().out8(0x43, mode).out8(kPit, reload & 0xff).out8(kPit, reload >> 8);
      s.interrupts(true);
      s.in8(0x84, 3000);
      s.interrupts(false).out8(0x43, 0x30).out8(kPit, 0xff).out8(kPit, 0xff);
      const Outcome o = attack(s);
      EXPECT_TRUE(o.ended) << o.why_not << " reload " << reload << " mode " << mode;
      EXPECT_TRUE(mode != 0x34 || reload != 2 || o.interrupts > 500) << o.interrupts;
    }
  }
}

TEST(Rubbish, PitReloadedAllTheTime) {
  Script s;
  s.open_pic().interrupts(true);
  const auto begin = s.size();
  s.out8(0x43, 0x34).out8(kPit, 0).out8(kPit, 0).out8(0x43, 0).in8(kPit).out8(0x43, 0xe2);
  s.out8(0x43, 0x30).out8(kPit, 1).out8(kPit, 0).in8(kPit, 3).out8(0x61, 3).in8(0x61, 2);
  s.repeat_from(begin, 2000);
  EXPECT_TRUE(attack(s).ended);
}

TEST(Rubbish, RtcAt8KHz) {
  Script s;
  s.open_pic().out8(0x70, 0x0a).out8(0x71, 0x23);  // 122 us
  s.out8(0x70, 0x0b).out8(0x71, 0x72).interrupts(true);
  const auto begin = s.size();
  s.out8(0x70, 0x0c).in8(0x71).wait_us(50);
  s.repeat_from(begin, 4000);
  s.interrupts(false);
  const Outcome o = attack(s);
  EXPECT_TRUE(o.ended) << o.why_not;
  EXPECT_GT(o.interrupts, 1000u);
}

// A comparator one tick ahead, armed again and again; then periodic with period 0 and 1.
TEST(Rubbish, HpetComparatorNextToCounter) {
  for (const u32 period : {0u, 1u, 2u, 0xffffffffu}) {
    Script s;
    s.open_pic().write32(kHpet + 0x10, 3);
    s.write32(kHpet + 0x100, 0x10c).write32(kHpet + 0x104, 0);  // timer 0: periodic, 32 bits
    s.write32(kHpet + 0x100, 0x4c | 1u << 8 | 8).write32(kHpet + 0x108, period);
    s.write32(kHpet + 0x108, period).interrupts(true).wait_us(3000);
    const auto begin = s.size();
    s.read32(kHpet + 0xf0).write32(kHpet + 0x108, period).write32(kHpet + 0x20, ~0u).wait_us(1);
    s.repeat_from(begin, 1000);
    s.interrupts(false).write32(kHpet + 0x10, 0);
    const Outcome o = attack(s);
    EXPECT_TRUE(o.ended) << o.why_not << " period " << period;
  }
}

TEST(Rubbish, HpetAtRandom) {
  Script s;
  s.open_pic().interrupts(true).seed(3);
  s.fuzz_memory(kHpet, 0x400, 60'000).interrupts(false);
  EXPECT_TRUE(attack(s).ended);
}

TEST(Rubbish, LapicTimerAsFastAsItGoes) {
  Script s;
  s.open_pic().write32(kLapic + 0x3e0, 0x0b);                  // divide by 1
  s.write32(kLapic + 0x320, 0x20000 | 0x60).interrupts(true);  // periodic
  s.write32(kLapic + 0x380, 1).wait_us(2000).write32(kLapic + 0x380, 1, 1000);
  s.write32(kLapic + 0x320, 0x60).write32(kLapic + 0x380, 1, 3000);  // one shot, again and again
  s.interrupts(false);
  // As on hardware the next interrupt is there before the script gets a turn: it need not end.
  EXPECT_GT(attack(s, {.cycles = 50'000'000}).interrupts, 1000u);
}

// To itself, to all, to nobody, INIT and start-up at random moments, reserved modes, bad vectors.
TEST(Rubbish, IpiStorms) {
  for (const unsigned cpus : {1u, 4u}) {
    Script s;
    s.open_pic().interrupts(true);
    for (u32 mode = 0; mode < 8; ++mode) {
      for (const u32 target : {0u, 1u << 18, 2u << 18, 3u << 18}) {
        if (mode == 5 && (target == 1u << 18 || target == 2u << 18)) continue;  // INIT to itself
        for (const u32 vector : {0x00u, 0x0fu, 0x10u, 0x41u, 0xf0u, 0xffu}) {
          if (mode == 5 && target == 0) s.write32(kLapic + 0x310, 3u << 24);
          if (mode == 2 || mode == 4) continue;  // SMI and NMI follow
          s.write32(kLapic + 0x300, target | mode << 8 | 1u << 14 | vector, 20);
        }
      }
    }
    for (const u32 absent : {0x77u, 0xfeu, 0xffu})
      s.write32(kLapic + 0x310, absent << 24).write32(kLapic + 0x300, 0x4041, 200);
    s.write32(kLapic + 0x310, 1u << 24).write32(kLapic + 0x300, 0x4400, 200);  // NMI
    s.interrupts(false);
    Bench setup{.cpus = cpus};
    const Outcome o = attack(s, setup);
    EXPECT_TRUE(o.ended) << o.why_not << ", " << cpus << " CPUs";
  }
}

TEST(Rubbish, LapicAtRandom) {
  for (u32 seed = 1; seed <= 3; ++seed) {
    Script s;
    s.open_pic().interrupts(true).seed(seed);
    s.fuzz_memory(kLapic, 0x400, 20'000).interrupts(false);
    Bench setup{.cpus = 2, .cycles = 20'000'000};
    attack(s, setup);  // it may well have sent itself to sleep
  }
}

// A level-triggered input that stays up, whose handler acknowledges all the same.
TEST(Rubbish, StuckLevelInterrupt) {
  Script s;
  s.open_pic();
  s.write32(kIoApic, 0x10 + 2 * 2 + 1).write32(kIoApic + 0x10, 0);
  s.write32(kIoApic, 0x10 + 2 * 2).write32(kIoApic + 0x10, 0x8050);  // input 2: the 8254's
  s.out8(0x43, 0x30).out8(kPit, 1).out8(kPit, 0);                    // mode 0: stays high
  s.interrupts(true).wait_us(2000).interrupts(false);
  s.write32(kIoApic, 0x10 + 2 * 2).write32(kIoApic + 0x10, 0x10000);
  EXPECT_GT(attack(s, {.cycles = 50'000'000}).interrupts, 100u);  // nor here
}

TEST(Rubbish, IoApicAtRandom) {
  Script s;
  s.open_pic().interrupts(true).seed(5);
  s.fuzz_memory(kIoApic, 0x50, 30'000).interrupts(false);
  attack(s, {.cpus = 2, .cycles = 20'000'000});
}

TEST(Rubbish, PicAtRandom) {
  for (u32 seed = 1; seed <= 3; ++seed) {
    Script s;
    s.open_pic().out8(0x43, 0x34).out8(kPit, 100).out8(kPit, 0).interrupts(true).seed(seed);
    const auto begin = s.size();
    s.fuzz_ports(0x20, 2, 50).fuzz_ports(0xa0, 2, 50).fuzz_ports(0x4d0, 2, 20);
    s.repeat_from(begin, 200);
    s.interrupts(false);
    attack(s, {.cycles = 500'000'000});
  }
}

// Commands without end, and what they answer never read.
TEST(Rubbish, KeyboardControllerFlood) {
  Script s;
  for (const u32 command : {0xd2u, 0xd3u, 0xd4u, 0xaau, 0xabu, 0xc0u, 0xe0u, 0x20u, 0x60u, 0xd1u}) {
    const u32 data = command == 0xd1 ? 3 : 0xff;
    const auto begin = s.size();
    s.out8(0x64, command).out8(0x60, data);
    s.repeat_from(begin, 3000);
  }
  for (const u32 byte : {0xf4u, 0xffu, 0xf2u, 0xeeu, 0xfeu, 0xedu, 0xf0u, 0xf3u})
    s.out8(0x60, byte, 3000);
  const auto mouse = s.size();
  s.out8(0x64, 0xd4).out8(0x60, 0xeb);
  s.repeat_from(mouse, 5000);
  s.in8(0x60, 2000);
  const Outcome o = attack(s);
  EXPECT_TRUE(o.ended) << o.why_not;
}

TEST(Rubbish, KeyboardControllerResets) {
  Script s;
  for (const u32 command : {0xfeu, 0xf0u, 0xfcu, 0xffu}) s.out8(0x64, command, 5).wait_us(10);
  s.out8(0x64, 0xd1).out8(0x60, 0xfe).wait_us(10);  // the reset line by the output port
  s.out8(0x92, 1).wait_us(10).out8(0xcf9, 2).out8(0xcf9, 6).wait_us(10);
  const Outcome o = attack(s);
  EXPECT_TRUE(o.ended) << o.why_not;
  EXPECT_GE(o.resets, 3u);
}

TEST(Rubbish, KeyboardControllerAtRandom) {
  for (u32 seed = 1; seed <= 3; ++seed) {
    Script s;
    s.open_pic().interrupts(true).seed(seed);
    s.fuzz_ports(0x60, 5, 20'000).interrupts(false);
    attack(s, {.cycles = 500'000'000});
  }
}

// Two and a half million bytes in one go at the ports that have nobody at the other end.
TEST(Rubbish, SerialAndDebugFlood) {
  Script s;
  s.out8(0xe9, 'x', 1'000'000);
  s.out8(0x3fb, 0x83).out8(0x3f8, 1).out8(0x3f9, 0).out8(0x3fb, 3).out8(0x3fa, 0xc7);
  s.out8(0x3f8, 'y', 1'000'000);
  s.outs(1, 0x3f8, 0x10000, 500'000);
  s.out8(0x3fc, 0x1f).out8(0x3f8, 'z', 100'000);  // loopback: the receiver overruns
  const Outcome o = attack(s, {.cycles = 10'000'000'000});
  EXPECT_TRUE(o.ended) << o.why_not;
}

TEST(Rubbish, SerialAtRandom) {
  Script s;
  s.open_pic().interrupts(true).seed(9);
  s.fuzz_ports(0x3f8, 8, 50'000).interrupts(false);
  EXPECT_TRUE(attack(s).ended);
}

// Attack 19: power management and the SMI port; a sleep state may end the run.
TEST(Rubbish, PowerManagement) {
  const unsigned pm = 1 << 3 | 3;
  for (const bool sleeps : {false, true}) {
    Script s;
    s.config32(pm, 0x40, 0x601).config8(pm, 0x80, 1).seed(4);
    s.out8(0xb2, 0xff, 100).out8(0xb3, 1);
    if (sleeps)
      for (u32 type = 0; type < 8; ++type) s.out16(0x604, type << 10 | 1 << 13).wait_us(100);
    else
      s.fuzz_ports(0x600, 4, 2000).fuzz_ports(0x608, 0x38, 20'000);
    s.fuzz_ports(0xafe0, 4, 1000);
    attack(s, {.cycles = 500'000'000});
  }
}

TEST(Rubbish, DmaControllersAtRandom) {
  for (u32 seed = 1; seed <= 3; ++seed) {
    Script s;
    s.seed(seed);
    const auto begin = s.size();
    s.fuzz_ports(0x00, 0x10, 100).fuzz_ports(0xc0, 0x20, 100).fuzz_ports(0x80, 0x10, 50);
    s.repeat_from(begin, 200);
    attack(s, {.cycles = 500'000'000});
  }
}

}  // namespace
}  // namespace reprise::rubbish
