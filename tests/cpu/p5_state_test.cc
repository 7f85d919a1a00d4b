// What the Pentium's model derives from its branch buffer so that most branches need not look there
// (P5::known) changes nothing: beside one that always looks, at random; also when an earlier state
// comes back. And that its state is whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <random>

#include "cpu/timing/p5_front.h"
#include "replay/core/state_readers.h"

namespace reprise::cpu {
namespace {

TEST(P5Branches, KnownOnesChangeNothing) {
  const auto quick = std::make_unique<P5>(), plain = std::make_unique<P5>();
  std::mt19937_64 random(1);
  const auto below = [&](u64 n) { return random() % n; };
  // Few addresses, so that they come again; many of a set; some alike in their low halves.
  std::vector<u64> addresses;
  for (unsigned i = 0; i < 400; ++i)
    addresses.push_back(below(12) << 6 | below(3) | below(6) << 14 | below(2) << 32);
  u64 known = 0;
  std::vector<u8> earlier;
  for (unsigned i = 0; i < 400'000; ++i) {
    if (i % 2000 == 0) {
      SaveState save;
      quick->state(save);
      earlier = save.take();
    } else if (i % 2000 == 1500) {
      for (P5* k : {quick.get(), plain.get()}) {
        LoadState load(earlier);
        k->state(load);
        ASSERT_TRUE(load.finish().ok());
      }
    }
    const u64 at = addresses[below(addresses.size())];
    const auto kind = P5Branch::Kind(P5Branch::kConditionalU + below(4));
    // Mostly as each did before; now and then elsewhere.
    const u64 usual = below(16) ? at : below(8);
    const u64 to =
        usual & 1 ? at + 8 : at + 64 + (usual >> 6 & 3) * 16 + (below(64) ? 0 : 1ull << 32);
    for (P5* k : {quick.get(), plain.get()}) {
      k->exit = {}, k->exit.branch = kind & 7;
      k->at = at - 5, k->left = {5, 13};
    }
    const bool passes = quick->goes_as_known(to, quick->taken(to));
    if (passes) ++quick->counters.branches, ++known;
    const i64 paid = passes ? 0 : p5::resolve_branch(*quick, to);
    ASSERT_EQ(paid, p5::resolve_branch(*plain, to)) << i;
    ASSERT_EQ(quick->counters.mispredicted, plain->counters.mispredicted) << i;
    if (i % 16 == 0)
      for (unsigned set = 0; set < P5::kBtbSets; ++set) {
        const P5::BtbSet &a = quick->btb[set], &b = plain->btb[set];
        ASSERT_TRUE(std::ranges::equal(a.target, b.target) &&
                    std::ranges::equal(a.branch, b.branch) &&
                    std::ranges::equal(a.counter, b.counter) && a.next == b.next)
            << i << ", set " << set;
      }
  }
  EXPECT_GT(known, 20'000u);
  EXPECT_GT(plain->counters.mispredicted, 20'000u);
}

// Counters change nothing that the guest sees, so nothing else would miss one.
TEST(P5, StateHoldsEveryFieldOfItsCounters) {
  const auto from = std::make_unique<P5>(), to = std::make_unique<P5>();
  constexpr unsigned kCounters = sizeof(P5::Counters) / sizeof(u64);
  std::array<u64, kCounters> values;
  for (unsigned i = 0; i < kCounters; ++i) values[i] = 1000 + i;
  from->counters = std::bit_cast<P5::Counters>(values);
  SaveState save;
  from->state(save);
  const std::vector<u8> bytes = save.take();
  LoadState load(bytes);
  to->state(load);
  EXPECT_EQ((std::bit_cast<std::array<u64, kCounters>>(to->counters)), values);
}

}  // namespace
}  // namespace reprise::cpu
