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

// Likewise keyframes: what lists pages, chunks, media and digests, and the devices' state.
TEST(RecordingFuzz, ChangedKeyframes) {
  std::mt19937 random(9);
  const Session session = record(60'000, 5, 0, 1000);
  const Result<Recording> recording = Recording::open(session.file);
  // As it is, but with nothing packed, and with what a disk held at each keyframe.
  std::vector<u8> whole(session.file.content.begin(), session.file.content.begin() + kFileHeadSize);
  std::vector<std::pair<std::size_t, std::size_t>> ranges;  // what is changed: offset, length
  const auto add = [&](ChunkHeader header, std::span<const u8> payload, bool changes) {
    header.flags = 0;
    header.stored = header.raw = u32(payload.size());
    const std::vector<u8> head = encode(header);
    whole.insert(whole.end(), head.begin(), head.end());
    if (changes && !payload.empty()) ranges.emplace_back(whole.size(), payload.size());
    whole.insert(whole.end(), payload.begin(), payload.end());
  };
  for (const Chunk& chunk : recording->chunks()) {
    const u32 type = chunk.header.type;
    const std::vector<u8> payload = *recording->payload(chunk);
    add(chunk.header, payload, type == kKeyframe || type == kObjects);
    if (type != kKeyframe) continue;
    ByteWriter held, all;
    for (ByteWriter* out : {&held, &all}) {
      out->string("d");
      out->varint(8);
    }
    held.varint(0);
    held.varint(random() % 4);
    held.u64_(random());
    all.varint(2);
    ChunkHeader header = chunk.header;
    header.type = kDiskThen;
    add(header, held.data(), true);
    add(header, all.data(), true);
  }
  ASSERT_GT(ranges.size(), 8u);
  for (unsigned round = 0; round < 2000; ++round) {
    std::vector<u8> bytes = whole;
    for (unsigned changes = 1 + random() % 3; changes > 0; --changes) {
      const auto& [offset, length] = ranges[random() % ranges.size()];
      bytes[offset + random() % length] = u8(random() % 3 == 0 ? 0xFF : random());
    }
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}

}  // namespace
}  // namespace reprise::trace
