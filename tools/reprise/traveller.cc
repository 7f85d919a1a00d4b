#include "tools/reprise/traveller.h"

#include <algorithm>

#include "tools/reprise/traveller_past.h"

namespace reprise::tools {
namespace {

// How much work lies between the states that a live run keeps.
constexpr u64 kRingSpacing = trace::kKeyframeSpacing;
constexpr const char* kSerial = "/isa/serial0:out";

TravelStop stop_of(const Arrival& arrival) {
  using Why = TravelStop::Why;
  static constexpr Why kWhy[] = {Why::Arrived, Why::Breakpoint,  Why::Begin,
                                 Why::End,     Why::Interrupted, Why::Failed};
  return {kWhy[unsigned(arrival.why)], arrival.at, arrival.hit, arrival.message};
}

}  // namespace

Traveller::Traveller(PcI440fx& machine, Disks& disks, Serve serve)
    : machine_(machine), disks_(disks), serve_(std::move(serve)), timeline_(machine) {
  for (Layered* disk : disks.layered()) timeline_.join(*disk);
  disks.on_layered([this](Layered& disk) { timeline_.join(disk); },
                   [this](Layered& disk) {
                     // No state that had this medium can come back.
                     forget_past("an image was taken out and opened again");
                     timeline_.leave(disk);
                   });
}

Traveller::~Traveller() { disks_.on_layered({}, {}); }

void Traveller::begin_live(RunLog& log, u64 budget) {
  log_ = &log;
  timeline_.set_budget(budget);
}

Result<void> Traveller::begin_replay(const trace::Recording& recording, const std::string& file,
                                     u64 budget) {
  keyframes_ = TRY(trace::Keyframes::open(recording, disks_.index()));
  recording_ = &recording;
  file_ = file;
  replayer_ = std::make_unique<trace::Replayer>(machine_, recording);
  timeline_.set_budget(budget ? budget : Timeline::kDefaultBudget);
  if (keyframes_->count() > 0 && keyframes_->at(0) == machine_.position())
    keyframes_->starts_at_first(machine_);
  TimeTravel::Config how = config();
  how.before_load = [this](std::size_t frame) { disks_.go(keyframes_->chunk(frame)); };
  replay_ = std::make_unique<TimeTravel>(machine_, *replayer_, timeline_, &*keyframes_, how);
  if (keyframes_->count() > 0 && keyframes_->at(0) != machine_.position()) {
    const Arrival first = replay_->to_icount(0);
    if (first.why == Arrival::Why::Failed) return fail(first.message);
  }
  return {};
}

void Traveller::end() {
  if (past_) leave_past();
  if (machine_.stops()) machine_.stops()->set_stops({}, {});
  replay_.reset();
  replayer_.reset();
  log_ = nullptr;
  timeline_.clear();
}

TimeTravel::Config Traveller::config() {
  TimeTravel::Config config;
  config.poll = [this] { return serve_() || interrupted_; };
  config.progress = [this](double part) { progress_ = part; };
  config.after_go = [this] { machine_.clear_exit_status(); };
  return config;
}

TimeTravel* Traveller::travel() const { return past_ ? past_->travel.get() : replay_.get(); }

// --- the past of a live run ---

void Traveller::at_boundary() {
  if (past_ || !keeps_past() || machine_.position().icount < next_mark_) return;
  next_mark_ = machine_.position().icount + kRingSpacing;
  timeline_.mark(log_->recorder()->commit());
  const std::size_t before = timeline_.marks().size();
  timeline_.drop_oldest();
  if (timeline_.marks().size() == before) return;
  cut_ = "the flight recorder is full";
  if (RingFile* ring = log_->ring())
    ring->drop_before(timeline_.marks().front().place.inputs.chunk);
}

Result<void> Traveller::need_past() const {
  if (keeps_past()) return {};
  return fail("this run keeps no past: start it with -flight-recorder size=256M");
}

void Traveller::forget_past(const char* why) {
  timeline_.clear();
  next_mark_ = 0;
  cut_ = why;
}

Result<void> Traveller::enter_past() {
  TRY(need_past());
  trace::Recorder& recorder = *log_->recorder();
  if (recorder.error()) return *recorder.error();
  if (timeline_.empty()) return fail("this run has no past yet");
  timeline_.mark(recorder.commit());
  const auto kind = log_->ring() ? trace::Recording::Kind::Ring : trace::Recording::Kind::File;
  trace::Recording log = TRY(trace::Recording::open(recorder.file(), kind));
  TRY(disks_.enter_past());
  if (machine_.stops()) machine_.stops()->set_stops({}, {});  // the present's
  past_ = std::make_unique<Past>(std::move(log), machine_);
  past_->exit = machine_.exit_status();
  past_->replayer.go(timeline_.marks().back().place);
  TimeTravel::Config how = config();
  how.past = true;
  past_->travel = std::make_unique<TimeTravel>(machine_, past_->replayer, timeline_, nullptr, how);
  return {};
}

void Traveller::leave_past() {
  past_->travel->to_mark(timeline_.marks().size() - 1);
  timeline_.drop_last();  // it may have been in the middle of a boundary
  machine_.restore_exit_status(past_->exit);
  past_.reset();
  disks_.leave_past();
  machine_.door().record(log_->recorder());
  next_mark_ = machine_.position().icount + kRingSpacing;
  arm_live();
}

// --- journeys ---

Result<void> Traveller::begin(Journey journey) {
  if (journey_ || live_done_) return fail("another journey is under way: stop ends it");
  interrupted_ = false;
  progress_ = 0;
  journey_ = std::move(journey);
  return {};
}

Result<void> Traveller::seek(const TravelTarget& target, Done done) {
  if (!replay_ && !past_) {
    const Position now = machine_.position();
    const bool ahead = (target.kind == TravelTarget::Kind::Icount && target.value > now.icount) ||
                       (target.kind == TravelTarget::Kind::Cycle && target.value > now.cycles);
    if (ahead) return fail("the run has not come there yet");
    TRY(need_past());
  }
  return begin({Journey::Kind::Seek, target, 0, false, std::move(done)});
}

Result<void> Traveller::step(u64 count, bool reverse, Done done) {
  if (replay_ || past_ || reverse) {
    if (!replay_) TRY(need_past());
    return begin({Journey::Kind::Step, {}, count, reverse, std::move(done)});
  }
  if (journey_ || live_done_) return fail("another journey is under way: stop ends it");
  limit_.icount = machine_.position().icount + count;
  live_done_ = std::move(done);
  live_resumes();
  if (machine_.stops()) machine_.stops()->set_stops({}, {});
  on_resume();
  return {};
}

Result<void> Traveller::run_on(bool reverse, Done done) {
  if (replay_ || past_ || reverse) {
    if (!replay_) TRY(need_past());
    return begin({Journey::Kind::Run, {}, 0, reverse, std::move(done)});
  }
  if (journey_ || live_done_) return fail("another journey is under way: stop ends it");
  live_done_ = std::move(done);
  live_resumes();
  on_resume();
  return {};
}

Arrival Traveller::go(const Journey& journey) {
  TimeTravel& travel = *this->travel();
  const Position first = travel.first(), last = travel.last();
  switch (journey.kind) {
    case Journey::Kind::Step:
      return travel.step(journey.count, journey.reverse);
    case Journey::Kind::Run:
      return journey.reverse ? travel.run_back(armed()) : travel.find_forward(armed());
    case Journey::Kind::Seek:
      break;
  }
  switch (journey.target.kind) {
    case TravelTarget::Kind::Icount:
      return travel.to_icount(journey.target.value);
    case TravelTarget::Kind::Cycle:
      return travel.to_cycle(journey.target.value);
    case TravelTarget::Kind::Begin:
      return travel.to_icount(0);
    case TravelTarget::Kind::End:
      return travel.to_icount(kNever - 1);
    case TravelTarget::Kind::Percent:
      break;
  }
  const double part = std::clamp(journey.target.percent, 0.0, 100.0) / 100;
  return travel.to_icount(first.icount + u64(part * double(last.icount - first.icount)));
}

void Traveller::perform() {
  performing_ = true;
  Arrival arrival;
  const Result<void> entered = travel() ? Result<void>() : enter_past();
  if (entered) {
    machine_.door().mirror_output(false);
    arrival = go(*journey_);
    machine_.door().mirror_output(replayer_ != nullptr);
    if (past_ && arrival.why == Arrival::Why::End) leave_past();
  } else {
    arrival = {Arrival::Why::Failed, machine_.position(), {}, entered.error().message};
  }
  const Done done = std::move(journey_->done);
  journey_.reset();
  performing_ = false;
  done ? done(stop_of(arrival)) : on_stop(stop_of(arrival));
}

Arrival Traveller::play(trace::Pace* pace) {
  interrupted_ = false;
  const Arrival arrival = travel()->run_forward(armed(), pace);
  if (past_ && arrival.why == Arrival::Why::End) leave_past();
  if (arrival.why != Arrival::Why::Interrupted) on_stop(stop_of(arrival));
  return arrival;
}

// --- breakpoints ---

std::vector<Breakpoint> Traveller::armed() const {
  std::vector<Breakpoint> all;
  for (const TravelBreak& one : breaks_) {
    static constexpr Breakpoint::Kind kKind[] = {Breakpoint::Kind::Condition,
                                                 Breakpoint::Kind::Icount, Breakpoint::Kind::Cycle,
                                                 Breakpoint::Kind::Text};
    all.push_back(
        {one.id, kKind[unsigned(one.kind)], one.condition, one.position, kSerial, one.text});
  }
  return all;
}

Result<u32> Traveller::add_break(TravelBreak what) {
  if (breaks_.size() >= Stops::kMaxStops)
    return fail("there are " + std::to_string(breaks_.size()) + " breakpoints: remove some");
  if (what.kind == TravelBreak::Kind::Text && what.text.empty())
    return fail("a breakpoint on text needs some text");
  if (what.condition.first > what.condition.last)
    return fail("a breakpoint's range ends before it begins");
  what.id = next_id_++;
  breaks_.push_back(what);
  arm_live();
  return what.id;
}

Result<void> Traveller::remove_break(u32 id) {
  if (std::erase_if(breaks_, [id](const auto& one) { return one.id == id; }) == 0)
    return fail("there is no breakpoint " + std::to_string(id));
  arm_live();
  return {};
}

void Traveller::remove_breaks_of(const std::string& owner) {
  std::erase_if(breaks_, [&](const auto& one) { return one.owner == owner; });
  arm_live();
}

Result<std::unique_ptr<TravelQuery>> Traveller::ask(TravelQuestion question,
                                                    std::function<void()> done) {
  if (!replay_)
    return fail(
        "only a recording that is played can be asked: -replay FILE; of a live run, "
        "record-save writes one");
  question.port = kSerial;
  return on_ask(std::move(question), std::move(done));
}

// --- the present of a live run ---

// Commands come between runs: the list may change.
void Traveller::arm_live() {
  if (replay_ || past_ || !machine_.stops()) return;
  std::vector<StopCondition> conditions;
  const Position now = machine_.position();
  if (!live_done_ || limit_.icount == kNever) limit_ = {};
  for (const TravelBreak& one : breaks_) {
    if (one.kind == TravelBreak::Kind::Cpu) {
      conditions.push_back(one.condition);
      conditions.back().id = one.id;
    }
    if (one.kind == TravelBreak::Kind::Icount && one.position > now.icount)
      limit_.icount = std::min(limit_.icount, one.position);
    if (one.kind == TravelBreak::Kind::Cycle && one.position > now.cycles)
      limit_.cycles = std::min(limit_.cycles, one.position);
  }
  machine_.stops()->set_stops(std::move(conditions), [this](const StopHit& hit) {
    if (hit.kind == StopKind::Pc && hit.at == resumed_) return false;
    live_hit_ = hit;
    return true;
  });
}

void Traveller::live_resumes() {
  if (replay_ || past_) return;
  resumed_ = machine_.position();
  live_hit_.reset();
  text_met_.reset();
  arm_live();
}

bool Traveller::take_live_stop() {
  if (replay_ || past_) return false;
  const Position now = machine_.position();
  const bool limited = now.icount >= limit_.icount || now.cycles >= limit_.cycles;
  if (!live_hit_ && (limited || text_met_)) {
    const TravelBreak* fixed = fixed_break_at(now);
    if (fixed) live_hit_ = StopHit{.id = fixed->id, .at = now};
  }
  text_met_.reset();
  if (!live_hit_ && !limited) return false;
  finish_live(live_hit_ ? TravelStop::Why::Breakpoint : TravelStop::Why::Arrived);
  return true;
}

// A breakpoint that names this very place.
const TravelBreak* Traveller::fixed_break_at(Position now) const {
  for (const TravelBreak& one : breaks_) {
    if (one.id == text_met_) return &one;
    if (one.kind == TravelBreak::Kind::Icount && one.position == now.icount) return &one;
    if (one.kind == TravelBreak::Kind::Cycle && one.position > resumed_.cycles &&
        one.position <= now.cycles)
      return &one;
  }
  return nullptr;
}

void Traveller::said(std::span<const u8> bytes) {
  if (replay_ || past_) return;
  std::size_t longest = 0;
  for (const TravelBreak& one : breaks_)
    if (one.kind == TravelBreak::Kind::Text) longest = std::max(longest, one.text.size());
  if (!longest) return said_.clear();
  const std::size_t before = said_.size();
  said_.append(bytes.begin(), bytes.end());
  for (const TravelBreak& one : breaks_) {
    if (one.kind != TravelBreak::Kind::Text) continue;
    const std::size_t known = std::min(before, one.text.size() - 1);
    if (said_.find(one.text, before - known) == std::string::npos) continue;
    text_met_ = one.id;
    machine_.stops()->stop_here();
  }
  if (said_.size() > longest) said_.erase(0, said_.size() - longest);
}

void Traveller::live_paused() {
  if (live_done_) finish_live(TravelStop::Why::Interrupted);
}

void Traveller::finish_live(TravelStop::Why why) {
  const TravelStop stop{why, machine_.position(), std::exchange(live_hit_, {}), ""};
  limit_ = {};
  if (const Done done = std::exchange(live_done_, {}))
    done(stop);
  else
    on_stop(stop);
}

// --- what is there ---

TravelStatus Traveller::travel_status() const {
  TravelStatus status;
  status.mode = replay_ ? TravelMode::Replay : past_ ? TravelMode::Past : TravelMode::Live;
  status.recording = log_ && !log_->file().empty();
  status.file = replay_ ? file_ : log_ ? log_->file() : "";
  status.now = machine_.position();
  status.busy = journey_ || live_target_;
  status.progress = progress_;
  if (TimeTravel* travel = this->travel()) {
    status.first = travel->first();
    status.last = travel->last();
  } else {
    status.last = status.now;
    status.first = timeline_.empty() ? status.now : timeline_.marks().front().at;
  }
  status.first_reason = !replay_ && !keeps_past() ? "the flight recorder is off"
                        : cut_                    ? cut_
                                                  : "the run began here";
  return status;
}

}  // namespace reprise::tools
