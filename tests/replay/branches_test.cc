// Files with several runs: which chunks are part of which, and files that lie about it.
#include <gtest/gtest.h>

#include "replay/trace/reader.h"
#include "replay/trace/writer.h"

namespace reprise::trace {
namespace {

// A file of empty chunks, but for those that say something.
class Made {
 public:
  Made() {
    EXPECT_TRUE(writer_.begin().ok());
    const std::string json = RecordingHeader{"root", "b", "d"}.to_json();
    add(kHead, {}, {}, {json.begin(), json.end()});
  }
  u32 add(u32 type, Position first, Position last, const std::vector<u8>& payload = {}) {
    return *writer_.chunk(type, first, last, payload);
  }
  u32 events(u64 from, u64 to) { return add(kInput, {from, from}, {to, to}); }
  u32 state(u64 at) { return add(kKeyframe, {at, at}, {at, at}); }
  // Begins branch `number`.
  u32 branch(u32 number, std::optional<u32> parent, u32 state, const std::string& machine = "") {
    writer_.set_branch(number);
    Branch branch;
    branch.parent = parent;
    branch.state = state;
    if (!machine.empty()) branch.header = RecordingHeader{machine, "b", "d"}.to_json();
    return add(kBranch, {}, {}, branch.encode());
  }
  u32 name(const std::string& name, u32 keyframe) {
    Snapshot snapshot;
    snapshot.name = name;
    snapshot.keyframe = keyframe;
    return add(kSnapshot, {}, {}, snapshot.encode());
  }
  void end(u64 at) { add(kEnd, {at, at}, {at, at}, RecordingEnd{}.encode()); }
  Result<Recording> open(std::optional<u32> branch = {}) {
    return Recording::open(file_, Recording::Kind::File, branch);
  }
  // Numbers of the chunks that count in a branch, but for those of `facts`.
  std::vector<u32> counting(u32 branch) {
    std::vector<u32> all;
    const auto recording = open(branch);
    EXPECT_TRUE(recording.ok()) << recording.error().message;
    for (const Chunk& chunk : recording->chunks())
      if (chunk.header.type != 0 && chunk.header.type != kBranch && chunk.header.type != kSnapshot)
        all.push_back(chunk.header.number);
    return all;
  }
  std::string error() {
    const auto recording = open();
    return recording ? "" : recording.error().message;
  }

 private:
  MemoryFile file_;
  ChunkWriter writer_{file_};
};

TEST(Branches, EachIsItsAncestorsAndItself) {
  Made file;
  const u32 a = file.events(0, 10), state = file.state(10);
  file.name("s", state);
  const u32 b = file.events(10, 20);
  file.branch(1, 0, state);
  const u32 c = file.events(10, 15), state1 = file.state(15);
  const u32 d = file.events(15, 30);
  file.branch(2, 1, state1);
  const u32 e = file.events(15, 40);
  file.branch(3, {}, 0, "other");
  const u32 kept = file.add(kDisk, {}, {});
  const u32 f = file.events(0, 7);

  using Numbers = std::vector<u32>;
  EXPECT_EQ(file.counting(0), (Numbers{0, a, state, b, kept}));
  EXPECT_EQ(file.counting(1), (Numbers{0, a, state, c, state1, d, kept}));
  EXPECT_EQ(file.counting(2), (Numbers{0, a, state, c, state1, e, kept}));
  EXPECT_EQ(file.counting(3), (Numbers{0, kept, f})) << "the last; what came before is not its own";
  for (const auto& [branch, last] : std::map<u32, u64>{{0, 20}, {1, 30}, {2, 40}, {3, 7}})
    EXPECT_EQ(file.open(branch)->last().icount, last);
  EXPECT_EQ(file.open()->branch(), 3u);
  EXPECT_EQ(file.open(3)->header().machine, "other");
  EXPECT_EQ(file.open(2)->header().machine, "root");
  EXPECT_FALSE(file.open(4).ok());
  EXPECT_EQ(file.open()->branches()[2].from.icount, 15u);
  ASSERT_NE(file.open()->snapshot("s"), nullptr);
  EXPECT_EQ(file.open()->snapshot("s")->at.icount, 10u);
}

TEST(Branches, ANameCanMoveAndGo) {
  Made file;
  const u32 first = file.state(0);
  file.name("a", first);
  file.name("b", first);
  file.events(0, 5);
  const u32 second = file.state(5);
  file.name("a", second);
  file.name("b", 0);
  const auto recording = file.open();
  ASSERT_TRUE(recording.ok()) << recording.error().message;
  ASSERT_EQ(recording->snapshots().size(), 1u);
  EXPECT_EQ(recording->snapshot("a")->keyframe, second);
  EXPECT_EQ(recording->snapshot("b"), nullptr);
}

TEST(Branches, AnotherRunMayFollowTheEnd) {
  Made file;
  file.events(0, 5);
  file.end(5);
  file.add(kDisk, {}, {});
  file.branch(1, {}, 0, "m");
  file.events(0, 3);
  EXPECT_EQ(file.error(), "");
  EXPECT_TRUE(file.open(0)->end().has_value());
  EXPECT_FALSE(file.open(1)->end().has_value());

  Made wrong;
  wrong.events(0, 5);
  wrong.end(5);
  wrong.events(5, 6);
  EXPECT_NE(wrong.error().find("after the end"), std::string::npos) << wrong.error();
}

TEST(Branches, WhatCannotBeIsRefused) {
  const auto refused = [](const char* why, auto&& make) {
    Made file;
    file.events(0, 10);
    const u32 state = file.state(10);
    make(file, state);
    const std::string error = file.error();
    EXPECT_NE(error.find("damaged"), std::string::npos) << why << ": " << error;
  };
  refused("a number left out", [](Made& f, u32 s) { f.branch(2, 0, s); });
  refused("the first again", [](Made& f, u32 s) { f.branch(0, 0, s); });
  refused("a parent that is not there", [](Made& f, u32 s) { f.branch(1, 5, s); });
  refused("its own parent", [](Made& f, u32 s) { f.branch(1, 1, s); });
  refused("no state", [](Made& f, u32) { f.branch(1, 0, 1); });
  refused("a state behind it", [](Made& f, u32) { f.branch(1, 0, 99); });
  refused("a state of another branch", [](Made& f, u32 s) {
    f.branch(1, 0, s);
    f.events(10, 20);
    f.branch(2, 0, f.state(20) + 0);
    f.branch(3, 0, 5);
  });
  refused("it does not go on there", [](Made& f, u32 s) {
    f.branch(1, 0, s);
    f.events(11, 20);
  });
  refused("a snapshot without a state", [](Made& f, u32) { f.name("x", 1); });
}

}  // namespace
}  // namespace reprise::trace
