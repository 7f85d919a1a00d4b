// Breakpoints, running there and back, and why the machine stopped.
#include <algorithm>

#include "cpu/cluster.h"
#include "qmp/gdb/stub.h"
#include "qmp/operator_debug.h"

namespace reprise {

using gdb::Cursor;

namespace {

constexpr const char* kOwner = "gdb";
constexpr const char* kBadPacket = "E16";  // EINVAL
constexpr unsigned kSigInt = 2, kSigTrap = 5, kSigAbort = 6;

StopKind kind_of(char type) {
  return type == '2'   ? StopKind::Write
         : type == '3' ? StopKind::Read
         : type == '4' ? StopKind::Access
                       : StopKind::Pc;
}

struct BreakPacket {
  char type;
  u64 address, length;
};

// TYPE,ADDRESS,KIND
std::optional<BreakPacket> parse_break(Cursor in) {
  const auto type = in.number();
  if (!type || !in.skip(",")) return std::nullopt;
  const auto address = in.number();
  if (!address || !in.skip(",")) return std::nullopt;
  const auto length = in.number();
  if (!length || !in.end()) return std::nullopt;
  return BreakPacket{char('0' + std::min<u64>(*type, 9)), *address, *length};
}

}  // namespace

// --- breakpoints ---

void GdbStub::insert_break(Cursor in) {
  const auto asked = parse_break(in);
  if (!asked) return reply(kBadPacket);
  if (asked->type > '4') return reply("");
  OperatorTravel* travel = op_.travel();
  if (!travel) return reply_error("this machine has no breakpoints");
  const auto same = [&](const Break& b) {
    return b.type == asked->type && b.address == asked->address && b.length == asked->length;
  };
  if (std::any_of(breaks_.begin(), breaks_.end(), same)) return reply("OK");
  TravelBreak what;
  what.owner = kOwner;
  what.condition.kind = kind_of(asked->type);
  what.condition.first = what.condition.last = asked->address;
  if (what.condition.kind != StopKind::Pc) {
    if (!asked->length || asked->address + (asked->length - 1) < asked->address)
      return reply(kBadPacket);
    what.condition.last = asked->address + (asked->length - 1);
    what.condition.physical = physical_;
  }
  const auto id = travel->add_break(what);
  if (!id) return reply_error(id.error().message);
  breaks_.push_back({asked->type, asked->address, asked->length, *id});
  reply("OK");
}

void GdbStub::remove_break(Cursor in) {
  const auto asked = parse_break(in);
  if (!asked) return reply(kBadPacket);
  if (asked->type > '4') return reply("");
  for (auto it = breaks_.begin(); it != breaks_.end(); ++it) {
    if (it->type != asked->type || it->address != asked->address || it->length != asked->length)
      continue;
    const auto removed = op_.travel()->remove_break(it->id);
    breaks_.erase(it);
    return reply_result(removed);
  }
  reply("OK");  // as when it is inserted twice
}

void GdbStub::forget_breaks() {
  if (op_.travel() && (!breaks_.empty() || approach_)) op_.travel()->remove_breaks_of(kOwner);
  breaks_.clear();
}

// --- running ---

// "c", "s": from here, or from an address.
void GdbStub::resume_from(Cursor in, bool step) {
  if (!in.end()) {
    const auto address = in.number();
    if (!address || !in.end()) return reply(kBadPacket);
    for (const cpu::DebugRegister& r : registers_) {
      if (r.kind != cpu::DebugRegister::Kind::Ip) continue;
      u8 bytes[8];
      for (unsigned i = 0; i < 8; ++i) bytes[i] = u8(*address >> (8 * i));
      const auto changed = change_register(r, std::span(bytes).first(r.bits / 8));
      if (!changed) return reply_result(changed);
    }
  }
  resume({.step = step, .reverse = false, .cpu = resumed_});
}

// "C SIGNAL[;ADDRESS]": a machine has no signals.
void GdbStub::resume_after_signal(Cursor in, bool step) {
  if (!in.number()) return reply(kBadPacket);
  if (!in.end() && !in.skip(";")) return reply(kBadPacket);
  resume_from(in, step);
}

void GdbStub::backwards(Cursor in) {
  const bool step = in.rest() == "bs";
  if (!step && in.rest() != "bc") return reply("");
  resume({.step = step, .reverse = true, .cpu = resumed_});
}

void GdbStub::vcont_query(Cursor) { reply("vCont;c;C;s;S;t"); }

// ACTION[:THREAD];...: who is named first counts. All run, whoever steps.
void GdbStub::vcont(Cursor in) {
  std::optional<Action> chosen;
  bool halt = false;
  do {
    const bool step = in.rest().starts_with("s") || in.rest().starts_with("S");
    const bool signal = in.rest().starts_with("C") || in.rest().starts_with("S");
    const bool stop = in.skip("t");
    if (!stop && !in.skip("c") && !in.skip("s") && !in.skip("C") && !in.skip("S"))
      return reply(kBadPacket);
    if (signal && !in.number()) return reply(kBadPacket);
    Thread who{Threads::All};
    if (in.skip(":")) {
      const auto named = thread(in);
      if (!named) return reply(kBadPacket);
      who = *named;
    }
    halt |= stop;
    if (chosen || stop) continue;
    if (step)
      chosen = Action{.step = true, .cpu = who.which == Threads::One ? who.cpu : cpu_};
    else if (who.which != Threads::One)
      chosen = Action{};
  } while (in.skip(";"));
  if (!in.end()) return reply(kBadPacket);
  if (halt && !chosen) return reply(stop_reply(0, cpu_));  // all are stopped
  resume(chosen.value_or(Action{}));
}

void GdbStub::resume(Action action) {
  running_ = true;
  action_ = action;
  if (op_.run_state() == RunState::Running) op_.stop();  // a monitor has let it go
  const auto started = start(action);
  if (started) return;
  running_ = false;
  console(started.error().message + "\n");
  reply(stop_reply(kSigTrap, cpu_, action.reverse ? "replaylog:begin;" : ""));
}

Result<void> GdbStub::start(const Action& action) {
  OperatorTravel* travel = op_.travel();
  if (!travel) return fail("this machine cannot be run by a debugger");
  if (action.step) return start_step(*travel, action);
  return travel->run_on(action.reverse, when_stopped());
}

// vCPUs take turns. The one that is to step goes next, or else the others run until it would; back,
// until it would do again what it did last.
Result<void> GdbStub::start_step(OperatorTravel& travel, const Action& action) {
  const unsigned who = action.cpu.value_or(turn());
  if (cpu_count() == 1 || (!action.reverse && who == turn()))
    return travel.step(1, action.reverse, when_stopped());
  TravelBreak any;
  any.owner = kOwner;
  any.condition = {.kind = StopKind::Pc, .first = 0, .last = ~u64(0), .cpu = who};
  approach_ = TRY(travel.add_break(any));
  const auto started = travel.run_on(action.reverse, when_stopped());
  if (!started) (void)travel.remove_break(std::exchange(approach_, 0));
  return started;
}

// It may be called from anywhere in the session's loop, also when nobody waits any more: so it only
// says where the machine is. What follows is poll()'s.
OperatorTravel::Done GdbStub::when_stopped() {
  run_ = std::make_shared<std::optional<TravelStop>>();
  return [wake = wake_, run = std::weak_ptr(run_)](const TravelStop& stop) {
    const auto waiting = run.lock();
    if (!waiting) return;
    *waiting = stop;
    wake();
  };
}

void GdbStub::poll() {
  if (!run_ || !*run_) return;
  const TravelStop stop = **run_;
  run_.reset();
  stopped(stop);
}

void GdbStub::interrupt() {
  op_.travel()->interrupt();
  if (op_.run_state() == RunState::Running) op_.stop();
}

void GdbStub::stopped(const TravelStop& stop) {
  const u32 approach = std::exchange(approach_, 0);
  if (approach) (void)op_.travel()->remove_break(approach);
  const bool there =
      stop.why == TravelStop::Why::Breakpoint && stop.hit && approach && stop.hit->id == approach;
  if (there && !action_.reverse) {
    const auto started = op_.travel()->step(1, false, when_stopped());
    if (started) return;
    console(started.error().message + "\n");
  }
  running_ = false;
  if (stop.why == TravelStop::Why::Failed) console(stop.message + "\n");
  const bool by_break = stop.hit && !there;
  cpu_ = by_break       ? std::min(stop.hit->cpu, cpu_count() - 1)
         : action_.step ? action_.cpu.value_or(turn())
                        : turn();
  const bool broken = stop.why == TravelStop::Why::Failed && !action_.reverse;
  const unsigned signal = stop.why == TravelStop::Why::Interrupted ? kSigInt
                          : broken                                 ? kSigAbort
                                                                   : kSigTrap;
  reply(stop_reply(signal, cpu_, why(stop)));
  while (!held_.empty() && !running_) {
    const std::string next = std::move(held_.front());
    held_.pop_front();
    packet(next);
  }
}

// --- why it stopped ---

std::string GdbStub::why(const TravelStop& stop) const {
  switch (stop.why) {
    case TravelStop::Why::Begin:
      return "replaylog:begin;";
    case TravelStop::Why::End:
      return "replaylog:end;";
    case TravelStop::Why::Failed:
      return action_.reverse ? "replaylog:begin;" : "";  // there is no past
    case TravelStop::Why::Breakpoint:
      return stop.hit ? reason_of(*stop.hit) : "";
    default:
      return "";
  }
}

std::string GdbStub::reason_of(const StopHit& hit) const {
  const auto found =
      std::find_if(breaks_.begin(), breaks_.end(), [&](const Break& b) { return b.id == hit.id; });
  if (found == breaks_.end()) return "";  // another operator's
  const auto watched = [&](const char* name) {
    // The access may begin before what is watched.
    return std::string(name) + ":" + gdb::hex_number(std::max(hit.address, found->address)) + ";";
  };
  switch (found->type) {
    case '2':
      return watched("watch");
    case '3':
      return watched("rwatch");
    case '4':
      return watched("awatch");
  }
  // With a CS base, RIP is not where the breakpoint is: a debugger that is told of a breakpoint
  // finds none there and goes on; with a bare SIGTRAP it stops.
  if (cpu(cpu_).r[cpu::kRip] != found->address) return "";
  if (found->type == '0') return swbreak_ ? "swbreak:;" : "";
  return hwbreak_ ? "hwbreak:;" : "";
}

std::string GdbStub::stop_reply(unsigned signal, unsigned cpu, const std::string& reason) const {
  return "T" + gdb::to_hex(std::string(1, char(signal))) + "thread:" + name_of(cpu) + ";" + reason;
}

}  // namespace reprise
