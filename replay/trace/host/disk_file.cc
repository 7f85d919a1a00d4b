#include "replay/trace/host/disk_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace reprise::trace {
namespace {

Error cannot(const std::string& what, const std::string& path) {
  return fail("cannot " + what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

DiskFile::DiskFile(int descriptor, std::string path, u64 size)
    : descriptor_(descriptor),
      path_(std::move(path)),
      size_(size),
      flushed_(std::chrono::steady_clock::now()) {}

DiskFile::~DiskFile() { ::close(descriptor_); }

Error DiskFile::error(const char* what) const { return cannot(what, path_); }

Result<std::unique_ptr<DiskFile>> DiskFile::create(const std::string& path) {
  auto file = TRY(extend(path));
  if (::ftruncate(file->descriptor_, 0) != 0) return file->error("empty");
  file->size_ = 0;
  return file;
}

Result<void> DiskFile::cut(u64 size) {
  if (::ftruncate(descriptor_, off_t(size)) != 0) return error("cut");
  size_ = size;
  return {};
}

Result<std::unique_ptr<DiskFile>> DiskFile::extend(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return cannot("record to", path);
  std::unique_ptr<DiskFile> file(new DiskFile(descriptor, path, 0));
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return file->error("record to");
  if (!S_ISREG(status.st_mode)) {
    return fail("cannot record to " + path + ": it is not a plain file");
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return fail("cannot record to " + path + ": another process is recording into it");
  }
  file->size_ = u64(status.st_size);
  return file;
}

Result<std::unique_ptr<DiskFile>> DiskFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return cannot("open", path);
  std::unique_ptr<DiskFile> file(new DiskFile(descriptor, path, 0));
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return file->error("open");
  if (!S_ISREG(status.st_mode)) return fail("cannot replay " + path + ": it is not a plain file");
  file->size_ = u64(status.st_size);
  return file;
}

Result<void> DiskFile::append(std::span<const u8> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), off_t(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return error("write to");
    size_ += u64(written);
    bytes = bytes.subspan(std::size_t(written));
  }
  return {};
}

Result<void> DiskFile::read_at(u64 offset, std::span<u8> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(descriptor_, bytes.data(), bytes.size(), off_t(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error("read");
    if (got == 0) return fail("cannot read " + path_ + ": it has become shorter");
    offset += u64(got);
    bytes = bytes.subspan(std::size_t(got));
  }
  return {};
}

Result<void> DiskFile::sync() {
  if (::fdatasync(descriptor_) != 0) return error("write to");
  return {};
}

bool DiskFile::overdue() const {
  return std::chrono::steady_clock::now() - flushed_ >= std::chrono::seconds(1);
}

}  // namespace reprise::trace
