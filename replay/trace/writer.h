// Writes chunks to a recording file, from any thread.
//
// After an error nothing more is written: what would come behind half a chunk could not be read.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "replay/core/hash.h"
#include "replay/trace/file.h"
#include "replay/trace/format.h"

namespace reprise::trace {

class ChunkWriter {
 public:
  explicit ChunkWriter(RecordingFile& file) : file_(file) {}

  // Chunks are to be small rather than written fast.
  void squeeze() { squeezes_ = true; }
  Result<void> begin();  // the file head
  // Instead: goes on behind chunks that a file has, and blobs among them.
  void resume(u32 next, std::set<Hash128> blobs) {
    next_ = next;
    blobs_ = std::move(blobs);
  }
  // Of the chunks that follow.
  void set_branch(u32 branch);
  // The chunk's number.
  Result<u32> chunk(u32 type, Position first, Position last, std::span<const u8> payload);
  u32 next_number() const;
  u64 bytes() const;  // of the file
  // Content-addressed: a content that is there already is not written again.
  Result<Hash128> blob(std::span<const u8> content);
  Result<void> index(Position at);
  Result<void> sync();
  bool overdue() const;
  void flushed();
  std::optional<Error> error() const;  // what ended it

 private:
  RecordingFile& file_;
  bool squeezes_ = false;
  mutable std::mutex mutex_;  // guards file_ and what follows, but blobs_
  u32 next_ = 0, branch_ = 0;
  ByteWriter index_;
  std::optional<Error> error_;
  std::set<Hash128> blobs_;
};

}  // namespace reprise::trace
