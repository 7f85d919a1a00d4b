// What a recording keeps of disks: DISK and PINS chunks.
//
//   DISK  string medium, varint cluster, the rest: what the cluster held when the run began
//   PINS  string medium, then for each cluster: varint cluster, u64 hash64 of what it held
//   DSKK  string medium, varint chunk of a KEYF, varint clusters + 1: what the medium held there
//   has
//         been said, of so many clusters; or 0, varint cluster, the rest: what it held there of a
//         cluster that was written since the keyframe before
//
// DISK and PINS are facts about the run's beginning, so they have no position (first and last are
// 0), and hold whether an INPT chunk follows or not. DISK is written by the thread that is about to
// change the image, at once; PINS are collected, and written before the INPT that commits what was
// read.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "replay/core/disk_log.h"
#include "replay/trace/reader.h"
#include "replay/trace/writer.h"

namespace reprise::trace {

class DiskRecorder final : public DiskLog {
 public:
  DiskRecorder(ChunkWriter& writer, bool embeds) : writer_(writer), embeds_(embeds) {}

  void pin(const std::string& medium, u64 cluster, u64 hash) override;
  void keep(const std::string& medium, u64 cluster, std::span<const u8> content) override;
  bool embeds() const override { return embeds_; }
  void flush();  // writes the pins; an error is the writer's
  // What a medium held at a keyframe; any thread.
  void held(const std::string& medium, u32 keyframe, u64 cluster, std::span<const u8> content);
  void held_all(const std::string& medium, u32 keyframe, u64 clusters);

 private:
  ChunkWriter& writer_;
  const bool embeds_;
  std::mutex mutex_;
  std::map<std::string, ByteWriter> pins_;  // by medium; under mutex_
};

class DiskIndex final : public DiskSource {
 public:
  static constexpr std::size_t kMaxPins = 1 << 24;  // 1 TiB of disk

  // `recording` must outlive it.
  static Result<DiskIndex> open(const Recording& recording);

  Result<std::optional<std::vector<u8>>> kept(const std::string& medium,
                                              u64 cluster) const override;
  std::optional<u64> pinned(const std::string& medium, u64 cluster) const override;
  bool empty() const { return media_.empty(); }
  // All of which kept() may have a content.
  std::vector<u64> clusters(const std::string& medium) const;
  // Is all there that the media held at a keyframe?
  bool complete(u32 keyframe, const std::vector<std::string>& media) const;
  std::vector<std::string> media() const;
  // What was said of clusters behind one keyframe (of its KEYF's chunk; 0: from the beginning) and
  // up to another, as it is there; in order of clusters.
  using Visit = std::function<Result<void>(u64 cluster, std::span<const u8> content)>;
  Result<void> written(const std::string& medium, u32 behind, u32 up_to, const Visit& visit) const;
  // The same images, but as they were at a keyframe (of its KEYF's chunk); 0: when the run began.
  void go(const std::string& medium, u32 keyframe) {
    const auto found = media_.find(medium);
    if (found != media_.end()) found->second.at = keyframe;
  }

 private:
  struct Pin {
    u64 cluster, hash;
  };
  struct Then {
    u32 keyframe;
    std::size_t chunk;
  };
  struct Medium {
    std::map<u64, std::size_t> kept;        // by cluster, the chunk
    std::vector<Pin> pins;                  // in order of clusters
    std::map<u64, std::vector<Then>> then;  // by cluster, in order
    std::map<u32, u64> said, complete;      // by keyframe: clusters
    u32 at = 0;
  };
  explicit DiskIndex(const Recording& recording) : recording_(&recording) {}
  Result<void> add_disk(std::size_t chunk);
  Result<void> add_then(std::size_t chunk);
  static const Then* last_said(const std::vector<Then>& said, u32 up_to);
  Result<std::vector<u8>> content(std::size_t chunk, unsigned numbers) const;
  Result<void> add_pins(std::size_t chunk, std::size_t& pins);

  const Recording* recording_;
  std::map<std::string, Medium> media_;
};

}  // namespace reprise::trace
