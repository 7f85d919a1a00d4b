#include "replay/trace/format.h"

#include <array>
#include <cstring>

namespace reprise::trace {
namespace {

// CRC-32C (Castagnoli, RFC 3720), reflected; eight bytes at a time: table [k] is for a byte with k
// more behind it.
using CrcTables = std::array<std::array<u32, 256>, 8>;
constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (u32 i = 0; i < 256; ++i) {
    u32 crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    tables[0][i] = crc;
  }
  for (unsigned k = 1; k < 8; ++k)
    for (u32 i = 0; i < 256; ++i)
      tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xFF];
  return tables;
}
constexpr CrcTables kCrc = make_crc_tables();

#ifdef __x86_64__
// Hosts have an instruction for it.
[[gnu::target("sse4.2")]] u32 crc32c_by_host(std::span<const u8> bytes) {
  u64 crc = ~u32(0);
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    u64 piece;
    std::memcpy(&piece, bytes.data(), 8);
    crc = __builtin_ia32_crc32di(crc, piece);
  }
  for (const u8 byte : bytes) crc = __builtin_ia32_crc32qi(u32(crc), byte);
  return ~u32(crc);
}
#endif

}  // namespace

u32 crc32c(std::span<const u8> bytes) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("sse4.2")) return crc32c_by_host(bytes);
#endif
  return crc32c_portable(bytes);
}

u32 crc32c_portable(std::span<const u8> bytes) {
  u32 crc = ~u32(0);
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const u32 low =
        crc ^ (u32(bytes[0]) | u32(bytes[1]) << 8 | u32(bytes[2]) << 16 | u32(bytes[3]) << 24);
    crc = kCrc[7][low & 0xFF] ^ kCrc[6][low >> 8 & 0xFF] ^ kCrc[5][low >> 16 & 0xFF] ^
          kCrc[4][low >> 24] ^ kCrc[3][bytes[4]] ^ kCrc[2][bytes[5]] ^ kCrc[1][bytes[6]] ^
          kCrc[0][bytes[7]];
  }
  for (const u8 byte : bytes) crc = crc >> 8 ^ kCrc[0][(crc ^ byte) & 0xFF];
  return ~crc;
}

std::vector<u8> encode(const ChunkHeader& h) {
  ByteWriter out;
  for (const u32 value : {h.type, h.number, h.branch, h.flags, h.stored, h.raw}) out.u32_(value);
  for (const u64 value : {h.first.icount, h.first.cycles, h.last.icount, h.last.cycles}) {
    out.u64_(value);
  }
  out.u32_(h.payload_crc);
  out.u32_(crc32c(out.data()));
  return out.data();
}

bool decode(std::span<const u8> bytes, ChunkHeader& h) {
  ByteReader in(bytes);
  for (u32* field : {&h.type, &h.number, &h.branch, &h.flags, &h.stored, &h.raw}) {
    *field = in.u32_();
  }
  h.first.icount = in.u64_();
  h.first.cycles = in.u64_();
  h.last.icount = in.u64_();
  h.last.cycles = in.u64_();
  h.payload_crc = in.u32_();
  return in.u32_() == crc32c(bytes.first(kChunkHeaderSize - 4)) && in.ok();
}

std::string type_name(u32 type) {
  std::string name;
  for (unsigned i = 0; i < 4; ++i) {
    const char c = char(type >> (8 * i));
    name += c >= ' ' && c <= '~' ? c : '?';
  }
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name;
}

std::string text(Position at) {
  return "icount " + std::to_string(at.icount) + ", cycle " + std::to_string(at.cycles);
}

void ByteWriter::fixed(u64 value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) out_.push_back(u8(value >> (8 * i)));
}

void ByteWriter::varint(u64 value) {
  for (; value >= 0x80; value >>= 7) out_.push_back(u8(value | 0x80));
  out_.push_back(u8(value));
}

void ByteWriter::string(std::string_view text) {
  varint(text.size());
  out_.insert(out_.end(), text.begin(), text.end());
}

void ByteWriter::blob(std::span<const u8> data) {
  varint(data.size());
  bytes(data);
}

u64 ByteReader::fixed(unsigned width) {
  const std::span<const u8> data = bytes(width);
  u64 value = 0;
  for (std::size_t i = 0; i < data.size(); ++i) value |= u64(data[i]) << (8 * i);
  return value;
}

u64 ByteReader::varint() {
  u64 value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::span<const u8> byte = bytes(1);
    if (byte.empty()) return 0;
    const u64 bits = byte[0] & 0x7F;
    if (bits << shift >> shift != bits) break;  // more than 64 bits
    value |= bits << shift;
    if (!(byte[0] & 0x80)) return value;
  }
  ok_ = false;
  return 0;
}

std::span<const u8> ByteReader::bytes(u64 count) {
  if (!ok_ || count > in_.size() - at_) {
    ok_ = false;
    return {};
  }
  at_ += count;
  return in_.subspan(at_ - count, count);
}

std::string ByteReader::string() {
  const std::span<const u8> data = blob();
  return {data.begin(), data.end()};
}

}  // namespace reprise::trace
