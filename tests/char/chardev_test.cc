#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>
#include <sstream>

#include "chipset/char/ns16550.h"
#include "chipset/host/stdio_mux.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

using namespace std::chrono_literals;

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
  return condition();
}

ChardevOptions options(const std::string& text) {
  auto parsed = ChardevOptions::parse_chardev(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : ChardevOptions{};
}

std::string temporary(const std::string& name) {
  return testing::TempDir() + name + "." + std::to_string(::getpid());
}

// A stream port of a device that takes `room` bytes and then no more.
struct Line {
  TestBoard board;
  std::string got;
  u64 room = 16;
  Port in{board.door, "/dev:in", PortKind::Input, [this](std::span<const u8> bytes) {
            EXPECT_LE(bytes.size(), room) << "posted beyond its credit";
            got.append(bytes.begin(), bytes.end());
            grant(room - bytes.size());
          }};
  Port out{board.door, "/dev:out", PortKind::Text};
  Line() { grant(16); }
  void grant(u64 bytes) {
    room = bytes;
    in.set_credit(bytes);
  }
  void deliver() { board.door.deliver_due({}); }
  void emit(const std::string& text) {
    board.door.emit(out, {reinterpret_cast<const u8*>(text.data()), text.size()});
  }
};

// An echo over `server`, joined by a second back end as its client.
void round_trip(const std::string& server_text,
                const std::function<std::string(Chardev&)>& client_text) {
  Line a, b;
  auto server = open_chardev(options(server_text));
  ASSERT_TRUE(server.ok()) << server.error().message;
  auto client = open_chardev(options(client_text(**server)));
  ASSERT_TRUE(client.ok()) << client.error().message;
  (*server)->connect_to(a.in, a.out);
  (*client)->connect_to(b.in, b.out);
  const std::string text(1000, 'x');
  const std::string sent = "0123456789abcdef" + text;
  b.emit(sent);
  ASSERT_TRUE(eventually([&] { return a.deliver(), a.got.size() == 16; }));
  std::this_thread::sleep_for(20ms);
  a.deliver();
  EXPECT_EQ(a.got, sent.substr(0, 16)) << "no credit: the rest stays in the socket";
  ASSERT_TRUE(eventually([&] {
    a.grant(7);
    a.deliver();
    return a.got.size() == sent.size();
  }));
  EXPECT_EQ(a.got, sent);
  a.emit("back");
  ASSERT_TRUE(eventually([&] { return b.deliver(), b.got == "back"; }));
  // The client goes; output is lost, and the next client is served.
  *client = nullptr;
  b.got.clear();
  b.grant(16);
  ASSERT_TRUE(eventually([&] {
    a.emit("lost");
    return true;
  }));
  Line c;
  std::this_thread::sleep_for(20ms);
  auto second = open_chardev(options(client_text(**server)));
  ASSERT_TRUE(second.ok());
  (*second)->connect_to(c.in, c.out);
  c.emit("!");
  a.grant(16);
  ASSERT_TRUE(eventually([&] { return a.deliver(), a.got.back() == '!'; }));
  a.emit("hello");
  ASSERT_TRUE(eventually([&] { return c.deliver(), c.got == "hello"; }));
}

TEST(Chardev, TcpRoundTrip) {
  round_trip("socket,id=a,host=127.0.0.1,port=0,server=on,wait=off", [](Chardev& server) {
    const std::string address = server.address();
    return "socket,id=b,host=127.0.0.1,port=" + address.substr(address.rfind(':') + 1);
  });
}

TEST(Chardev, UnixRoundTrip) {
  const std::string path = temporary("chardev-sock");
  round_trip("unix,id=a,path=" + path + ",server,nowait",
             [&](Chardev&) { return "unix,id=b,path=" + path; });
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "the server removes its socket";
}

TEST(Chardev, ErrorsNameOptionAndAddress) {
  auto first = open_chardev(options("socket,id=a,host=127.0.0.1,port=0,server=on,wait=off"));
  ASSERT_TRUE(first.ok());
  const std::string address = (*first)->address();
  const std::string text =
      "tcp,id=b,host=127.0.0.1,port=" + address.substr(address.rfind(':') + 1) +
      ",server=on,wait=off";
  auto second = open_chardev(options(text));
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("-chardev " + text), std::string::npos);
  EXPECT_NE(second.error().message.find(address), std::string::npos);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);

  EXPECT_FALSE(open_chardev(options("file,id=f,path=/nowhere/at/all")).ok());
  EXPECT_FALSE(open_chardev(options("unix,id=u,path=" + temporary("absent"))).ok());
  EXPECT_FALSE(ChardevOptions::parse_chardev("pigeon,id=p").ok());
  EXPECT_FALSE(ChardevOptions::parse_chardev("stdio").ok()) << "no id";
  EXPECT_FALSE(ChardevOptions::parse_chardev("file,id=f").ok()) << "no path";
  EXPECT_FALSE(ChardevOptions::parse_serial("tcp:1234").ok());
}

TEST(Chardev, SerialShortForms) {
  auto tcp = ChardevOptions::parse_serial("tcp::4444,server,nowait");
  ASSERT_TRUE(tcp.ok());
  EXPECT_EQ(tcp->host, "0.0.0.0");
  EXPECT_EQ(tcp->port, "4444");
  EXPECT_TRUE(tcp->server && !tcp->wait);
  auto mon = ChardevOptions::parse_serial("mon:stdio");
  ASSERT_TRUE(mon.ok());
  EXPECT_TRUE(mon->mux && !mon->signal);
}

TEST(Chardev, LeftOverSocketFileIsReplaced) {
  const std::string path = temporary("stale");
  {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    path.copy(un.sun_path, sizeof un.sun_path - 1);
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&un), sizeof un), 0);
  }
  EXPECT_TRUE(open_chardev(options("unix,id=a,path=" + path + ",server,nowait")).ok());
}

TEST(Chardev, FileGetsEverything) {
  const std::string path = temporary("log");
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  {
    Line line;
    auto file = open_chardev(options("file,id=f,path=" + path));
    ASSERT_TRUE(file.ok());
    (*file)->connect_to(nullptr, &line.out);
    line.emit(text);
  }
  std::stringstream read;
  read << std::ifstream(path).rdbuf();
  EXPECT_TRUE(read.str() == text);
  ::unlink(path.c_str());
}

TEST(Chardev, SlowSocketReaderDoesNotHoldTheMachine) {
  const std::string path = temporary("slow");
  Line line;
  auto server = open_chardev(options("unix,id=a,path=" + path + ",server,nowait"));
  ASSERT_TRUE(server.ok());
  auto client = open_chardev(options("unix,id=b,path=" + path));  // never reads
  (*server)->connect_to(line.in, line.out);
  std::this_thread::sleep_for(50ms);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) line.emit(std::string(64 << 10, 'x'));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

struct Pipe {
  Fd read, write;
  Pipe() {
    int fds[2];
    check(::pipe2(fds, O_CLOEXEC) == 0, "pipe");
    read = Fd(fds[0]);
    write = Fd(fds[1]);
  }
  void put(const std::string& text) {
    EXPECT_EQ(::write(write.get(), text.data(), text.size()), ssize_t(text.size()));
  }
};

// The machine goes on to the end of its slice; then it is held until somebody has read.
TEST(StdioMux, AReaderWhoReadsNothingFillsIt) {
  Line line;
  Pipe keys, screen;
  StdioMux::Options o;
  o.in = keys.read.get();
  o.out = screen.write.get();
  std::atomic<int> told = 0;
  StdioMux mux(o, {});
  mux.on_room([&] { ++told; });
  mux.connect_to(nullptr, &line.out);
  line.emit("a few");
  EXPECT_FALSE(mux.full());
  line.emit(std::string(OutputQueue::kOutputLimit + (256 << 10), 'x'));
  EXPECT_TRUE(mux.full());
  std::string read(4096, 0);
  std::size_t got = 0;
  while (mux.full() && got < (1 << 20))
    got += std::size_t(::read(screen.read.get(), read.data(), 4096));
  EXPECT_TRUE(eventually([&] { return told == 1; }));
  EXPECT_GT(got, 128u << 10);
}

TEST(StdioMux, EscapesRouteKeys) {
  Line line;
  Pipe keys, screen;
  std::mutex mutex;
  std::string monitor;
  std::atomic<bool> quit{false};
  StdioMux::Options o;
  o.in = keys.read.get();
  o.out = screen.write.get();
  StdioMux mux(o, {[&](std::string_view text) {
                     const std::scoped_lock lock(mutex);
                     monitor += text;
                   },
                   {},
                   [&] { quit = true; }});
  mux.connect_to(line.in, line.out);
  keys.put(
      "ab\x01\x01"
      "c\x01"
      "cinfo\x01"
      "cd");
  ASSERT_TRUE(eventually([&] { return line.deliver(), line.got.size() == 5; }));
  EXPECT_EQ(line.got,
            "ab\x01"
            "cd");
  {
    const std::scoped_lock lock(mutex);
    EXPECT_EQ(monitor, "info");
  }
  line.grant(0);
  keys.put("held\x01x");
  ASSERT_TRUE(eventually([&] { return quit.load(); })) << "quits although the guest takes nothing";
  line.emit("out");
  mux.flush(1s);
  char buffer[8] = {};
  EXPECT_EQ(::read(screen.read.get(), buffer, sizeof buffer), 3);
  EXPECT_STREQ(buffer, "out");
}

TEST(StdioMux, EndOfInputJustEndsInput) {
  Line line;
  Pipe keys, screen;
  StdioMux::Options o;
  o.in = keys.read.get();
  o.out = screen.write.get();
  StdioMux mux(o, {});
  mux.connect_to(line.in, line.out);
  keys.put("last words");
  keys.write = Fd();
  ASSERT_TRUE(eventually([&] { return line.deliver(), line.got == "last words"; }));
  line.emit("still here");
  mux.flush(1s);
  char buffer[16] = {};
  EXPECT_EQ(::read(screen.read.get(), buffer, sizeof buffer), 10);
}

// The whole way: a socket's bytes reach the guest one per character time, none lost.
TEST(Chardev, SerialLineOverTcp) {
  TestBoard board;
  Ns16550 uart(board.context("/uart"), IrqLine(board.pins, 4));
  board.tree.reset();
  uart.io_write(2, 1, 1);
  auto server = open_chardev(options("tcp,id=a,host=127.0.0.1,port=0,server=on,wait=off"));
  ASSERT_TRUE(server.ok());
  Line far;
  const std::string port = (*server)->address().substr((*server)->address().rfind(':') + 1);
  auto client = open_chardev(options("tcp,id=b,host=127.0.0.1,port=" + port));
  ASSERT_TRUE(client.ok());
  (*server)->connect_to(uart.in(), uart.out());
  (*client)->connect_to(far.in, far.out);
  std::string text;
  for (int i = 0; i < 500; ++i) text += char('a' + i % 26);
  far.emit(text);
  std::string got;
  ASSERT_TRUE(eventually([&] {
    board.run(5'000'000);
    while (uart.io_read(5, 1) & 1) got += char(uart.io_read(0, 1));
    return got.size() == text.size();
  }));
  EXPECT_EQ(got, text);
  far.grant(100);
  for (const char c : std::string("hello")) {
    uart.io_write(0, 1, u8(c));
    board.run(5'000'000);
  }
  ASSERT_TRUE(eventually([&] { return far.deliver(), far.got == "hello"; }));
}

}  // namespace
}  // namespace reprise
