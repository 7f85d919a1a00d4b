// LD_PRELOAD: makes the n-th of certain system calls on certain files fail, or do less than asked.
//   FAIL_PATH=TEXT    only files whose path contains TEXT
//   FAIL_CALL=NAME    pread, pwrite, fdatasync, fallocate, lseek, ftruncate, fstat; "any": all
//   FAIL_NTH=N        the N-th such call, from 1
//   FAIL_ERRNO=E      fails with it; 0: half is moved (pread, pwrite), else nothing special
//   FAIL_ALWAYS=1     so do all later ones
//   FAIL_HIT=FILE     made when it has happened
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long count;

static long number(const char* name) {
  const char* text = getenv(name);
  return text ? atol(text) : 0;
}

// Is it this call's turn?
static int strike(const char* call, int fd) {
  const char *wanted = getenv("FAIL_CALL"), *path = getenv("FAIL_PATH"), *hit = getenv("FAIL_HIT");
  // These two are not interrupted.
  if (number("FAIL_ERRNO") == EINTR && (!strcmp(call, "lseek") || !strcmp(call, "fstat"))) return 0;
  if (!wanted || !path || (strcmp(wanted, "any") != 0 && strcmp(wanted, call) != 0)) return 0;
  char link[64], target[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  if (!strstr(target, path)) return 0;
  const long now = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
  if (now != number("FAIL_NTH") && !(number("FAIL_ALWAYS") && now > number("FAIL_NTH"))) return 0;
  if (hit) close(open(hit, O_CREAT | O_WRONLY, 0600));
  errno = (int)number("FAIL_ERRNO");
  return 1;
}

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

ssize_t pread(int fd, void* out, size_t length, off_t at) {
  if (strike("pread", fd)) {
    if (errno) return -1;
    length = (length + 1) / 2;
  }
  return REAL(ssize_t(*)(int, void*, size_t, off_t), "pread")(fd, out, length, at);
}
ssize_t pwrite(int fd, const void* in, size_t length, off_t at) {
  if (strike("pwrite", fd)) {
    if (errno) return -1;
    length = (length + 1) / 2;
  }
  return REAL(ssize_t(*)(int, const void*, size_t, off_t), "pwrite")(fd, in, length, at);
}
int fdatasync(int fd) {
  if (strike("fdatasync", fd) && errno) return -1;
  return REAL(int (*)(int), "fdatasync")(fd);
}
int fallocate(int fd, int mode, off_t at, off_t length) {
  if (strike("fallocate", fd) && errno) return -1;
  return REAL(int (*)(int, int, off_t, off_t), "fallocate")(fd, mode, at, length);
}
int posix_fallocate(int fd, off_t at, off_t length) {
  if (strike("fallocate", fd) && errno) return errno;
  return REAL(int (*)(int, off_t, off_t), "posix_fallocate")(fd, at, length);
}
off_t lseek(int fd, off_t at, int whence) {
  if (strike("lseek", fd) && errno) return -1;
  return REAL(off_t(*)(int, off_t, int), "lseek")(fd, at, whence);
}
int ftruncate(int fd, off_t size) {
  if (strike("ftruncate", fd) && errno) return -1;
  return REAL(int (*)(int, off_t), "ftruncate")(fd, size);
}
int fstat(int fd, struct stat* out) {
  if (strike("fstat", fd) && errno) return -1;
  return REAL(int (*)(int, struct stat*), "fstat")(fd, out);
}
