// Any bytes as a recording: opened, every stream read, played on the fake machine for a while, from
// the beginning and from each keyframe.
#include <span>

#include "replay/trace/disk_chunks.h"
#include "replay/trace/driver.h"
#include "replay/trace/keyframe.h"
#include "tests/replay/fake_machine.h"

namespace {

// Checks would refuse nearly all changed files at their CRCs, so these are put right first: what is
// fuzzed is what lies behind them.
void mend(std::vector<reprise::u8>& bytes) {
  using namespace reprise;
  using namespace reprise::trace;
  const auto put = [&](u64 at, u32 value) {
    for (unsigned i = 0; i < 4; ++i) bytes[at + i] = u8(value >> (8 * i));
  };
  if (bytes.size() < kFileHeadSize) return;
  std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
  put(8, kFormatVersion);
  put(12, crc32c(std::span<const u8>(bytes).first(12)));
  u32 number = 0;
  for (u64 at = kFileHeadSize; bytes.size() - at >= kChunkHeaderSize;) {
    const std::span<const u8> header = std::span<const u8>(bytes).subspan(at, kChunkHeaderSize);
    const u64 stored = ByteReader(header.subspan(16)).u32_();
    if (stored > bytes.size() - at - kChunkHeaderSize) return;
    put(at + 4, number++);
    put(at + 56, crc32c(std::span<const u8>(bytes).subspan(at + kChunkHeaderSize, stored)));
    put(at + 60, crc32c(header.first(60)));
    at += kChunkHeaderSize + stored;
  }
}

void play_on(const reprise::trace::Recording& recording, reprise::trace::Keyframes* keyframes,
             std::size_t frame) {
  using namespace reprise;
  using namespace reprise::trace;
  FakeMachine machine;
  Replayer replayer(machine, recording);
  if (keyframes) {
    keyframes->forget_machine();
    const Result<Place> place = keyframes->load(frame, machine);
    if (!place) return;
    replayer.go(*place);
  }
  RunOptions options;
  unsigned slices = 0;
  options.slice = 10'000;
  options.control = [&] { return ++slices < 20 ? Verdict::Run : Verdict::End; };
  run_replay(machine, options, replayer);
}

void look_at(reprise::trace::DiskIndex& disks, reprise::u32 keyframe) {
  disks.go("d", keyframe);
  for (reprise::u64 cluster = 0; cluster < 4; ++cluster) {
    (void)disks.kept("d", cluster).ok();
    (void)disks.pinned("d", cluster).has_value();
  }
  (void)disks.written("d", 0, keyframe, [](auto...) { return reprise::Result<void>(); }).ok();
}

// One of the runs in a file. False: there is none of this number.
bool play(const std::vector<reprise::u8>& bytes, reprise::u32 branch) {
  using namespace reprise;
  using namespace reprise::trace;
  const MemoryFile file(bytes);
  const Result<Recording> recording = Recording::open(file, Recording::Kind::File, branch);
  if (!recording) return false;
  for (const Chunk& chunk : recording->chunks()) {
    const Result<std::vector<u8>> payload = recording->payload(chunk);
    if (!payload || chunk.header.type != kBlob) continue;
    ByteReader in(*payload);
    const Hash128 hash{in.u64_(), in.u64_()};
    (void)recording->blob(hash, 1 << 20).ok();
  }
  play_on(*recording, nullptr, 0);
  Result<DiskIndex> disks = DiskIndex::open(*recording);
  if (disks) look_at(*disks, 0);
  Result<Keyframes> keyframes = Keyframes::open(*recording, disks ? &*disks : nullptr);
  for (std::size_t frame = 0; keyframes && frame < std::min<std::size_t>(keyframes->count(), 4);
       ++frame) {
    if (disks) look_at(*disks, keyframes->chunk(frame));
    play_on(*recording, &*keyframes, frame);
  }
  return true;
}

void play(const std::vector<reprise::u8>& bytes) {
  for (reprise::u32 branch = 0; branch < 3 && play(bytes, branch); ++branch) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<reprise::u8> bytes(data, data + size);
  play(bytes);
  mend(bytes);
  play(bytes);
  return 0;
}
