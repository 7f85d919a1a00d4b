// A disk on a host whose system calls fail: what succeeded is true, what failed says so.
//
// Alone this is a test of random operations. tests/integration/faults.sh runs it with fail_io.c,
// which makes one system call fail, or all from one on.
#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <random>

#include "storage/filter/overlay.h"
#include "storage/format/raw.h"
#include "storage/host/file_node.h"
#include "storage/host/temp_file.h"
#include "tests/storage/memory_node.h"
#include "tests/storage/scratch_file.h"

namespace reprise {
namespace {

constexpr u64 kSize = 256 << 10;

// What each byte may be: one value, or, after writes that failed, some.
class Model {
 public:
  explicit Model(const std::vector<u8>& content) : allowed_(content.size()) {
    wrote(0, content, true);
  }
  void wrote(u64 offset, std::span<const u8> data, bool ok) {
    for (u64 i = 0; i < data.size(); ++i) {
      if (ok) allowed_[offset + i].reset();
      allowed_[offset + i].set(data[i]);
    }
  }
  bool allows(u64 offset, std::span<const u8> data) const {
    for (u64 i = 0; i < data.size(); ++i)
      if (!allowed_[offset + i].test(data[i])) return false;
    return true;
  }

 private:
  std::vector<std::bitset<256>> allowed_;
};

void sound(const Error& error) {
  EXPECT_FALSE(error.message.empty());
  EXPECT_GT(error.number, 0) << error.message;
}

void exercise(BlockNode& disk, Model& model, unsigned rounds) {
  std::mt19937 random(11);
  for (unsigned round = 0; round < rounds; ++round) {
    const u64 offset = random() % kSize;
    const u64 length = std::min<u64>(random() % 50'000 + 1, kSize - offset);
    std::vector<u8> data(length);
    Result<void> done;
    switch (random() % 5) {
      case 0:
        done = disk.read(offset, data);
        EXPECT_TRUE(!done || model.allows(offset, data)) << "a read lies, round " << round;
        break;
      case 1:
        data = pattern(length, round + 5);
        done = disk.write(offset, data);
        model.wrote(offset, data, done.ok());
        break;
      case 2:
        done = disk.discard(offset, length);
        model.wrote(offset, data, done.ok());
        break;
      case 3:
        done = disk.flush();
        break;
      default:
        const auto run = disk.map(offset, length);
        if (!run) done = run.error();
        EXPECT_TRUE(!run || !run->zero || model.allows(offset, std::span(data).first(run->length)))
            << "a map lies";
    }
    if (!done) sound(done.error());
    if (testing::Test::HasFailure()) return;
  }
}

TEST(UnderFaults, File) {
  const ScratchFile file(pattern(kSize));
  Model model(pattern(kSize));
  const auto node = FileNode::open(file.path);
  if (!node) return sound(node.error());
  const auto disk = open_raw(*node).value();
  exercise(*disk, model, 60);
  const std::vector<u8> left = file.content();
  EXPECT_EQ(left.size(), kSize);
  EXPECT_TRUE(model.allows(0, left)) << "the file is not what was written";
}

TEST(UnderFaults, Overlay) {
  const ScratchFile file(pattern(kSize));
  Model model(pattern(kSize));
  FileOptions options;
  options.access = FileOptions::Access::ReadOnly;
  const auto base = FileNode::open(file.path, options);
  if (!base) return sound(base.error());
  setenv("TMPDIR", file.directory().c_str(), 1);
  const auto top = make_temp_file(kSize);
  unsetenv("TMPDIR");
  if (!top) return sound(top.error());
  Overlay overlay(*base, *top);
  exercise(overlay, model, 60);
  EXPECT_EQ(file.content(), pattern(kSize));
}

}  // namespace
}  // namespace reprise
