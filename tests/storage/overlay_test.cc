// Copy-on-write against a flat model, with random operations and with faults.
#include "storage/filter/overlay.h"

#include <gtest/gtest.h>

#include <random>

#include "storage/filter/fault.h"
#include "tests/storage/memory_node.h"

namespace reprise {
namespace {

constexpr u64 kSize = 9 * kClusterSize + 512;  // the last cluster is short

struct Rig {
  explicit Rig(u64 base_size = kSize, std::vector<FaultRule> base_faults = {},
               std::vector<FaultRule> top_faults = {})
      : base(std::make_shared<MemoryNode>(pattern(base_size), true)),
        top(std::make_shared<MemoryNode>(pattern(kSize, 99))),
        model(pattern(base_size)),
        overlay(std::make_shared<Fault>(base, std::move(base_faults)),
                std::make_shared<Fault>(top, std::move(top_faults)), kSize) {
    model.resize(kSize);
  }
  std::shared_ptr<MemoryNode> base, top;
  std::vector<u8> model;
  Overlay overlay;
};

struct Operation {
  unsigned kind;  // 0 write, 1 discard, 2 read
  u64 offset, length, seed;
};

Operation choose(std::mt19937& random) {
  Operation op{unsigned(random() % 3), 0, 0, random()};
  op.offset = random() % (kSize + 1);
  const u64 most = kSize - op.offset;
  op.length = random() % (std::min<u64>(most, random() % 4 ? 10'000 : 5 * kClusterSize) + 1);
  if (random() % 4 == 0) {  // exact clusters, up to the end
    op.offset = op.offset / kClusterSize * kClusterSize;
    op.length = random() % 3 ? kClusterSize : kSize;
    op.length = std::min(op.length, kSize - op.offset);
  }
  return op;
}

// The map's zeros are zeros, and its runs cover everything.
void check_map(Overlay& overlay, const std::vector<u8>& content) {
  for (u64 at = 0; at < kSize;) {
    const Extent run = overlay.map(at, kSize - at).value();
    ASSERT_GE(run.length, 1u);
    ASSERT_LE(run.length, kSize - at);
    const auto begin = content.begin() + std::ptrdiff_t(at);
    const auto end = begin + std::ptrdiff_t(run.length);
    ASSERT_TRUE(!run.zero || std::all_of(begin, end, [](u8 byte) { return byte == 0; }));
    at += run.length;
  }
}

void random_operations(unsigned seed, u64 base_size) {
  std::mt19937 random(seed);
  Rig rig(base_size);
  for (unsigned round = 0; round < 400; ++round) {
    const Operation op = choose(random);
    const auto begin = rig.model.begin() + std::ptrdiff_t(op.offset);
    if (op.kind == 0) {
      const std::vector<u8> data = pattern(op.length, op.seed);
      ASSERT_TRUE(rig.overlay.write(op.offset, data).ok());
      std::ranges::copy(data, begin);
    } else if (op.kind == 1) {
      ASSERT_TRUE(rig.overlay.discard(op.offset, op.length).ok());
      std::fill_n(begin, op.length, u8(0));
    } else {
      std::vector<u8> out(op.length);
      ASSERT_TRUE(rig.overlay.read(op.offset, out).ok());
      ASSERT_TRUE(std::equal(out.begin(), out.end(), begin)) << seed << ", round " << round;
    }
    if (round % 50 == 0) check_map(rig.overlay, rig.model);
  }
  ASSERT_EQ(read_all(rig.overlay), rig.model);
  ASSERT_EQ(rig.base->bytes, pattern(base_size));

  MemoryNode image(pattern(kSize, 5));
  std::ranges::copy(rig.base->bytes, image.bytes.begin());
  std::fill(image.bytes.begin() + std::ptrdiff_t(base_size), image.bytes.end(), u8(0));
  ASSERT_TRUE(rig.overlay.commit(image).ok());
  ASSERT_EQ(image.bytes, rig.model);
  ASSERT_EQ(image.flushes, 1u);
  rig.overlay.forget();
  rig.model = pattern(base_size);
  rig.model.resize(kSize);
  ASSERT_EQ(read_all(rig.overlay), rig.model);
}

TEST(Overlay, RandomOperationsAgreeWithAFlatModel) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    random_operations(seed, kSize);
    random_operations(seed + 100, 4 * kClusterSize + 1234);  // the base is short
    random_operations(seed + 200, 0);
    if (testing::Test::HasFatalFailure()) return;
  }
}

// After an operation that failed, each byte is the old or the new one, and outside it the old one;
// once the fault is over the same operation succeeds.
TEST(Overlay, FaultsNeverMakeRubbishVisible) {
  unsigned failures = 0;
  for (unsigned seed = 1; seed <= 120; ++seed) {
    std::mt19937 random(seed);
    FaultRule rule;
    rule.skip = random() % 30;
    rule.count = 1;
    rule.error = kEIO;
    rule.partial = random() % 100'000;
    const bool in_base = random() % 3 == 0;
    Rig rig(kSize, {in_base ? rule : FaultRule()}, {in_base ? FaultRule() : rule});
    for (unsigned round = 0; round < 30; ++round) {
      const Operation op = choose(random);
      std::vector<u8> data = pattern(op.length, op.seed), out(op.length);
      if (op.kind == 1) std::ranges::fill(data, u8(0));
      const auto perform = [&] {
        return op.kind == 0   ? rig.overlay.write(op.offset, data)
               : op.kind == 1 ? rig.overlay.discard(op.offset, op.length)
                              : rig.overlay.read(op.offset, out);
      };
      const auto done = perform();
      failures += !done;
      if (!done) {
        ASSERT_EQ(done.error().number, kEIO);
        const std::vector<u8> now = read_all(rig.overlay);
        for (u64 i = 0; i < kSize; ++i) {
          const bool inside = op.kind < 2 && i >= op.offset && i - op.offset < op.length;
          if (now[i] == rig.model[i] || (inside && now[i] == data[i - op.offset])) continue;
          FAIL() << "seed " << seed << ", byte " << i;
        }
        ASSERT_TRUE(perform().ok());
      }
      const auto begin = rig.model.begin() + std::ptrdiff_t(op.offset);
      if (op.kind < 2) std::ranges::copy(data, begin);
      ASSERT_TRUE(op.kind != 2 || std::equal(out.begin(), out.end(), begin));
    }
    std::vector<u8> all(kSize);
    for (unsigned i = 0; i < 30; ++i) (void)rig.overlay.read(0, all).ok();  // a fault not met yet
    ASSERT_EQ(read_all(rig.overlay), rig.model) << seed;
  }
  EXPECT_GT(failures, 50u);
}

TEST(Overlay, TellsWhatIsItsOwn) {
  Rig rig(3 * kClusterSize);
  ASSERT_TRUE(rig.overlay.write(kClusterSize + 5, pattern(1)).ok());
  ASSERT_TRUE(rig.overlay.discard(2 * kClusterSize, kClusterSize).ok());
  const auto expect = [&](u64 at, u64 run, bool zero, bool allocated) {
    const Extent extent = rig.overlay.map(at, kSize - at).value();
    EXPECT_EQ(extent.length, run) << at;
    EXPECT_EQ(extent.zero, zero) << at;
    EXPECT_EQ(extent.allocated, allocated) << at;
  };
  expect(0, kClusterSize, false, false);
  expect(kClusterSize, kClusterSize, false, true);
  expect(2 * kClusterSize + 1, kClusterSize - 1, true, true);
  expect(3 * kClusterSize, kSize - 3 * kClusterSize, true, false);
}

TEST(Overlay, CommitRefusesWhatDoesNotFit) {
  Rig rig;
  MemoryNode small(512), closed(kSize, true);
  EXPECT_EQ(rig.overlay.commit(small).error().number, kENOSPC);
  EXPECT_EQ(rig.overlay.commit(closed).error().number, kEACCES);
}

TEST(ClusterMap, AgreesWithAPlainArray) {
  std::mt19937 random(3);
  constexpr u64 kClusters = 150'000;  // several pages
  ClusterMap map;
  std::vector<ClusterState> model(kClusters, ClusterState::Base);
  for (unsigned round = 0; round < 2000; ++round) {
    const u64 first = random() % kClusters;
    const u64 most = round % 10 == 0 ? kClusters : 50;
    const u64 count = std::min<u64>(random() % most + 1, kClusters - first);
    const ClusterState state = ClusterState(random() % 3);
    map.set(first, count, state);
    std::fill_n(model.begin() + std::ptrdiff_t(first), count, state);
    const u64 at = random() % kClusters, limit = random() % (kClusters - at) + 1;
    const auto begin = model.begin() + std::ptrdiff_t(at);
    const auto differs = [&](ClusterState other) { return other != *begin; };
    const auto ours = [](ClusterState other) { return other != ClusterState::Base; };
    const auto end = begin + std::ptrdiff_t(limit);
    ASSERT_EQ(map.get(at), *begin);
    ASSERT_EQ(map.run(at, limit), u64(std::find_if(begin, end, differs) - begin));
    ASSERT_EQ(map.next(at, at + limit), u64(std::find_if(begin, end, ours) - model.begin()));
  }
  // A disk of 4 EiB of which little was said.
  map.clear();
  map.set(u64(1) << 45, 1, ClusterState::Top);
  EXPECT_EQ(map.run(0, u64(1) << 46), u64(1) << 45);
  EXPECT_EQ(map.next(0, u64(1) << 46), u64(1) << 45);
}

TEST(Fault, FollowsItsRules) {
  const auto child = std::make_shared<MemoryNode>(pattern(4096));
  unsigned waited = 0;
  FaultRule nth{FaultRule::Op::Write};
  nth.skip = 1, nth.count = 1, nth.error = kENOSPC, nth.partial = 100;
  FaultRule place{FaultRule::Op::Read, 1024, 512};
  place.error = kEIO;
  FaultRule slow{FaultRule::Op::Flush};
  slow.before = [&] { ++waited; };
  Fault node(child, {nth, place, slow});
  const std::vector<u8> zeros(512);
  EXPECT_TRUE(node.write(0, zeros).ok());
  EXPECT_EQ(node.write(2048, zeros).error().number, kENOSPC);
  EXPECT_EQ(child->bytes[2147], 0);
  EXPECT_EQ(child->bytes[2148], pattern(4096)[2148]);
  EXPECT_TRUE(node.write(2048, zeros).ok());
  std::vector<u8> out(512);
  EXPECT_TRUE(node.read(512, out).ok());
  EXPECT_TRUE(node.read(1536, out).ok());
  EXPECT_EQ(node.read(513, out).error().number, kEIO);
  EXPECT_EQ(node.read(1535, out).error().number, kEIO);
  EXPECT_TRUE(node.flush().ok());
  EXPECT_EQ(waited, 1u);
  EXPECT_EQ(node.hits(), 3u);
}

}  // namespace
}  // namespace reprise
