#include "replay/trace/writer.h"

#include <lz4.h>
#include <lz4hc.h>

#include <algorithm>
#include <memory>

namespace reprise::trace {
namespace {

// While the machine runs, half the time for a seventh more bytes; `reprise-log compact` wins them
// back.
constexpr int kHaste = 16;

}  // namespace

Result<void> ChunkWriter::begin() {
  if (file_.size() != 0) return fail("the recording file is not empty: choose another name");
  ByteWriter head;
  head.bytes({reinterpret_cast<const u8*>(kMagic.data()), kMagic.size()});
  head.u32_(kFormatVersion);
  head.u32_(crc32c(head.data()));
  return file_.append(head.data());
}

Result<u32> ChunkWriter::chunk(u32 type, Position first, Position last,
                               std::span<const u8> payload) {
  check(payload.size() <= kMaxChunk, "chunk too large");
  ChunkHeader header;
  header.type = type;
  header.raw = u32(payload.size());
  header.first = first;
  header.last = last;

  // The header, then what is stored: written in one piece.
  const auto whole = std::make_unique_for_overwrite<u8[]>(kChunkHeaderSize + payload.size());
  u8* const body = whole.get() + kChunkHeaderSize;
  const auto* from = reinterpret_cast<const char*>(payload.data());
  auto* to = reinterpret_cast<char*>(body);
  const int size = int(payload.size());
  const int length = size < 2    ? 0
                     : squeezes_ ? LZ4_compress_HC(from, to, size, size - 1, LZ4HC_CLEVEL_DEFAULT)
                                 : LZ4_compress_fast(from, to, size, size - 1, kHaste);
  if (length > 0)
    header.flags |= kFlagLz4;
  else
    std::copy(payload.begin(), payload.end(), body);
  header.stored = u32(length > 0 ? length : size);
  header.payload_crc = crc32c({body, header.stored});

  const std::scoped_lock lock(mutex_);
  if (error_) return *error_;
  header.number = next_++;
  header.branch = branch_;
  index_.u32_(type);
  index_.u64_(file_.size());
  std::ranges::copy(encode(header), whole.get());
  const Result<void> done = file_.append({whole.get(), kChunkHeaderSize + header.stored});
  if (!done) return *(error_ = done.error());
  return header.number;
}

void ChunkWriter::set_branch(u32 branch) {
  const std::scoped_lock lock(mutex_);
  branch_ = branch;
}

u32 ChunkWriter::next_number() const {
  const std::scoped_lock lock(mutex_);
  return next_;
}

u64 ChunkWriter::bytes() const {
  const std::scoped_lock lock(mutex_);
  return file_.size();
}

Result<void> ChunkWriter::sync() {
  const std::scoped_lock lock(mutex_);
  return file_.sync();
}

void ChunkWriter::flushed() {
  const std::scoped_lock lock(mutex_);
  file_.flushed();
}

bool ChunkWriter::overdue() const {
  const std::scoped_lock lock(mutex_);
  return file_.overdue();
}

std::optional<Error> ChunkWriter::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

Result<Hash128> ChunkWriter::blob(std::span<const u8> content) {
  const Hash128 hash = hash128(content);
  if (!blobs_.insert(hash).second) return hash;
  u64 offset = 0;
  do {
    const u64 length = std::min<u64>(kBlobPiece, content.size() - offset);
    ByteWriter piece;
    piece.u64_(hash.high);
    piece.u64_(hash.low);
    piece.u64_(content.size());
    piece.u64_(offset);
    piece.bytes(content.subspan(offset, length));
    TRY(chunk(kBlob, {}, {}, piece.data()));
    offset += length;
  } while (offset < content.size());
  return hash;
}

Result<void> ChunkWriter::index(Position at) {
  std::vector<u8> entries;
  {
    const std::scoped_lock lock(mutex_);
    // An index too large for a chunk is left out: readers scan the file anyway.
    if (index_.size() > kMaxChunk) return {};
    entries = index_.data();
  }
  TRY(chunk(kIndex, at, at, entries));
  return {};
}

}  // namespace reprise::trace
