// The log of a live run that is not recorded to a file: in memory, and only as far back as the
// flight recorder reaches.
#pragma once

#include <deque>

#include "replay/trace/file.h"

namespace reprise {

// Each append is the file's head, then a whole chunk each, as ChunkWriter does.
class RingFile final : public RecordingFile {
 public:
  Result<void> append(std::span<const u8> bytes) override;
  // Offsets are those of a file that never had what was dropped.
  Result<void> read_at(u64 offset, std::span<u8> bytes) const override;
  u64 size() const override;
  Result<void> sync() override { return {}; }

  // Chunks with smaller numbers go, but for the header.
  void drop_before(u64 number);

 private:
  static constexpr std::size_t kHead = 2;  // pieces that stay
  struct Piece {
    u64 offset;  // as if nothing had been dropped
    std::vector<u8> bytes;
  };
  u64 place(std::size_t piece) const { return pieces_[piece].offset - (piece < kHead ? 0 : gap_); }
  std::deque<Piece> pieces_;
  u64 gap_ = 0;
};

}  // namespace reprise
