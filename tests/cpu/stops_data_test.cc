// Watchpoints of an operator: by linear and physical address, reads and writes.
#include "tests/cpu/stops_machine.h"

namespace reprise::cpu {
namespace {

class StopsDataTest : public StopsTest {};
INSTANTIATE_TEST_SUITE_P(Blocks, StopsDataTest, testing::Bool());

TEST_P(StopsDataTest, AWriteStopsBehindTheInstruction) {
  m.protect();
  m.code(kCode, {0x40, 0xA3, 0x00, 0x00, 0x02, 0x00, 0x43, 0x43, 0xEB, 0xF6});  // L: inc eax;
  EXPECT_FALSE(run(20));  // mov [kData], eax; inc ebx (2); jmp L
  watch({on(StopKind::Write, kData + 3, kData + 3), on(StopKind::Write, kData + 4, kData + 8)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Write, 22, kCode + 1, kData, 4);
  EXPECT_EQ(c.r[kRip], kCode + 6);
  EXPECT_EQ(m.peek(kData, 4), 5u);
  EXPECT_EQ(c.r[RBX], 8u);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Write, 27, kCode + 1, kData, 4);
}

TEST_P(StopsDataTest, ReadsWritesAndBoth) {
  m.protect();
  m.code(kCode, {0xA1, 0x00, 0x00, 0x02, 0x00,        // mov eax, [kData]
                 0xA3, 0x00, 0x00, 0x02, 0x00,        // mov [kData], eax
                 0xFF, 0x05, 0x00, 0x00, 0x02, 0x00,  // inc dword [kData]
                 0xA2, 0x04, 0x00, 0x02, 0x00,        // mov [kData + 4], al
                 0xF4});
  watch({on(StopKind::Read, kData, kData + 3), on(StopKind::Write, kData, kData + 3),
         on(StopKind::Access, kData, kData + 3)});
  stops = false;
  EXPECT_FALSE(run());
  std::vector<std::pair<u64, u32>> met;
  for (const StopHit& hit : hits) met.push_back({hit.at.icount, hit.id});
  const std::vector<std::pair<u64, u32>> wanted = {{1, 1}, {1, 3}, {2, 2}, {2, 3},
                                                   {3, 1}, {3, 2}, {3, 3}};
  EXPECT_EQ(met, wanted);
}

// One byte of a string: the exact iteration, forwards and backwards.
TEST_P(StopsDataTest, RepStopsAtTheIteration) {
  for (const bool store : {false, true})
    for (const bool down : {false, true}) {
      m.protect();
      m.code(kCode, {0xF3, u8(store ? 0xAB : 0xA5), 0xF4});  // rep stosd, rep movsd; hlt
      c.eflags = down ? 0x402 : 2;
      c.r[RSI] = kData + 0x400, c.r[RDI] = kData + (down ? 63 * 4 : 0), c.r[RCX] = 64;
      c.r[RAX] = 0x11111111;
      hits.clear();
      watch({on(StopKind::Write, kData + 40 * 4 + 1, kData + 40 * 4 + 1)});
      const u64 begin = icount();
      const u64 iterations = down ? 24 : 41;
      EXPECT_TRUE(run());
      expect_hit(0, StopKind::Write, begin + iterations, kCode, kData + 40 * 4, 4);
      EXPECT_EQ(c.r[RCX], 64 - iterations);
      EXPECT_EQ(c.r[kRip], kCode);
      EXPECT_FALSE(run());
      EXPECT_EQ(c.r[RCX], 0u);
      EXPECT_EQ(icount(), begin + 65);
      EXPECT_EQ(hits.size(), 1u);
    }
}

TEST_P(StopsDataTest, ReadsOfAString) {
  m.protect();
  m.code(kCode, {0xF3, 0xA4, 0xF4});
  c.r[RSI] = kData, c.r[RDI] = kData + 0x2000, c.r[RCX] = 0x800;
  watch({on(StopKind::Read, kData + 0x123, kData + 0x124)});
  EXPECT_TRUE(run(10000));
  expect_hit(0, StopKind::Read, 0x124, kCode, kData + 0x123, 1);
  EXPECT_TRUE(run(10000));
  EXPECT_EQ(icount(), 0x125u);
  EXPECT_FALSE(run(10000));
  EXPECT_EQ(icount(), 0x801u);
}

// The same byte by two linear addresses.
TEST_P(StopsDataTest, LinearAndPhysical) {
  constexpr u64 kAlias = 0x600000 + kData;
  m.long_mode();
  m.poke(0x402018, 8, 0x87);
  m.code(kCode, {0x88, 0x07, 0x88, 0x06, 0x88, 0x07, 0xF4});  // mov [rdi], al; [rsi]; [rdi]
  c.r[RDI] = kData, c.r[RSI] = kAlias;
  watch({on(StopKind::Write, kAlias, kAlias), physical(StopKind::Write, kData, kData),
         physical(StopKind::Write, kAlias, kAlias), physical(StopKind::Read, kData, kData)});
  stops = false;
  EXPECT_FALSE(run());
  ASSERT_EQ(hits.size(), 4u);
  expect_hit(0, StopKind::Write, 1, kCode, kData, 1);
  expect_hit(1, StopKind::Write, 2, kCode + 2, kAlias, 1);
  expect_hit(2, StopKind::Write, 2, kCode + 2, kData, 1);
  expect_hit(3, StopKind::Write, 3, kCode + 4, kData, 1);
  EXPECT_EQ(hits[0].id, 2u);
  EXPECT_EQ(hits[1].id, 1u);
}

// Of what crosses a page, the part that was met.
TEST_P(StopsDataTest, AcrossPages) {
  m.protect();
  m.code(kCode, {0xA3, 0xFE, 0x0F, 0x02, 0x00, 0xA1, 0xFE, 0x0F, 0x02, 0x00, 0xF4});
  watch({on(StopKind::Access, kData + 0x1001, kData + 0x1001)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Access, 1, kCode, kData + 0x1000, 2);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Access, 2, kCode + 5, kData + 0x1000, 2);
}

// What a walk marks is written, physically; what it reads, and descriptors, is not read.
TEST_P(StopsDataTest, TablesOfTheProcessor) {
  m.long_mode();
  m.code(kCode, {0xCD, 0x30, 0xF4});
  watch({physical(StopKind::Write, 0x402000, 0x402007), on(StopKind::Access, 0x402000, 0x402007),
         physical(StopKind::Read, 0x400000, 0x402FFF),
         on(StopKind::Read, Machine::kIdt, Machine::kIdt + 0xFFF)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Write, 1, kCode, 0x402000,
             8);  // Accessed by the fetch, Dirty by the push
  EXPECT_EQ(m.peek(0x402000, 1), 0xE7u);
  EXPECT_FALSE(run());
  EXPECT_EQ(hits.size(), 1u);
}

// A walk in the middle of a string, whose elements are else done many at a time.
TEST_P(StopsDataTest, AWalkStopsAtTheIteration) {
  m.long_mode();
  m.code(kCode, {0xF3, 0xAA, 0xF4});  // rep stosb
  c.r[RDI] = 0x200000 - 100, c.r[RCX] = 200;
  watch({physical(StopKind::Write, 0x402008, 0x40200F)});
  EXPECT_TRUE(run(1000));
  expect_hit(0, StopKind::Write, 101, kCode, 0x402008, 8);
  EXPECT_EQ(c.r[RCX], 99u);
  EXPECT_FALSE(run(1000));
  EXPECT_EQ(icount(), 201u);
}

TEST_P(StopsDataTest, DeliveryWritesItsFrame) {
  m.protect();
  m.code(kCode, {0x90, 0x90, 0xF4});
  c.eflags |= IF;
  watch({on(StopKind::Write, Machine::kStack0 - 4, Machine::kStack0 - 1)});
  EXPECT_FALSE(run(1));
  c.set_intr(true);
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Write, 2, kCode + 1, Machine::kStack0 - 4, 4);
  EXPECT_EQ(c.r[kRip], Machine::kHandlers + 0x20 * 16);
}

// An instruction that read and then faulted has not read; one that wrote has written.
TEST_P(StopsDataTest, Faults) {
  m.protect();
  m.code(kCode, {0xF7, 0x35, 0x00, 0x00, 0x02, 0x00, 0xF4});  // div dword [kData]
  c.r[RDX] = 0;
  watch({on(StopKind::Access, kData, kData)});
  EXPECT_FALSE(run());
  EXPECT_EQ(m.vector(), 0);
  EXPECT_TRUE(hits.empty());
  m.poke(kData, 4, 1);
  m.protect();
  EXPECT_TRUE(run());
  EXPECT_EQ(hits.size(), 1u);
}

// A device writes between two instructions.
TEST_P(StopsDataTest, Devices) {
  m.protect();
  m.code(kCode, {0x90, 0x90, 0xF4});
  watch(
      {physical(StopKind::Write, kData + 10, kData + 11), on(StopKind::Write, kData, kData + 99)});
  EXPECT_FALSE(run(1));
  m.cluster->stops().device_wrote(kData, 10);
  EXPECT_FALSE(m.cluster->take_stop());
  m.cluster->stops().device_wrote(kData, 11);
  EXPECT_TRUE(m.cluster->take_stop());
  expect_hit(0, StopKind::Write, 1, 0, kData, 11);
  EXPECT_FALSE(run());
}

TEST_P(StopsDataTest, OneOfTwoProcessors) {
  Machine two(GetParam(), "qemu64", 2);
  two.protect();
  two.code(kCode,
           {0xFF, 0x05, 0x00, 0x00, 0x02, 0x00, 0x43, 0xEB, 0xF7});  // L: inc [kData]; inc ebx
  Cpu &a = two.cluster->cpu(0), &b = two.cluster->cpu(1);
  for (unsigned i = 0; i < 8; ++i) b.seg[i] = a.seg[i];
  b.gdtr = a.gdtr, b.idtr = a.idtr, b.cr0 = a.cr0;
  b.r[kRip] = kCode;
  b.activity = Activity::Running;
  b.update_mode();
  std::vector<StopHit> met;
  std::vector<StopCondition> list = {on(StopKind::Write, kData, kData), pc(kCode + 6)};
  for (u32 i = 0; i < 2; ++i) list[i].id = i + 1, list[i].cpu = 1;
  two.cluster->stops().set_stops(list, [&met](const StopHit& hit) {
    met.push_back(hit);
    return false;
  });
  two.run(200'000);
  ASSERT_FALSE(met.empty());
  EXPECT_GE(met[0].at.cycles, 50'000u);  // not in the first one's turn
  EXPECT_EQ(met.size() / 2, b.r[RBX]);
  for (std::size_t i = 0; i < met.size(); ++i) {
    EXPECT_EQ(met[i].cpu, 1u);
    EXPECT_EQ(met[i].id, i % 2 + 1);
  }
}

}  // namespace
}  // namespace reprise::cpu
