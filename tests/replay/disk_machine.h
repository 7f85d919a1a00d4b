// A small deterministic machine with a disk: a processor without a program that computes, reads,
// writes and halts, and is woken by what it has read.
#pragma once

#include <memory>
#include <string>

#include "replay/core/hash.h"
#include "replay/core/machine.h"
#include "storage/drive/drive.h"

namespace reprise {

class DiskMachine final : public Machine {
 public:
  static constexpr u64 kDisk = 40 * kClusterSize + 5 * kSectorSize;

  DiskMachine(u64 seed, std::unique_ptr<IoWorker> worker, DriveSetup setup = {.id = "d"})
      : drive_(DeviceContext{tree_, scheduler_, door_, "/drive/d"}, setup, std::move(worker)),
        cpu_(DeviceContext{tree_, scheduler_, door_, "/cpu0"}, *this, seed) {
    drive_.connect(cpu_);
    tree_.reset();
  }

  Scheduler& scheduler() override { return scheduler_; }
  Door& door() override { return door_; }
  PageStore& pages() override { return pages_; }
  ObjectTree& objects() override { return tree_; }
  Position position() const override { return {cpu_.icount, scheduler_.now()}; }
  bool idle() const override { return cpu_.halted; }
  void skip_to(Cycles cycle) override {
    scheduler_.set_now(std::min(cycle, scheduler_.deadline()));
    boundary();
  }
  void run(Stop until) override {
    for (;;) {
      boundary();
      if (waits_ || scheduler_.now() >= until.cycles || cpu_.icount >= until.icount || idle())
        return;
      cpu_.step();
    }
  }
  void deliver() override {
    if (!waits_) Machine::deliver();
  }
  bool waits_for_host() const override { return waits_; }
  void wait_for_host() override { drive_.wait(); }
  Drive& drive() { return drive_; }

 private:
  void boundary() {
    waits_ = !drive_.settle_due();
    if (!waits_) scheduler_.run_due();
  }

  struct Cpu final : Device, DriveClient {
    Cpu(const DeviceContext& context, DiskMachine& machine, u64 seed)
        : Device(context),
          machine(machine),
          accumulator(seed),
          timer(context.scheduler, context.path, 0, [this] { tick(); }),
          out(context.door, "/cpu0:out", PortKind::Text) {}
    std::string_view kind() const override { return "disk-cpu"; }
    void reset() override { timer.arm(500'000); }
    void state(State& s) override {
      Cycles now = machine.scheduler_.now();
      s("icount", icount)("now", now)("accumulator", accumulator)("halted", halted)("timer", timer);
      if (s.loading()) machine.scheduler_.set_now(now);
    }
    void tick() {
      halted = false;
      timer.arm(machine.scheduler_.now() + 500'000);
    }
    void drive_done(u32 tag, int error, std::span<const u8> data) override {
      accumulator ^= hash64(data, tag) + u64(error);
      halted = false;
      const u8 byte = u8('a' + accumulator % 26);
      machine.door_.emit(out, {&byte, 1});
    }
    // Small places as often as any, so that requests meet; whole clusters, too.
    void request(u64 dice) {
      Drive& drive = machine.drive_;
      const u64 sectors = drive.sectors();
      if (!drive.accepts() || sectors == 0) return;
      u64 first = (dice >> 8) % (dice % 4 ? 600 : sectors), count = 1 + (dice >> 32) % 200;
      if (dice % 16 == 4) first = first / 128 * 128, count = 128;
      first = std::min(first, sectors - 1);
      count = std::min(count, sectors - first);
      const std::vector<u8> data(count * kSectorSize, u8(dice >> 16));
      const u64 offset = first * kSectorSize;
      switch (dice / 16 % 8) {
        case 0:
        case 1:
          return drive.write(u32(icount), offset, data);
        case 2:
          return drive.flush(u32(icount));
        case 3:
          return drive.discard(u32(icount), offset, data.size());
        default:
          return drive.read(u32(icount), offset, u32(data.size()));
      }
    }
    void step() {
      accumulator = accumulator * 6364136223846793005u + 1442695040888963407u;
      const u64 dice = accumulator >> 13;
      if (dice % 64 == 0) request(hash64({reinterpret_cast<const u8*>(&dice), 8}));
      if (dice % 1999 == 1) machine.drive_.abandon();
      if (dice % 128 == 2) halted = true;
      ++icount;
      machine.scheduler_.set_now(machine.scheduler_.now() + dice % 2000);
    }

    DiskMachine& machine;
    u64 icount = 0, accumulator;
    bool halted = false;
    Timer timer;
    Port out;
  };

  Scheduler scheduler_{1'000'000'000};
  Door door_{[this] { return position(); }};
  ObjectTree tree_;
  PageStore pages_;
  bool waits_ = false;
  Drive drive_;
  Cpu cpu_;
};

}  // namespace reprise
