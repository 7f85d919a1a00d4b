#include "storage/host/create_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/io_error.h"

namespace reprise {
namespace {

// True: it is new.
Result<bool> touch(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0) return false;
  const std::string tried = "Could not create '" + path + "'";
  if (errno != ENOENT) return io_error(errno, tried);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) return false;
  if (fd < 0)
    return io_error(errno, tried,
                    errno == ENOENT ? "make its directory first" : "choose another place");
  close(fd);
  return true;
}

Result<std::shared_ptr<FileNode>> fill(const std::string& path, u64 size,
                                       Preallocation preallocation) {
  FileOptions options;
  options.lock = ImageLock::Tool;
  options.resizes = true;
  const auto node = TRY(FileNode::open(path, options));
  if (node->driver() == "host_device") {
    if (node->size() >= size) return node;
    return Error{"Could not create '" + path + "': the device has " + std::to_string(node->size()) +
                     " bytes; the image needs " + std::to_string(size),
                 "GenericError", kENOSPC};
  }
  TRY(node->resize(0));
  TRY(node->resize(size));
  if (preallocation == Preallocation::Off) return node;
  TRY(node->preallocate(0, size, preallocation == Preallocation::Full));
  TRY(node->flush());
  return node;
}

}  // namespace

Result<CreatedImage> create_image(const std::string& path, u64 size, Preallocation preallocation) {
  const bool is_new = TRY(touch(path));
  auto node = fill(path, size, preallocation);
  if (!node) {
    if (is_new) unlink(path.c_str());
    return node.error();
  }
  return CreatedImage{*node, is_new};
}

}  // namespace reprise
