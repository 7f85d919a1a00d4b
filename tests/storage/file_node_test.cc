// Host files as nodes: what is refused and how, files that change under us, holes, locks.
#include "storage/host/file_node.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "storage/host/temp_file.h"
#include "tests/storage/memory_node.h"
#include "tests/storage/scratch_file.h"

namespace reprise {
namespace {

using Access = FileOptions::Access;

FileOptions access(Access wanted, ImageLock lock = ImageLock::Guest) {
  FileOptions options;
  options.access = wanted;
  options.lock = lock;
  return options;
}

// The message of a refusal.
std::string refusal(const std::string& path, const FileOptions& options = {}) {
  const auto node = FileNode::open(path, options);
  if (node) return "opened";
  EXPECT_NE(node.error().number, 0) << path;
  EXPECT_NE(node.error().message.find(path), std::string::npos) << node.error().message;
  return node.error().message;
}
bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TEST(FileNode, ReadsWhatItWrites) {
  const std::vector<u8> old = pattern(100'000);
  const ScratchFile file(old);
  const auto node = FileNode::open(file.path).value();
  EXPECT_EQ(node->size(), 100'000u);
  EXPECT_EQ(read_all(*node), old);
  const std::vector<u8> fresh = pattern(5000, 2);
  ASSERT_TRUE(node->write(95'000, fresh).ok());
  ASSERT_TRUE(node->flush().ok());
  std::vector<u8> want = old;
  std::ranges::copy(fresh, want.begin() + 95'000);
  EXPECT_EQ(file.content(), want);
  EXPECT_EQ(read_all(*node), want);
  EXPECT_EQ(node->write(95'001, fresh).error().number, kEIO);
  EXPECT_EQ(node->discard(~u64(0), 2).error().number, kEIO);
  EXPECT_EQ(node->map(100'000, 1).error().number, kEIO);
  EXPECT_EQ(file.content().size(), 100'000u);
}

TEST(FileNode, RefusesWhatIsNoImage) {
  const ScratchFile file;
  EXPECT_TRUE(has(refusal(file.directory()), "directory"));
  EXPECT_TRUE(has(refusal(file.path + ".none"), "reprise-img create"));
  EXPECT_TRUE(has(refusal(file.path + "/below"), "Not a directory"));
  const std::string fifo = file.directory() + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_TRUE(has(refusal(fifo), "FIFO"));
  for (const char* device : {"/dev/full", "/dev/zero", "/dev/null", "/dev/tty"})
    EXPECT_TRUE(has(refusal(device), "character device"));
  const std::string loop = file.directory() + "/loop";
  ASSERT_EQ(symlink("loop", loop.c_str()), 0);
  EXPECT_NE(refusal(loop), "opened");
  sockaddr_un address = {AF_UNIX, "sock"};
  const std::string sock = file.directory() + "/sock";
  ASSERT_LT(sock.size(), sizeof address.sun_path);
  sock.copy(address.sun_path, sock.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(has(refusal(sock), "socket"));
  close(fd);
  EXPECT_FALSE(FileNode::open("").ok());
}

// Another user's files need not be in the way of root, so permissions are tested as nobody.
TEST(FileNode, OpensReadOnlyWhereAsked) {
  const ScratchFile file(pattern(1024));
  std::filesystem::permissions(file.directory(), std::filesystem::perms::all);
  chmod(file.path.c_str(), 0444);
  const bool root = geteuid() == 0;
  ASSERT_EQ(root ? seteuid(65534) : 0, 0);
  const std::string said = refusal(file.path, access(Access::ReadWrite));
  const auto node = FileNode::open(file.path, access(Access::Auto));
  const auto plain = FileNode::open(file.path, access(Access::ReadOnly));
  ASSERT_EQ(root ? seteuid(0) : 0, 0);
  EXPECT_TRUE(has(said, "read-only"));
  ASSERT_TRUE(node.ok());
  EXPECT_TRUE(plain.ok());
  EXPECT_TRUE((*node)->read_only());
  EXPECT_EQ((*node)->write(0, pattern(512)).error().number, kEACCES);
  EXPECT_EQ((*node)->discard(0, 512).error().number, kEACCES);
  EXPECT_EQ((*node)->resize(0).error().number, kEACCES);
  EXPECT_TRUE((*node)->flush().ok());
  EXPECT_EQ(file.content(), pattern(1024));
}

// What was cut off is neither zeros nor made again by a later write.
TEST(FileNode, NoticesThatTheFileWasCut) {
  const std::vector<u8> old = pattern(256 << 10);
  const ScratchFile file(old);
  const auto node = FileNode::open(file.path).value();
  file.resize(100'000);
  std::vector<u8> out(4096);
  EXPECT_TRUE(node->read(0, out).ok());
  EXPECT_TRUE(std::ranges::equal(out, std::span(old).first(4096)));
  const auto torn = node->read(98'304, out);
  EXPECT_EQ(torn.error().number, kEIO);
  EXPECT_TRUE(has(torn.error().message, "cut to 100000 bytes"));
  EXPECT_EQ(node->read(200'000, out).error().number, kEIO);
  EXPECT_EQ(node->write(200'000, out).error().number, kEIO);
  EXPECT_EQ(node->discard(200'000, 4096).error().number, kEIO);
  EXPECT_EQ(node->map(200'000, 4096).error().number, kEIO);
  file.resize(256 << 10);  // comes back as zeros, which is not what was there
  EXPECT_EQ(node->read(200'000, out).error().number, kEIO);
  EXPECT_EQ(node->write(200'000, out).error().number, kEIO);
}

TEST(FileNode, AWriteIntoACutFileDoesNotMakeItLongerAgain) {
  const ScratchFile file(pattern(256 << 10));
  const auto node = FileNode::open(file.path).value();
  file.resize(100'000);
  EXPECT_EQ(node->write(200'000, pattern(512)).error().number, kEIO);
  EXPECT_EQ(file.content().size(), 100'000u);
}

TEST(FileNode, AHoleAtTheEndOfACutFileIsNotZeros) {
  const ScratchFile file(pattern(64 << 10));
  file.resize(1 << 20);
  const auto node = FileNode::open(file.path).value();
  EXPECT_TRUE(node->map(512 << 10, 4096)->zero);
  file.resize(256 << 10);
  EXPECT_EQ(node->map(512 << 10, 4096).error().number, kEIO);
}

TEST(FileNode, MapsHolesAndDiscardsIntoThem) {
  const ScratchFile file;
  file.resize(4 << 20);
  const auto node = FileNode::open(file.path).value();
  ASSERT_TRUE(node->write(1 << 20, pattern(1 << 20)).ok());
  const auto expect = [&](u64 at, u64 length, bool zero, u64 run) {
    const Extent extent = node->map(at, length).value();
    EXPECT_EQ(extent.zero, zero) << at;
    EXPECT_EQ(extent.length, run) << at;
    EXPECT_EQ(extent.host_offset, at);
  };
  expect(0, 4 << 20, true, 1 << 20);
  expect(4096, 8192, true, 8192);
  expect(1 << 20, 3 << 20, false, 1 << 20);
  expect(2 << 20, 2 << 20, true, 2 << 20);
  const u64 before = node->allocated();
  ASSERT_TRUE(node->discard((1 << 20) + 100, 512 << 10).ok());
  EXPECT_LT(node->allocated(), before);
  std::vector<u8> want = pattern(1 << 20);
  std::fill_n(want.begin() + 100, 512 << 10, u8(0));
  std::vector<u8> got(1 << 20);
  ASSERT_TRUE(node->read(1 << 20, got).ok());
  EXPECT_EQ(got, want);
}

TEST(FileNode, HugeSparseFiles) {
  const ScratchFile file;
  // Where the file system takes it: just the largest, and one byte more.
  const std::string path =
      "/dev/shm/" + std::filesystem::path(file.directory()).filename().string();
  const int fd = open(path.c_str(), O_RDWR | O_CREAT, 0600);
  if (fd < 0 || ftruncate(fd, off_t(kMaxImage)) < 0) GTEST_SKIP() << "no tmpfs at /dev/shm";
  {
    const auto node = FileNode::open(path).value();
    EXPECT_EQ(node->size(), kMaxImage);
    ASSERT_TRUE(node->write(kMaxImage - 512, pattern(512)).ok());
    std::vector<u8> out(512);
    ASSERT_TRUE(node->read(kMaxImage - 512, out).ok());
    EXPECT_EQ(out, pattern(512));
    EXPECT_TRUE(node->map(0, kMaxImage)->zero);
    EXPECT_TRUE(node->discard(0, kMaxImage).ok());
  }
  ASSERT_EQ(ftruncate(fd, off_t(kMaxImage) + 1), 0);
  EXPECT_TRUE(has(refusal(path), "largest image"));
  ASSERT_EQ(ftruncate(fd, off_t(~u64(0) >> 1)), 0);  // 8 EiB - 1
  EXPECT_TRUE(has(refusal(path), "largest image"));
  close(fd);
  unlink(path.c_str());
}

// Which bytes are locked by someone, as QEMU would look.
std::vector<int> locked_bytes(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR);
  std::vector<int> bytes;
  for (int at = 0; at < 300; ++at) {
    struct flock lock = {};
    lock.l_type = F_WRLCK, lock.l_start = at, lock.l_len = 1;
    if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) bytes.push_back(at);
  }
  close(fd);
  return bytes;
}

TEST(FileNode, LocksAsQemuDoes) {
  const ScratchFile file(pattern(4096));
  const FileOptions writer = access(Access::ReadWrite), reader = access(Access::ReadOnly);
  {
    const auto node = FileNode::open(file.path, writer).value();
    EXPECT_EQ(locked_bytes(file.path), (std::vector<int>{100, 101, 201}));  // as QEMU 7.2's ide-hd
    EXPECT_TRUE(has(refusal(file.path, writer), "Failed to get \"write\" lock"));
    EXPECT_TRUE(has(refusal(file.path, reader), "Failed to get shared \"write\" lock"));
    EXPECT_EQ(refusal(file.path, access(Access::ReadOnly, ImageLock::Tool)), "opened");
    EXPECT_TRUE(has(refusal(file.path, access(Access::ReadWrite, ImageLock::Tool)), "write"));
    EXPECT_EQ(refusal(file.path, access(Access::ReadWrite, ImageLock::Off)), "opened");
  }
  {
    const auto node = FileNode::open(file.path, reader).value();
    EXPECT_EQ(locked_bytes(file.path), (std::vector<int>{100, 201, 203}));  // as its ide-cd
    EXPECT_EQ(refusal(file.path, reader), "opened");
    EXPECT_TRUE(has(refusal(file.path, writer), "lock"));
    FileOptions resizer = access(Access::ReadWrite, ImageLock::Tool);
    resizer.resizes = true;
    EXPECT_TRUE(has(refusal(file.path, resizer), "lock"));
  }
  EXPECT_EQ(refusal(file.path, writer), "opened");  // locks end with the node
}

TEST(TempFile, IsSparseAndNameless) {
  const ScratchFile file;
  setenv("TMPDIR", file.directory().c_str(), 1);
  const auto node = make_temp_file(u64(1) << 40);
  setenv("TMPDIR", (file.directory() + "/none").c_str(), 1);
  const auto nowhere = make_temp_file(1);
  unsetenv("TMPDIR");
  ASSERT_TRUE(node.ok());
  EXPECT_EQ((*node)->size(), u64(1) << 40);
  unsigned files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file.directory())) {
    EXPECT_EQ(entry.path(), file.path);
    ++files;
  }
  EXPECT_EQ(files, 1u);
  ASSERT_TRUE((*node)->write((u64(1) << 40) - 512, pattern(512)).ok());
  EXPECT_TRUE((*node)->map(0, u64(1) << 40)->zero);
  EXPECT_TRUE((*node)->flush().ok());
  EXPECT_TRUE(has(nowhere.error().message, "TMPDIR"));
}

}  // namespace
}  // namespace reprise
