// FileNode: a host file or block device as a node.
//
// Plain pread and pwrite (no mmap: a file that shrinks must not raise SIGBUS). The size is that at
// opening. What has gone since then, because someone cut the file, reads as EIO, and a write does
// not bring it back as zeros: it is EIO, too, and stays so.
// An error of fdatasync stays as well: the kernel forgets which pages it could not write, so a
// later success would say nothing about them.
// Character devices, FIFOs, sockets and directories are refused.
#pragma once

#include <string>

#include "storage/block_node.h"
#include "storage/host/image_lock.h"

namespace reprise {

struct FileOptions {
  enum class Access : u8 {
    ReadOnly,
    ReadWrite,
    Auto,  // read-write, or read-only where that is not permitted (auto-read-only=on)
  };
  Access access = Access::ReadWrite;
  ImageLock lock = ImageLock::Guest;
  bool resizes = false;  // resize() will be called: others that mind that are refused
};

class FileNode final : public BlockNode {
 public:
  static Result<std::shared_ptr<FileNode>> open(const std::string& path,
                                                const FileOptions& options = {});
  // Takes the descriptor of a regular file. `volatile_data`: need not survive a crash (flush does
  // nothing).
  FileNode(int fd, std::string path, u64 size, bool read_only, bool volatile_data = false)
      : fd_(fd),
        path_(std::move(path)),
        size_(size),
        intact_(size),
        read_only_(read_only),
        volatile_(volatile_data) {}
  ~FileNode() override;
  FileNode(const FileNode&) = delete;
  FileNode& operator=(const FileNode&) = delete;

  std::string_view driver() const override { return is_device_ ? "host_device" : "file"; }
  u64 size() const override { return size_; }
  bool read_only() const override { return read_only_; }
  Result<void> read(u64 offset, std::span<u8> out) override;
  Result<void> write(u64 offset, std::span<const u8> in) override;
  Result<void> flush() override;
  Result<void> discard(u64 offset, u64 length) override;
  Result<Extent> map(u64 offset, u64 length) override;
  Result<void> resize(u64 size) override;

  const std::string& path() const { return path_; }
  // Bytes that the file takes on its host.
  u64 allocated() const;
  // Writes of zeros instead of holes, so that room is found now or not at all.
  Result<void> preallocate(u64 offset, u64 length, bool write_zeros);

 private:
  Result<void> writable(std::string_view what, u64 offset, u64 length);
  Result<void> still_there();
  Result<void> write_zeros(u64 offset, u64 length);
  Error shrunk(u64 now);
  std::string tried(std::string_view what, u64 offset, u64 length) const;

  int fd_;
  std::string path_;
  u64 size_;
  u64 intact_;  // what lies beyond was cut off while we had the file open
  bool read_only_;
  bool volatile_ = false;
  bool is_device_ = false;
  bool can_punch_ = true;
  bool knows_holes_ = true;
  int flush_error_ = 0;
};

}  // namespace reprise
