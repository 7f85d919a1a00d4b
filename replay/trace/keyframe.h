// KEYF chunks: states of the machine from which a replay can begin.
//
//   OBJS  a piece of what save_objects() gives
//   PAGE  contents of up to 64 pages, one after the other
//   KEYF  varint number of the first chunk whose events come after it
//         varint next hash point; varint n, then n times: string port, u64 digest
//         varint n, then n strings: media of which DSKK chunks say what they held (disk_chunks.h)
//         varint n, then n varints: numbers of OBJS chunks, in order
//         varint n, then n varints: numbers of PAGE chunks, in order
//         varint n blocks: string name, varint n pages: varint page - the page before it (+1),
//         varint 0: zeros, or 1 + index among the contents in this keyframe's PAGE chunks
//
// USED (usage_chunk.h) says what the run used between two of them.
//
// The pages are those written since the keyframe before; of the first, all that are not zeros.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "replay/core/machine.h"
#include "replay/core/stops.h"
#include "replay/trace/disk_chunks.h"
#include "replay/trace/place.h"
#include "replay/trace/reader.h"
#include "replay/trace/writer.h"

namespace reprise::trace {

inline constexpr u64 kPagesPerChunk = 64;

class KeyframeWriter {
 public:
  KeyframeWriter(Machine& machine, ChunkWriter& writer) : machine_(machine), writer_(writer) {}
  // The machine's state now, where the log goes on with chunk `next`. The number of its KEYF.
  Result<u32> write(u32 next, const HashPlace& points, const std::vector<std::string>& media);
  // The machine's memory is that of a keyframe which the next one goes on from.
  void rebase();

 private:
  Result<void> pages(ByteWriter& blocks, std::vector<u32>& chunks);
  Machine& machine_;
  ChunkWriter& writer_;
  u32 epoch_ = 0;  // pages written in it and before are in keyframes already
};

// The keyframes of a recording. A hostile one is refused, by open() or by load().
class Keyframes {
 public:
  static constexpr u64 kMaxObjects = u64(1) << 30;
  static constexpr std::size_t kMaxPages = std::size_t(1) << 26;  // of all keyframes

  // `recording` must outlive it. Keyframes behind the recording's last position are left out.
  // Keyframes without all of their disks are left out.
  static Result<Keyframes> open(const Recording& recording, const DiskIndex* disks = nullptr);

  std::size_t count() const { return frames_.size(); }
  Position at(std::size_t frame) const { return frames_[frame].at; }
  u32 chunk(std::size_t frame) const { return frames_[frame].chunk; }  // of its KEYF
  const std::vector<std::string>& media(std::size_t frame) const { return frames_[frame].media; }
  std::optional<std::size_t> find(u32 chunk) const;
  // The machine has just been built as the recording says, nothing has run: it is what the first
  // keyframe of a recording from power-on holds.
  void starts_at_first(Machine& machine);
  // The next load takes nothing that the machine holds for granted.
  void forget_machine() { based_ = false; }
  Result<Place> load(std::size_t frame, Machine& machine);
  // Adds what was used between this keyframe and the next one, or the end. False: the recording
  // does not say.
  bool add_used(std::size_t frame, Usage& all) const;
  // Could one of the conditions be met between this keyframe and the next one, or the end? Where
  // the recording does not say what was used there, it could.
  bool may_meet(std::size_t frame, std::span<const StopCondition> conditions) const;

 private:
  struct Frame {
    Position at;
    u32 chunk = 0;  // of KEYF
    u64 next = 0;
    HashPlace points;
    std::vector<std::string> media;
    std::vector<u32> objects, pages;
    u32 used = 0;  // number of the USED chunk that begins here; 0: none
  };
  // What a page holds from a keyframe on.
  struct Version {
    u32 block = 0, page = 0;
    u32 frame = 0;
    u32 content = 0;  // 0: zeros, else 1 + index
    friend auto operator<=>(const Version&, const Version&) = default;
  };
  explicit Keyframes(const Recording& recording) : recording_(&recording) {}
  Result<void> add(const Chunk& chunk);
  void drop_last();
  Result<void> check_chunks(const Frame& frame) const;
  Result<std::vector<MemoryBlock*>> blocks_of(Machine& machine) const;
  Result<void> load_pages(std::size_t frame, Machine& machine);
  Result<const u8*> content(u32 frame, u32 index);

  const Recording* recording_;
  std::vector<Frame> frames_;
  std::vector<std::string> blocks_;
  std::vector<Version> versions_;  // by block, page, frame
  // What the machine holds of ours: pages not written since `epoch_` are as in frame `base_`.
  bool based_ = false;
  std::size_t base_ = 0;
  u32 epoch_ = 0;
  u64 cached_ = kNever;  // chunk
  std::vector<u8> cache_;
};

}  // namespace reprise::trace
