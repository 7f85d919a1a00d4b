// gdb's remote serial protocol: one debugger, on the machine thread.
//
// The debugger sees one process whose threads are the vCPUs, numbered from 1; all stop together.
// Running, stepping and going back are OperatorTravel's; breakpoints and watchpoints are Stops, so
// guest memory is never patched. README.md has what is understood.
//
//   stub.cc       the connection, packets, threads, queries
//   stub_data.cc  registers and memory
//   stub_run.cc   breakpoints, running, why it stopped
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cpu/debug/registers.h"
#include "qmp/gdb/packet.h"
#include "qmp/operator.h"
#include "qmp/operator_travel.h"

namespace reprise {

class GdbStub {
 public:
  using Send = std::function<void(std::string_view)>;
  using Monitor = std::function<std::string(const std::string&)>;  // one line of HMP: its answer

  // `wake`: there is something to do; poll() does it.
  GdbStub(Operator& op, Send send, Monitor monitor, std::function<void()> wake);
  ~GdbStub();
  GdbStub(const GdbStub&) = delete;

  // A debugger has come: the machine stops for it.
  void connected();
  // It has gone, and its breakpoints with it. A machine that runs goes on, one that travels stops.
  void disconnected();
  void feed(std::span<const u8> bytes);
  // Between slices. The machine has stopped: the debugger is told.
  void poll();
  // The program ends: a debugger that waits for a stop is told.
  void ended(int exit_status);

 private:
  static constexpr std::size_t kMaxHeld = 8;
  struct Break {
    char type;  // of Z packets: '0' to '4'
    u64 address, length;
    u32 id;
  };
  enum class Threads : u8 { One, Any, All };
  struct Thread {
    Threads which = Threads::Any;
    unsigned cpu = 0;  // One
  };
  struct Action {
    bool step = false, reverse = false;
    std::optional<unsigned> cpu;  // to step
  };
  struct Row {
    std::string_view name;
    void (GdbStub::*run)(gdb::Cursor);
  };
  static const Row kPackets[], kQueries[], kActions[];

  // stub.cc
  void packet(const std::string& data);
  void run(std::span<const Row> rows, gdb::Cursor in);
  void send_packet(std::string_view data);
  void reply(std::string_view data) { send_packet(data); }
  void reply_error(const std::string& message) { send_packet("E." + message); }
  void reply_result(const Result<void>& result);
  void console(const std::string& text);
  unsigned cpu_count() const { return unsigned(op_.cpus().size()); }
  const cpu::Cpu& cpu(unsigned index) const { return *op_.cpus()[index]; }
  unsigned turn() const;
  std::string name_of(unsigned cpu) const;
  std::optional<Thread> thread(gdb::Cursor& in) const;
  void query(gdb::Cursor in);
  void action(gdb::Cursor in);
  void why_stopped(gdb::Cursor in);
  void choose_thread(gdb::Cursor in);
  void thread_alive(gdb::Cursor in);
  void detach(gdb::Cursor in);
  void kill(gdb::Cursor in);
  void kill_process(gdb::Cursor in);
  void supported(gdb::Cursor in);
  void start_no_ack(gdb::Cursor in);
  void features(gdb::Cursor in);
  void current_thread(gdb::Cursor in);
  void first_threads(gdb::Cursor in);
  void more_threads(gdb::Cursor in);
  void thread_text(gdb::Cursor in);
  void attached(gdb::Cursor in);
  void monitor_command(gdb::Cursor in);
  void physical_mode(gdb::Cursor in);
  void set_physical_mode(gdb::Cursor in);

  // stub_data.cc
  void read_all_registers(gdb::Cursor in);
  void write_all_registers(gdb::Cursor in);
  void read_one_register(gdb::Cursor in);
  void write_one_register(gdb::Cursor in);
  void read_memory(gdb::Cursor in);
  void read_binary(gdb::Cursor in);
  void write_memory(gdb::Cursor in);
  void write_binary(gdb::Cursor in);
  std::vector<u8> memory(u64 address, u64 length);
  Result<void> change_memory(u64 address, std::span<const u8> bytes);
  Result<void> change_register(const cpu::DebugRegister& which, std::span<const u8> bytes);
  std::vector<u8> register_bytes(const cpu::DebugRegister& which) const;

  // stub_run.cc
  void insert_break(gdb::Cursor in);
  void remove_break(gdb::Cursor in);
  void forget_breaks();
  void continue_(gdb::Cursor in) { resume_from(in, false); }
  void step(gdb::Cursor in) { resume_from(in, true); }
  void continue_signal(gdb::Cursor in) { resume_after_signal(in, false); }
  void step_signal(gdb::Cursor in) { resume_after_signal(in, true); }
  void backwards(gdb::Cursor in);
  void vcont(gdb::Cursor in);
  void vcont_query(gdb::Cursor in);
  void resume_from(gdb::Cursor in, bool step);
  void resume_after_signal(gdb::Cursor in, bool step);
  void resume(Action action);
  Result<void> start(const Action& action);
  Result<void> start_step(OperatorTravel& travel, const Action& action);
  OperatorTravel::Done when_stopped();
  void stopped(const TravelStop& stop);
  void interrupt();
  std::string why(const TravelStop& stop) const;
  std::string reason_of(const StopHit& hit) const;
  std::string stop_reply(unsigned signal, unsigned cpu, const std::string& reason = "") const;

  Operator& op_;
  Send send_;
  Monitor monitor_;
  std::function<void()> wake_;
  std::vector<cpu::DebugRegister> registers_;

  // Of the connection.
  gdb::PacketReader reader_;
  std::string last_sent_;  // until it is acknowledged
  bool acknowledges_ = true;
  bool multiprocess_ = false, swbreak_ = false, hwbreak_ = false;  // what the debugger knows
  bool physical_ = false;                                          // m and M, and watchpoints
  unsigned cpu_ = 0;                 // of Hg: whose registers and translation
  std::optional<unsigned> resumed_;  // of Hc: who steps
  std::vector<Break> breaks_;

  bool running_ = false;  // a stop reply is owed
  Action action_;
  u32 approach_ = 0;              // a breakpoint of our own, at any instruction of a vCPU
  std::deque<std::string> held_;  // packets that came meanwhile
  std::shared_ptr<std::optional<TravelStop>> run_;  // where the present run came to
};

}  // namespace reprise
