#include "tools/reprise/replay_machine.h"

#include "tools/reprise/replay_options.h"

namespace reprise::tools {

Result<std::unique_ptr<RecordedRun>> RecordedRun::open(const std::string& path,
                                                       std::map<std::string, std::string> disks) {
  auto run = std::make_unique<RecordedRun>();
  const RecordingName name = TRY(recording_name(path));
  run->options_.replay = name.file;
  run->options_.replay_disks = std::move(disks);
  run->file_ = TRY(trace::DiskFile::open(name.file));
  auto recording = trace::Recording::open(*run->file_, trace::Recording::Kind::File, name.branch);
  if (!recording) return fail(path + ": " + recording.error().message);
  run->recording_.emplace(std::move(*recording));
  auto config = recorded_config(*run->recording_, run->options_);
  if (!config) return fail(path + ": " + config.error().message);
  run->options_.config = std::move(*config);
  return run;
}

Result<std::unique_ptr<ReplayMachine>> ReplayMachine::create(const RecordedRun& run,
                                                             Config config) {
  std::unique_ptr<ReplayMachine> made(new ReplayMachine(run, std::move(config)));
  const auto built = made->build();
  if (!built) return fail(run.path() + ": " + built.error().message);
  return made;
}

ReplayMachine::~ReplayMachine() { disks_.on_layered({}, {}); }

Result<void> ReplayMachine::build() {
  TRY(disks_.open_replay(run_.options(), recording()));
  PcI440fx::HostOptions host{.blocks = config_.blocks, .test_flip = config_.test_flip};
  disks_.equip(host);
  machine_ = TRY(PcI440fx::create(run_.config(), host));
  machine_->set_no_reboot(!run_.config().reboot);
  machine_->set_idle_jumps(false);
  disks_.join(*machine_, [] {});
  keyframes_ = TRY(trace::Keyframes::open(recording(), disks_.index()));
  replayer_ = std::make_unique<trace::Replayer>(*machine_, recording());
  from_power_on_ = keyframes_->count() == 0 || keyframes_->at(0) == machine_->position();
  if (!from_power_on_) return load(0);
  if (keyframes_->count() > 0) keyframes_->starts_at_first(*machine_);
  return {};
}

Result<void> ReplayMachine::load(std::size_t keyframe) {
  check(!travel_, "a machine that travels is not loaded beside that");
  disks_.go(keyframes_->chunk(keyframe));
  replayer_->go(TRY(keyframes_->load(keyframe, *machine_)));
  machine_->clear_exit_status();
  return {};
}

Result<void> ReplayMachine::load_before(Position at) {
  std::size_t frame = keyframes_->count();
  while (frame > 0 && keyframes_->at(frame - 1) > at) --frame;
  return frame > 0 ? load(frame - 1) : Result<void>();
}

// Between slices. What ended the recorded run ends the replay only there: before, the run went on
// (-no-shutdown and a reset), and the reset waits at this very position.
bool ReplayMachine::give_up() {
  if (machine_->exit_status().kind && machine_->position() < replayer_->last()) {
    machine_->clear_exit_status();
    machine_->deliver();
  }
  return disks_.broken() || (config_.poll && config_.poll());
}

std::optional<std::string> ReplayMachine::failure() const {
  if (const auto broken = disks_.broken()) return broken->message;
  if (!replayer_->error().empty()) return replayer_->error();
  if (const auto& divergence = replayer_->divergence()) return divergence->message;
  return {};
}

trace::RunOptions ReplayMachine::run_options() {
  trace::RunOptions options;
  options.control = [this] { return give_up() ? trace::Verdict::End : trace::Verdict::Run; };
  return options;
}

bool ReplayMachine::complete() {
  trace::RunOptions options = run_options();
  return trace::ReplayLoop(*machine_, options, *replayer_).complete();
}

Arrival ReplayMachine::run_to(Position goal) {
  using Turn = trace::ReplayLoop::Turn;
  using Why = Arrival::Why;
  const auto arrived = [&](Why why) {
    const auto problem = failure();
    return Arrival{problem ? Why::Failed : why, machine_->position(), {}, problem.value_or("")};
  };
  trace::RunOptions options = run_options();
  trace::ReplayLoop loop(*machine_, options, *replayer_);
  for (;;) {
    const Position at = machine_->position();
    if (at >= goal && !machine_->waits_for_host()) return arrived(Why::There);
    const Stop until{goal.icount == at.icount ? goal.cycles : kNever,
                     goal.icount > at.icount ? goal.icount : kNever};
    switch (loop.turn(until)) {
      case Turn::Ran:
      case Turn::Arrived:
        break;
      case Turn::Quit:
        return arrived(Why::Interrupted);
      case Turn::End:
        if (!replayer_->failed()) replayer_->finish();
        return arrived(Why::End);
    }
  }
}

TimeTravel& ReplayMachine::travel() {
  if (travel_) return *travel_;
  timeline_ = std::make_unique<Timeline>(*machine_);
  timeline_->set_budget(config_.budget);
  for (Layered* disk : disks_.layered()) timeline_->join(*disk);
  disks_.on_layered([this](Layered& disk) { timeline_->join(disk); },
                    [this](Layered& disk) {
                      // No state that had this medium can come back.
                      timeline_->clear();
                      timeline_->leave(disk);
                    });
  TimeTravel::Config how;
  how.poll = [this] { return give_up(); };
  how.progress = config_.progress;
  how.before_load = [this](std::size_t frame) { disks_.go(keyframes_->chunk(frame)); };
  how.after_go = [this] { machine_->clear_exit_status(); };
  travel_ = std::make_unique<TimeTravel>(*machine_, *replayer_, *timeline_,
                                         config_.use_keyframes ? &*keyframes_ : nullptr, how);
  return *travel_;
}

}  // namespace reprise::tools
