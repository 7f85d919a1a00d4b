// verify: plays a recording as fast as this host can, and says whether it is the same run again.
//
// The recording is cut at its keyframes, and the pieces are played at the same time, each machine
// on a thread of its own. A piece trusts the keyframe that it begins from; so where a piece ends,
// the machine is compared with what the next keyframe makes of one. All pieces together, from
// power-on to the end, are the whole run.
#include <atomic>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>

#include "replay/trace/hash_chain.h"
#include "tools/reprise-log/commands.h"
#include "tools/reprise-log/recording.h"
#include "tools/reprise/divergence.h"
#include "tools/reprise/replay_machine.h"
#include "tools/reprise/suboptions.h"

namespace reprise::log {
namespace {

using tools::RecordedRun;
using tools::ReplayMachine;

constexpr u64 kMaxJobs = 64;

struct Fault {
  std::size_t piece = 0;
  int status = kDiffers;  // kDiffers, or 1: it could not be played
  std::string text;
  std::optional<trace::Divergence> divergence = {};
};

// Pieces that a thread has before it: it takes them from the front, one after the other, so that
// loading a keyframe is little work; who has none left takes the later half of the longest list.
class Pieces {
 public:
  Pieces(std::size_t count, unsigned jobs) {
    for (unsigned job = 0; job < jobs; ++job)
      lists_.push_back({count * job / jobs, count * (job + 1) / jobs});
  }
  std::optional<std::size_t> take(unsigned job) {
    const std::scoped_lock lock(mutex_);
    List& own = lists_[job];
    if (own.first == own.end) {
      List* longest = &own;
      for (List& list : lists_)
        if (list.end - list.first > longest->end - longest->first) longest = &list;
      own.first = longest->first + (longest->end - longest->first) / 2;
      own.end = std::exchange(longest->end, own.first);
      if (longest == &own) return {};
    }
    return own.first++;
  }

 private:
  struct List {
    std::size_t first, end;
  };
  std::mutex mutex_;
  std::vector<List> lists_;
};

class Verification {
 public:
  Verification(const RecordedRun& run, std::vector<Position> begins)
      : run_(run), begins_(std::move(begins)), starts_(begins_.size()), ends_(begins_.size()) {}

  // The first piece that is not as recorded.
  std::optional<Fault> go(unsigned jobs) {
    Pieces pieces(begins_.size(), jobs);
    Progress progress("verify");
    std::vector<std::thread> threads;
    running_ = jobs;
    for (unsigned job = 0; job < jobs; ++job)
      threads.emplace_back([this, &pieces, job] {
        work(pieces, job);
        --running_;
      });
    while (running_ > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      progress.at(double(played_) / double(std::max<u64>(1, length())));
    }
    for (std::thread& thread : threads) thread.join();
    return fault_;
  }

 private:
  u64 length() const { return end_of(begins_.size() - 1).icount - begins_.front().icount; }
  Position end_of(std::size_t piece) const {
    return piece + 1 < begins_.size() ? begins_[piece + 1] : run_.recording().last();
  }

  // The first fault counts, in the order of the run: pieces behind it need not be played.
  void report(Fault fault) {
    const std::scoped_lock lock(mutex_);
    if (fault_ && fault_->piece <= fault.piece) return;
    bad_ = fault.piece;
    fault_ = std::move(fault);
  }

  void work(Pieces& pieces, unsigned job) {
    std::size_t piece = 0;
    ReplayMachine::Config config;
    u64 counted = 0;
    std::unique_ptr<ReplayMachine> machine;
    config.poll = [&] {
      const u64 now = machine->machine().position().icount;
      if (now > counted) played_ += now - counted;
      counted = now;
      return piece > bad_;
    };
    while (const auto next = pieces.take(job)) {
      piece = *next;
      if (piece > bad_) continue;
      if (!machine) {
        auto made = ReplayMachine::create(run_, config);
        if (!made) return report({0, 1, made.error().message});
        machine = std::move(*made);
        machine->keyframes().forget_machine();
      }
      counted = begins_[piece].icount;
      play(*machine, piece);
    }
  }

  // Machines are compared where all of a boundary was done: a keyframe may be of the middle of one.
  void play(ReplayMachine& machine, std::size_t piece) {
    if (machine.keyframes().count() > 0) {
      if (piece == 0 && machine.from_power_on() && machine.machine().position() == Position{} &&
          machine.complete())
        machine_as_built_ = machine.replayer().look();
      const auto loaded = machine.load(piece);
      if (!loaded) return report({piece, 1, loaded.error().message});
    }
    if (machine.complete()) known(piece, starts_, machine.replayer().look());
    const bool last = piece + 1 == begins_.size();
    const Arrival arrival = machine.run_to(last ? Position{kNever, kNever} : end_of(piece));
    if (arrival.why == Arrival::Why::Interrupted) return;
    if (arrival.why == Arrival::Why::Failed || machine.machine().position() != end_of(piece))
      return failed(machine, piece, arrival);
    if (!last && machine.complete()) known(piece, ends_, machine.replayer().look());
  }

  void failed(ReplayMachine& machine, std::size_t piece, const Arrival& arrival) {
    const auto& divergence = machine.replayer().divergence();
    if (!divergence) {
      const bool early = arrival.why != Arrival::Why::Failed;
      return report({piece, early ? kDiffers : 1,
                     early ? "the run does not come to " + trace::text(end_of(piece)) + " but to " +
                                 trace::text(arrival.at)
                           : arrival.message});
    }
    report({piece, kDiffers, divergence->message, *divergence});
  }

  // Where two pieces meet, both have said what the machine is there.
  void known(std::size_t piece, std::vector<std::optional<MachineHashes>>& where,
             MachineHashes hashes) {
    {
      const std::scoped_lock lock(mutex_);
      where[piece] = std::move(hashes);
    }
    meet(piece);
    meet(piece + 1);
  }
  void meet(std::size_t piece) {
    std::vector<std::string> parts;
    {
      const std::scoped_lock lock(mutex_);
      if (piece >= begins_.size() || !starts_[piece]) return;
      auto& before = piece > 0 ? ends_[piece - 1] : machine_as_built_;
      if (!before) return;
      parts = trace::differing_parts(before->parts, starts_[piece]->parts);
      before.reset();
      starts_[piece].reset();
    }
    if (parts.empty()) return;
    std::string text = "the run comes to " + trace::text(begins_[piece]) +
                       " with another state than the keyframe there holds";
    for (const std::string& part : parts) text += "\n  differs: " + part;
    report({piece > 0 ? piece - 1 : 0, kDiffers, text});
  }

  const RecordedRun& run_;
  const std::vector<Position> begins_;  // of the pieces
  std::mutex mutex_;                    // guards what follows, but the atomics
  std::vector<std::optional<MachineHashes>> starts_, ends_;
  std::optional<MachineHashes> machine_as_built_;
  std::optional<Fault> fault_;
  std::atomic<std::size_t> bad_ = ~std::size_t(0);  // its piece
  std::atomic<u64> played_ = 0;                     // instructions
  std::atomic<unsigned> running_ = 0;
};

Result<unsigned> jobs_argument(const Arguments& arguments) {
  const u64 cores = std::clamp<u64>(std::thread::hardware_concurrency(), 1, kMaxJobs);
  const std::string* given = arguments.find("--jobs");
  if (!given) return unsigned(cores);
  const auto number = tools::parse_number(*given, 1, kMaxJobs);
  if (!number) return fail("--jobs " + *given + ": " + number.error().message);
  return unsigned(*number);
}

}  // namespace

Result<int> verify(const Words& words) {
  const auto arguments = TRY(
      Arguments::parse(words, {{"--against", true}, {"--jobs", true}, {"--replay-disk", true}}));
  const std::string file = TRY(one_file(arguments));
  const unsigned most = TRY(jobs_argument(arguments));
  const auto run = TRY(RecordedRun::open(file, TRY(disk_arguments(arguments))));
  const trace::Recording& recording = run->recording();
  const trace::DiskIndex disks = TRY(trace::DiskIndex::open(recording));
  const trace::Keyframes frames = TRY(trace::Keyframes::open(recording, &disks));
  std::vector<Position> begins;
  for (std::size_t i = 0; i < frames.count(); ++i) begins.push_back(frames.at(i));
  if (begins.empty()) begins.push_back({});
  const unsigned jobs = unsigned(std::min<std::size_t>(most, begins.size()));
  const auto fault = Verification(*run, begins).go(jobs);
  if (fault && fault->status != kDiffers) return fail(fault->text);
  if (fault) {
    std::printf("not the recorded run: %s\n", fault->text.c_str());
    std::fflush(stdout);  // what follows may take long
    if (fault->divergence) {
      tools::Options options = run->options();
      if (const std::string* binary = arguments.find("--against")) options.against = *binary;
      const auto report =
          TRY(tools::explain_again(*run, *fault->divergence, options, [] { return false; }));
      std::printf("%s\n", report.text().c_str());
    }
    return kDiffers;
  }
  std::printf("the same run: %zu %s, up to %s%s\n", begins.size(),
              begins.size() == 1 ? "piece" : "pieces", trace::text(recording.last()).c_str(),
              recording.end() ? "" : ", where the file was cut off");
  return 0;
}

}  // namespace reprise::log
