// The recording's format: a file head, then chunks, all little-endian.
//
//   file head  "REPRISE\x1A", u32 format version, u32 CRC32C of the 12 bytes before it
//   chunk      64-byte header, then `stored` bytes of payload:
//     +0  u32 type          four letters
//     +4  u32 number        0, 1, 2...: a chunk that is missing or twice there is noticed
//     +8  u32 branch        0: the run that the file began with (branches.h)
//     +12 u32 flags         bit 0: the payload is lz4 (one block)
//     +16 u32 stored        bytes in the file
//     +20 u32 raw           bytes after decompression
//     +24 u64 first.icount  +32 u64 first.cycles   what the payload is about:
//     +40 u64 last.icount   +48 u64 last.cycles    (first, last]
//     +56 u32 CRC32C of the payload as stored
//     +60 u32 CRC32C of the 60 bytes before it
//
// HEAD comes first: JSON that says what machine this is and who recorded it. BLOB: hash (16 bytes),
// total size u64, offset u64, a piece of the content. Events are collected and written together:
// TEXT and HASH chunks, then one INPT, which commits the group: everything up to its `last` is in
// the file. DISK and PINS (disk_chunks.h) say what disks held before the run, and stand anywhere
// before END. KEYF (keyframe.h) is a state to begin from, with its PAGE and OBJS chunks before it,
// and before those USED (usage_chunk.h): what the run used since the KEYF before.
// So a file that ends anywhere ends, for replay, at the last INPT that is whole. INDX and END close
// a run that ended in good order; BRCH may follow, with another. SNAP gives a KEYF a name. A reader
// skips types that it does not know.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise::trace {

inline constexpr u32 kFormatVersion = 1;
inline constexpr std::string_view kMagic = "REPRISE\x1A";
inline constexpr u64 kFileHeadSize = 16;
inline constexpr u64 kChunkHeaderSize = 64;
inline constexpr u32 kMaxChunk = 4 << 20;            // bytes of payload, stored or raw
inline constexpr u64 kBlobPiece = 1 << 20;           // bytes of content in one BLOB chunk
inline constexpr u64 kFlushBytes = 64 << 10;         // events collected before they are written
inline constexpr std::size_t kTextPiece = 64 << 10;  // longer output counts as several events
inline constexpr Cycles kHashInterval = 1 << 24;     // the default
inline constexpr Cycles kMaxHashInterval = Cycles(1) << 40;
inline constexpr u64 kKeyframeSpacing = u64(1) << 27;  // icounts: half a second of work, about
inline constexpr u64 kEndOfTime = u64(1) << 62;       // positions stay below: 146 years at 1 GHz

constexpr u32 four(const char (&t)[5]) {
  return u32(u8(t[0])) | u32(u8(t[1])) << 8 | u32(u8(t[2])) << 16 | u32(u8(t[3])) << 24;
}
inline constexpr u32 kHead = four("HEAD");
inline constexpr u32 kBlob = four("BLOB");
inline constexpr u32 kInput = four("INPT");
inline constexpr u32 kText = four("TEXT");
inline constexpr u32 kHash = four("HASH");
inline constexpr u32 kDisk = four("DISK");
inline constexpr u32 kPins = four("PINS");
inline constexpr u32 kDiskThen = four("DSKK");  // disk_chunks.h
inline constexpr u32 kKeyframe = four("KEYF");
inline constexpr u32 kPages = four("PAGE");     // of the KEYF that follows
inline constexpr u32 kObjects = four("OBJS");   // likewise
inline constexpr u32 kUsed = four("USED");      // usage_chunk.h
inline constexpr u32 kBranch = four("BRCH");    // branches.h
inline constexpr u32 kSnapshot = four("SNAP");  // likewise
inline constexpr u32 kIndex = four("INDX");
inline constexpr u32 kEnd = four("END ");

struct ChunkHeader {
  u32 type = 0, number = 0, branch = 0, flags = 0, stored = 0, raw = 0;
  Position first, last;
  u32 payload_crc = 0;
};
inline constexpr u32 kFlagLz4 = 1;

u32 crc32c(std::span<const u8> bytes);
u32 crc32c_portable(std::span<const u8> bytes);  // the same, on any host

std::vector<u8> encode(const ChunkHeader& header);
// False: these 64 bytes are not a header as it was written.
bool decode(std::span<const u8> bytes, ChunkHeader& header);
std::string type_name(u32 type);  // "INPT"
std::string text(Position at);    // "icount 12, cycle 345"

// Payloads: fixed-width numbers, and LEB128 varints.
class ByteWriter {
 public:
  void u32_(u32 value) { fixed(value, 4); }
  void u64_(u64 value) { fixed(value, 8); }
  void varint(u64 value);
  void bytes(std::span<const u8> data) { out_.insert(out_.end(), data.begin(), data.end()); }
  void string(std::string_view text);  // length, then bytes
  void blob(std::span<const u8> data);
  const std::vector<u8>& data() const { return out_; }
  bool empty() const { return out_.empty(); }
  std::size_t size() const { return out_.size(); }
  void clear() { out_.clear(); }

 private:
  void fixed(u64 value, unsigned width);
  std::vector<u8> out_;
};

// Reads what may be rubbish: past the end, or a broken varint, gives zeros and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::span<const u8> in) : in_(in) {}
  u32 u32_() { return u32(fixed(4)); }
  u64 u64_() { return fixed(8); }
  u64 varint();
  std::span<const u8> bytes(u64 count);
  std::span<const u8> blob() { return bytes(varint()); }
  std::string string();
  std::span<const u8> rest() { return bytes(in_.size() - at_); }
  bool ok() const { return ok_; }
  bool at_end() const { return at_ == in_.size(); }

 private:
  u64 fixed(unsigned width);
  std::span<const u8> in_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace reprise::trace
