// The fuzz entry over changed recordings, as a test: no crash, no hang, no unbounded memory.
#include "tests/fuzz/recording_fuzz.cc"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/replay/sessions.h"

namespace reprise::trace {
namespace {

TEST(RecordingFuzz, ChangedRecordings) {
  std::mt19937 random(7);
  const Session session = record(20'000, 5);
  for (unsigned round = 0; round < 2000; ++round) {
    std::vector<u8> bytes = session.file.content;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      bytes[random() % bytes.size()] = u8(random() % 3 == 0 ? 0xFF : random());
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}

// What fuzzing started from and what it has found (run from the top folder).
TEST(RecordingFuzz, Corpus) {
  unsigned files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/recording")) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const u8*>(bytes.data()), bytes.size());
    ++files;
  }
  EXPECT_GT(files, 0u);
}

// Without lz4, so that changes reach the events themselves.
TEST(RecordingFuzz, ChangedEvents) {
  std::mt19937 random(8);
  for (unsigned round = 0; round < 3000; ++round) {
    MemoryFile file;
    ChunkWriter writer(file);
    check(writer.begin().ok(), "begin");
    const std::string head = RecordingHeader{"{}", "", "", 5000}.to_json();
    std::vector<u8> payload(head.begin(), head.end());
    check(writer.chunk(kHead, {}, {}, payload).ok(), "head");
    Position first;
    for (const u32 type : {kDisk, kPins}) {
      ByteWriter disk;
      disk.string("d");
      disk.varint(random() % 4);
      disk.u64_(random());
      payload = disk.data();
      for (u8& byte : payload) {
        if (random() % 8 == 0) byte = u8(random());
      }
      check(writer.chunk(type, {}, {}, payload).ok(), "chunk");
    }
    for (const u32 type : {kText, kHash, kInput, kInput, kEnd}) {
      payload.clear();
      EventWriter events;
      events.bytes({random() % 100, random() % 200}, "/cpu0:in", payload);
      events.answer({100, 200}, "/cpu0:entropy", random());
      payload = events.data();
      for (u8& byte : payload) {
        if (random() % 16 == 0) byte = u8(random());
      }
      const Position last = type == kInput ? Position{first.icount + 5000, first.cycles + 9000}
                                           : Position{first.icount + 100, first.cycles + 200};
      check(writer.chunk(type, first, type == kEnd ? first : last, payload).ok(), "chunk");
      if (type == kInput) first = last;
    }
    LLVMFuzzerTestOneInput(file.content.data(), file.content.size());
  }
}

}  // namespace
}  // namespace reprise::trace
