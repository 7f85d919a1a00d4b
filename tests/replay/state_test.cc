#include <gtest/gtest.h>

#include "replay/core/hash.h"
#include "replay/core/state_readers.h"
#include "tests/replay/fake_machine.h"

namespace reprise {
namespace {

enum class Mode : u8 { Off, On };

struct Inner {
  u16 count = 0;
  bool flag = false;
  void state(State& s) { s("count", count, 0, 1000)("flag", flag); }
};

struct Subject {
  u8 index = 3;
  Mode mode = Mode::On;
  i32 signed_number = -5;
  u64 large = ~u64(0);
  std::array<u16, 3> table{1, 2, 3};
  u8 buffer[5] = {1, 2, 3, 4, 5};
  std::array<Inner, 2> inner;
  std::vector<u8> bytes{9, 8};
  std::deque<Inner> queue{{7, true}};
  std::string name = "abc";
  void state(State& s) {
    s("index", index, 0, 7)("mode", mode, 0, 1)("signed", signed_number)("large", large);
    s("table", table);
    s.raw("buffer", buffer);
    s("inner", inner)("bytes", bytes, 16)("queue", queue, 4)("name", name, 8);
  }
};

std::vector<u8> save(Subject& subject) {
  SaveState s;
  s("/subject", subject);
  return s.take();
}
Result<void> load(Subject& subject, std::span<const u8> image) {
  LoadState s(image);
  s("/subject", subject);
  return s.finish();
}
u64 hash(Subject& subject) {
  HashState s;
  s("/subject", subject);
  return s.value();
}

TEST(State, LoadGivesWhatWasSaved) {
  Subject a, b;
  a.index = 7;
  a.signed_number = -1000;
  a.inner[1] = {999, true};
  a.bytes = {};
  a.queue = {{1, false}, {2, true}, {3, false}};
  a.name = "12345678";
  ASSERT_NE(hash(a), hash(b));
  const Result<void> loaded = load(b, save(a));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(hash(a), hash(b));
  EXPECT_EQ(save(a), save(b));
}

TEST(State, LoadRefusesByNameWhatIsOutOfRange) {
  Subject a, b;
  a.inner[1].count = 1001;
  const Result<void> loaded = load(b, save(a));
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().message.find("/subject/inner/1/count"), std::string::npos)
      << loaded.error().message;
  EXPECT_EQ(b.inner[1].count, 0);
  a = {};
  a.queue.resize(5);
  EXPECT_FALSE(load(b, save(a)).ok());
}

TEST(State, LoadRefusesCutsAndSurvivesChanges) {
  Subject a;
  a.queue.resize(3);
  const std::vector<u8> image = save(a);
  for (std::size_t length = 0; length < image.size(); ++length) {
    Subject b;
    EXPECT_FALSE(load(b, std::span<const u8>(image).first(length)).ok()) << length;
  }
  for (std::size_t at = 0; at < image.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::vector<u8> changed = image;
      changed[at] ^= u8(1 << bit);
      Subject b;
      if (!load(b, changed).ok()) continue;
      EXPECT_LE(b.index, 7);
      EXPECT_LE(b.inner[0].count, 1000);
      EXPECT_LE(b.queue.size(), 4u);
      CompareState compare(changed);
      compare("/subject", b);
      EXPECT_TRUE(compare.differences().empty() && compare.error().empty());
    }
  }
}

TEST(State, CompareNamesFieldsAlsoInContainersOfOtherLength) {
  Subject a, b;
  a.large = 0x1234;
  a.queue = {{8, true}, {1, true}, {1, true}};
  b.name = "abd";
  for (const bool swapped : {false, true}) {
    const std::vector<u8> image = save(swapped ? b : a);
    CompareState compare(image);
    compare("/subject", swapped ? a : b);
    EXPECT_EQ(compare.error(), "");
    std::vector<std::string> names;
    for (const StateDifference& difference : compare.differences()) {
      names.push_back(difference.name);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"/subject/large", "/subject/queue/size",
                                               "/subject/queue/0/count", "/subject/name/data"}));
  }
}

TEST(State, InspectGivesNamesAndValues) {
  Subject a;
  InspectState inspect;
  a.state(inspect);
  ASSERT_TRUE(inspect.find("queue/0/count"));
  EXPECT_EQ(inspect.find("queue/0/count")->value, 7u);
  EXPECT_EQ(inspect.find("signed")->text, "fffffffb");
  EXPECT_EQ(inspect.find("bytes/data")->text, "0908");
  EXPECT_EQ(inspect.find("nothing"), nullptr);
}

TEST(State, RefusedImageLeavesTheTreeAsItWas) {
  FakeMachine machine, other(2);
  machine.run({20'000, kNever});
  other.run({30'000, kNever});
  const std::vector<u8> before = save_objects(machine.objects());
  std::vector<u8> image = save_objects(other.objects());
  ASSERT_NE(image, before);
  image.pop_back();
  EXPECT_FALSE(load_objects(machine.objects(), image).ok());
  EXPECT_EQ(save_objects(machine.objects()), before);
  image = save_objects(other.objects());
  EXPECT_TRUE(load_objects(machine.objects(), image).ok());
  EXPECT_EQ(save_objects(machine.objects()), image);
}

// The incremental hash is the hash that a fresh look gives.
TEST(MachineHash, IncrementalEqualsFresh) {
  FakeMachine machine;
  MachineHash incremental(machine);
  for (Cycles cycle = 1000; cycle < 100'000; cycle += 1000) {
    machine.run({cycle, kNever});
    if (machine.idle()) machine.skip_to(machine.scheduler().deadline());
    const MachineHashes a = incremental.take(), b = MachineHash(machine).take();
    ASSERT_EQ(a.total().hex(), b.total().hex());
  }
}

TEST(MachineHash, ZeroedIsAsNeverWritten) {
  FakeMachine a, b;
  MachineHash hash(b);
  const std::vector<u8> ones(2 * kPageSize, 1), zeros(2 * kPageSize, 0);
  b.ram().write(kPageSize, ones);
  EXPECT_NE(MachineHash(a).take().total(), hash.take().total());
  b.ram().write(kPageSize, zeros);
  EXPECT_EQ(MachineHash(a).take().total(), hash.take().total());
}

// Equal contents at other places are another memory.
TEST(MachineHash, KnowsWhereAPageIs) {
  FakeMachine a, b;
  const std::vector<u8> ones(kPageSize, 1);
  a.ram().write(0, ones);
  b.ram().write(kPageSize, ones);
  EXPECT_NE(MachineHash(a).take().total(), MachineHash(b).take().total());
}

}  // namespace
}  // namespace reprise
