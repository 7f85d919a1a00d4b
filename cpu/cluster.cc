#include "cpu/cluster.h"

#include <algorithm>

#include "cpu/engine/run.h"
#include "cpu/timing/clocks.h"

namespace reprise::cpu {

Result<std::unique_ptr<Cluster>> Cluster::create(const CpuOptions& options,
                                                 const DeviceContext& context, PageStore& pages) {
  if (options.quantum == 0) return fail("quantum=0: a vCPU's turn must last at least one cycle");
  auto model = TRY(CpuModel::create(options.model, options.features));
  const Timing timing = TRY(Timing::create(options.timing));
  return std::unique_ptr<Cluster>(
      new Cluster(options, context, pages, std::make_unique<CpuModel>(std::move(model)), timing));
}

Cluster::Cluster(const CpuOptions& options, const DeviceContext& context, PageStore& pages,
                 std::unique_ptr<CpuModel> model, Timing timing)
    : Device(context),
      scheduler_(context.scheduler),
      pages_(pages),
      model_(std::move(model)),
      timing_(timing),
      use_blocks_(options.blocks),
      topology_(options.topology),
      quantum_(options.quantum),
      interleave_seed_(options.interleave_seed),
      seed_(options.seed) {
  for (unsigned i = 0; i < options.cpus; ++i)
    cpus_.push_back(std::make_unique<Cpu>(context.child(std::to_string(i)), *this, i));
  if (timing_.modelled())
    for (auto& c : cpus_) {
      c->clocks = std::make_unique<Clocks>(timing_);
      c->p5 = c->clocks->p5.get();
      c->choose_tables();
    }
  pages_.on_code_written(this);
  pages_.on_track(this);
}

Cluster::~Cluster() {
  pages_.on_code_written(nullptr);
  pages_.on_track(nullptr);
}

void Cluster::connect(unsigned i, Bus& bus, LocalApic& apic) {
  cpus_[i]->bus = &bus;
  cpus_[i]->apic = &apic;
}

void Cluster::triple_fault(Cpu& cpu) {
  cpu.activity = Activity::Shutdown;
  if (triple_fault_) triple_fault_();
  request_exit();
}

void Cluster::request_exit() {
  exit_requested_ = true;
  if (running_) running_->request_leave();
}

bool Cluster::all_halted() const {
  return std::none_of(cpus_.begin(), cpus_.end(), [](const auto& c) { return runnable(*c); });
}

unsigned Cluster::runs_next() const {
  for (unsigned i = 0; i < size(); ++i)
    if (const unsigned next = (turn_ + i) % size(); runnable(*cpus_[next])) return next;
  return turn_;
}

Position Cluster::position() const {
  return running_ ? running_->position() : Position{icount_, cycle_};
}

void Cluster::skip_to(Cycles cycle) {
  check(cycle >= cycle_, "time runs backwards");
  cycle_ = cycle;
  scheduler_.set_now(cycle);
}

void Cluster::next_turn() {
  for (unsigned i = 0; i < size(); ++i) {
    turn_ = (turn_ + 1) % size();
    if (runnable(*cpus_[turn_])) break;
  }
  if (!interleave_seed_) return;
  // SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
  u64 z = interleaving_ += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  const Cycles least = (quantum_ + 7) / 8;
  turn_end_ = cycle_ + least + (z ^ z >> 31) % (quantum_ - least + 1);
}

Cycles Cluster::turn_end() const {
  return interleave_seed_ ? turn_end_ : (cycle_ / quantum_ + 1) * quantum_;
}

void Cluster::run_until(Stop stop) {
  exit_requested_ = false;
  while (!stops_.stopped() && cycle_ < stop.cycles && icount_ < stop.icount &&
         cycle_ < scheduler_.deadline()) {
    Cpu& c = *cpus_[turn_];
    if (!runnable(c)) {
      if (all_halted()) break;
      next_turn();
      continue;
    }
    const bool alone = size() == 1;
    const Cycles turn_end = this->turn_end();
    if (!alone && cycle_ >= turn_end) {  // passed while all were halted
      next_turn();
      continue;
    }
    Stop limit = stop;
    if (!alone) limit.cycles = std::min(limit.cycles, turn_end);
    // The shadow of STI is kept as an icount, which other vCPUs' turns advance.
    const bool shadow = c.shadow_at == c.icount;
    c.cycle = cycle_;
    c.icount = icount_;
    c.shadow_at = shadow ? c.icount : kNever;
    running_ = &c;
    run(c, limit);
    running_ = nullptr;
    cycle_ = c.cycle;
    icount_ = c.icount;
    scheduler_.set_now(cycle_);
    if (!alone && (cycle_ >= turn_end || c.yield || !runnable(c))) next_turn();
    c.yield = false;
    if (exit_requested_) break;
  }
  scheduler_.set_now(cycle_);
  if (blocks_.full()) drop_derived();
}

bool Cluster::take_stop() {
  if (stops_.pending()) stops_.report(position());
  return stops_.take_stopped();
}

void Cluster::drop_derived() {
  blocks_.clear();
  drop_fast();
}

void Cluster::trace(TraceSink* sink) {
  trace_ = sink;
  stops_.show_accesses(sink && sink->wants_memory());
}

void Cluster::drop_fast() {
  for (auto& c : cpus_) c->drop_fast();
}

void Cluster::reset() {
  turn_ = 0;
  interleaving_ = interleave_seed_;
  turn_end_ = 0;
}

void Cluster::state(State& s) {
  s("cycle", cycle_)("icount", icount_)("turn", turn_, 0, size() - 1);
  if (interleave_seed_) s("interleaving", interleaving_)("turn_end", turn_end_);
  if (s.loading()) {
    blocks_.clear();
    stops_.forget();
    scheduler_.set_now(cycle_);
  }
}

void Cluster::code_written(MemoryBlock& block, u64 page, u64 lines) {
  blocks_.drop(block, page, lines);
  if (running_ && blocks_.reclaim_due()) running_->request_leave();
}

void Cluster::drop_write_pointers() {
  for (auto& c : cpus_) c->drop_write_pointers();
}

}  // namespace reprise::cpu
