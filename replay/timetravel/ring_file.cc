#include "replay/timetravel/ring_file.h"

#include <algorithm>

#include "replay/trace/format.h"

namespace reprise {

Result<void> RingFile::append(std::span<const u8> bytes) {
  const u64 end = pieces_.empty() ? 0 : pieces_.back().offset + pieces_.back().bytes.size();
  pieces_.push_back({end, {bytes.begin(), bytes.end()}});
  return {};
}

u64 RingFile::size() const {
  return pieces_.empty() ? 0 : place(pieces_.size() - 1) + pieces_.back().bytes.size();
}

Result<void> RingFile::read_at(u64 offset, std::span<u8> bytes) const {
  if (offset > size() || bytes.size() > size() - offset)
    return fail("read outside the flight recorder's log");
  std::size_t low = 0, high = pieces_.size();
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (place(middle) <= offset ? low : high) = middle;
  }
  for (; !bytes.empty(); ++low) {
    const u64 skip = offset - place(low);
    const u64 length = std::min<u64>(bytes.size(), pieces_[low].bytes.size() - skip);
    std::copy_n(pieces_[low].bytes.begin() + std::ptrdiff_t(skip), length, bytes.begin());
    offset += length;
    bytes = bytes.subspan(length);
  }
  return {};
}

void RingFile::drop_before(u64 number) {
  while (pieces_.size() > kHead + 1) {
    trace::ChunkHeader header;
    const Piece& piece = pieces_[kHead];
    check(trace::decode(std::span(piece.bytes).first(trace::kChunkHeaderSize), header),
          "a piece of the log is no chunk");
    if (header.number >= number) return;
    gap_ += piece.bytes.size();
    pieces_.erase(pieces_.begin() + kHead);
  }
}

}  // namespace reprise
