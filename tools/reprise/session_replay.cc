// Recordings that are played: at the start, and opened later; how they end.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/reprise/divergence.h"
#include "tools/reprise/session.h"
#include "tools/reprise/signals.h"

namespace reprise::tools {
namespace {

constexpr int kDiverged = 3;  // exit status of a replay that is not the recorded run

// What of the command line is the host's holds for any run.
Options to_replay(const Options& now, const ReplayTarget& target) {
  Options next = now;
  next.config = {};
  next.given.clear();
  next.bios = next.kernel = next.initrd = next.splash = "";
  next.smbios_files.clear();
  next.fw_cfg_files.clear();
  next.record = next.snapshots = next.loadvm = "";
  next.replay = target.file;
  next.branch = target.branch;
  next.replay_disks = target.disks;
  next.paused = true;
  // These are opened again.
  const auto again = [](std::optional<ChardevOptions>& end) {
    if (!end) return;
    end->wait = false;
    end->append = true;
  };
  for (auto* ends : {&next.serials, &next.parallels})
    for (auto& end : *ends) again(end);
  again(next.debugcon);
  again(next.port_e9);
  return next;
}

}  // namespace

Result<int> Session::run_replay() {
  TRY(travel_->begin_replay(*recording_, options_.replay, options_.flight_recorder));
  replayer_ = travel_->replayer();
  if (!options_.loadvm.empty()) TRY(travel_->load_snapshot(options_.loadvm));
  machine_->door().mirror_output(true);
  TRY(std::exchange(ready_, [] { return Result<void>(); })());
  Result<int> status = 0;
  while (!quit_ && !next_) {
    if (travel_->pending()) {
      if (state_ == RunState::Running || state_ == RunState::Prelaunch) set_state(RunState::Paused);
      travel_->perform();
    } else if (travel_->wants_live()) {
      return go_on_live();
    } else if (state_ == RunState::Running) {
      const Arrival arrival = travel_->play(pace_.get());
      if (arrival.why == Arrival::Why::Interrupted) continue;
      set_state(RunState::Paused);
      const bool over = arrival.why == Arrival::Why::End && options_.shutdown;
      if (!over && arrival.why != Arrival::Why::Failed) continue;
      status = replay_status(arrival);
      break;
    } else {
      pace_->hold(kNever);
      control();
    }
  }
  travel_->end();
  replayer_ = nullptr;
  if (const auto broken = disks_->broken())
    return fail("-replay " + options_.replay + ": " + broken->message);
  return status;
}

void Session::report_divergence(const DivergenceReport& report) {
  const auto position = [](Position at) {
    return nlohmann::json{{"icount", at.icount}, {"cycles", at.cycles}};
  };
  nlohmann::json data = position(report.divergence.at);
  data["message"] = report.divergence.message;
  data["since"] = position(report.divergence.since);
  data["parts"] = report.divergence.parts;
  data["found-by"] = report.found_by;
  if (const auto& wrong = report.instruction) {
    data["instruction"] = position(wrong->at);
    data["instruction"].update({{"cpu-index", wrong->cpu},
                                {"pc", wrong->pc},
                                {"text", wrong->text},
                                {"parts", wrong->parts}});
  }
  tell("REPLAY_DIVERGED", data);
  std::fprintf(stderr, "%s\n", report.text().c_str());
}

// What a replay that was played to its end comes to.
Result<int> Session::replay_status(const Arrival& arrival) {
  if (disks_->broken()) return 0;  // reported by the caller
  if (!replayer_->error().empty())
    return fail("-replay " + options_.replay + ": " + replayer_->error());
  if (const auto& divergence = replayer_->divergence()) {
    std::fprintf(stderr, "reprise: the replay left the recording: %s\n",
                 divergence->message.c_str());
    report_divergence(explain(*machine_, *replayer_, options_, [] { return Signals::seen(); }));
    return kDiverged;
  }
  if (arrival.why == Arrival::Why::Failed) return fail(arrival.message);
  if (!recording_->end())
    std::fprintf(stderr, "reprise: the recording was cut off; played up to %s\n",
                 trace::text(recording_->last()).c_str());
  return recording_->end() ? int(recording_->end()->exit_status) : 0;
}

// A replay that the operator has taken live.
Result<int> Session::go_on_live() {
  replayer_ = nullptr;
  pace_->set_real(options_.pace == Pace::Real || (options_.pace == Pace::Default && watched_));
  make_log();
  become_live();
  return finish_live();
}

// What can be wrong with the recording is found before this run is given up. But a live run holds
// its images, which may be the recording's, too.
Result<void> Session::open_replay(const ReplayTarget& target) {
  if (travel_->pending() || travel_->journeying())
    return fail("a journey is under way: stop ends it");
  if (run_log_ && run_log_->file() == target.file)
    return fail(target.file + " is being written: record-stop ends that");
  auto next = std::make_unique<Next>();
  next->options = to_replay(options_, target);
  next->opened = std::make_unique<OpenedRun>();
  TRY(next->opened->open_files(next->options));
  if (!run_log_) TRY(open_machine(*next));
  next_ = std::move(next);
  return {};
}

Result<void> Session::open_machine(Next& next) {
  TRY(next.opened->open_disks(next.options));
  return next.opened->build(next.options);
}

Result<void> Session::change_over() {
  const bool was_live = run_log_ != nullptr;
  ends_->flush();
  flush_audio();
  audio_.reset();  // its file holds the run that it was asked for
  display_.reset();
  display_queue_.drop();  // it is of that display, and its console
  ends_->close();
  travel_.reset();
  run_log_.reset();
  probe_.reset();
  hash_.reset();
  debugger_.reset();
  console_.reset();
  const std::unique_ptr<Next> next = std::exchange(next_, {});
  opened_.reset();
  if (was_live) TRY(open_machine(*next));
  options_ = std::move(next->options);
  opened_ = std::move(next->opened);
  begin();
  if (qmp_) tell_of_resets();
  TRY(ends_->open(options_, *machine_));
  TRY(open_display());
  TRY(gdb_->open_again());
  trays_open_.clear();
  warned_ = false;
  set_state(RunState::Paused);
  tell("REPLAY_OPENED", {{"filename", options_.replay}});
  return {};
}

}  // namespace reprise::tools
