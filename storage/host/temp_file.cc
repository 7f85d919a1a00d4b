#include "storage/host/temp_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "storage/host/file_node.h"
#include "storage/io_error.h"

namespace reprise {
namespace {

int open_unnamed(const std::string& dir) {
  const int fd = open(dir.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  // Old file systems and kernels: EOPNOTSUPP, EISDIR, or (NFS) EINVAL.
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  std::string name = dir + "/reprise-XXXXXX";
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

}  // namespace

Result<std::shared_ptr<BlockNode>> make_temp_file(u64 size) {
  const char* wanted = std::getenv("TMPDIR");
  const std::string dir = wanted && *wanted ? wanted : "/var/tmp";
  const int fd = open_unnamed(dir);
  if (fd < 0)
    return io_error(errno, "Could not make a temporary file in '" + dir + "'",
                    "set TMPDIR to a directory that can be written");
  auto node =
      std::make_shared<FileNode>(fd, "temporary file in " + dir, 0, false, /*volatile_data=*/true);
  const auto sized = node->resize(size);
  if (!sized) {
    Error error = sized.error();
    error.message += "; set TMPDIR to a directory on another one";
    return error;
  }
  return std::shared_ptr<BlockNode>(node);
}

}  // namespace reprise
