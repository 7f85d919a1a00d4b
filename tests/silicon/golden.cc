#include "tests/silicon/golden.h"

#include <zlib.h>

#include <cstdio>
#include <cstring>

namespace reprise::cpu::silicon {

namespace {

constexpr unsigned kDigestSize = 6;
constexpr size_t kLimit = 64 << 20;

void put(std::vector<u8>& to, u64 value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) to.push_back(u8(value >> (8 * i)));
}
u64 get(const std::vector<u8>& from, size_t& at, unsigned bytes) {
  u64 value = 0;
  for (unsigned i = 0; i < bytes && at < from.size(); ++i) value |= u64(from[at++]) << (8 * i);
  return value;
}

std::vector<u8> read_file(const std::string& path) {
  std::vector<u8> bytes;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return bytes;
  u8 buffer[65536];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, file))
    bytes.insert(bytes.end(), buffer, buffer + n);
  std::fclose(file);
  return bytes;
}

}  // namespace

std::string golden_path(Code width) {
  return "tests/silicon/golden/" + std::to_string(bits_of(width)) + ".bin";
}

Golden read_golden(const std::string& path) {
  Golden golden;
  const std::vector<u8> packed = read_file(path);
  size_t at = 0;
  uLongf size = uLongf(get(packed, at, 4));
  if (packed.size() < 8 || size > kLimit) return golden;
  std::vector<u8> bytes(size);
  if (uncompress(bytes.data(), &size, packed.data() + 4, packed.size() - 4) != Z_OK) return golden;
  at = 0;
  const u64 cases = get(bytes, at, 1);
  while (at + 13 + cases * kDigestSize <= bytes.size()) {
    GoldenKind& kind = golden.kinds[get(bytes, at, 8)];
    kind.intel = get(bytes, at, 1);
    kind.input = u32(get(bytes, at, 4));
    for (u64 i = 0; i < cases; ++i) {
      Digest d;
      std::memcpy(&d, &bytes[at], kDigestSize);
      at += kDigestSize;
      kind.answers.push_back(d);
    }
  }
  return golden;
}

bool write_golden(const std::string& path, const Golden& golden) {
  static_assert(sizeof(Digest) == kDigestSize);
  std::vector<u8> bytes;
  put(bytes, kGoldenCases, 1);
  for (const auto& [identity, kind] : golden.kinds) {
    put(bytes, identity, 8);
    put(bytes, kind.intel, 1);
    put(bytes, kind.input, 4);
    for (const Digest& d : kind.answers) {
      const u8* raw = reinterpret_cast<const u8*>(&d);
      bytes.insert(bytes.end(), raw, raw + kDigestSize);
    }
  }
  uLongf size = compressBound(bytes.size());
  std::vector<u8> packed;
  put(packed, bytes.size(), 4);
  packed.resize(4 + size);
  if (compress2(packed.data() + 4, &size, bytes.data(), bytes.size(), 9) != Z_OK) return false;
  packed.resize(4 + size);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return false;
  const bool good = std::fwrite(packed.data(), 1, packed.size(), file) == packed.size();
  return std::fclose(file) == 0 && good;
}

u64 golden_seed(u64 identity, Code width, unsigned number) {
  return fpu::test::Random(identity + 0x9E3779B97F4A7C15 * (number * 3 + u64(width))).next();
}

}  // namespace reprise::cpu::silicon
