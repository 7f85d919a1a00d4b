// What a run used: kept in small sets, written to a recording, asked of conditions.
#include "replay/core/usage.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "replay/trace/usage_chunk.h"

namespace reprise {
namespace {

StopCondition on(StopKind kind, u64 first, u64 last, bool physical = false) {
  StopCondition c;
  c.kind = kind;
  c.first = first;
  c.last = last;
  c.physical = physical;
  return c;
}

TEST(Usage, SaysNoOnlyOfWhatWasNotUsed) {
  auto usage = std::make_unique<Usage>();
  usage->read(0xFFFF'8880'0000'1234, 0x5678);
  usage->write(0x7000, 0x30'2000);
  usage->executed.add(0x40'0000);
  usage->ports.add(0x3F8);
  usage->interrupts.add(0x80);
  usage->exceptions.add(14);
  EXPECT_TRUE(usage->may_meet(on(StopKind::Read, 0xFFFF'8880'0000'1FFF, 0xFFFF'8880'0000'1FFF)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Access, 0x6FFF, 0x7000)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Write, 0x7FFF, 0x7FFF)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Read, 0x5000, 0x5000, true)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Write, 0x30'2FFF, 0x30'3000, true)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Pc, 0x40'0FFF, 0x40'0FFF)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Port, 0x3F0, 0x3F8)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Interrupt, 0, 255)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Exception, 14, 14)));
  // As with the A20 gate closed, and over everything.
  EXPECT_TRUE(usage->may_meet(on(StopKind::Write, 0x20'2000, 0x20'2000, true)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Write, 0x1F'FFFF, 0x20'0000, true)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Write, 0, ~u64(0), true)));
  EXPECT_TRUE(usage->may_meet(on(StopKind::Pc, 0, ~u64(0))));

  EXPECT_FALSE(usage->may_meet(on(StopKind::Write, 0xFFFF'8880'0000'1234, 0xFFFF'8880'0000'1234)));
  EXPECT_FALSE(usage->may_meet(on(StopKind::Write, 0x5678, 0x5678, true)));
  EXPECT_FALSE(usage->may_meet(on(StopKind::Write, 0x30'3000, 0x30'3000, true)));
  EXPECT_FALSE(usage->may_meet(on(StopKind::Pc, 0x40'1000, 0x40'1000)));
  EXPECT_FALSE(usage->may_meet(on(StopKind::Port, 0x3F9, 0xFFFF)));
  EXPECT_FALSE(usage->may_meet(on(StopKind::Interrupt, 14, 14)));
  EXPECT_FALSE(usage->may_meet(on(StopKind::Exception, 0, 13)));
  usage->clear();
  EXPECT_FALSE(usage->may_meet(on(StopKind::Pc, 0, ~u64(0))));
}

TEST(Usage, IsReadAsItWasWritten) {
  std::mt19937_64 random(3);
  auto usage = std::make_unique<Usage>(), read = std::make_unique<Usage>();
  for (unsigned i = 0; i < 5000; ++i) {
    usage->write(random(), random());
    usage->executed.add(random());
  }
  usage->ports.add(0);
  usage->ports.add(0xFFFF);
  for (u32 i = 0; i < 256; ++i) usage->interrupts.add(i);
  std::vector<u8> bytes = trace::encode_usage(*usage);
  ASSERT_TRUE(trace::decode_usage(bytes, *read).ok());
  EXPECT_EQ(trace::encode_usage(*read), bytes);
  EXPECT_TRUE(read->may_meet(on(StopKind::Port, 0xFFFF, 0xFFFF)));
  EXPECT_FALSE(read->may_meet(on(StopKind::Exception, 0, 255)));

  // Rubbish is refused, or read within bounds; never beyond.
  for (unsigned i = 0; i < 2000; ++i) {
    std::vector<u8> other(bytes.begin(), bytes.begin() + std::ptrdiff_t(random() % bytes.size()));
    EXPECT_FALSE(trace::decode_usage(other, *read).ok());
  }
  std::vector<u8> surplus = bytes;
  surplus.push_back(0);
  EXPECT_FALSE(trace::decode_usage(surplus, *read).ok());
  for (unsigned i = 0; i < 2000; ++i) {
    std::vector<u8> other = bytes;
    other[random() % other.size()] = u8(random());
    (void)trace::decode_usage(other, *read);
  }
}

}  // namespace
}  // namespace reprise
