// What the fuzzer begins with, and what it has found.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/fuzz/qmp_fuzz.h"

namespace reprise::qmp {
namespace {

TEST(QmpFuzz, Corpus) {
  const Schema schema;
  unsigned files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/qmp")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    fuzz_qmp(schema, {reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    for (std::size_t i = 0; i < bytes.size(); ++i) {  // and each with a byte turned over
      std::string changed = bytes;
      changed[i] = char(changed[i] ^ (1 << i % 8));
      fuzz_qmp(schema, {reinterpret_cast<const u8*>(changed.data()), changed.size()});
    }
    ++files;
  }
  EXPECT_GE(files, 5u);
}

}  // namespace
}  // namespace reprise::qmp
