#include "tests/support/contract.h"

#include <gtest/gtest.h>

namespace reprise {
namespace {

class Contract : public testing::TestWithParam<DeviceUnderTest> {
 protected:
  std::unique_ptr<ContractRig> build(u8 fill) {
    auto rig = std::make_unique<ContractRig>(fill);
    const FilledMemory filled(fill);
    GetParam().build(*rig);
    rig->board.tree.reset();
    return rig;
  }
  // Where two lists of sights part.
  static std::string parting(const std::vector<u64>& a, const std::vector<u64>& b) {
    if (a == b) return "";
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
    return "seen differently from number " + std::to_string(i) + " of " + std::to_string(a.size());
  }
  // Whether a copy of `original` without the field goes another way than `sights`, and then `end`.
  bool noticed(const std::string& field, ContractRig& original, u64 seed,
               const std::vector<u64>& sights, const FieldValues& end) {
    const auto b = build(0x5A);
    original.copy_without(field, *b);
    if (without(field, b->fields()) != without(field, original.fields())) return true;
    b->forget();
    std::mt19937_64 random(seed);
    std::vector<u64> seen;
    b->traffic(random, kSteps, seen);
    return seen != sights || without(field, b->fields()) != without(field, end);
  }
  static constexpr unsigned kRounds = 40, kCopies = 200, kSteps = 400, kOmissions = 1500;
};

// What no constructor or reset has set would show the filling.
TEST_P(Contract, WhatMemoryHeldBeforeDoesNotMatter) {
  for (u64 round = 0; round < kRounds; ++round) {
    const auto a = build(0xA5), b = build(0x5A);
    ASSERT_EQ(a->differences(b->save()), "");
    std::mt19937_64 random_a(round), random_b(round);
    std::vector<u64> seen_a, seen_b;
    a->traffic(random_a, kSteps, seen_a);
    b->traffic(random_b, kSteps, seen_b);
    ASSERT_EQ(a->differences(b->save()), "");
    ASSERT_EQ(parting(seen_a, seen_b), "");
  }
}

// A field that matters and is not listed: after a load, the copy goes another way.
TEST_P(Contract, ALoadedCopyGoesOnAsTheOriginal) {
  for (u64 round = 0; round < kCopies; ++round) {
    const auto a = build(0xA5), b = build(0x5A);
    std::mt19937_64 random(round + 1000);
    std::vector<u64> seen;
    a->traffic(random, kSteps, seen);
    const std::vector<u8> image = a->save();
    const Result<void> copied = a->copy_to(*b);
    ASSERT_TRUE(copied.ok()) << copied.error().message;
    EXPECT_EQ(b->differences(image), "") << "settle changed what was loaded";
    a->board.tree.settle();
    EXPECT_EQ(a->differences(image), "") << "settle changes what is settled";
    a->forget();
    b->forget();
    std::mt19937_64 random_a(round), random_b(round);
    std::vector<u64> seen_a, seen_b;
    a->traffic(random_a, kSteps, seen_a);
    b->traffic(random_b, kSteps, seen_b);
    ASSERT_EQ(parting(seen_a, seen_b), "") << "round " << round << a->differences(b->save());
    ASSERT_EQ(a->differences(b->save()), "") << "round " << round;
  }
}

// One random legal state in two memories, both run on. Also: what a stranger's snapshot may hold
// neither hangs nor crashes.
TEST_P(Contract, ARandomLegalStateRunsOnAlike) {
  unsigned accepted = 0;
  for (u64 round = 0; round < kRounds; ++round) {
    const auto a = build(0xA5), b = build(0x5A);
    std::mt19937_64 random(round + 2000);
    if (!a->randomize(random)) continue;
    ++accepted;
    const Result<void> copied = a->copy_to(*b);
    ASSERT_TRUE(copied.ok()) << copied.error().message;
    a->board.tree.settle();
    a->forget();
    b->forget();
    std::mt19937_64 random_a(round), random_b(round);
    std::vector<u64> seen_a, seen_b;
    a->traffic(random_a, kSteps, seen_a);
    b->traffic(random_b, kSteps, seen_b);
    ASSERT_EQ(parting(seen_a, seen_b), "") << "round " << round << a->differences(b->save());
    ASSERT_EQ(a->differences(b->save()), "") << "round " << round;
  }
  EXPECT_GT(accepted, 0u) << "every random state is refused: give the fields their ranges";
}

// A list that is longer than need be hides what the walks above do not reach.
TEST_P(Contract, EveryListedFieldMatters) {
  const auto rig = build(0xA5);
  std::set<std::string> unnoticed = entries(rig->fields());
  for (const std::string& entry : rig->unseen) {
    EXPECT_EQ(unnoticed.erase(entry), 1u) << entry << " is not listed";
  }
  for (u64 round = 0; round < kOmissions && !unnoticed.empty(); ++round) {
    const auto a = build(0xA5), original = build(0x5A);
    std::mt19937_64 random(round + 3000), random_a(round);
    std::vector<u64> seen;
    if (round % 2) a->randomize(random);
    if (round % 4 != 3) a->traffic(random, kSteps, seen);
    ASSERT_TRUE(a->copy_to(*original).ok());
    a->board.tree.settle();
    a->forget();
    seen.clear();
    a->traffic(random_a, kSteps, seen);
    const FieldValues end = a->fields();
    std::erase_if(unnoticed,
                  [&](const std::string& f) { return noticed(f, *original, round, seen, end); });
  }
  for (const std::string& field : unnoticed) {
    ADD_FAILURE() << field << " could be left out of the list";
  }
}

TEST_P(Contract, ResetTwiceIsResetOnce) {
  const auto a = build(0xA5);
  std::mt19937_64 random(5);
  std::vector<u64> seen;
  for (unsigned round = 0; round < kRounds; ++round) {
    a->traffic(random, kSteps, seen);
    a->board.tree.reset();
    const std::vector<u8> once = a->save();
    a->board.tree.reset();
    ASSERT_EQ(a->differences(once), "");
  }
}

TEST_P(Contract, BrokenImagesAreRefusedAndChangeNothing) {
  const auto a = build(0xA5), b = build(0x5A);
  std::mt19937_64 random(6);
  std::vector<u64> seen;
  a->traffic(random, kSteps, seen);
  const std::vector<u8> image = a->save(), before = b->save();
  for (unsigned round = 0; round < 200; ++round) {
    const std::size_t length = random() % (image.size() + 1);
    if (length == image.size()) continue;
    ASSERT_FALSE(b->load(std::span<const u8>(image).first(length)).ok());
    ASSERT_EQ(b->differences(before), "");
    std::vector<u8> changed = image;
    for (unsigned n = 0; n < 4; ++n) changed[random() % changed.size()] = u8(random());
    if (b->load(changed).ok()) {
      b->traffic(random, 20, seen);
      ASSERT_TRUE(b->load(before).ok());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, Contract, testing::ValuesIn(devices_under_test()),
                         [](const auto& info) {
                           std::string name = info.param.kind;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace reprise
