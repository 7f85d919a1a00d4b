#include "qmp/gdb/stub.h"

#include <algorithm>

#include "cpu/cluster.h"
#include "qmp/gdb/target_description.h"

namespace reprise {

using gdb::Cursor;

// The first row whose name begins the packet.
const GdbStub::Row GdbStub::kPackets[] = {
    {"?", &GdbStub::why_stopped},
    {"bc", &GdbStub::backwards},
    {"bs", &GdbStub::backwards},
    {"c", &GdbStub::continue_},
    {"C", &GdbStub::continue_signal},
    {"D", &GdbStub::detach},
    {"g", &GdbStub::read_all_registers},
    {"G", &GdbStub::write_all_registers},
    {"H", &GdbStub::choose_thread},
    {"k", &GdbStub::kill},
    {"m", &GdbStub::read_memory},
    {"M", &GdbStub::write_memory},
    {"p", &GdbStub::read_one_register},
    {"P", &GdbStub::write_one_register},
    {"q", &GdbStub::query},
    {"Q", &GdbStub::query},
    {"s", &GdbStub::step},
    {"S", &GdbStub::step_signal},
    {"T", &GdbStub::thread_alive},
    {"v", &GdbStub::action},
    {"x", &GdbStub::read_binary},
    {"X", &GdbStub::write_binary},
    {"z", &GdbStub::remove_break},
    {"Z", &GdbStub::insert_break},
};

const GdbStub::Row GdbStub::kQueries[] = {
    {"qSupported", &GdbStub::supported},
    {"QStartNoAckMode", &GdbStub::start_no_ack},
    {"qXfer:features:read:", &GdbStub::features},
    {"qfThreadInfo", &GdbStub::first_threads},
    {"qsThreadInfo", &GdbStub::more_threads},
    {"qThreadExtraInfo,", &GdbStub::thread_text},
    {"qAttached", &GdbStub::attached},
    {"qRcmd,", &GdbStub::monitor_command},
    {"qqemu.PhyMemMode", &GdbStub::physical_mode},
    {"Qqemu.PhyMemMode:", &GdbStub::set_physical_mode},
    {"qCRC:", nullptr},  // not the current thread
    {"qC", &GdbStub::current_thread},
};

const GdbStub::Row GdbStub::kActions[] = {
    {"vCont?", &GdbStub::vcont_query},
    {"vCont;", &GdbStub::vcont},
    {"vKill;", &GdbStub::kill_process},
};

GdbStub::GdbStub(Operator& op, Send send, Monitor monitor, std::function<void()> wake)
    : op_(op), send_(std::move(send)), monitor_(std::move(monitor)), wake_(std::move(wake)) {
  check(!op.cpus().empty(), "a debugger needs a vCPU");
  registers_ = cpu::debug_registers(cpu(0).cluster.model());
}

GdbStub::~GdbStub() { disconnected(); }

// --- the connection ---

void GdbStub::connected() {
  disconnected();
  if (op_.run_state() == RunState::Running) op_.stop();
  cpu_ = turn();
}

void GdbStub::disconnected() {
  const bool travels = running_ && op_.travel() &&
                       (action_.reverse || op_.travel()->travel_status().mode != TravelMode::Live);
  run_.reset();
  if (travels) op_.travel()->interrupt();
  forget_breaks();
  running_ = false;
  approach_ = 0;
  held_.clear();
  reader_.reset();
  last_sent_.clear();
  acknowledges_ = true;
  multiprocess_ = swbreak_ = hwbreak_ = physical_ = false;
  resumed_.reset();
}

void GdbStub::feed(std::span<const u8> bytes) {
  using Event = gdb::PacketReader::Event;
  for (const u8 byte : bytes) {
    switch (reader_.feed(byte)) {
      case Event::None:
        break;
      case Event::Ack:
        last_sent_.clear();
        break;
      case Event::Nak:
        if (acknowledges_ && !last_sent_.empty()) send_(last_sent_);
        break;
      case Event::Interrupt:
        if (running_) interrupt();
        break;
      case Event::BadChecksum:
        if (acknowledges_) send_("-");
        break;
      case Event::TooLong:
        if (acknowledges_) send_("+");
        reply_error("a packet has at most " + std::to_string(gdb::kPacketSize) + " bytes");
        break;
      case Event::Packet:
        if (acknowledges_) send_("+");
        if (!running_)
          packet(reader_.data());
        else if (held_.size() < kMaxHeld)  // nobody sends that many before the answer
          held_.push_back(reader_.data());
        break;
    }
  }
}

void GdbStub::ended(int exit_status) {
  if (!running_) return;
  running_ = false;
  run_.reset();
  send_packet("W" + gdb::to_hex(std::string(1, char(exit_status))) +
              (multiprocess_ ? ";process:1" : ""));
}

void GdbStub::send_packet(std::string_view data) {
  last_sent_ = gdb::packet(data);
  send_(last_sent_);
}

void GdbStub::reply_result(const Result<void>& result) {
  if (result)
    reply("OK");
  else
    reply_error(result.error().message);
}

// Text for the debugger's user, in answer to qRcmd or while the machine runs.
void GdbStub::console(const std::string& text) {
  constexpr std::size_t kPiece = 1024;
  for (std::size_t at = 0; at < text.size(); at += kPiece)
    send_packet("O" + gdb::to_hex(std::string_view(text).substr(at, kPiece)));
}

// --- packets ---

void GdbStub::packet(const std::string& data) { run(kPackets, Cursor(data)); }
void GdbStub::query(Cursor in) { run(kQueries, in); }
void GdbStub::action(Cursor in) { run(kActions, in); }

// Letters are taken off; names of queries too. What nobody knows has an empty answer.
void GdbStub::run(std::span<const Row> rows, Cursor in) {
  for (const Row& row : rows) {
    if (!in.rest().starts_with(row.name)) continue;
    const bool more =
        row.run == &GdbStub::query || row.run == &GdbStub::action || row.run == &GdbStub::backwards;
    if (!more) in.skip(row.name);
    return row.run ? (this->*row.run)(in) : reply("");
  }
  reply("");
}

void GdbStub::why_stopped(Cursor) {
  forget_breaks();  // a debugger begins with this; what another left is not its own
  cpu_ = turn();
  reply(stop_reply(5, cpu_));
}

void GdbStub::detach(Cursor) {
  forget_breaks();
  reply("OK");
  if (op_.run_state() != RunState::Running) (void)op_.cont();
}

void GdbStub::kill(Cursor) { op_.quit(); }

void GdbStub::kill_process(Cursor) {
  reply("OK");
  op_.quit();
}

// --- threads ---

unsigned GdbStub::turn() const { return cpu(0).cluster.runs_next(); }

std::string GdbStub::name_of(unsigned cpu) const {
  std::string id = gdb::hex_number(cpu + 1);
  if (id.size() < 2) id = "0" + id;
  return multiprocess_ ? "p01." + id : id;
}

// "p1.2", "2", "0", "-1", "p1", "p1.-1".
std::optional<GdbStub::Thread> GdbStub::thread(Cursor& in) const {
  const bool process = in.skip("p");
  if (process) {
    if (!in.skip("-1")) {
      const auto pid = in.number();
      if (!pid || *pid > 1) return std::nullopt;
    }
    if (!in.skip(".")) return Thread{Threads::All};
  }
  if (in.skip("-1")) return Thread{Threads::All};
  const auto id = in.number();
  if (!id || *id > cpu_count()) return std::nullopt;
  if (*id == 0) return Thread{Threads::Any};
  return Thread{Threads::One, unsigned(*id) - 1};
}

void GdbStub::choose_thread(Cursor in) {
  const bool general = in.skip("g");
  if (!general && !in.skip("c")) return reply("");
  const auto chosen = thread(in);
  if (!chosen || !in.end()) return reply_error("there is no such vCPU");
  if (general && chosen->which == Threads::One) cpu_ = chosen->cpu;
  if (!general) {
    resumed_.reset();
    if (chosen->which == Threads::One) resumed_ = chosen->cpu;
  }
  reply("OK");
}

void GdbStub::thread_alive(Cursor in) {
  const auto asked = thread(in);
  if (asked && in.end() && asked->which == Threads::One)
    reply("OK");
  else
    reply_error("there is no such vCPU");
}

void GdbStub::current_thread(Cursor) { reply("QC" + name_of(cpu_)); }

void GdbStub::first_threads(Cursor) {
  std::string list = "m";
  for (unsigned i = 0; i < cpu_count(); ++i) list += (i ? "," : "") + name_of(i);
  reply(list);
}

void GdbStub::more_threads(Cursor) { reply("l"); }

void GdbStub::thread_text(Cursor in) {
  const auto asked = thread(in);
  if (!asked || asked->which != Threads::One) return reply_error("there is no such vCPU");
  const char* activity = "running";
  switch (cpu(asked->cpu).activity) {
    case cpu::Activity::Running:
      break;
    case cpu::Activity::Halted:
      activity = "halted";
      break;
    case cpu::Activity::WaitForSipi:
      activity = "waits for SIPI";
      break;
    case cpu::Activity::Shutdown:
      activity = "shutdown";
      break;
  }
  reply(gdb::to_hex("CPU#" + std::to_string(asked->cpu) + " [" + activity + "]"));
}

// --- queries ---

void GdbStub::supported(Cursor in) {
  const std::string known = std::string(in.rest()) + ";";
  const auto knows = [&](const std::string& feature) {
    return known.find(":" + feature + "+;") != std::string::npos ||
           known.find(";" + feature + "+;") != std::string::npos;
  };
  multiprocess_ = knows("multiprocess");
  swbreak_ = knows("swbreak");
  hwbreak_ = knows("hwbreak");
  reply("PacketSize=" + gdb::hex_number(gdb::kPacketSize) +
        ";qXfer:features:read+;ReverseStep+;ReverseContinue+;vContSupported+;multiprocess+;"
        "swbreak+;hwbreak+;QStartNoAckMode+");
}

void GdbStub::start_no_ack(Cursor) {
  reply("OK");
  acknowledges_ = false;
}

// target.xml:OFFSET,LENGTH
void GdbStub::features(Cursor in) {
  if (!in.skip("target.xml:")) return reply("E00");
  const auto offset = in.number();
  const auto length = in.skip(",") ? in.number() : std::nullopt;
  if (!offset || !length) return reply("E00");
  const std::string text = gdb::target_description(registers_);
  if (*offset > text.size()) return reply("E00");
  const std::string piece = text.substr(*offset, std::min<u64>(*length, gdb::kPacketSize / 2));
  reply((*offset + piece.size() < text.size() ? "m" : "l") + piece);
}

void GdbStub::attached(Cursor) { reply("1"); }

void GdbStub::monitor_command(Cursor in) {
  const auto command = gdb::from_hex(in.rest());
  if (!command) return reply_error("qRcmd: expected hex digits");
  console(monitor_(std::string(command->begin(), command->end())));
  reply("OK");
}

void GdbStub::physical_mode(Cursor) { reply(physical_ ? "1" : "0"); }

void GdbStub::set_physical_mode(Cursor in) {
  if (in.rest() != "0" && in.rest() != "1") return reply_error("PhyMemMode: expected 0 or 1");
  physical_ = in.rest() == "1";
  reply("OK");
}

}  // namespace reprise
