// The PC: an i440FX host bridge, a PIIX3/PIIX4 south bridge and the chips of an ISA board.
//
// pc_i440fx.cc wires it, top to bottom; pc_run.cc is the machine's one loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chipset/board/config.h"
#include "chipset/board/exit_status.h"
#include "chipset/memory/address_space.h"
#include "cpu/cluster.h"
#include "replay/core/machine.h"
#include "storage/drive/drive.h"

namespace reprise {

class DebugPort;
class FwCfg;
class I8237;
class Lapic;
class Mc146818;
class PciBus;
class Piix4Pm;
class SharedIrqs;
class StdVga;

class PcI440fx final : public Machine {
 public:
  // What the guest cannot see.
  struct HostOptions {
    bool blocks = true;      // -accel interp,blocks=off
    u64 test_flip = kNever;  // a fault to be found: at this icount a bit of R15 changes
    // What is in the drives at power-on, by id, and the threads that do their work.
    std::map<std::string, Medium> media = {};
    std::function<std::unique_ptr<IoWorker>()> worker = [] {
      return std::make_unique<InlineWorker>();
    };
  };
  // Checks the configuration, builds the machine and resets it.
  static Result<std::unique_ptr<PcI440fx>> create(const MachineConfig& config,
                                                  const HostOptions& host);
  static Result<std::unique_ptr<PcI440fx>> create(const MachineConfig& config) {
    return create(config, HostOptions{});
  }
  ~PcI440fx() override;

  // --- Machine ---
  Scheduler& scheduler() override { return scheduler_; }
  Door& door() override { return door_; }
  PageStore& pages() override { return pages_; }
  ObjectTree& objects() override { return tree_; }
  Position position() const override;
  // Returns at `until`, at a request that ends the run, where a stop was met, or when all vCPUs are
  // halted and no timer or recorded input comes before `until`. With idle jumps off (see below) it
  // returns whenever all vCPUs are halted.
  void run(Stop until) override;
  bool idle() const override;
  void skip_to(Cycles cycle) override;
  void deliver() override;
  bool waits_for_host() const override { return waits_; }
  void wait_for_host() override;
  Stops* stops() override { return &cpus_->stops(); }

  // --- requests ---
  // What ended the run; None while it goes on. While it is set, run() does nothing.
  const ExitStatus& exit_status() const { return exit_; }
  void clear_exit_status() { exit_ = {}; }
  void restore_exit_status(const ExitStatus& exit) { exit_ = exit; }
  void set_no_reboot(bool on) { no_reboot_ = on; }
  // Operator commands with guest effect go through the door: post one of these bytes to control().
  enum Control : u8 { kPowerButton = 1, kReset = 2, kNmi = 3 };
  Port& control() { return control_; }
  // Likewise what debuggers change.
  DebugPort& debug() { return *debug_; }
  // Told of each reset: did an operator ask for it?
  void on_reset(std::function<void(bool by_operator)> told) { reset_told_ = std::move(told); }

  // --- how the host runs it; the guest cannot tell ---
  // Off, as replay/trace/driver wants it: run() comes back whenever the machine is idle, so that
  // the host may sleep, and leaves inputs to deliver().
  void set_idle_jumps(bool on) { idle_jumps_ = on; }
  // A test hook: the length of each slice.
  void set_slice_lengths(std::function<Cycles()> lengths) { slice_lengths_ = std::move(lengths); }

  // --- views ---
  const MachineConfig& config() const { return config_; }
  AddressSpace& space() { return space_; }
  cpu::Cluster& cpus() { return *cpus_; }
  StdVga* vga() { return vga_; }                                 // null with -vga none
  const std::vector<Drive*>& drives() const { return drives_; }  // in order of their paths
  Drive* drive(const std::string& id) const;                     // null: there is none

 private:
  explicit PcI440fx(const MachineConfig& config);
  Result<void> build(const HostOptions& host);
  Result<void> add_device(const DeviceOption& option);
  DeviceContext at(const std::string& path) { return {tree_, scheduler_, door_, path}; }
  template <class Chip, class... Args>
  Chip& add(const std::string& path, Args&&... args) {
    auto chip = std::make_unique<Chip>(at(path), std::forward<Args>(args)...);
    Chip& reference = *chip;
    chips_.push_back(std::move(chip));
    return reference;
  }
  void ports(const std::string& name, u16 base, unsigned count, IoHandler& handler,
             unsigned width = 1);
  void registers(const std::string& name, u64 base, u64 size, MmioHandler& handler,
                 unsigned width = 4);
  Result<MemoryBlock*> memory(const std::string& name, u64 size, bool rom);

  // pc_drives.cc
  Result<void> build_drives(const HostOptions& host);
  bool settle_drives();

  // pc_ide.cc
  Result<void> build_ide(PciBus& pci, SharedIrqs& irqs);
  void fill_disk_cmos(Mc146818& rtc);

  // pc_floppy.cc
  Result<void> build_floppy(IrqLine irq, I8237& dma);
  void fill_floppy_cmos(Mc146818& rtc);

  // pc_firmware.cc
  Result<void> build_firmware();
  void fill_cmos(Mc146818& rtc);
  void set_boot_order(const std::string& order);

  // pc_run.cc
  void request(ExitStatus::Kind kind, u32 code = 0);
  void soft_reset();
  void take_requests();
  void receive_control(std::span<const u8> bytes);
  void at_boundary();
  Stop next_stop(Stop until) const;
  void jump(Cycles until);

  MachineConfig config_;
  Scheduler scheduler_;
  ObjectTree tree_;
  Door door_;
  PageStore pages_;
  Port control_;
  std::vector<std::unique_ptr<MemoryBlock>> blocks_;
  std::unique_ptr<cpu::Cluster> cpus_;
  std::unique_ptr<DebugPort> debug_;
  AddressSpace space_;
  struct Wiring;  // what connects chips and has no state of its own
  std::unique_ptr<Wiring> wiring_;
  std::vector<std::unique_ptr<Device>> chips_;  // destroyed last to first
  std::vector<std::unique_ptr<PortWindow>> port_windows_;
  std::vector<std::unique_ptr<MemoryWindow>> memory_windows_;
  std::vector<Lapic*> lapics_;
  std::vector<Drive*> drives_;
  FwCfg* fw_cfg_ = nullptr;
  Piix4Pm* pm_ = nullptr;
  Mc146818* rtc_ = nullptr;
  StdVga* vga_ = nullptr;

  ExitStatus pending_;  // asked for inside the current step; None at every return of run()
  ExitStatus exit_;
  bool soft_reset_pending_ = false;
  bool waits_ = false;  // for a drive, at this boundary
  bool no_reboot_;
  bool idle_jumps_ = true;
  u64 test_flip_ = kNever;
  std::function<Cycles()> slice_lengths_;
  std::function<void(bool)> reset_told_;
};

}  // namespace reprise
