#include "tools/reprise/run_query.h"

#include <algorithm>

#include "replay/timetravel/text_search.h"

namespace reprise::tools {
namespace {

// Each machine has memory of its own; so much of it, all together.
constexpr u64 kMemory = u64(4) << 30;
constexpr std::size_t kMaxThreads = 16;

std::size_t threads_for(const MachineConfig& config, std::size_t pieces) {
  const std::size_t fit = std::size_t(kMemory / std::max<u64>(config.ram_bytes, 1));
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  return std::max<std::size_t>(1, std::min({cores, fit, pieces, kMaxThreads}));
}

}  // namespace

RunQuery::RunQuery(std::string recording, std::map<std::string, std::string> disks,
                   TravelQuestion question, std::function<void()> finished)
    : recording_(std::move(recording)),
      disks_(std::move(disks)),
      question_(std::move(question)),
      finished_(std::move(finished)),
      thread_([this] { run(); }) {}

RunQuery::~RunQuery() {
  given_up_ = true;
  thread_.join();
}

void RunQuery::run() {
  const auto run = RecordedRun::open(recording_, disks_);
  const Result<void> looked = run ? look(**run) : Result<void>(run.error());
  if (!looked) give_up(looked.error());
  if (error_)
    answer_ = *error_;
  else if (given_up_)
    answer_ = fail("Operation was cancelled");
  else
    conclude();
  finished_();
}

Result<void> RunQuery::look(const RecordedRun& run) {
  if (!question_.text.empty()) {
    search_text(run.recording());
    return {};
  }
  TRY(plan(run));
  std::vector<std::thread> others;
  for (std::size_t n = threads_for(run.config(), pieces_.size()); n > 1; --n)
    others.emplace_back([&] { work(run); });
  work(run);
  for (std::thread& other : others) other.join();
  return {};
}

// Which pieces may have an answer.
Result<void> RunQuery::plan(const RecordedRun& run) {
  const trace::Keyframes keyframes = TRY(trace::Keyframes::open(run.recording()));
  const Position last = run.recording().last();
  const std::size_t count = keyframes.count();
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    const Position end = i + 1 < count ? keyframes.at(i + 1) : last;
    if (end.icount < question_.from) continue;
    if (count > 0 && keyframes.at(i).icount > question_.to) break;
    if (count > 0 && !keyframes.may_meet(i, {&question_.condition, 1})) continue;
    pieces_.push_back({i, end, {}});
  }
  if (!forward()) std::reverse(pieces_.begin(), pieces_.end());
  planned_ = pieces_.size();
  return {};
}

void RunQuery::search_text(const trace::Recording& recording) {
  Piece& piece = pieces_.emplace_back();
  each_text(recording, question_.port, question_.text, [&](Position at) {
    if (at.icount > question_.to) return false;
    StopHit hit;
    hit.at = at;
    if (at.icount >= question_.from) collect(piece, hit);
    return !given_up_ && !full(piece);
  });
  piece.done = true;
}

void RunQuery::collect(Piece& piece, const StopHit& hit) {
  piece.hits.push_back(hit);
  // Of the last ones, only so many are kept.
  if (!forward() && piece.hits.size() > 2 * question_.limit)
    piece.hits.erase(piece.hits.begin(), piece.hits.end() - std::ptrdiff_t(question_.limit) - 1);
}

bool RunQuery::full(const Piece& piece) const {
  return forward() && piece.hits.size() >= question_.limit;
}

void RunQuery::work(const RecordedRun& run) {
  Worker me;
  ReplayMachine::Config config;
  config.poll = [&] { return given_up_ || me.full || me.piece >= enough_; };
  const auto machine = ReplayMachine::create(run, config);
  Result<void> result = machine ? Result<void>() : Result<void>(machine.error());
  while (result && !given_up_ && (me.piece = next_++) < std::min(pieces_.size(), enough_.load()))
    result = play(**machine, me);
  if (!result) give_up(result.error());
}

void RunQuery::give_up(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  given_up_ = true;
}

Result<void> RunQuery::play(ReplayMachine& machine, Worker& me) {
  Piece& piece = pieces_[me.piece];
  if (machine.keyframes().count() > 0) TRY(machine.load(piece.keyframe));
  me.full = false;
  machine.machine().stops()->set_stops({question_.condition}, [&](const StopHit& hit) {
    if (me.full || hit.at.icount < question_.from || hit.at.icount > question_.to) return false;
    collect(piece, hit);
    me.full = full(piece);
    return false;
  });
  const Arrival arrival = machine.run_to(piece.end);
  if (arrival.why == Arrival::Why::Failed) return fail(arrival.message);
  if (arrival.why == Arrival::Why::Interrupted && !me.full) return {};
  ++done_;
  const std::lock_guard lock(mutex_);
  piece.done = true;
  for (; first_open_ < pieces_.size() && pieces_[first_open_].done; ++first_open_) {
    found_ += pieces_[first_open_].hits.size();
    if (found_ >= question_.limit) enough_ = std::min(enough_.load(), first_open_ + 1);
  }
  return {};
}

// The pieces' hits, in the order that was asked for.
void RunQuery::conclude() {
  TravelAnswer answer;
  std::size_t looked_at = 0;
  for (; looked_at < pieces_.size() && answer.hits.size() < question_.limit; ++looked_at) {
    Piece& piece = pieces_[looked_at];
    if (!forward()) std::reverse(piece.hits.begin(), piece.hits.end());
    answer.hits.insert(answer.hits.end(), piece.hits.begin(), piece.hits.end());
    if (full(piece)) break;
  }
  answer.complete = looked_at == pieces_.size() && answer.hits.size() <= question_.limit;
  if (answer.hits.size() > question_.limit) answer.hits.resize(question_.limit);
  answer_ = std::move(answer);
}

double RunQuery::progress() const { return planned_ ? double(done_) / double(planned_) : 0; }

}  // namespace reprise::tools
