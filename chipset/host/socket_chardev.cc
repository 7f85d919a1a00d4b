// Sockets as character back ends: TCP and Unix, client and server.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "chipset/host/chardev_kinds.h"

namespace reprise {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

std::string name_of(const ChardevOptions& o) {
  if (o.kind == "unix") return "unix:" + o.path;
  return "tcp:" + (o.host.find(':') == std::string::npos ? o.host : "[" + o.host + "]") + ":" +
         o.port;
}

Error socket_error(const ChardevOptions& o, const char* what, int number) {
  std::string advice;
  if (number == EADDRINUSE)
    advice = o.kind == "tcp" ? "; choose another port, or end the program that listens there"
                             : "; choose another path, or end the program that listens there";
  if (number == ECONNREFUSED || number == ENOENT)
    if (!o.server) advice = "; start the other side first, or add server=on to listen here";
  return fail(o.option + ": cannot " + what + " " + name_of(o) + ": " + std::strerror(number) +
              advice);
}

// A socket file that nobody listens on is left over from a program that was killed.
void remove_stale(const Address& address, const std::string& path) {
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), address.get(), address.length) != 0 && errno == ECONNREFUSED)
    ::unlink(path.c_str());
}

Result<std::vector<Address>> resolve(const ChardevOptions& o) {
  std::vector<Address> addresses;
  if (o.kind == "unix") {
    Address a;
    auto& un = reinterpret_cast<sockaddr_un&>(a.storage);
    if (o.path.size() >= sizeof un.sun_path)
      return fail(o.option + ": the path of a Unix socket has at most " +
                  std::to_string(sizeof un.sun_path - 1) + " characters; choose a shorter one");
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, o.path.c_str(), o.path.size() + 1);
    a.length = sizeof un;
    addresses.push_back(a);
    return addresses;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = o.server ? AI_PASSIVE : 0;
  addrinfo* list = nullptr;
  if (const int e = ::getaddrinfo(o.host.c_str(), o.port.c_str(), &hints, &list); e != 0)
    return fail(o.option + ": cannot find " + name_of(o) + ": " + ::gai_strerror(e));
  for (const addrinfo* i = list; i; i = i->ai_next) {
    Address a;
    std::memcpy(&a.storage, i->ai_addr, i->ai_addrlen);
    a.length = i->ai_addrlen;
    addresses.push_back(a);
  }
  ::freeaddrinfo(list);
  return addresses;
}

Result<Fd> open_socket(const ChardevOptions& o) {
  const std::vector<Address> addresses = TRY(resolve(o));
  const char* what = o.server ? "listen on" : "connect to";
  int error = EADDRNOTAVAIL;
  for (const Address& a : addresses) {
    // A listener must not wait for a client that has gone again between poll() and accept().
    Fd fd(::socket(a.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | (o.server ? SOCK_NONBLOCK : 0),
                   0));
    if (!fd) {
      error = errno;
      continue;
    }
    if (!o.server) {
      if (::connect(fd.get(), a.get(), a.length) == 0) return fd;
    } else {
      const int on = 1;
      if (o.kind == "tcp") ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      if (o.kind == "unix") remove_stale(a, o.path);
      if (::bind(fd.get(), a.get(), a.length) == 0 && ::listen(fd.get(), 1) == 0) return fd;
    }
    error = errno;
  }
  return socket_error(o, what, error);
}

class SocketChardev final : public Chardev {
 public:
  SocketChardev(const ChardevOptions& options, Fd fd) : options_(options) {
    if (options.server) {
      listener_ = std::move(fd);
      if (options.wait) {
        std::fprintf(stderr, "reprise: waiting for a connection on %s\n", address().c_str());
        while (!connection()) {
          pollfd p{listener_.get(), POLLIN, 0};
          ::poll(&p, 1, -1);
          accept_one();
        }
      }
    } else {
      adopt(std::move(fd));
    }
    writer_ = std::thread([this] { write_loop(); });
  }
  ~SocketChardev() override {
    disconnect();
    queue_.flush(std::chrono::milliseconds(500));
    stop_ = true;
    wake_.notify();
    queue_.close();
    writer_.join();
    if (reader_.joinable()) reader_.join();
    if (options_.server && options_.kind == "unix") ::unlink(options_.path.c_str());
  }

  void write(std::span<const u8> bytes) override {
    if (connection()) queue_.push(bytes, false);
  }
  void append(u64 client, std::span<const u8> bytes) override {
    const std::scoped_lock lock(mutex_);
    if (connection_ && client == clients_) queue_.append(bytes);
  }
  bool gone(u64 client) const override {
    const std::scoped_lock lock(mutex_);
    return !connection_ || client != clients_ || deaf_;
  }
  std::size_t unsent() const override { return queue_.size(); }
  void on_drained(std::function<void()> told) override { queue_.on_drained(std::move(told)); }
  void flush(std::chrono::milliseconds limit) override { queue_.flush(limit); }
  std::string address() const override {
    if (!listener_ || options_.kind == "unix") return name_of(options_);
    Address a;
    a.length = sizeof a.storage;
    ::getsockname(listener_.get(), a.get(), &a.length);
    ChardevOptions bound = options_;  // port 0 asks the host for a free one
    bound.port = std::to_string(ntohs(a.get()->sa_family == AF_INET6
                                          ? reinterpret_cast<sockaddr_in6&>(a.storage).sin6_port
                                          : reinterpret_cast<sockaddr_in&>(a.storage).sin_port));
    return name_of(bound);
  }

 private:
  using Connection = std::shared_ptr<Fd>;

  Connection connection() {
    const std::scoped_lock lock(mutex_);
    return connection_;
  }
  u64 adopt(Fd fd) {
    const int on = 1;
    if (options_.kind == "tcp" && options_.nodelay)
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::scoped_lock lock(mutex_);
    connection_ = std::make_shared<Fd>(std::move(fd));
    deaf_ = false;
    return ++clients_;
  }
  void accept_one() {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) return;
    const u64 client = adopt(std::move(fd));
    if (opened_) opened_(client);
  }
  void drop() {
    {
      const std::scoped_lock lock(mutex_);
      connection_.reset();
    }
    queue_.drop_all();
    if (closed_) closed_();
  }

  void connected() override {
    reader_ = std::thread([this] { read_loop(); });
  }
  bool is_open() override { return connection() != nullptr; }
  void credit_grew() override { wake_.notify(); }

  void read_loop() {
    block_signals();
    std::vector<u8> held;  // read, but the door was full
    while (!stop_) {
      if (!held.empty() && in_->door().post(*in_, held)) held.clear();
      const Connection c = connection();
      const u64 room = !held.empty() ? 0 : in_ ? in_->credit() : 4096;
      int fd = c ? (room ? c->get() : -1) : listener_.get();
      pollfd fds[2] = {{fd, POLLIN, 0}, {wake_.fd(), POLLIN, 0}};
      ::poll(fds, 2, held.empty() ? -1 : 10);
      if (fds[1].revents) wake_.clear();
      if (!fds[0].revents || stop_) continue;
      if (!c) {
        accept_one();
        continue;
      }
      u8 buffer[16384];
      const auto n = ::recv(fd, buffer, std::min<u64>(room, sizeof buffer), MSG_DONTWAIT);
      if (n > 0 && in_) {
        held.assign(buffer, buffer + n);
      } else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop();
      }
    }
  }

  void write_loop() {
    block_signals();
    for (;;) {
      const std::vector<u8> bytes = queue_.pop(4096);
      if (bytes.empty()) return;
      const Connection c = connection();
      // A client that came after these bytes were dropped does not get them.
      for (std::size_t done = queue_.dropped() ? bytes.size() : 0;
           c && done < bytes.size() && !stop_ && c == connection();) {
        const auto n =
            ::send(c->get(), bytes.data() + done, bytes.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
          done += std::size_t(n);
        } else if (errno == EAGAIN || errno == EINTR) {
          pollfd p{c->get(), POLLOUT, 0};
          ::poll(&p, 1, 100);
        } else {
          ::shutdown(c->get(), SHUT_RDWR);  // the reader sees the end and forgets the connection
          const std::scoped_lock lock(mutex_);
          deaf_ = deaf_ || c == connection_;
          break;
        }
      }
      queue_.written();
    }
  }

  ChardevOptions options_;
  Fd listener_;
  mutable std::mutex mutex_;  // guards the following three
  Connection connection_;
  u64 clients_ = 0;    // that have come
  bool deaf_ = false;  // the last of them takes nothing more
  OutputQueue queue_;
  Event wake_;
  std::atomic<bool> stop_{false};
  std::thread reader_, writer_;
};

}  // namespace

Result<std::unique_ptr<Chardev>> open_socket_chardev(const ChardevOptions& options) {
  Fd fd = TRY(open_socket(options));
  return std::unique_ptr<Chardev>(std::make_unique<SocketChardev>(options, std::move(fd)));
}

}  // namespace reprise
