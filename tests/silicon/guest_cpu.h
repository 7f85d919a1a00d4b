// Runs an experiment on our interpreter: a vCPU in long mode at CPL 3, set up as the host's Linux
// sets up a process, with real page tables over a flat memory.
#pragma once

#include <memory>

#include "cpu/cluster.h"
#include "tests/silicon/machine.h"
#include "tests/support/test_board.h"

namespace reprise::cpu::silicon {

class GuestCpu final : TraceSink {
 public:
  GuestCpu();
  Outcome run(const Experiment& e, u64 first_stop);
  // It neither ended nor faulted in reasonable time.
  bool endless() const { return endless_; }
  const u8* window() const;
  Cpu& cpu() { return cluster_->cpu(0); }

 private:
  struct FlatBus final : Bus {
    MemoryBlock* memory = nullptr;
    PhysPage page(u64 address, bool) override {
      if (address < memory->size()) return {memory, address >> 12, true};
      return {};
    }
    u64 read(u64, unsigned, bool) override { return ~u64(0); }
    void write(u64, unsigned, u64, bool) override {}
    u32 in(u16, unsigned) override { return ~u32(0); }
    void out(u16, unsigned, u32) override {}
  };
  bool wants_each() const override { return false; }
  void decoded(const Cpu&, u64, std::span<const u8>) override {}
  void executed(const Cpu&, Position) override {}
  void event(const Cpu& c, u8 vector, EventKind kind, bool has_error, u32 error) override;
  void build_page_tables();
  void set_registers(const Experiment& e);

  TestBoard board_;
  std::unique_ptr<MemoryBlock> memory_;
  FlatBus bus_;
  std::unique_ptr<Cluster> cluster_;
  const Experiment* experiment_ = nullptr;
  Outcome result_;
  bool over_ = false, endless_ = false;
};

}  // namespace reprise::cpu::silicon
