#include "tools/reprise/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace reprise::tools {
namespace {

int parent_waits_on = -1;  // the pipe to the parent of -daemonize

// Keeps the first byte that comes: 0 for success; an end without one is the child's death.
[[noreturn]] void wait_for_child(int pipe) {
  char status = 1;
  while (read(pipe, &status, 1) < 0 && errno == EINTR) continue;
  _exit(status);
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

void prepare_process() {
  for (int fd = 0; fd < 3; ++fd)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", O_RDWR);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

Result<void> Daemon::begin(Options& options) {
  if (!options.process_name.empty()) prctl(PR_SET_NAME, options.process_name.c_str());
  if (!options.pidfile.empty()) {
    std::error_code ignored;  // its directory may not be the current one at the end
    options.pidfile = std::filesystem::absolute(options.pidfile, ignored).string();
  }
  if (!options.daemonize) return {};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return fail(std::string("-daemonize: ") + std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) return fail(std::string("-daemonize: ") + std::strerror(errno));
  if (child > 0) {
    close(ends[1]);
    wait_for_child(ends[0]);
  }
  close(ends[0]);
  parent_waits_on = ends[1];
  setsid();
  // Not the leader of the session: no terminal that is opened becomes its own.
  const pid_t grandchild = fork();
  if (grandchild < 0) return fail(std::string("-daemonize: ") + std::strerror(errno));
  if (grandchild > 0) _exit(0);
  umask(027);
  for (const int number : {SIGTSTP, SIGTTOU, SIGTTIN}) signal(number, SIG_IGN);
  return {};
}

// The name is not followed if it is a symbolic link, and a file with other names is left alone:
// who may write in the directory must not choose which file loses its contents.
Result<void> Daemon::write_pidfile() {
  const std::string what = "-pidfile " + options_.pidfile + ": ";
  for (;;) {
    pidfile_ = open(options_.pidfile.c_str(),
                    O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (pidfile_ < 0)
      return fail(what + (errno == ELOOP ? "is a symbolic link; expected a file of its own"
                                         : std::strerror(errno)));
    struct stat opened, named;
    if (fstat(pidfile_, &opened) || !S_ISREG(opened.st_mode) || opened.st_nlink > 1) {
      close(std::exchange(pidfile_, -1));
      return fail(what + "expected a regular file with one name");
    }
    struct flock lock {};
    lock.l_type = F_WRLCK;
    if (fcntl(pidfile_, F_SETLK, &lock)) {
      close(std::exchange(pidfile_, -1));
      return fail(what + "another process that runs has it; expected a file of its own");
    }
    // The one before may have removed it since it was opened.
    if (!lstat(options_.pidfile.c_str(), &named) && same_file(opened, named)) break;
    close(pidfile_);
  }
  const std::string text = std::to_string(getpid()) + "\n";
  if (ftruncate(pidfile_, 0) || write(pidfile_, text.data(), text.size()) != ssize_t(text.size()))
    return fail(what + std::strerror(errno));
  return {};
}

Result<void> Daemon::ready() {
  if (!options_.pidfile.empty()) TRY(write_pidfile());
  if (parent_waits_on < 0) return {};
  if (chdir("/")) return fail(std::string("-daemonize: /: ") + std::strerror(errno));
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return fail(std::string("-daemonize: /dev/null: ") + std::strerror(errno));
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  if (options_.log.empty() || !options_.log_file.empty()) dup2(null, STDERR_FILENO);
  close(null);
  const char good = 0;
  (void)!write(parent_waits_on, &good, 1);
  close(std::exchange(parent_waits_on, -1));
  return {};
}

Daemon::~Daemon() {
  if (pidfile_ < 0) return;
  struct stat opened, named;
  if (!fstat(pidfile_, &opened) && !lstat(options_.pidfile.c_str(), &named) &&
      same_file(opened, named))
    unlink(options_.pidfile.c_str());
  close(pidfile_);
}

}  // namespace reprise::tools
