#include "storage/host/image_lock.h"

#include <fcntl.h>

#include <cerrno>
#include <vector>

#include "storage/io_error.h"

namespace reprise {
namespace {

constexpr off_t kUsed = 100, kUnshared = 200;
constexpr unsigned kRead = 0, kWrite = 1, kResize = 3, kPermissions = 4;
constexpr const char* kNames[kPermissions] = {"consistent read", "write", "write unchanged",
                                              "resize"};

struct flock byte_lock(short type, off_t at) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  return lock;
}

bool no_locks_here(int number) {
  return number == EINVAL || number == ENOLCK || number == EOPNOTSUPP || number == ENOSYS;
}

// True: another holds a lock on that byte.
Result<bool> held_by_other(int fd, const std::string& path, off_t at) {
  struct flock lock = byte_lock(F_WRLCK, at);
  if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
    return io_error(errno, "Could not look at the locks of '" + path + "'");
  return lock.l_type != F_UNLCK;
}

Error refused(const std::string& path, bool shared, unsigned permission) {
  return Error{std::string("Failed to get ") + (shared ? "shared " : "") + "\"" +
                   kNames[permission] + "\" lock on '" + path +
                   "': another process is using the image (QEMU, or another Reprise?); end that "
                   "one, or work on a copy of the image",
               "GenericError", kEAGAIN};
}

}  // namespace

Result<void> lock_image(int fd, const std::string& path, ImageLock mode, bool writes,
                        bool resizes) {
  if (mode == ImageLock::Off) return {};
  std::vector<unsigned> used{kRead}, unshared;
  if (writes) used.push_back(kWrite);
  if (resizes) used.push_back(kResize);
  if (mode == ImageLock::Guest) unshared.push_back(kWrite);
  if (resizes || (mode == ImageLock::Guest && !writes)) unshared.push_back(kResize);

  const auto take = [&](off_t at) {
    struct flock lock = byte_lock(F_RDLCK, at);
    return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
  };
  std::vector<off_t> bytes;
  for (const unsigned n : used) bytes.push_back(kUsed + n);
  for (const unsigned n : unshared) bytes.push_back(kUnshared + n);
  for (const off_t at : bytes) {
    const int number = take(at);
    if (no_locks_here(number)) return {};
    if (number) return io_error(number, "Could not lock '" + path + "'");
  }
  for (const unsigned n : used)
    if (TRY(held_by_other(fd, path, kUnshared + n))) return refused(path, false, n);
  for (const unsigned n : unshared)
    if (TRY(held_by_other(fd, path, kUsed + n))) return refused(path, true, n);
  return {};
}

}  // namespace reprise
