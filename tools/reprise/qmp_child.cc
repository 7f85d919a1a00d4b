#include "tools/reprise/qmp_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

extern char** environ;

namespace reprise::tools {
namespace {

constexpr std::size_t kMaxLine = 4 << 20;
constexpr std::size_t kMaxEvents = 1024;

}  // namespace

Result<std::unique_ptr<QmpChild>> QmpChild::start(const std::vector<std::string>& arguments,
                                                  std::function<bool()> give_up) {
  std::unique_ptr<QmpChild> child(new QmpChild);
  child->give_up_ = std::move(give_up);
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC)) return fail(std::strerror(errno));
  child->in_ = to[1];
  if (pipe2(from, O_CLOEXEC)) {
    close(to[0]);
    return fail(std::strerror(errno));
  }
  child->out_ = from[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  std::vector<char*> words;
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  // In a process group of its own, and with no signal blocked.
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  const int error = posix_spawnp(&child->process_, words[0], &actions, &how, words.data(), environ);
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  if (error) {
    child->process_ = -1;
    return fail(std::strerror(error));
  }
  TRY(child->read());  // the greeting
  TRY(child->run("qmp_capabilities", Json::object()));
  return child;
}

QmpChild::~QmpChild() {
  if (in_ >= 0) close(in_);
  if (out_ >= 0) close(out_);
  if (process_ < 0) return;
  kill(-process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// The next message; events are messages too.
Result<QmpChild::Json> QmpChild::read() {
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      Json said = Json::parse(unread_.substr(0, end), nullptr, false);
      unread_.erase(0, end + 1);
      if (!said.is_object()) return fail("it does not speak QMP");
      return said;
    }
    if (unread_.size() > kMaxLine) return fail("it does not speak QMP");
    if (give_up_()) return fail("interrupted");
    pollfd ready{out_, POLLIN, 0};
    if (poll(&ready, 1, 100) <= 0) continue;
    char piece[4096];
    const ssize_t count = ::read(out_, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail("it ended");
    unread_.append(piece, std::size_t(count));
  }
}

Result<QmpChild::Json> QmpChild::run(const std::string& command, const Json& arguments) {
  const std::string text = Json{{"execute", command}, {"arguments", arguments}}.dump() + "\n";
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = write(in_, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail("it ended");
    done += std::size_t(count);
  }
  for (;;) {
    Json said = TRY(read());
    if (said.contains("return")) return said["return"];
    if (said.contains("error")) return fail(command + ": " + said["error"].dump());
    if (events_.size() < kMaxEvents) events_.push_back(std::move(said));
  }
}

Result<QmpChild::Json> QmpChild::event(const std::string& name) {
  for (;;) {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (!events_[i].contains("event") || events_[i]["event"] != name) continue;
      Json data = events_[i].value("data", Json::object());
      events_.erase(events_.begin(), events_.begin() + std::ptrdiff_t(i) + 1);
      return data;
    }
    events_.clear();
    events_.push_back(TRY(read()));
  }
}

}  // namespace reprise::tools
