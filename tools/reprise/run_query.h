// A question to a whole recording: where is a condition met? Answered by machines of its own, each
// on its thread: intervals between keyframes do not depend on each other, and most of them need not
// be played.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "qmp/operator_travel.h"
#include "tools/reprise/replay_machine.h"

namespace reprise::tools {

class RunQuery final : public TravelQuery {
 public:
  // `recording`: FILE, or FILE,branch=N. `finished` is called once, by any thread, when the answer
  // is there or will not come.
  RunQuery(std::string recording, std::map<std::string, std::string> disks, TravelQuestion question,
           std::function<void()> finished);
  ~RunQuery() override;

  double progress() const override;
  void cancel() override { given_up_ = true; }
  // Once it is finished.
  const Result<TravelAnswer>& answer() const override { return answer_; }

 private:
  // What is between two keyframes, or all where there is none.
  struct Piece {
    std::size_t keyframe = 0;
    Position end;
    std::vector<StopHit> hits;
    bool done = false;
  };
  void run();
  Result<void> look(const RecordedRun& run);
  Result<void> plan(const RecordedRun& run);
  void search_text(const trace::Recording& recording);
  struct Worker {
    std::size_t piece = 0;  // that it is at
    bool full = false;
  };
  void work(const RecordedRun& run);
  Result<void> play(ReplayMachine& machine, Worker& me);
  void collect(Piece& piece, const StopHit& hit);
  bool full(const Piece& piece) const;  // as many as are asked for: the rest is not looked at
  void give_up(const Error& error);
  void conclude();
  bool forward() const { return question_.order != TravelQuestion::Order::Last; }

  const std::string recording_;
  const std::map<std::string, std::string> disks_;
  const TravelQuestion question_;
  const std::function<void()> finished_;

  std::vector<Piece> pieces_;  // in the order in which they are asked for
  std::atomic<std::size_t> planned_{0}, next_{0}, done_{0};
  std::atomic<std::size_t> enough_{~std::size_t(0)};  // pieces from here on are not needed
  std::atomic<bool> given_up_{false};
  std::mutex mutex_;
  std::size_t first_open_ = 0;  // under mutex_, these three: pieces before it are done
  u64 found_ = 0;               // in those
  std::optional<Error> error_;
  Result<TravelAnswer> answer_{TravelAnswer()};
  std::thread thread_;
};

}  // namespace reprise::tools
