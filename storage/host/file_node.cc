#include "storage/host/file_node.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "storage/io_error.h"

namespace reprise {
namespace {

constexpr u64 kPiece = 1 << 20;  // of what is written as zeros

Error cannot_open(const std::string& path, int number) {
  const std::string tried = "Could not open '" + path + "'";
  switch (number) {
    case ENOENT:
      return io_error(number, tried, "check the path, or make one: reprise-img create FILE SIZE");
    case EACCES:
    case EPERM:
      return io_error(number, tried, "change its permissions, or open it read-only");
    case EROFS:
      return io_error(number, tried, "open it read-only, or copy it elsewhere");
    case EMFILE:
    case ENFILE:
      return io_error(number, tried, "raise the limit (ulimit -n)");
    default:
      return io_error(number, tried);
  }
}

Result<void> check_kind(const std::string& path, mode_t mode) {
  if (S_ISREG(mode) || S_ISBLK(mode)) return {};
  const char* kind = S_ISDIR(mode)    ? "a directory"
                     : S_ISFIFO(mode) ? "a FIFO"
                     : S_ISSOCK(mode) ? "a socket"
                     : S_ISCHR(mode)  ? "a character device"
                                      : "no file";
  return Error{"Could not open '" + path + "': it is " + kind +
                   "; an image is a regular file or a block device",
               "GenericError", S_ISDIR(mode) ? EISDIR : EINVAL};
}

Result<u64> size_of(int fd, const std::string& path, const struct stat& status) {
  u64 size = u64(status.st_size);
  if (S_ISBLK(status.st_mode) && ioctl(fd, BLKGETSIZE64, &size) < 0)
    return io_error(errno, "Could not get the size of '" + path + "'");
  if (size > kMaxImage)
    return Error{"Could not open '" + path + "': its size of " + std::to_string(size) +
                     " bytes is more than the largest image, " + std::to_string(kMaxImage) +
                     " (4 EiB); is it truncated to that by mistake?",
                 "GenericError", kEFBIG};
  return size;
}

// A device may let itself be opened for writing and yet refuse to be written.
bool write_protected(int fd, const struct stat& status) {
  int protected_ = 0;
  return S_ISBLK(status.st_mode) && ioctl(fd, BLKROGET, &protected_) == 0 && protected_;
}

struct Closer {
  int fd;
  ~Closer() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

Result<std::shared_ptr<FileNode>> FileNode::open(const std::string& path,
                                                 const FileOptions& options) {
  using Access = FileOptions::Access;
  if (path.empty()) return fail("Could not open an image: its file name is empty");
  // Before opening: that alone has effects on a FIFO or a tape.
  struct stat status = {};
  if (stat(path.c_str(), &status) < 0) return cannot_open(path, errno);
  TRY(check_kind(path, status.st_mode));

  constexpr int kFlags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // as it might have become a FIFO
  bool read_only = options.access == Access::ReadOnly;
  Closer file{::open(path.c_str(), kFlags | (read_only ? O_RDONLY : O_RDWR))};
  const auto denied = [](int number) {
    return number == EACCES || number == EPERM || number == EROFS || number == ETXTBSY;
  };
  if (file.fd < 0 && options.access == Access::Auto && denied(errno)) {
    read_only = true;
    file.fd = ::open(path.c_str(), kFlags | O_RDONLY);
  }
  if (file.fd < 0) return cannot_open(path, errno);
  if (fstat(file.fd, &status) < 0) return cannot_open(path, errno);
  TRY(check_kind(path, status.st_mode));
  if (!read_only && write_protected(file.fd, status)) {
    if (options.access != Access::Auto) return cannot_open(path, EROFS);
    read_only = true;
  }
  const u64 size = TRY(size_of(file.fd, path, status));
  TRY(lock_image(file.fd, path, options.lock, !read_only, !read_only && options.resizes));
  auto node = std::make_shared<FileNode>(file.fd, path, size, read_only);
  file.fd = -1;
  node->is_device_ = S_ISBLK(status.st_mode);
  return node;
}

FileNode::~FileNode() { close(fd_); }

std::string FileNode::tried(std::string_view what, u64 offset, u64 length) const {
  return "'" + path_ + "': " + std::string(what) + " of " + std::to_string(length) + " bytes at " +
         std::to_string(offset);
}

Error FileNode::shrunk(u64 now) {
  intact_ = std::min(intact_, now);
  return Error{"'" + path_ + "': the file has been cut to " + std::to_string(now) +
                   " bytes, from " + std::to_string(size_) +
                   ", while it was in use; what was cut off is lost: end this run and mend the "
                   "image from a copy",
               "GenericError", kEIO};
}

Result<void> FileNode::still_there() {
  if (is_device_) return {};
  struct stat status = {};
  if (fstat(fd_, &status) < 0) return io_error(errno, "'" + path_ + "': looking at its size");
  if (u64(status.st_size) < size_) return shrunk(u64(status.st_size));
  return {};
}

Result<void> FileNode::read(u64 offset, std::span<u8> out) {
  if (!in_range(offset, out.size(), size_))
    return out_of_range(driver(), offset, out.size(), size_);
  if (!in_range(offset, out.size(), intact_)) return shrunk(intact_);
  for (u64 done = 0; done < out.size();) {
    const ssize_t got = pread(fd_, out.data() + done, out.size() - done, off_t(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(errno, tried("reading", offset, out.size()));
    if (got == 0) return shrunk(offset + done);
    done += u64(got);
  }
  return {};
}

Result<void> FileNode::writable(std::string_view what, u64 offset, u64 length) {
  if (read_only_) return io_error(kEACCES, tried(what, offset, length), "it is open read-only");
  if (!in_range(offset, length, size_)) return out_of_range(driver(), offset, length, size_);
  if (!in_range(offset, length, intact_)) return shrunk(intact_);
  return still_there();
}

Result<void> FileNode::write(u64 offset, std::span<const u8> in) {
  TRY(writable("writing", offset, in.size()));
  for (u64 done = 0; done < in.size();) {
    const ssize_t put = pwrite(fd_, in.data() + done, in.size() - done, off_t(offset + done));
    if (put < 0 && errno == EINTR) continue;
    // POSIX has no pwrite that writes nothing of something; a full disk is what it would mean.
    const int number = put < 0 ? errno : kENOSPC;
    if (put <= 0) return io_error(number, tried("writing", offset, in.size()));
    done += u64(put);
  }
  return {};
}

Result<void> FileNode::flush() {
  if (read_only_ || volatile_) return {};
  const std::string tried = "'" + path_ + "': writing it through to the disk";
  if (flush_error_)
    return io_error(flush_error_, tried,
                    "an earlier attempt failed, and what was written before may be lost");
  while (fdatasync(fd_) < 0) {
    if (errno == EINTR) continue;
    if (errno == EROFS || errno == EINVAL) return {};  // special files that have nothing to sync
    flush_error_ = errno;
    return io_error(flush_error_, tried);
  }
  return {};
}

Result<void> FileNode::write_zeros(u64 offset, u64 length) {
  const std::vector<u8> zeros(std::min(length, kPiece));
  for (u64 done = 0; done < length;) {
    const u64 piece = std::min<u64>(length - done, zeros.size());
    TRY(write(offset + done, std::span(zeros).first(piece)));
    done += piece;
  }
  return {};
}

Result<void> FileNode::discard(u64 offset, u64 length) {
  TRY(writable("discarding", offset, length));
  if (length == 0) return {};
  while (can_punch_) {
    if (fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off_t(offset), off_t(length)) ==
        0)
      return {};
    if (errno == EINTR) continue;
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL && errno != ENODEV)
      return io_error(errno, tried("discarding", offset, length));
    // An EINVAL may concern only this range of a device with large blocks.
    if (errno != EINVAL) can_punch_ = false;
    break;
  }
  for (u64 at = offset; at < offset + length;) {  // zeros by hand, where there are none yet
    const Extent run = TRY(map(at, offset + length - at));
    if (!run.zero) TRY(write_zeros(at, run.length));
    at += run.length;
  }
  return {};
}

Result<Extent> FileNode::map(u64 offset, u64 length) {
  if (length == 0 || !in_range(offset, length, size_))
    return out_of_range(driver(), offset, length, size_);
  if (!in_range(offset, 1, intact_)) return shrunk(intact_);
  Extent run{length, false, true, offset};
  if (!knows_holes_) return run;
  const off_t data = lseek(fd_, off_t(offset), SEEK_DATA);
  if (data < 0 && errno == ENXIO) {  // no data up to the end of the file: of which file?
    TRY(still_there());
    run.zero = true;
    return run;
  }
  if (data < 0) {  // knows nothing of holes
    knows_holes_ = errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS;
    return run;
  }
  if (u64(data) > offset) {
    run.zero = true;
    run.length = std::min(length, u64(data) - offset);
    return run;
  }
  const off_t hole = lseek(fd_, off_t(offset), SEEK_HOLE);
  if (hole > data) run.length = std::min(length, u64(hole) - offset);
  return run;
}

Result<void> FileNode::resize(u64 size) {
  if (is_device_) return io_error(kENOTSUP, "'" + path_ + "': resizing a device");
  if (size > kMaxImage)
    return io_error(kEFBIG, "'" + path_ + "': resizing to " + std::to_string(size) + " bytes");
  TRY(writable("resizing", 0, 0));
  while (ftruncate(fd_, off_t(size)) < 0) {
    if (errno == EINTR) continue;
    return io_error(errno, "'" + path_ + "': resizing to " + std::to_string(size) + " bytes",
                    errno == EFBIG ? "its file system does not take files of that size"
                                   : "the image keeps the size that it had");
  }
  size_ = intact_ = size;
  return {};
}

u64 FileNode::allocated() const {
  struct stat status = {};
  return fstat(fd_, &status) == 0 ? u64(status.st_blocks) * 512 : 0;
}

Result<void> FileNode::preallocate(u64 offset, u64 length, bool with_zeros) {
  TRY(writable("preallocating", offset, length));
  if (with_zeros) return write_zeros(offset, length);
  if (length == 0) return {};
  int number = 0;
  do {
    number = posix_fallocate(fd_, off_t(offset), off_t(length));
  } while (number == EINTR);
  if (number) return io_error(number, tried("preallocating", offset, length));
  return {};
}

}  // namespace reprise
