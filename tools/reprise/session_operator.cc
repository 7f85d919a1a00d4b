// What an operator may do with a session, and what its monitors are told.
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "qmp/commands/travel.h"
#include "tools/reprise/session.h"
#include "tools/reprise/version.h"

namespace reprise::tools {

Result<void> Session::open_monitors() {
  bool control = false;
  for (const MonitorOptions& monitor : options_.monitors) control = control || monitor.control;
  if (control) {
    qmp::HostFacts host;
    host.now = [] {
      using namespace std::chrono;
      const u64 now =
          u64(duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
      return qmp::HostFacts::Time{now / 1'000'000, now % 1'000'000};
    };
    host.process_id = u64(::getpid());
    host.package = kVersion;
    qmp_ = std::make_unique<qmp::Server>(*this, std::move(host));
    tell_of_resets();
  }
  monitors_ = std::make_unique<Monitors>();
  return monitors_->open(options_.monitors, *this, qmp_.get(), [this] { pace_->wake(); });
}

void Session::tell_of_resets() {
  machine_->on_reset([this](bool by_operator) {
    if (travel_->journeying()) return;  // on the way to somewhere
    tell("RESET", {{"guest", !by_operator},
                   {"reason", by_operator ? "host-qmp-system-reset" : "guest-reset"}});
  });
}

void Session::tell(std::string_view event, const nlohmann::json& data) {
  if (qmp_) qmp_->event(event, data);
}

void Session::tell_keyframe(Position at, u64 bytes) {
  tell("KEYFRAME", {{"icount", at.icount}, {"cycles", at.cycles}, {"size", bytes}});
}

// The machine has become another, at another time.
void Session::leapt() {
  pace_->rebase(machine_->position().cycles);
  warned_ = false;
  if (state_ == RunState::Shutdown || state_ == RunState::IoError) set_state(RunState::Paused);
}

void Session::set_state(RunState state) {
  const RunState before = std::exchange(state_, state);
  if ((before == RunState::Running) == (state == RunState::Running)) return;
  tell(state == RunState::Running ? "RESUME" : "STOP");
}

void Session::end(const char* cause) {
  if (!std::exchange(quit_, true)) cause_ = cause;
}

// Where nobody waits for it.
void Session::report(const TravelStop& stop) {
  if (qmp_) qmp::report_stop(*this, *qmp_, stop);
}

void Session::stop() {
  travel_->interrupt();
  if (state_ != RunState::Running) return;
  set_state(RunState::Paused);
  travel_->live_paused();
}

Result<void> Session::cont() {
  if (state_ == RunState::Shutdown)
    return fail("the guest has turned the machine off; system_reset starts it again");
  if (travel_->pending() || travel_->journeying())
    return fail("a journey is under way: stop ends it");
  disks_->retry();
  travel_->live_resumes();
  set_state(RunState::Running);
  return {};
}

// Through the door, at a boundary of the run.
Result<void> Session::control_machine(const char* command, PcI440fx::Control what) {
  if (replayer_ || travel_->past())
    return fail(std::string(command) +
                ": the past can be watched, not changed; replay-live goes on from here");
  if (machine_->door().post(machine_->control(), {what})) return {};
  return fail(std::string(command) + ": too much waits at the door; try again");
}

Result<void> Session::system_reset() {
  TRY(control_machine("system_reset", PcI440fx::kReset));
  if (state_ != RunState::Shutdown) return {};
  machine_->clear_exit_status();
  set_state(RunState::Paused);
  return {};
}

Result<void> Session::system_powerdown() {
  TRY(control_machine("system_powerdown", PcI440fx::kPowerButton));
  tell("POWERDOWN");
  return {};
}

Result<void> Session::inject_nmi() { return control_machine("nmi", PcI440fx::kNmi); }

OperatorIdentity Session::identity() const { return {options_.config.name, options_.config.uuid}; }

std::vector<OperatorChardev> Session::chardevs() const {
  std::vector<OperatorChardev> all = ends_->list();
  for (OperatorChardev& chardev : monitors_->list()) all.push_back(std::move(chardev));
  return all;
}

// Only drives whose policy is to stop are heard of here.
void Session::report_io_errors() {
  constexpr int kNoSpace = 28;  // ENOSPC
  for (const Drive* drive : disks_->drives()) {
    if (!drive->stopped()) continue;
    tell("BLOCK_IO_ERROR", {{"device", drive->id()},
                            {"node-name", ""},
                            {"operation", drive->stopped_in_read() ? "read" : "write"},
                            {"action", "stop"},
                            {"nospace", drive->stopped() == kNoSpace},
                            {"reason", drive->stop_message()}});
  }
}

// The guest's and the operator's doing alike.
void Session::notice_trays() {
  if (!qmp_ || travel_->journeying()) return;
  for (const Drive* drive : disks_->drives()) {
    if (!drive->setup().has_tray) continue;
    bool& known = trays_open_[drive->id()];
    if (known == drive->tray_open()) continue;
    known = drive->tray_open();
    tell("DEVICE_TRAY_MOVED", {{"device", drive->id()}, {"id", drive->id()}, {"tray-open", known}});
  }
}

}  // namespace reprise::tools
