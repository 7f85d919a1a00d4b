#include <gtest/gtest.h>

#include "tests/replay/sessions.h"

namespace reprise::trace {
namespace {

TEST(Container, Crc32cIsCastagnoli) {
  const std::string_view digits = "123456789";  // RFC 3720's check value
  EXPECT_EQ(crc32c({reinterpret_cast<const u8*>(digits.data()), digits.size()}), 0xE3069283u);
  std::vector<u8> bytes(100);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    bytes[size] = u8(size * 73 + 11);
    EXPECT_EQ(crc32c(std::span(bytes).first(size)), crc32c_portable(std::span(bytes).first(size)));
  }
}

TEST(Container, VarintsRoundTripAndRefuseRubbish) {
  for (const u64 value : {u64(0), u64(127), u64(128), u64(1) << 63, ~u64(0)}) {
    ByteWriter out;
    out.varint(value);
    ByteReader in(out.data());
    EXPECT_EQ(in.varint(), value);
    EXPECT_TRUE(in.ok() && in.at_end());
  }
  const std::vector<u8> endless(11, 0x80),
      large{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F};
  for (const auto& bytes : {endless, large, std::vector<u8>{0x80}}) {
    ByteReader in(bytes);
    in.varint();
    EXPECT_FALSE(in.ok());
  }
}

TEST(Container, HoldsHeaderAndBlobs) {
  MemoryFile file;
  FakeMachine machine;
  std::vector<u8> large(3 * kBlobPiece + 17);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = u8(i * i >> 8);
  const std::vector<u8> empty;
  {
    Recorder recorder(machine, file, {"{\"m\":[1,2]}", "build 7", "2026-01-01", 12345});
    ASSERT_TRUE(recorder.begin({large, large, empty}).ok());
    ASSERT_TRUE(recorder.finish(0).ok());
  }
  EXPECT_LT(file.content.size(), 2 * large.size());  // the second copy is not stored
  const Result<Recording> recording = Recording::open(file);
  ASSERT_TRUE(recording.ok()) << recording.error().message;
  EXPECT_EQ(recording->header().machine, "{\"m\":[1,2]}");
  EXPECT_EQ(recording->header().build, "build 7");
  EXPECT_EQ(recording->header().hash_interval, 12345u);
  EXPECT_EQ(*recording->blob(hash128(large), large.size()), large);
  EXPECT_EQ(*recording->blob(hash128(empty), 0), empty);
  EXPECT_FALSE(recording->blob(hash128(large), large.size() - 1).ok());
  EXPECT_FALSE(recording->blob({1, 2}, 100).ok());
}

TEST(Container, ReplaysUpToACutAnywhere) {
  const Session session = record(60'000, 5);
  const std::vector<u8>& whole = session.file.content;
  Position before;
  unsigned played = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const MemoryFile cut({whole.begin(), whole.begin() + std::ptrdiff_t(length)});
    const Result<Recording> recording = Recording::open(cut);
    if (!recording) {
      EXPECT_LT(length, 300u) << recording.error().message;
      continue;
    }
    EXPECT_GE(recording->last(), before);
    // Where nothing was added, the replay would be the same one again.
    if (recording->last() == before && length % 64 != 0) continue;
    before = recording->last();
    ++played;
    const Played result = play(cut);
    EXPECT_EQ(result.error, "") << length;
    EXPECT_FALSE(result.divergence) << length << ": " << result.divergence->message;
    EXPECT_EQ(result.last, before) << length;
  }
  EXPECT_EQ(before, session.last);
  EXPECT_GT(played, 10u);
}

// Every keyframe that a cut file still has is whole, and what follows it plays.
TEST(Container, KeyframesOfACutFilePlay) {
  const Session session = record(120'000, 6, 0, 2000);
  const std::vector<u8>& whole = session.file.content;
  std::pair<Position, std::size_t> before;
  std::size_t most = 0;
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const MemoryFile cut({whole.begin(), whole.begin() + std::ptrdiff_t(length)});
    const Result<Recording> recording = Recording::open(cut);
    if (!recording) continue;
    Result<Keyframes> keyframes = Keyframes::open(*recording);
    ASSERT_TRUE(keyframes.ok()) << length << ": " << keyframes.error().message;
    const std::pair now{recording->last(), keyframes->count()};
    if (now == before) continue;
    before = now;
    most = std::max(most, keyframes->count());
    for (std::size_t frame = 0; frame < keyframes->count(); ++frame) {
      FakeMachine machine(frame + 2);  // whatever it was before
      Replayer replayer(machine, *recording);
      keyframes->forget_machine();
      const Result<Place> place = keyframes->load(frame, machine);
      ASSERT_TRUE(place.ok()) << length << ": " << place.error().message;
      replayer.go(*place);
      RunOptions options;
      run_replay(machine, options, replayer);
      EXPECT_EQ(replayer.error(), "") << length;
      EXPECT_FALSE(replayer.divergence()) << length << ": " << replayer.divergence()->message;
      EXPECT_EQ(machine.position(), recording->last());
    }
  }
  EXPECT_GE(most, 3u);
}

TEST(Container, RefusesAChangedByteAnywhere) {
  const Session session = record(60'000, 5);
  for (std::size_t at = 0; at < session.file.content.size(); ++at) {
    for (const u8 change : {0x01, 0x80, 0xFF}) {
      MemoryFile file(session.file.content);
      file.content[at] ^= change;
      ASSERT_FALSE(Recording::open(file).ok()) << "byte " << at;
    }
  }
  MemoryFile longer(session.file.content);
  longer.content.push_back(0);
  EXPECT_FALSE(Recording::open(longer).ok());
}

TEST(Container, NamesTheDamagedChunk) {
  Session session = record(60'000, 5);
  const Result<Recording> recording = Recording::open(session.file);
  const Chunk& chunk = recording->chunks()[5];
  session.file.content[chunk.offset + kChunkHeaderSize] ^= 1;
  const std::string message = Recording::open(session.file).error().message;
  EXPECT_NE(message.find("chunk 5"), std::string::npos) << message;
  EXPECT_NE(message.find("offset " + std::to_string(chunk.offset)), std::string::npos) << message;
}

TEST(Container, RefusesAChunkLeftOut) {
  const Session session = record(60'000, 5);
  const Result<Recording> recording = Recording::open(session.file);
  for (std::size_t i = 0; i + 1 < recording->chunks().size(); ++i) {
    MemoryFile file(session.file.content);
    file.content.erase(file.content.begin() + std::ptrdiff_t(recording->chunks()[i].offset),
                       file.content.begin() + std::ptrdiff_t(recording->chunks()[i + 1].offset));
    EXPECT_FALSE(Recording::open(file).ok()) << i;
  }
}

TEST(Container, OtherVersionIsRefusedByNumber) {
  Session session = record(10'000, 5);
  ByteWriter head;
  head.bytes({reinterpret_cast<const u8*>(kMagic.data()), kMagic.size()});
  head.u32_(9);
  head.u32_(crc32c(head.data()));
  std::copy(head.data().begin(), head.data().end(), session.file.content.begin());
  const std::string message = Recording::open(session.file).error().message;
  EXPECT_NE(message.find("version 9"), std::string::npos) << message;
  EXPECT_NE(message.find("version 1"), std::string::npos) << message;
}

TEST(Container, UnknownChunksAreSkipped) {
  MemoryFile file;
  ChunkWriter writer(file);
  ASSERT_TRUE(writer.begin().ok());
  const std::string head = RecordingHeader{"{}", "", "", 100}.to_json();
  const std::vector<u8> head_bytes(head.begin(), head.end()), some(100, 7);
  ASSERT_TRUE(writer.chunk(kHead, {}, {}, head_bytes).ok());
  ASSERT_TRUE(writer.chunk(four("WHAT"), {}, {}, some).ok());
  ASSERT_TRUE(writer.chunk(kKeyframe, {}, {}, some).ok());
  EXPECT_TRUE(Recording::open(file).ok());
}

// After a second, what is collected is written; and then not again at once.
TEST(Container, WhatIsOverdueIsCommitted) {
  MemoryFile file;
  FakeMachine machine;
  Recorder recorder(machine, file, {"{}", "", "", kTestInterval}, {.keyframe_spacing = 0});
  ASSERT_TRUE(recorder.begin({}).ok());
  file.late = true;
  machine.run({1000, kNever});
  recorder.tick();
  EXPECT_FALSE(file.late);
  const Result<Recording> recording = Recording::open(file);
  ASSERT_TRUE(recording.ok()) << recording.error().message;
  EXPECT_EQ(recording->last(), machine.position());
  const u64 size = file.size();
  machine.run({2000, kNever});
  recorder.tick();
  EXPECT_EQ(file.size(), size);
}

// What a disk that fills up leaves is a recording that was cut.
class SmallDisk final : public RecordingFile {
 public:
  Result<void> append(std::span<const u8> bytes) override {
    const std::size_t room = std::min(bytes.size(), 3000 - file.content.size());
    TRY(file.append(bytes.first(room)));
    if (room < bytes.size()) return fail("no space left on device");
    return {};
  }
  Result<void> read_at(u64 offset, std::span<u8> bytes) const override {
    return file.read_at(offset, bytes);
  }
  u64 size() const override { return file.size(); }
  Result<void> sync() override { return {}; }
  bool overdue() const override { return true; }
  MemoryFile file;
};

TEST(Container, FullDiskEndsTheRecordingNotTheRun) {
  SmallDisk disk;
  FakeMachine machine;
  {
    Recorder recorder(machine, disk, {"{}", "", "", kTestInterval});
    ASSERT_TRUE(recorder.begin({}).ok());
    RunOptions options;
    options.slice = 500;
    options.control = [&] {
      return machine.position().cycles > 100'000 ? Verdict::End : Verdict::Run;
    };
    run_live(machine, options, &recorder);
    ASSERT_TRUE(recorder.error());
    EXPECT_NE(recorder.error()->message.find("no space left"), std::string::npos);
    EXPECT_FALSE(recorder.finish(0).ok());
  }
  const Played played = play(disk);
  EXPECT_EQ(played.error, "");
  EXPECT_FALSE(played.divergence);
  EXPECT_GT(played.last.icount, 0u);
}

}  // namespace
}  // namespace reprise::trace
