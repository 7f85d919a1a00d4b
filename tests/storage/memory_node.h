// A node in memory, for tests. The model that others are compared with.
#pragma once

#include <algorithm>
#include <vector>

#include "storage/block_node.h"
#include "storage/io_error.h"

namespace reprise {

class MemoryNode final : public BlockNode {
 public:
  explicit MemoryNode(u64 size, bool read_only = false) : bytes(size), read_only_(read_only) {}
  explicit MemoryNode(std::vector<u8> content, bool read_only = false)
      : bytes(std::move(content)), read_only_(read_only) {}
  std::string_view driver() const override { return "memory"; }
  u64 size() const override { return bytes.size(); }
  bool read_only() const override { return read_only_; }
  Result<void> read(u64 offset, std::span<u8> out) override {
    if (!in_range(offset, out.size(), size()))
      return out_of_range("memory", offset, out.size(), size());
    std::copy_n(bytes.begin() + std::ptrdiff_t(offset), out.size(), out.begin());
    return {};
  }
  Result<void> write(u64 offset, std::span<const u8> in) override {
    if (read_only_) return io_error(kEACCES, "memory: writing");
    if (!in_range(offset, in.size(), size()))
      return out_of_range("memory", offset, in.size(), size());
    std::ranges::copy(in, bytes.begin() + std::ptrdiff_t(offset));
    return {};
  }
  Result<void> flush() override { return ++flushes, Result<void>(); }
  Result<void> discard(u64 offset, u64 length) override {
    if (read_only_) return io_error(kEACCES, "memory: discarding");
    if (!in_range(offset, length, size())) return out_of_range("memory", offset, length, size());
    std::fill_n(bytes.begin() + std::ptrdiff_t(offset), length, u8(0));
    return {};
  }
  Result<Extent> map(u64 offset, u64 length) override {
    if (length == 0 || !in_range(offset, length, size()))
      return out_of_range("memory", offset, length, size());
    return Extent{length, false, true, offset};
  }
  Result<void> resize(u64 size) override { return bytes.resize(size), Result<void>(); }

  std::vector<u8> bytes;
  unsigned flushes = 0;

 private:
  bool read_only_;
};

inline std::vector<u8> pattern(u64 size, u64 seed = 1) {
  std::vector<u8> bytes(size);
  for (u8& byte : bytes) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    byte = u8(seed >> 56);
  }
  return bytes;
}

inline std::vector<u8> read_all(BlockNode& node) {
  std::vector<u8> bytes(node.size());
  const auto done = node.read(0, bytes);
  check(done.ok(), "a readable node");
  return bytes;
}

}  // namespace reprise
