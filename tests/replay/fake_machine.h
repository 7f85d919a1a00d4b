// A small deterministic machine: one processor without a program that computes, stores, prints,
// asks, halts, and is woken by a timer or an input.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "replay/core/machine.h"
#include "replay/core/usage.h"

namespace reprise {

// Stops at physical writes.
class FakeStops final : public Stops {
 public:
  void set_stops(std::vector<StopCondition> conditions, OnHit on_hit) override {
    conditions_ = std::move(conditions);
    on_hit_ = std::move(on_hit);
  }
  void stop_here() override { here_ = true; }
  const Usage& used() const override { return *used_; }
  void forget_used() override { used_->clear(); }
  void wrote(u64 address) {
    used_->write_physical(address, 1);
    for (const StopCondition& c : conditions_)
      if (c.kind == StopKind::Write && c.first <= address && address <= c.last)
        pending_.push_back({c.id, c.kind, {}, 0, 0, address, 1});
  }
  bool report(Position at) {
    bool stop = std::exchange(here_, false);
    for (StopHit& hit : pending_) {
      hit.at = at;
      stop |= on_hit_(hit);
    }
    pending_.clear();
    return stop;
  }

 private:
  std::vector<StopCondition> conditions_;
  OnHit on_hit_;
  std::vector<StopHit> pending_;
  bool here_ = false;
  std::unique_ptr<Usage> used_ = std::make_unique<Usage>();
};

class FakeMachine final : public Machine {
 public:
  explicit FakeMachine(u64 seed = 1) {
    ram_ = std::move(*MemoryBlock::create(pages_, "ram", 64 * kPageSize));
    cpu_ = std::make_unique<Cpu>(DeviceContext{tree_, scheduler_, door_, "/cpu0"}, *this, seed);
    tree_.reset();
  }

  Scheduler& scheduler() override { return scheduler_; }
  Door& door() override { return door_; }
  PageStore& pages() override { return pages_; }
  ObjectTree& objects() override { return tree_; }
  Position position() const override { return {cpu_->icount, scheduler_.now()}; }
  bool idle() const override { return cpu_->halted; }
  void skip_to(Cycles cycle) override {
    // A state that was loaded may have a timer that is long due.
    const Cycles now = scheduler_.now(), deadline = scheduler_.deadline();
    check(idle() && cycle <= deadline && (cycle >= now || cycle == deadline), "bad skip");
    scheduler_.set_now(std::max(cycle, now));
    scheduler_.run_due();
  }
  Stops* stops() override { return &stops_; }
  void run(Stop until) override {
    for (bool stop = false;;) {
      scheduler_.run_due();
      if (stop || scheduler_.now() >= until.cycles || cpu_->icount >= until.icount || idle())
        return;
      cpu_->step();
      steps += 1;
      stop = stops_.report(position());
    }
  }
  u64 steps = 0;  // that were really made

  bool post(const std::string& text) {
    return door_.post(cpu_->in, std::vector<u8>(text.begin(), text.end()));
  }
  MemoryBlock& ram() { return *ram_; }
  // A fault to be found: at this count the machine is not what it was.
  void break_accumulator_at(u64 icount) { cpu_->broken_accumulator = icount; }
  void break_output_at(u64 icount) { cpu_->broken_output = icount; }
  void break_memory_at(u64 icount) { cpu_->broken_memory = icount; }

 private:
  struct Cpu final : Device {
    Cpu(const DeviceContext& context, FakeMachine& machine, u64 seed)
        : Device(context),
          machine(machine),
          accumulator(seed),
          timer(context.scheduler, context.path, 0, [this] { tick(); }),
          in(context.door, "/cpu0:in", PortKind::Input, [this](auto bytes) { receive(bytes); }),
          out(context.door, "/cpu0:out", PortKind::Text),
          picture(context.door, "/cpu0:picture", PortKind::Digest),
          entropy(context.door, "/cpu0:entropy", PortKind::Input) {}

    std::string_view kind() const override { return "fake-cpu"; }
    void reset() override { timer.arm(5000); }
    void state(State& s) override {
      Cycles now = machine.scheduler_.now();
      s("icount", icount)("now", now)("accumulator", accumulator)("halted", halted)("timer", timer);
      if (s.loading()) machine.scheduler_.set_now(now);
    }
    void tick() {
      accumulator += 3;
      halted = accumulator % 4 == 0 && halted;
      timer.arm(machine.scheduler_.now() + 5000);
    }
    void receive(std::span<const u8> bytes) {
      for (const u8 byte : bytes) accumulator = accumulator * 31 + byte;
      if (accumulator % 3 == 0) timer.arm(machine.scheduler_.now());  // fires before the next input
      halted = halted && accumulator % 2;
    }
    void emit(Port& port, char c) {
      const u8 byte = u8(c);
      machine.door_.emit(port, {&byte, 1});
    }
    void step() {
      accumulator = accumulator * 6364136223846793005u + 1442695040888963407u;
      const u64 dice = accumulator >> 40;
      if (icount == broken_accumulator) accumulator ^= 1;
      if (dice % 200 == 0) emit(out, char('a' + dice % 26 + (icount >= broken_output)));
      if (dice % 150 == 1) emit(picture, char(dice));
      if (dice % 900 == 2) accumulator += machine.door_.ask(entropy, [this] { return ++answers; });
      if (dice % 100 == 3) {
        const u8 byte = u8(accumulator >> 8) ^ u8(icount >= broken_memory);
        machine.ram_->write(dice % machine.ram_->size(), {&byte, 1});
        machine.stops_.wrote(dice % machine.ram_->size());
      }
      if (dice % 500 == 4) halted = true;
      ++icount;
      machine.scheduler_.set_now(machine.scheduler_.now() + dice % 5);
    }

    FakeMachine& machine;
    u64 icount = 0, accumulator;
    bool halted = false;
    Timer timer;
    Port in, out, picture, entropy;
    u64 answers = 0;  // the host's
    u64 broken_accumulator = kNever, broken_output = kNever, broken_memory = kNever;
  };

  Scheduler scheduler_{1'000'000'000};
  Door door_{[this] { return position(); }};
  ObjectTree tree_;
  FakeStops stops_;
  PageStore pages_;
  std::unique_ptr<MemoryBlock> ram_;
  std::unique_ptr<Cpu> cpu_;
};

}  // namespace reprise
