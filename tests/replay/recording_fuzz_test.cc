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

// A session as it is, but with nothing packed but pages; with what a disk held at each keyframe,
// with snapshots, and with a branch that goes on from the last of them.
struct Unpacked {
  std::vector<u8> bytes;
  std::vector<std::pair<std::size_t, std::size_t>> keyframes;  // what says of them: offset, length
};
Unpacked unpacked(const Session& session) {
  const Result<Recording> recording = Recording::open(session.file);
  Unpacked out;
  out.bytes.assign(session.file.content.begin(), session.file.content.begin() + kFileHeadSize);
  u32 number = 0;
  std::vector<u32> keyframes;
  Position at;  // of the last
  const auto add = [&](ChunkHeader header, std::span<const u8> payload) {
    header.number = number++;
    header.stored = u32(payload.size());
    if (header.type != kPages) {
      header.flags = 0;
      header.raw = header.stored;
    }
    header.payload_crc = crc32c(payload);
    const std::vector<u8> head = encode(header);
    out.bytes.insert(out.bytes.end(), head.begin(), head.end());
    const u32 type = header.type;
    if (type == kKeyframe || type == kObjects || type == kDiskThen || type == kSnapshot ||
        type == kBranch)
      out.keyframes.emplace_back(out.bytes.size(), payload.size());
    out.bytes.insert(out.bytes.end(), payload.begin(), payload.end());
  };
  const auto disks = [&] {
    for (const u32 keyframe : keyframes)
      for (const bool all : {false, true}) {
        ByteWriter then;
        then.string("d");
        then.varint(keyframe);
        then.varint(all ? 2 : 0);
        if (!all) then.varint(keyframe % 4);
        if (!all) then.u64_(keyframe);
        ChunkHeader header;
        header.type = kDiskThen;
        add(header, then.data());
      }
  };
  const auto snapshots = [&] {
    for (const u32 keyframe : keyframes) {
      ChunkHeader header;
      header.type = kSnapshot;
      add(header, Snapshot{"s" + std::to_string(keyframe % 2), keyframe, "today", 0, {}}.encode());
    }
  };
  const auto branch = [&] {
    Branch one;
    one.parent = 0;
    one.state = keyframes.back();
    ChunkHeader header;
    header.type = kBranch;
    header.branch = 1;
    header.first = header.last = at;
    add(header, one.encode());
    header.type = kInput;
    header.last = {at.icount + 100, at.cycles + 300};
    add(header, {});
  };
  for (const Chunk& chunk : recording->chunks()) {
    if (chunk.header.type == kKeyframe) {
      keyframes.push_back(number);
      at = chunk.header.last;
    }
    if (chunk.header.type == kEnd) {
      disks();
      snapshots();
    }
    if (chunk.header.type == kPages) {
      add(chunk.header, std::span(session.file.content)
                            .subspan(chunk.offset + kChunkHeaderSize, chunk.header.stored));
    } else if (chunk.header.type != kIndex) {
      add(chunk.header, *recording->payload(chunk));
    }
  }
  branch();
  return out;
}

// Likewise keyframes: what lists pages, chunks, media and digests, and the devices' state.
TEST(RecordingFuzz, ChangedKeyframes) {
  std::mt19937 random(9);
  const Unpacked whole = unpacked(record(60'000, 5, 0, 1000));
  const MemoryFile file(whole.bytes);
  const Result<Recording> branch = Recording::open(file);
  ASSERT_TRUE(branch.ok()) << branch.error().message;
  ASSERT_EQ(branch->branch(), 1u);
  ASSERT_EQ(branch->snapshots().size(), 2u);
  const Result<Recording> recording = Recording::open(file, Recording::Kind::File, 0);
  ASSERT_TRUE(recording.ok()) << recording.error().message;
  const Result<DiskIndex> disks = DiskIndex::open(*recording);
  const Result<Keyframes> keyframes = Keyframes::open(*recording, &*disks);
  ASSERT_TRUE(keyframes.ok()) << keyframes.error().message;
  ASSERT_GE(keyframes->count(), 3u);
  ASSERT_TRUE(disks->complete(keyframes->chunk(2), {"d"}));
  for (unsigned round = 0; round < 2000; ++round) {
    std::vector<u8> bytes = whole.bytes;
    for (unsigned changes = 1 + random() % 3; changes > 0; --changes) {
      const auto& [offset, length] = whole.keyframes[random() % whole.keyframes.size()];
      bytes[offset + random() % length] = u8(random() % 3 == 0 ? 0xFF : random());
    }
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}

}  // namespace
}  // namespace reprise::trace
