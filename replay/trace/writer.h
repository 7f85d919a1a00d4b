// Writes chunks to a recording file.
#pragma once

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

  Result<void> begin();  // the file head
  Result<void> chunk(u32 type, Position first, Position last, std::span<const u8> payload);
  // Content-addressed: a content that is there already is not written again.
  Result<Hash128> blob(std::span<const u8> content);
  Result<void> index(Position at);
  Result<void> sync() { return file_.sync(); }
  bool overdue() const { return file_.overdue(); }

 private:
  RecordingFile& file_;
  u32 next_ = 0;
  ByteWriter index_;
  std::set<Hash128> blobs_;
};

}  // namespace reprise::trace
