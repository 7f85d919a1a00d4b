// Time travel in a session: the flight recorder of a live run and its past, or a recording that is
// played; one journey at a time, on the session's loop.
#pragma once

#include <memory>

#include "qmp/operator_travel.h"
#include "replay/timetravel/travel.h"
#include "tools/reprise/disks.h"
#include "tools/reprise/run_log.h"

namespace reprise::tools {

class Traveller final : public OperatorTravel {
 public:
  // The session: answers monitors, on the way; true: what goes on is to end.
  using Serve = std::function<bool()>;
  Traveller(PcI440fx& machine, Disks& disks, Serve serve);
  ~Traveller() override;

  // Before the run, one of them. `budget`: bytes of memory for states; 0: a live run has no past.
  void begin_live(RunLog& log, u64 budget);
  // `file`: the recording's, for people.
  Result<void> begin_replay(const trace::Recording& recording, const std::string& file, u64 budget);
  void end();  // before the log goes

  // The loop's half.
  bool pending() const { return journey_ && !performing_; }
  bool journeying() const { return performing_; }
  bool past() const { return past_ != nullptr; }
  trace::Replayer* replayer() const { return replayer_.get(); }
  // The run is to go on live from here: the caller leaves its loop, and calls become_live().
  bool wants_live() const { return live_target_.has_value(); }
  Result<void> become_live(RunLog& log);
  void perform();
  // In a replay, or the past: goes on as the recorded run did, until Serve says so. The present,
  // once reached, is live again.
  Arrival play(trace::Pace* pace);
  // Live: at each boundary of which nothing was done yet.
  void at_boundary();
  Stop limit() const { return limit_; }  // of a live run, for a step
  // Live: a breakpoint or a step has come to its end here; the machine is to pause.
  bool take_live_stop();
  // Live: the operator has stopped the machine.
  void live_paused();
  void live_resumes();
  bool hit() const { return live_hit_.has_value(); }
  // Live: serial port 0 has put this out.
  void said(std::span<const u8> bytes);

  // --- OperatorTravel ---
  TravelStatus travel_status() const override;
  Result<void> seek(const TravelTarget& target, Done done) override;
  Result<void> step(u64 count, bool reverse, Done done) override;
  Result<void> run_on(bool reverse, Done done) override;
  void interrupt() override { interrupted_ = true; }
  Result<u32> add_break(TravelBreak what) override;
  Result<void> remove_break(u32 id) override;
  void remove_breaks_of(const std::string& owner) override;
  std::vector<TravelBreak> breaks() const override { return breaks_; }
  MachineHashes hashes() override { return hash_.take(); }
  Result<std::unique_ptr<TravelQuery>> ask(TravelQuestion question,
                                           std::function<void()> done) override;
  Result<void> save_snapshot(const std::string& name) override;
  Result<void> load_snapshot(const std::string& name) override;
  Result<void> delete_snapshot(const std::string& name) override;
  std::vector<SnapshotInfo> snapshots() const override;
  std::vector<BranchInfo> branches() const override;
  Result<void> checkpoint() override;
  Result<void> record_start(const std::string& file) override;
  Result<void> record_stop() override;
  Result<void> record_save(const std::string& file) override;
  Result<void> go_live(const LiveTarget& target) override;

  // Answers questions to the recording that is played.
  std::function<std::unique_ptr<TravelQuery>(TravelQuestion, std::function<void()>)> on_ask;
  // What the session wants to be told: the machine is to run (a live step, a live run_on).
  std::function<void()> on_resume;
  // And where it stands when nobody waits for that: `cont` has met a breakpoint, or an end.
  std::function<void(const TravelStop&)> on_stop;
  // The machine has become another, at another time: a snapshot was loaded, the run is live again.
  std::function<void()> on_leap;
  // A file is not written any more.
  std::function<void(const std::string& file, const std::string& why)> on_file_left;

 private:
  struct Journey {
    enum class Kind { Seek, Step, Run } kind = Kind::Seek;
    TravelTarget target;
    u64 count = 0;
    bool reverse = false;
    Done done;
  };
  struct Past;
  Result<void> begin(Journey journey);
  Result<void> enter_past();
  void leave_past();
  Result<void> save_past(RecordingFile& file);
  TimeTravel* travel() const;
  bool keeps_past() const { return log_ && log_->recorder() && timeline_.budget(); }
  Result<void> need_past() const;
  Result<void> at_present(const char* command) const;
  void forget_past(const char* why);
  TimeTravel::Config config();
  Arrival go(const Journey& journey);
  std::vector<Breakpoint> armed() const;
  void arm_live();
  void finish_live(TravelStop::Why why);
  const TravelBreak* fixed_break_at(Position now) const;

  PcI440fx& machine_;
  Disks& disks_;
  Serve serve_;
  Timeline timeline_;
  MachineHash hash_{machine_};
  std::optional<trace::Keyframes> keyframes_;
  RunLog* log_ = nullptr;
  const trace::Recording* recording_ = nullptr;
  std::string file_;  // of recording_
  std::unique_ptr<trace::Replayer> replayer_;
  std::unique_ptr<TimeTravel> replay_;
  std::optional<LiveTarget> live_target_;
  std::unique_ptr<Past> past_;
  u64 next_mark_ = 0;
  const char* cut_ = nullptr;  // why the past begins where it does

  std::vector<TravelBreak> breaks_;
  u32 next_id_ = 1;
  std::optional<Journey> journey_;  // waiting, or under way
  bool performing_ = false, interrupted_ = false;
  double progress_ = 0;
  // A live run forward that somebody waits for.
  Done live_done_;
  Stop limit_;
  Position resumed_;
  std::optional<StopHit> live_hit_;
  std::string said_;             // the last of what serial port 0 put out
  std::optional<u32> text_met_;  // a breakpoint
};

}  // namespace reprise::tools
