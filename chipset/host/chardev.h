// Character back ends: the host's end of a serial line, console or debug port.
//
// A back end has two threads. The reader takes from the host no more than the input port has credit
// for and posts it; what there is no credit for stays in the socket or pipe. The writer takes from
// a queue of at most kOutputLimit bytes that the machine thread fills.
//   Slow readers: stdio and files hold the machine when the queue is full, as a pipe would, but
//   between slices (full()), where monitors are answered; so the queue may be longer by what one
//   slice puts out. A socket holds it for kPatience, then loses output until half of the queue is
//   free again. With nobody connected a socket loses all output.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "chipset/host/fd.h"
#include "replay/core/door.h"
#include "replay/core/result.h"

namespace reprise {

// -chardev KIND,id=ID,key=value... or -serial's short form.
struct ChardevOptions {
  std::string option;  // as the operator wrote it, for messages
  std::string kind;    // null, stdio, file, unix, tcp, vc (a console of the display)
  std::string id;
  std::string path;  // file, unix
  std::string host, port;
  bool server = false;
  bool wait = true;  // a server waits for its first client before the machine starts
  bool nodelay = false;
  bool append = false;  // file
  bool signal = true;   // stdio: Ctrl-C ends the program instead of going to the guest
  bool mux = false;     // stdio: Ctrl-A escapes, see StdioMux
  bool cooked = false;  // stdio: a terminal keeps its echo and its editing of lines

  // "socket,id=s0,path=/tmp/s,server=on,wait=off", "stdio,id=c", "file,id=f,path=log", "tcp,..."
  static Result<ChardevOptions> parse_chardev(std::string_view option);
  // "stdio", "mon:stdio", "null", "none", "file:log", "unix:/tmp/s,server,nowait",
  // "tcp:host:port,server=on,wait=off"; "chardev:ID" is the caller's.
  static Result<ChardevOptions> parse_serial(std::string_view option);
};

class Chardev {
 public:
  virtual ~Chardev() = default;
  Chardev(const Chardev&) = delete;
  // Joins a device's ports; either may be null. Once, before the machine runs. The ports must
  // outlive this object or the machine must stand still when it goes.
  void connect_to(Port* in, Port* out, Port* break_in = nullptr);
  void connect_to(Port& in, Port& out) { connect_to(&in, &out); }
  // Told, on any thread, that somebody is at the other end: at once where that is always so, else
  // for each client that comes, with its number. Before connect_to(). What the client says is
  // posted afterwards.
  void on_open(std::function<void(u64 client)> told) { opened_ = std::move(told); }
  // Likewise, that a client has gone.
  void on_close(std::function<void()> told) { closed_ = std::move(told); }
  // Machine thread: output for the host.
  virtual void write(std::span<const u8> bytes) = 0;
  // The same for monitors: never waits, never loses a part, and goes to that client or to nobody.
  // Whoever calls this looks at unsent() and keeps it within bounds.
  virtual void append(u64 /*client*/, std::span<const u8> bytes) { write(bytes); }
  virtual std::size_t unsent() const { return 0; }           // bytes that have not left yet
  virtual bool gone(u64 /*client*/) const { return false; }  // nothing can be sent to it any more
  // Told, on any thread, when all has left. Before connect_to().
  virtual void on_drained(std::function<void()> /*told*/) {}
  // Where it is, for operators: "tcp:127.0.0.1:4444", "file:log".
  virtual std::string address() const = 0;
  // Waits, at most `limit`, until what was written has left.
  virtual void flush(std::chrono::milliseconds /*limit*/) {}
  // Machine thread: it holds the machine until there is room; on_room() tells, on any thread.
  virtual bool full() const { return false; }
  virtual void on_room(std::function<void()> /*told*/) {}

 protected:
  Chardev() = default;
  virtual void connected() {}  // ports are known: start reading
  virtual bool is_open() { return true; }
  virtual void credit_grew() {}
  void disconnect();  // for destructors, before threads end

  Port* in_ = nullptr;
  Port* out_ = nullptr;
  Port* break_ = nullptr;
  std::function<void(u64)> opened_;
  std::function<void()> closed_;
};

// How stdio reaches the rest of the program. Called on the reader's thread.
struct StdioCallbacks {
  std::function<void(std::string_view)> monitor;  // keys while the monitor has the terminal
  std::function<void(bool)> focus;                // the monitor gets (or loses) it
  std::function<void()> quit;                     // Ctrl-A x
};

// Opens what the options name. Errors name option, address and what to do. A server that waits does
// so in here.
Result<std::unique_ptr<Chardev>> open_chardev(const ChardevOptions& options,
                                              StdioCallbacks callbacks = {});

// The bounded queue between the machine thread and a writer thread.
class OutputQueue {
 public:
  static constexpr std::size_t kOutputLimit = 256 << 10;
  static constexpr std::chrono::milliseconds kPatience{200};

  // `patient`: takes all; who pushes stops when full() says so. Otherwise waits for room for
  // kPatience, then loses output.
  void push(std::span<const u8> bytes, bool patient);
  // All of it, at once, however much there is.
  void append(std::span<const u8> bytes);
  std::size_t size() const;  // what has not been written() yet
  void on_drained(std::function<void()> told) { drained_ = std::move(told); }  // before the writer
  // Writer: waits for bytes (at most `max`); empty when closed and drained.
  std::vector<u8> pop(std::size_t max);
  void drop_all();
  // Writer: what pop() gave last was dropped meanwhile.
  bool dropped() const;
  void close();
  bool closed() const { return closed_; }
  bool full() const;
  void on_room(std::function<void()> told);  // told, by the writer, when it is full no more
  void flush(std::chrono::milliseconds limit);
  void written();  // what pop() gave last has left

  // A writer thread's life: writes what comes to `fd` until closed and drained. After close() a
  // reader that takes nothing for a second loses the rest.
  void run_to(int fd);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> room_;
  std::function<void()> drained_;
  std::vector<u8> bytes_;
  std::size_t taken_ = 0;    // of bytes_, by the writer
  std::size_t writing_ = 0;  // bytes that pop() gave
  bool dropped_ = false;
  bool losing_ = false;
  std::atomic<bool> closed_ = false;
};

}  // namespace reprise
