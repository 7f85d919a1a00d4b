// The seam between a recording and the host: an append-only file. The one on disk is in host/.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

class RecordingFile {
 public:
  virtual ~RecordingFile() = default;
  virtual Result<void> append(std::span<const u8> bytes) = 0;
  // Reads exactly bytes.size() bytes; outside the file is an error.
  virtual Result<void> read_at(u64 offset, std::span<u8> bytes) const = 0;
  virtual u64 size() const = 0;
  virtual Result<void> sync() = 0;  // what was appended survives a crash of the host
  // All that was collected is appended, or: is it so long since then (a second) that it should be?
  virtual void flushed() {}
  virtual bool overdue() const { return false; }
};

class MemoryFile final : public RecordingFile {
 public:
  MemoryFile() = default;
  explicit MemoryFile(std::vector<u8> content) : content(std::move(content)) {}

  Result<void> append(std::span<const u8> bytes) override {
    content.insert(content.end(), bytes.begin(), bytes.end());
    return {};
  }
  Result<void> read_at(u64 offset, std::span<u8> bytes) const override {
    if (offset > content.size() || bytes.size() > content.size() - offset) {
      return fail("read outside the recording");
    }
    std::copy_n(content.begin() + std::ptrdiff_t(offset), bytes.size(), bytes.begin());
    return {};
  }
  u64 size() const override { return content.size(); }
  Result<void> sync() override { return {}; }
  bool overdue() const override { return late; }
  void flushed() override { late = false; }

  std::vector<u8> content;
  bool late = false;
};

}  // namespace reprise
