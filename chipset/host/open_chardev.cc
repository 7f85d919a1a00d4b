#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "chipset/host/chardev_kinds.h"
#include "chipset/host/stdio_mux.h"
#include "chipset/host/text_console.h"

namespace reprise {

namespace {

class NullChardev final : public Chardev {
 public:
  void write(std::span<const u8>) override {}
  std::string address() const override { return "null"; }
};

class FileChardev final : public Chardev {
 public:
  FileChardev(std::string path, Fd fd)
      : path_(std::move(path)), fd_(std::move(fd)), writer_([this] { queue_.run_to(fd_.get()); }) {}
  ~FileChardev() override {
    disconnect();
    queue_.close();
    writer_.join();
  }
  void write(std::span<const u8> bytes) override { queue_.push(bytes, true); }
  std::string address() const override { return "file:" + path_; }
  void flush(std::chrono::milliseconds limit) override { queue_.flush(limit); }
  bool full() const override { return queue_.full(); }
  void on_room(std::function<void()> told) override { queue_.on_room(std::move(told)); }

 private:
  std::string path_;
  Fd fd_;
  OutputQueue queue_;
  std::thread writer_;
};

Result<std::unique_ptr<Chardev>> open_file(const ChardevOptions& o) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (o.append ? O_APPEND : O_TRUNC);
  Fd fd(::open(o.path.c_str(), flags, 0666));
  if (!fd) {
    return fail(o.option + ": cannot write file '" + o.path + "': " + std::strerror(errno) +
                "; choose a path that this user may write");
  }
  return std::unique_ptr<Chardev>(std::make_unique<FileChardev>(o.path, std::move(fd)));
}

}  // namespace

Result<std::unique_ptr<Chardev>> open_chardev(const ChardevOptions& o, StdioCallbacks callbacks) {
  std::unique_ptr<Chardev> chardev;
  if (o.kind == "null") {
    chardev = std::make_unique<NullChardev>();
  } else if (o.kind == "stdio") {
    StdioMux::Options options;
    options.escapes = o.mux;
    options.signals = o.signal && !o.mux;
    options.cooked = o.cooked;
    chardev = std::make_unique<StdioMux>(options, std::move(callbacks));
  } else if (o.kind == "vc") {
    chardev = std::make_unique<TextConsole>(o.id);
  } else if (o.kind == "file") {
    return open_file(o);
  } else if (o.kind == "unix" || o.kind == "tcp") {
    return open_socket_chardev(o);
  } else {
    return fail(o.option + ": unknown kind '" + o.kind + "'");
  }
  return chardev;
}

}  // namespace reprise
