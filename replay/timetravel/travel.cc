#include "replay/timetravel/travel.h"

#include <algorithm>

#include "replay/timetravel/text_search.h"

namespace reprise {
namespace {

using trace::ReplayLoop;

// Marks towards a target are not set closer than this.
constexpr u64 kDensest = 20'000;

std::vector<StopCondition> conditions_of(const std::vector<Breakpoint>& breaks) {
  std::vector<StopCondition> conditions;
  for (const Breakpoint& one : breaks) {
    if (one.kind != Breakpoint::Kind::Condition) continue;
    conditions.push_back(one.condition);
    conditions.back().id = one.id;
  }
  return conditions;
}

// `until`, or where `next` is reached, whichever is first.
Stop cut(Stop until, Position at, Position next) {
  if (next.icount > at.icount)
    until.icount = std::min(until.icount, next.icount);
  else
    until.cycles = std::min(until.cycles, next.cycles);
  return until;
}

// Where one stands, going back to what a hit did: the boundary before it.
u64 landing(const StopHit& hit) {
  return hit.kind == StopKind::Pc || hit.at.icount == 0 ? hit.at.icount : hit.at.icount - 1;
}

}  // namespace

TimeTravel::TimeTravel(Machine& machine, trace::Replayer& replayer, Timeline& timeline,
                       trace::Keyframes* keyframes, Config config)
    : machine_(machine),
      replayer_(replayer),
      timeline_(timeline),
      keyframes_(keyframes),
      config_(std::move(config)) {
  if (timeline_.empty()) mark();
}

Position TimeTravel::first() const {
  if (keyframes_ && keyframes_->count() > 0) return keyframes_->at(0);
  return timeline_.marks().front().at;
}

Arrival TimeTravel::arrived(Arrival::Why why, std::string message) const {
  return {why, machine_.position(), {}, std::move(message)};
}

// --- going to states that are kept ---

void TimeTravel::mark() { timeline_.mark(replayer_.place()); }

Result<void> TimeTravel::go(std::size_t mark) {
  const trace::Place place = timeline_.marks()[mark].place;
  timeline_.go(mark);
  replayer_.go(place);
  if (config_.after_go) config_.after_go();
  return {};
}

Result<void> TimeTravel::load(std::size_t keyframe) {
  timeline_.clear();
  if (config_.before_load) config_.before_load(keyframe);
  const auto place = keyframes_->load(keyframe, machine_);
  if (!place) {
    mark();
    return place.error();
  }
  replayer_.go(*place);
  mark();
  if (config_.after_go) config_.after_go();
  return {};
}

// Puts the machine somewhere before `goal`, as near as can be; false: nowhere is before it.
bool TimeTravel::start_before(Goal goal, std::optional<Arrival>& failed) {
  const auto& marks = timeline_.marks();
  std::size_t mark = marks.size(), keyframe = keyframes_ ? keyframes_->count() : 0;
  while (mark > 0 && !goal.before(marks[mark - 1].at)) --mark;
  while (keyframe > 0 && !goal.before(keyframes_->at(keyframe - 1))) --keyframe;
  const Position now = machine_.position();
  const bool from_here = goal.before(now) && !replayer_.failed();
  const Position by_mark = mark > 0 ? marks[mark - 1].at : Position{};
  const Position by_keyframe = keyframe > 0 ? keyframes_->at(keyframe - 1) : Position{};
  if (from_here && (mark == 0 || now >= by_mark) && (keyframe == 0 || now >= by_keyframe))
    return true;
  if (mark == 0 && keyframe == 0) return from_here;
  const Result<void> result =
      mark > 0 && (keyframe == 0 || by_mark >= by_keyframe) ? go(mark - 1) : load(keyframe - 1);
  if (!result) failed = arrived(Arrival::Why::Failed, result.error().message);
  return true;
}

// --- running ---

Arrival TimeTravel::forward(Goal goal, Marks marking, trace::Pace* pace) {
  trace::RunOptions options;
  options.pace = pace;
  options.slice = config_.slice;
  options.stopped = [this] { return stopped_; };
  const Position from = machine_.position();
  options.control = [&] {
    if (config_.progress && goal.icount != kNever && goal.icount > from.icount)
      config_.progress(double(machine_.position().icount - from.icount) /
                       double(goal.icount - from.icount));
    gave_up_ = config_.poll && config_.poll();
    return gave_up_ ? trace::Verdict::End : trace::Verdict::Run;
  };
  ReplayLoop loop(machine_, options, replayer_);
  const auto distance = [&] {
    if (marking == Marks::None) return kNever / 2;
    const Position at = machine_.position();
    const u64 left = goal.icount != kNever  ? goal.icount - at.icount
                     : goal.cycle != kNever ? goal.cycle - at.cycles
                                            : kNever;
    return marking == Marks::Towards
               ? std::clamp(left / 2, kDensest, std::max(kDensest, config_.spacing))
               : config_.spacing;
  };
  u64 next_mark = from.icount + distance();
  stopped_ = gave_up_ = false;
  stop_hit_.reset();
  for (;;) {
    const Position at = machine_.position();
    if (stopped_) {
      Arrival arrival = arrived(Arrival::Why::Break);
      arrival.hit = stop_hit_;
      return arrival;
    }
    const bool settled = !machine_.waits_for_host();
    const auto& marks = timeline_.marks();
    Stop until{goal.cycle, goal.icount};
    if (settled && !timeline_.at_last()) {
      const Mark& next = marks[timeline_.here() + 1];
      const bool present = config_.past && timeline_.here() + 2 == marks.size();
      if (!present && at >= next.at) {
        timeline_.adopt();
        next_mark = at.icount + distance();
        continue;
      }
      if (!present) until = cut(until, at, next.at);
    }
    if (settled && at.icount >= next_mark && goal.before(at)) {
      mark();
      timeline_.thin();
      next_mark = at.icount + distance();
    }
    until.icount = std::min(until.icount, std::max(next_mark, at.icount + 1));
    switch (loop.turn(until)) {
      case ReplayLoop::Turn::Ran:
        break;
      case ReplayLoop::Turn::Arrived:
        if (!goal.before(machine_.position())) return arrived(Arrival::Why::There);
        break;
      case ReplayLoop::Turn::Quit:
        return arrived(Arrival::Why::Interrupted);
      case ReplayLoop::Turn::End:
        return at_end();
    }
  }
}

Arrival TimeTravel::forward_to(Position end, Marks marks) {
  Arrival way = forward({end.icount, kNever}, marks);
  if (way.why == Arrival::Why::There && machine_.position() < end)
    way = forward({kNever, end.cycles}, marks);
  return way;
}

Arrival TimeTravel::at_end() {
  if (!replayer_.failed()) replayer_.finish();
  if (!replayer_.error().empty()) return arrived(Arrival::Why::Failed, replayer_.error());
  if (const auto& divergence = replayer_.divergence())
    return arrived(Arrival::Why::Failed, divergence->message);
  return arrived(Arrival::Why::End);
}

Arrival TimeTravel::to(Goal goal) {
  std::optional<Arrival> failed;
  if (!start_before(goal, failed)) return to_first();
  if (failed) return *failed;
  return forward(goal, Marks::Towards);
}

Arrival TimeTravel::to_first() {
  const Result<void> result = keyframes_ && keyframes_->count() > 0 ? load(0) : go(0);
  if (!result) return arrived(Arrival::Why::Failed, result.error().message);
  return arrived(Arrival::Why::Begin);
}

Arrival TimeTravel::to_icount(u64 icount) { return to({icount, kNever}); }
Arrival TimeTravel::to_cycle(Cycles cycle) { return to({kNever, cycle}); }

Arrival TimeTravel::to_mark(std::size_t mark) {
  const Result<void> result = go(mark);
  if (!result) return arrived(Arrival::Why::Failed, result.error().message);
  return arrived(Arrival::Why::There);
}

Arrival TimeTravel::step(u64 count, bool reverse) {
  const u64 now = machine_.position().icount;
  if (!reverse)
    return forward({count < kNever - now ? now + count : kNever, kNever}, Marks::Towards);
  return now >= count ? to_icount(now - count) : to_first();
}

// --- breakpoints ---

Result<void> TimeTravel::set_stops(const std::vector<Breakpoint>& breaks, Stops::OnHit on_hit) {
  std::vector<StopCondition> conditions = conditions_of(breaks);
  if (machine_.stops()) {
    machine_.stops()->set_stops(std::move(conditions), std::move(on_hit));
  } else if (!conditions.empty()) {
    return fail("this machine has no breakpoints");
  }
  return {};
}

// The first of the positions that breakpoints name, behind now.
TimeTravel::Goal TimeTravel::next_fixed(const std::vector<Breakpoint>& breaks, u32& id) const {
  const Position now = machine_.position();
  Goal goal;
  for (const Breakpoint& one : breaks) {
    const Goal before = goal;
    if (one.kind == Breakpoint::Kind::Icount && one.position > now.icount)
      goal.icount = std::min(goal.icount, one.position);
    if (one.kind == Breakpoint::Kind::Cycle && one.position > now.cycles)
      goal.cycle = std::min(goal.cycle, one.position);
    if (one.kind == Breakpoint::Kind::Text) {
      const auto said = next_text(replayer_.recording(), one.port, one.text, now);
      if (said) goal.icount = std::min(goal.icount, said->icount + 1);
    }
    if (goal.icount != before.icount || goal.cycle != before.cycle) id = one.id;
  }
  return goal;
}

// To the first breakpoint behind now, by `run`, which goes to a goal.
Arrival TimeTravel::meet(const std::vector<Breakpoint>& breaks,
                         const std::function<Arrival(Goal)>& run) {
  const Position start = machine_.position();
  const auto set = set_stops(breaks, [&](const StopHit& hit) {
    if (hit.at <= start) return false;  // it stood there
    stop_hit_ = hit;
    return stopped_ = true;
  });
  if (!set) return arrived(Arrival::Why::Failed, set.error().message);
  u32 id = 0;
  Arrival arrival = run(next_fixed(breaks, id));
  if (arrival.why == Arrival::Why::There) arrival.hit = fixed_hit(id);
  if (arrival.hit) arrival.why = Arrival::Why::Break;
  (void)set_stops({}, {});
  return arrival;
}

// With keyframes in the recording, one can come back without marks.
TimeTravel::Marks TimeTravel::marks_forward() const {
  return keyframes_ && keyframes_->count() > 1 ? Marks::None : Marks::Even;
}

Arrival TimeTravel::run_forward(const std::vector<Breakpoint>& breaks, trace::Pace* pace) {
  return meet(breaks, [&](Goal goal) { return forward(goal, marks_forward(), pace); });
}

Arrival TimeTravel::find_forward(const std::vector<Breakpoint>& breaks) {
  const std::vector<StopCondition> conditions = conditions_of(breaks);
  return meet(breaks, [&](Goal goal) {
    for (;;) {
      const auto next = pass_over(conditions, goal);
      if (!next) return arrived(Arrival::Why::Failed, next.error().message);
      if (!*next) return forward(goal, marks_forward());
      const Arrival way = forward_to(**next, marks_forward());
      if (way.why != Arrival::Why::There) return way;
    }
  });
}

// Keyframes behind which no condition can be met are passed over, as long as they are before
// `goal`. The next one then, if it is before it too.
Result<std::optional<Position>> TimeTravel::pass_over(const std::vector<StopCondition>& conditions,
                                                      Goal goal) {
  const std::size_t count = keyframes_ ? keyframes_->count() : 0;
  const Position now = machine_.position();
  std::size_t next = 0;
  while (next < count && keyframes_->at(next) <= now) ++next;
  const std::size_t behind = next;
  const auto ahead = [&] { return next < count && goal.before(keyframes_->at(next)); };
  while (next > 0 && ahead() && !keyframes_->may_meet(next - 1, conditions)) ++next;
  if (next > behind) TRY(load(next - 1));
  return ahead() ? std::optional(keyframes_->at(next)) : std::nullopt;
}

std::size_t TimeTravel::keyframes_before(Position end) const {
  std::size_t keyframe = keyframes_ ? keyframes_->count() : 0;
  while (keyframe > 0 && keyframes_->at(keyframe - 1) >= end) --keyframe;
  return keyframe;
}

StopHit TimeTravel::fixed_hit(u32 id) const {
  StopHit hit;
  hit.id = id;
  hit.at = machine_.position();
  return hit;
}

// The last moment before `now` of those that breakpoints name.
std::optional<TimeTravel::Moment> TimeTravel::last_fixed(const std::vector<Breakpoint>& breaks,
                                                         Position now) const {
  std::optional<Moment> last;
  const auto later = [&](Position at, Goal goal, u32 id) {
    if (!last || at > last->at) last = Moment{at, goal, id};
  };
  for (const Breakpoint& one : breaks) {
    if (one.kind == Breakpoint::Kind::Icount && one.position < now.icount)
      later({one.position, 0}, {one.position, kNever}, one.id);
    if (one.kind == Breakpoint::Kind::Cycle && one.position < now.cycles)
      later({0, one.position}, {kNever, one.position}, one.id);
    if (one.kind != Breakpoint::Kind::Text) continue;
    if (const auto said = last_text(replayer_.recording(), one.port, one.text, now))
      later(*said, {said->icount, kNever}, one.id);
  }
  return last;
}

// Runs from where the machine is to `end`; the last hit on the way from which going back leads
// before `end`.
std::optional<StopHit> TimeTravel::last_hit(const std::vector<Breakpoint>& breaks, Position end,
                                            Arrival& way) {
  std::optional<StopHit> last;
  const auto set = set_stops(breaks, [&](const StopHit& hit) {
    if (hit.kind == StopKind::Pc ? hit.at < end : hit.at <= end) last = hit;
    return false;
  });
  way = set ? forward_to(end, Marks::Even) : arrived(Arrival::Why::Failed, set.error().message);
  (void)set_stops({}, {});
  return last;
}

// Puts the machine to the last kept state before `end`. False: there is none.
Result<bool> TimeTravel::go_before(Position end) {
  const auto& marks = timeline_.marks();
  std::size_t mark = marks.size();
  while (mark > 0 && marks[mark - 1].at >= end) --mark;
  const std::size_t keyframe = keyframes_before(end);
  if (mark == 0 && keyframe == 0) return false;
  if (keyframe == 0 || (mark > 0 && marks[mark - 1].at >= keyframes_->at(keyframe - 1)))
    TRY(go(mark - 1));
  else
    TRY(load(keyframe - 1));
  return true;
}

Arrival TimeTravel::run_back(const std::vector<Breakpoint>& breaks) {
  Position end = machine_.position();
  const std::optional<Moment> fixed = last_fixed(breaks, end);
  const std::vector<StopCondition> conditions = conditions_of(breaks);
  while (!conditions.empty()) {
    const std::size_t keyframe = keyframes_before(end);
    if (keyframe > 0 && !keyframes_->may_meet(keyframe - 1, conditions)) {
      end = keyframes_->at(keyframe - 1);
    } else {
      const Result<bool> gone = go_before(end);
      if (!gone) return arrived(Arrival::Why::Failed, gone.error().message);
      if (!*gone) break;
      const Position begin = machine_.position();
      Arrival way;
      const std::optional<StopHit> hit = last_hit(breaks, end, way);
      if (way.why != Arrival::Why::There && way.why != Arrival::Why::End) return way;
      if (hit && (!fixed || !fixed->goal.before({landing(*hit), hit->at.cycles})))
        return landed(to_icount(landing(*hit)), *hit);
      if (hit) break;  // what is named comes later
      end = begin;
    }
    if (fixed && fixed->goal.before(end)) break;
  }
  if (!fixed) return to_first();
  const u32 id = fixed->id;
  Arrival arrival = to(fixed->goal);
  return landed(arrival, fixed_hit(id));
}

Arrival TimeTravel::landed(Arrival arrival, const StopHit& hit) {
  if (arrival.why != Arrival::Why::There && arrival.why != Arrival::Why::Begin) return arrival;
  arrival.why = Arrival::Why::Break;
  arrival.hit = hit;
  return arrival;
}

}  // namespace reprise
