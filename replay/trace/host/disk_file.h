// A recording on the host's disk.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "replay/trace/file.h"

namespace reprise::trace {

class DiskFile final : public RecordingFile {
 public:
  // A new file, or an old one emptied. Refused if another process is recording into it.
  static Result<std::unique_ptr<DiskFile>> create(const std::string& path);
  static Result<std::unique_ptr<DiskFile>> open(const std::string& path);  // to read
  // A file to read and to append to, new if there is none. Likewise refused.
  static Result<std::unique_ptr<DiskFile>> extend(const std::string& path);
  Result<void> cut(u64 size);  // what lies behind goes
  ~DiskFile() override;
  DiskFile(const DiskFile&) = delete;

  Result<void> append(std::span<const u8> bytes) override;
  Result<void> read_at(u64 offset, std::span<u8> bytes) const override;
  u64 size() const override { return size_; }
  Result<void> sync() override;
  bool overdue() const override;
  void flushed() override { flushed_ = std::chrono::steady_clock::now(); }

 private:
  DiskFile(int descriptor, std::string path, u64 size);
  Error error(const char* what) const;

  int descriptor_;
  std::string path_;
  u64 size_;
  std::chrono::steady_clock::time_point flushed_;
};

}  // namespace reprise::trace
