// Stops of an operator on the whole PC, while the built-in guest tests the machine.
#include <gtest/gtest.h>

#include <map>

#include "chipset/board/debug_port.h"
#include "chipset/board/pc_i440fx.h"
#include "replay/core/hash.h"
#include "tools/reprise/files.h"

namespace reprise {
namespace {

constexpr Cycles kEnd = 4'000'000'000;

std::unique_ptr<PcI440fx> builtin(unsigned cpus, bool blocks) {
  MachineConfig config;
  config.ram_bytes = 64 << 20;
  config.cpus = cpus;
  config.blobs["bios"] = tools::builtin_guest();
  config.devices = {{"isa-debug-exit", {}}};
  PcI440fx::HostOptions host;
  host.blocks = blocks;
  auto made = PcI440fx::create(config, host);
  check(made.ok(), "a machine for the built-in guest");
  return std::move(*made);
}
std::string hash(PcI440fx& pc) { return MachineHash(pc).take().total().hex(); }

StopCondition on(StopKind kind, u64 first, u64 last, bool physical = false) {
  StopCondition c;
  c.id = u32(first) * 8 + u32(kind);
  c.kind = kind;
  c.first = first;
  c.last = last;
  c.physical = physical;
  return c;
}

struct Ran {
  std::vector<StopHit> hits;
  std::map<u64, std::string> hashes;  // by icount, where a stop was answered with true
  Position end;
  std::string hash;
};

// Runs to the guest's end; stops at about one in `rarity` of what is met (0: never).
Ran run(unsigned cpus, bool blocks, const std::vector<StopCondition>& list, u64 rarity) {
  auto pc = builtin(cpus, blocks);
  Ran ran;
  Position stood{kNever, kNever};
  pc->stops()->set_stops(list, [&](const StopHit& hit) {
    bool known = false;  // the Pc at which the run goes on
    for (auto old = ran.hits.rbegin(); old != ran.hits.rend() && old->at == hit.at; ++old)
      known |= old->id == hit.id;
    if (!known) ran.hits.push_back(hit);
    if (hit.at == stood) return false;
    if (!rarity || hit.at.icount * 0x9E3779B97F4A7C15 >> 32 >= (u64(1) << 32) / rarity)
      return false;
    stood = hit.at;
    return true;
  });
  while (!pc->exit_status().kind && pc->position().cycles < kEnd) {
    pc->run({kEnd, kNever});
    if (pc->exit_status().kind || pc->position().cycles >= kEnd) break;
    EXPECT_EQ(pc->position(), stood);
    if (ran.hashes.size() < 12) ran.hashes[stood.icount] = hash(*pc);
  }
  ran.end = pc->position();
  ran.hash = hash(*pc);
  return ran;
}

bool same(const std::vector<StopHit>& a, const std::vector<StopHit>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const StopHit& x, const StopHit& y) {
    return x.id == y.id && x.at == y.at && x.cpu == y.cpu && x.pc == y.pc && x.address == y.address;
  });
}

class StopsOfThePc : public testing::TestWithParam<unsigned> {};

TEST_P(StopsOfThePc, ChangeNothing) {
  const unsigned cpus = GetParam();
  std::vector<StopCondition> list = {
      on(StopKind::Port, 0x3F8, 0x3FF), on(StopKind::Interrupt, 0, 255),
      on(StopKind::Exception, 0, 255), on(StopKind::Access, 0x7000, 0x700F),
      on(StopKind::Write, 0xB8000, 0xB80FF, true)};
  const Ran plain = run(cpus, true, {}, 0);
  EXPECT_LT(plain.end.cycles, kEnd);
  const Ran events = run(cpus, true, list, 0);
  EXPECT_EQ(events.end, plain.end);
  EXPECT_EQ(events.hash, plain.hash);
  ASSERT_FALSE(events.hits.empty());

  // Breakpoints where something was met, too.
  for (std::size_t i = 0; i < events.hits.size(); i += 1 + events.hits.size() / 8)
    list.push_back(on(StopKind::Pc, events.hits[i].pc, events.hits[i].pc));
  const Ran all = run(cpus, true, list, 20);
  EXPECT_EQ(all.end, plain.end);
  EXPECT_EQ(all.hash, plain.hash);
  EXPECT_GT(all.hits.size(), events.hits.size());
  const Ran stepped = run(cpus, false, list, 50);
  EXPECT_EQ(stepped.end, plain.end);
  EXPECT_EQ(stepped.hash, plain.hash);
  EXPECT_TRUE(same(all.hits, stepped.hits));

  // A machine that is stopped somewhere is the machine that was run until there.
  ASSERT_FALSE(all.hashes.empty());
  auto pc = builtin(cpus, true);
  for (const auto& [icount, hashed] : all.hashes) {
    pc->run({kNever, icount});
    EXPECT_EQ(pc->position().icount, icount);
    EXPECT_EQ(hash(*pc), hashed) << icount;
  }
}

INSTANTIATE_TEST_SUITE_P(Cpus, StopsOfThePc, testing::Values(1u, 2u));

TEST(StopsOfAPc, DmaOfADevice) {
  auto pc = builtin(1, true);
  std::vector<StopHit> hits;
  pc->stops()->set_stops({on(StopKind::Write, 0x12345, 0x12345, true)}, [&](const StopHit& hit) {
    hits.push_back(hit);
    return true;
  });
  pc->run({1000, kNever});
  const Position at = pc->position();
  const u8 bytes[4] = {1, 2, 3, 4};
  pc->space().dma_write(0x12341, bytes);
  pc->run({2000, kNever});
  EXPECT_TRUE(hits.empty());
  pc->space().dma_write(0x12342, bytes);
  const Position then = pc->position();
  pc->run({3000, kNever});
  EXPECT_EQ(pc->position(), then);
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].at, then);
  EXPECT_EQ(hits[0].pc, 0u);
  EXPECT_EQ(hits[0].address, 0x12342u);
  EXPECT_EQ(hits[0].size, 4u);
  pc->run({3000, kNever});
  EXPECT_GT(pc->position(), then);
  EXPECT_LT(at, then);
}

// A debugger's write is one, too, also while the processor sleeps.
TEST(StopsOfAPc, InputsWhileIdle) {
  auto pc = builtin(1, true);
  while (!pc->exit_status().kind && !pc->idle()) pc->run({pc->position().cycles + 1'000, kNever});
  ASSERT_TRUE(pc->idle());
  std::vector<StopHit> hits;
  pc->stops()->set_stops({on(StopKind::Write, 0x300000, 0x300000, true)}, [&](const StopHit& hit) {
    hits.push_back(hit);
    return true;
  });
  const u8 byte = 7;
  DebugPort& debug = pc->debug();
  debug.post(debug.write_memory(0, cpu::AddressKind::Physical, 0x300000, {&byte, 1}));
  const Position at = pc->position();
  pc->deliver();
  pc->skip_to(at.cycles + 100);
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].at, at);
  EXPECT_EQ(pc->position(), at);
  pc->skip_to(at.cycles + 100);
  EXPECT_GT(pc->position(), at);
  EXPECT_EQ(hits.size(), 1u);
}

}  // namespace
}  // namespace reprise
