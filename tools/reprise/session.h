// One run of the program: builds the machine, joins it to the host, runs it live or from a
// recording, and says how it ended.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chipset/board/pc_i440fx.h"
#include "qmp/hmp/hmp.h"
#include "qmp/operator.h"
#include "qmp/server/server.h"
#include "replay/trace/host/pace.h"
#include "tools/reprise/console.h"
#include "tools/reprise/debugger.h"
#include "tools/reprise/gdb_end.h"
#include "tools/reprise/host_ends.h"
#include "tools/reprise/monitors.h"
#include "tools/reprise/opened_run.h"
#include "tools/reprise/options.h"
#include "tools/reprise/trace_log.h"
#include "tools/reprise/traveller.h"

namespace reprise::tools {

struct DivergenceReport;

class Session final : public Operator {
 public:
  // `ready` is called when all is open and the machine is about to run.
  Session(Options options, std::function<Result<void>()> ready)
      : options_(std::move(options)), ready_(std::move(ready)), hmp_(*this) {}

  // The program's exit status, or what could not be done.
  Result<int> run();

  // --- Operator ---
  RunState run_state() const override { return state_; }
  void quit() override { end("host-qmp-quit"); }
  void stop() override;
  Result<void> cont() override;
  Result<void> system_reset() override;
  Result<void> system_powerdown() override;
  Result<void> inject_nmi() override;
  OperatorIdentity identity() const override;
  std::vector<OperatorChardev> chardevs() const override;
  OperatorDrives* drives() override { return disks_; }
  std::vector<const cpu::Cpu*> cpus() const override;
  OperatorConsole* console() override { return console_.get(); }
  OperatorDebug* debug() override { return debugger_.get(); }
  Result<std::string> gdbserver(const std::string& device) override;
  OperatorTravel* travel() override { return travel_.get(); }
  Result<void> open_replay(const ReplayTarget& target) override;

 private:
  // replay-open: the run ends, and this begins.
  struct Next {
    Options options;
    std::unique_ptr<OpenedRun> opened;
  };
  static Result<void> open_machine(Next& next);
  // Tells QMP's clients, if there can be any.
  void tell(std::string_view event, const nlohmann::json& data = nlohmann::json::object());
  void set_state(RunState state);
  void tell_of_resets();
  void tell_keyframe(Position at, u64 bytes);
  void report(const TravelStop& stop);
  void leapt();
  void become_live();
  // The run ends; `cause` as SHUTDOWN gives it.
  void end(const char* cause);
  Result<void> control_machine(const char* command, PcI440fx::Control what);
  // What was opened takes the place of the run that has ended.
  Result<void> change_over();
  Result<int> play();
  void flush_audio();
  void begin();
  Result<void> open_display();
  Result<void> open_monitors();
  Result<void> open_audio();
  void make_log();
  Result<int> run_live();
  void live_loop();
  Result<int> finish_live();
  Result<int> go_on_live();
  Result<int> run_replay();
  Result<int> replay_status(const Arrival& arrival);
  void report_divergence(const DivergenceReport& report);
  trace::Verdict control();
  trace::Verdict attend();
  void notice_exit();
  void notice_disks();
  void notice_trays();
  void report_io_errors();
  void play_audio();
  void warn_of_audio();
  void warn_of_recorder();
  void print_hash(const char* prefix);
  int exit_status() const;

  Options options_;
  std::function<Result<void>()> ready_;
  std::unique_ptr<OpenedRun> opened_;
  const trace::Recording* recording_ = nullptr;  // this and the next two are opened_'s
  Disks* disks_ = nullptr;
  PcI440fx* machine_ = nullptr;
  std::unique_ptr<Console> console_;
  std::unique_ptr<Debugger> debugger_;
  std::unique_ptr<trace::HostPace> pace_;
  std::unique_ptr<TraceLog> log_;
  std::unique_ptr<MachineHash> hash_;
  std::unique_ptr<Timer> probe_;     // -hash-at-text: takes the hash at the next boundary
  std::string recent_;               // the tail of serial 0's output, while the text is awaited
  std::unique_ptr<RunLog> run_log_;  // of a live run
  std::unique_ptr<Traveller> travel_;
  Hmp hmp_;
  OperatorQueue queue_, display_queue_;
  std::unique_ptr<WavAudio> audio_;
  std::unique_ptr<HostEnds> ends_;
  std::unique_ptr<GdbEnd> gdb_;
  std::unique_ptr<qmp::Server> qmp_;  // none without a monitor for it
  std::unique_ptr<Monitors> monitors_;
  std::unique_ptr<Display> display_;  // first to go: its thread uses the rest

  RunState state_ = RunState::Running;
  bool quit_ = false;
  bool watched_ = false;                    // somebody looks at a terminal or a display
  std::string cause_ = "none";              // of the end
  std::map<std::string, bool> trays_open_;  // as was told
  trace::Replayer* replayer_ = nullptr;
  bool warned_ = false;
  std::unique_ptr<Next> next_;
};

}  // namespace reprise::tools
