#include "storage/filter/failed_writes.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/storage/faulty_node.h"

namespace reprise {
namespace {

// Whatever fails, reads give what was written last.
TEST(FailedWrites, AreReadAsIfTheyHadNotFailed) {
  constexpr u64 kSize = 4096;
  for (u64 seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    auto node = std::make_shared<FaultyNode>(kSize);
    FailedWrites filter(node);
    std::vector<u8> model(kSize);
    node->fault = [&](char op, u64) { return op != 'r' && random() % 2 ? 5 : 0; };
    for (unsigned step = 0; step < 400; ++step) {
      const u64 offset = random() % kSize, length = 1 + random() % (kSize - offset);
      if (random() % 4 == 0) {
        (void)filter.discard(offset, length);
        std::fill_n(model.begin() + std::ptrdiff_t(offset), length, 0);
      } else if (random() % 8 == 0) {
        (void)filter.flush();
      } else {
        const std::vector<u8> data(length, u8(random()));
        (void)filter.write(offset, data);
        std::copy(data.begin(), data.end(), model.begin() + std::ptrdiff_t(offset));
      }
      std::vector<u8> out(kSize);
      ASSERT_TRUE(filter.read(0, out).ok());
      ASSERT_EQ(out, model);
      const u64 from = random() % kSize;
      const Extent extent = *filter.map(from, kSize - from);
      ASSERT_GE(extent.length, 1u);
      ASSERT_LE(extent.length, kSize - from);
    }
    node->fault = {};
    ASSERT_TRUE(filter.flush().ok());
    EXPECT_TRUE(filter.empty());
    EXPECT_EQ(node->bytes, model);
  }
}

TEST(FailedWrites, HoldABoundedAmount) {
  auto node = std::make_shared<FaultyNode>(FailedWrites::kMaxHeld + (1 << 20));
  FailedWrites filter(node);
  node->fault = [&](char, u64) { return 28; };
  const std::vector<u8> data(1 << 20, 1);
  for (u64 at = 0; at < FailedWrites::kMaxHeld; at += data.size()) {
    EXPECT_FALSE(filter.write(at, data).ok());
    ASSERT_FALSE(filter.lost());
  }
  EXPECT_FALSE(filter.write(FailedWrites::kMaxHeld, data).ok());
  EXPECT_TRUE(filter.lost());
  EXPECT_FALSE(filter.discard(FailedWrites::kMaxHeld, 512).ok());  // zeros need no room
  EXPECT_FALSE(filter.lost());
}

}  // namespace
}  // namespace reprise
