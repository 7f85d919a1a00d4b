#include "tools/reprise/session.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>

#include "chipset/timer/i8254.h"
#include "tools/reprise/files.h"
#include "tools/reprise/replay_options.h"
#include "tools/reprise/run_query.h"
#include "tools/reprise/signals.h"
#include "tools/reprise/version.h"

namespace reprise::tools {
namespace {

using ull = unsigned long long;

}  // namespace

Result<int> Session::run() {
  opened_ = std::make_unique<OpenedRun>();
  TRY(opened_->open_files(options_));
  TRY(opened_->open_disks(options_));
  Signals::block();  // drives have threads
  TRY(opened_->build(options_));
  if (!options_.log.empty()) log_ = TRY(TraceLog::open(options_.log, options_.log_file));
  pace_ = std::make_unique<trace::HostPace>();
  queue_.on_post([this] { pace_->wake(); });
  display_queue_.on_post([this] { pace_->wake(); });
  ends_ = std::make_unique<HostEnds>(hmp_, queue_);
  ends_->on_room([this] { pace_->wake(); });
  gdb_ = std::make_unique<GdbEnd>(*this, hmp_);
  gdb_->on_input([this] { pace_->wake(); });
  begin();
  const Signals signals([this] { pace_->wake(); });
  TRY(ends_->open(options_, *machine_));
  if (options_.gdb) TRY(gdb_->open(*options_.gdb));
  TRY(open_monitors());
  TRY(open_audio());
  TRY(open_display());
  if (options_.paused) state_ = RunState::Prelaunch;
  Result<int> status = play();
  while (next_ && !quit_) {
    if (!status) std::fprintf(stderr, "reprise: warning: %s\n", status.error().message.c_str());
    TRY(change_over());
    status = play();
  }
  if (!status) return status;
  tell("SHUTDOWN", {{"guest", cause_.starts_with("guest")}, {"reason", cause_}});
  ends_->flush();
  gdb_->ended(*status);
  monitors_->flush();
  flush_audio();
  if (options_.state_hash) print_hash("");
  return status;
}

Result<int> Session::play() { return recording_ ? run_replay() : run_live(); }

Result<void> Session::open_audio() {
  if (!options_.audiodev) return {};
  audio_ = TRY(WavAudio::open(*options_.audiodev));
  audio_->connect_to(*machine_->door().find("/isa/speaker:out"));
  return {};
}

// What was heard up to now.
void Session::play_audio() {
  if (!audio_) return;
  audio_->advance(Clock(machine_->scheduler(), I8254::kHz).ticks_at(machine_->position().cycles));
  warn_of_audio();
}

void Session::flush_audio() {
  play_audio();
  if (audio_) audio_->flush();
  warn_of_audio();
}

void Session::warn_of_audio() {
  const std::string error = audio_ ? audio_->take_error() : "";
  if (!error.empty()) std::fprintf(stderr, "reprise: warning: %s\n", error.c_str());
}

// Where nobody asked for a window, there is one if it can be opened.
Result<void> Session::open_display() {
  if (options_.display.empty()) return {};
  auto consoles = monitors_->text_consoles();
  for (TextConsole* console : ends_->text_consoles()) consoles.push_back(console);
  auto display = console_->open_display(options_, consoles, display_queue_,
                                        [this] { queue_.post([this] { end("host-ui"); }); });
  if (!display && options_.default_display) {
    std::fprintf(stderr, "reprise: warning: %s\n", display.error().message.c_str());
    return {};
  }
  display_ = TRY(std::move(display));
  return {};
}

// A machine stands there; it is joined to what watches and leads it.
void Session::begin() {
  recording_ = opened_->recording();
  disks_ = &opened_->disks();
  machine_ = &opened_->machine();
  if (options_.default_display && sdl_built_in() &&
      (std::getenv("DISPLAY") || std::getenv("WAYLAND_DISPLAY")))
    options_.display = "sdl";
  if (log_) machine_->cpus().trace(log_.get());
  hash_ = std::make_unique<MachineHash>(*machine_);
  console_ = std::make_unique<Console>(*machine_);
  debugger_ = std::make_unique<Debugger>(*machine_);
  watched_ =
      !options_.display.empty() || (isatty(STDIN_FILENO) && HostEnds::uses_terminal(options_));
  const bool real =
      options_.pace == Pace::Real || (options_.pace == Pace::Default && !recording_ && watched_);
  pace_->begin(options_.config.cpu_hz, real);
  machine_->door().on_post([this] { pace_->wake(); });
  disks_->join(*machine_, [this] { pace_->wake(); });
  travel_ = std::make_unique<Traveller>(*machine_, *disks_, [this] {
    const trace::Verdict verdict = control();
    if (travel_->journeying()) return quit_;
    return verdict != trace::Verdict::Run || travel_->pending() || travel_->wants_live();
  });
  travel_->on_ask = [this](TravelQuestion question, std::function<void()> done) {
    return std::make_unique<RunQuery>(name_of(options_.replay, *recording_), options_.replay_disks,
                                      std::move(question), [this, done] { queue_.post(done); });
  };
  travel_->on_resume = [this] { set_state(RunState::Running); };
  travel_->on_stop = [this](const TravelStop& stop) { report(stop); };
  travel_->on_leap = [this] { leapt(); };
  travel_->on_file_left = [this](const std::string& file, const std::string& why) {
    nlohmann::json data{{"filename", file}};
    if (!why.empty()) data["message"] = why;
    tell("RECORD_STOPPED", data);
  };
  if (options_.hash_at_text.empty()) {
    ends_->watch_serial([this](std::span<const u8> bytes) { travel_->said(bytes); });
    return;
  }
  // The path sorts after every device's: the other timers of that cycle have fired.
  probe_ = std::make_unique<Timer>(machine_->scheduler(), "~hash-at-text", 0,
                                   [this] { print_hash("at-text "); });
  ends_->watch_serial([this](std::span<const u8> bytes) {
    travel_->said(bytes);
    if (!probe_) return;
    recent_.append(bytes.begin(), bytes.end());
    if (recent_.find(options_.hash_at_text) != std::string::npos) {
      probe_->arm(machine_->scheduler().now());
      options_.hash_at_text = std::string(1, '\0') + "never again";
      recent_.clear();
    } else if (recent_.size() > 2 * options_.hash_at_text.size()) {
      recent_.erase(0, recent_.size() - options_.hash_at_text.size());
    }
  });
}

// The present, and journeys into the past.
void Session::live_loop() {
  trace::Recorder* recorder = run_log_->recorder();
  trace::RunOptions run;
  run.pace = pace_.get();
  run.boundary = [this] { travel_->at_boundary(); };
  run.control = [&] {
    const trace::Verdict verdict = control();
    run.until = travel_->limit();
    const bool leaves = travel_->pending() || recorder != run_log_->recorder();
    return leaves ? trace::Verdict::End : verdict;
  };
  while (!quit_ && !next_) {
    if (travel_->pending()) {
      if (state_ == RunState::Running || state_ == RunState::Prelaunch) set_state(RunState::Paused);
      travel_->perform();
    } else if (travel_->wants_live()) {
      become_live();
    } else if (!travel_->past()) {
      recorder = run_log_->recorder();
      trace::run_live(*machine_, run, recorder);
    } else if (state_ == RunState::Running) {
      const Arrival arrival = travel_->play(nullptr);
      if (arrival.why != Arrival::Why::End && !travel_->wants_live()) stop();
      pace_->rebase(machine_->position().cycles);
    } else {
      pace_->hold(kNever);
      control();
    }
  }
  travel_->end();
}

void Session::make_log() {
  run_log_ = std::make_unique<RunLog>(*machine_, *disks_, options_);
  run_log_->on_keyframe = [this](Position at, u64 bytes) { tell_keyframe(at, bytes); };
}

Result<int> Session::run_live() {
  make_log();
  TRY(run_log_->begin());
  travel_->begin_live(*run_log_, options_.flight_recorder);
  TRY(std::exchange(ready_, [] { return Result<void>(); })());
  return finish_live();
}

// What is recorded when the run ends, ends in good order.
Result<int> Session::finish_live() {
  live_loop();
  const std::string file = run_log_->file();
  if (file.empty()) return exit_status();
  disks_->close();
  const auto finished = run_log_->finish(u32(exit_status()));
  if (!finished)
    return fail((options_.snapshots == file ? "-snapshots " : "-record ") + file + ": " +
                finished.error().message);
  return exit_status();
}

void Session::become_live() {
  const Result<void> live = travel_->become_live(*run_log_);
  const Position at = machine_->position();
  tell("REPLAY_LIVE", {{"icount", at.icount}, {"cycles", at.cycles}});
  if (!live)
    std::fprintf(stderr, "reprise: warning: replay-live: %s; the run goes on unrecorded\n",
                 live.error().message.c_str());
}

// Between slices. Where a reader is slow, the guest waits for it; the operator does not.
trace::Verdict Session::control() {
  trace::Verdict verdict = attend();
  while (verdict == trace::Verdict::Run && ends_->full() && !travel_->pending() &&
         !travel_->journeying()) {
    pace_->hold(kNever);
    pace_->rebase(machine_->position().cycles);
    verdict = attend();
  }
  return verdict;
}

// Monitors, signals, and what the guest asked for.
trace::Verdict Session::attend() {
  queue_.run();
  display_queue_.run();
  monitors_->poll([this] { return next_ != nullptr; });
  gdb_->poll();
  if (Signals::seen()) end("host-signal");
  notice_exit();
  notice_disks();
  notice_trays();
  play_audio();
  warn_of_recorder();
  if (travel_->take_live_stop()) set_state(RunState::Paused);
  if (quit_ || next_) return trace::Verdict::End;
  return state_ == RunState::Running ? trace::Verdict::Run : trace::Verdict::Pause;
}

void Session::notice_exit() {
  if (!machine_->exit_status().kind || state_ == RunState::Shutdown) return;
  if (replayer_) {
    // The recorded run went on after this (-no-shutdown and a reset), or this is its end.
    if (machine_->position() >= replayer_->last()) return;
    machine_->clear_exit_status();
    machine_->deliver();  // the reset waits at this very position
  } else if (options_.shutdown || machine_->exit_status().kind != ExitStatus::Shutdown) {
    end(machine_->exit_status().kind == ExitStatus::GuestPanic ? "guest-panic" : "guest-shutdown");
  } else {
    tell("SHUTDOWN", {{"guest", true}, {"reason", "guest-shutdown"}});
    set_state(RunState::Shutdown);
  }
}

// An error policy stops the machine until the operator says `cont`.
void Session::notice_disks() {
  if (disks_->broken()) end("host-error");
  if (state_ != RunState::Running) return;
  const auto stopped = disks_->stopped();
  if (!stopped) return;
  report_io_errors();
  set_state(RunState::IoError);
  std::fprintf(stderr, "reprise: %s; the machine has stopped, `cont` in the monitor tries again\n",
               stopped->c_str());
}

// A full disk ends the recording, not the run; who watches should know now, not at the end.
void Session::warn_of_recorder() {
  const trace::Recorder* recorder = run_log_ ? run_log_->recorder() : nullptr;
  if (!recorder || !recorder->error() || std::exchange(warned_, true)) return;
  const std::string& file = run_log_->file();
  tell("RECORD_STOPPED", {{"filename", file}, {"message", recorder->error()->message}});
  std::fprintf(stderr, "reprise: warning: -record %s: %s; the run goes on unrecorded\n",
               file.c_str(), recorder->error()->message.c_str());
}

int Session::exit_status() const {
  const ExitStatus& exit = machine_->exit_status();
  if (exit.kind == ExitStatus::DebugExit) return int(exit.code & 0xFF);
  return exit.kind == ExitStatus::GuestPanic ? 1 : 0;
}

void Session::print_hash(const char* prefix) {
  const MachineHashes hashes = hash_->take();
  ends_->flush();
  std::fprintf(stderr, "%sposition icount=%llu cycles=%llu\n%sstate-hash %s\n", prefix,
               ull(hashes.at.icount), ull(hashes.at.cycles), prefix, hashes.total().hex().c_str());
}

Result<std::string> Session::gdbserver(const std::string& device) {
  auto where = TRY(parse_gdb("gdbserver", device));
  if (gdb_->answering()) return fail("gdbserver: gdb is connected there; ask from another monitor");
  if (!where) {
    gdb_->close();
    return std::string("gdb cannot connect any more");
  }
  if (where->kind == "stdio")
    return fail("gdbserver stdio: only as -gdb stdio; expected tcp::PORT or unix:PATH,server");
  where->wait = false;  // the machine thread is here
  TRY(gdb_->open(*where));
  return "Waiting for gdb connection on device '" + gdb_->address() + "'";
}

std::vector<const cpu::Cpu*> Session::cpus() const {
  std::vector<const cpu::Cpu*> all;
  for (unsigned i = 0; i < machine_->cpus().size(); ++i) all.push_back(&machine_->cpus().cpu(i));
  return all;
}

}  // namespace reprise::tools
