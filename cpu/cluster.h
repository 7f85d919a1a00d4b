// All vCPUs of a machine. Time is serial: a vCPU's turn starts at the cycle where the previous turn
// ended, and ends only at a quantum multiple, HLT or PAUSE. With an interleaving seed each turn has
// a length of its own instead, between an eighth of the quantum and all of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cpu/cpu.h"
#include "cpu/debug/stops.h"
#include "cpu/engine/block_cache.h"
#include "cpu/system/model.h"
#include "cpu/timing/timing.h"
#include "cpu/topology.h"
#include "replay/core/device.h"

namespace reprise::cpu {

struct CpuOptions {
  std::string model = "qemu64";
  std::vector<std::string> features;
  std::string timing = "fixed";
  unsigned cpus = 1;
  Topology topology = {};
  Cycles quantum = 50'000;
  u64 interleave_seed = 0;  // 0: turns end at multiples of the quantum
  u64 seed = 0;
  bool blocks = true;  // invisible to the guest
};

// -d: told what happens; never changes it.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual bool wants_each() const = 0;  // executed() before every instruction
  virtual void decoded(const Cpu& cpu, u64 linear, std::span<const u8> bytes) = 0;
  virtual void executed(const Cpu& cpu, Position at) = 0;
  virtual void event(const Cpu& cpu, u8 vector, EventKind kind, bool has_error, u32 error) = 0;
  // Every access of instructions to memory, whole, when it is done; asked once, by
  // Cluster::trace().
  virtual bool wants_memory() const { return false; }
  virtual void accessed(const Cpu&, u64 /*linear*/, unsigned /*size*/, u64 /*value*/,
                        bool /*write*/) {}
};

class Cluster final : public Device, public CodeListener, public WriteTrackListener {
 public:
  // vCPUs are children of context.path: "<path>/0", ...
  static Result<std::unique_ptr<Cluster>> create(const CpuOptions& options,
                                                 const DeviceContext& context, PageStore& pages);
  ~Cluster() override;

  unsigned size() const { return unsigned(cpus_.size()); }
  Cpu& cpu(unsigned i) { return *cpus_[i]; }
  Pins& pins(unsigned i) { return *cpus_[i]; }
  void connect(unsigned i, Bus& bus, LocalApic& apic);  // before the first reset
  void on_triple_fault(std::function<void()> reset) { triple_fault_ = std::move(reset); }
  void triple_fault(Cpu& cpu);
  void trace(TraceSink* sink);
  TraceSink* trace() const { return trace_; }

  // Runs vCPUs in turn until `stop` or the scheduler's deadline, or until all are halted, or after
  // request_exit(). scheduler.now() is exact whenever a device is touched, and at return.
  void run_until(Stop stop);
  void request_exit();  // from a device: leave after the current instruction
  bool exit_requested() const { return exit_requested_; }
  StopList& stops() { return stops_; }
  // Between two instructions: tells what stops devices have met since. True, once: one that was met
  // here, or in the last run_until(), wants the machine to stand here; run_until() does nothing
  // before.
  bool take_stop();
  Cpu* running() const { return running_; }  // null outside run_until()
  bool all_halted() const;                   // no vCPU has anything to do
  unsigned runs_next() const;                // which vCPU
  Position position() const;
  void skip_to(Cycles cycle);  // while all are halted

  const CpuModel& model() const { return *model_; }
  const Topology& topology() const { return topology_; }
  const Timing& timing() const { return timing_; }
  BlockCache& blocks() { return blocks_; }
  // Forgets decoded code, host pointers; both are found again.
  void drop_derived();
  void drop_fast();
  bool use_blocks() const { return use_blocks_; }
  u64 seed() const { return seed_; }

  std::string_view kind() const override { return "cpu-cluster"; }
  void reset() override;
  void state(State& s) override;
  void code_written(MemoryBlock& block, u64 page, u64 lines) override;
  void drop_write_pointers() override;

 private:
  Cluster(const CpuOptions& options, const DeviceContext& context, PageStore& pages,
          std::unique_ptr<CpuModel> model, Timing timing);
  void next_turn();
  Cycles turn_end() const;

  Scheduler& scheduler_;
  PageStore& pages_;
  std::unique_ptr<CpuModel> model_;
  Timing timing_;
  BlockCache blocks_;
  const bool use_blocks_;
  const Topology topology_;
  const Cycles quantum_;
  const u64 interleave_seed_;
  const u64 seed_;
  std::function<void()> triple_fault_;
  TraceSink* trace_ = nullptr;
  bool exit_requested_ = false;
  StopList stops_{*this};
  Cpu* running_ = nullptr;  // inside run(); its counters are ahead of ours

  // State: serial time, and whose turn it is.
  Cycles cycle_ = 0;
  u64 icount_ = 0;
  u32 turn_ = 0;
  u64 interleaving_ = 0;  // generator; with a seed, like the next
  Cycles turn_end_ = 0;
  std::vector<std::unique_ptr<Cpu>> cpus_;
};

}  // namespace reprise::cpu
