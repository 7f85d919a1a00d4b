// Local APIC, one per vCPU, in xAPIC and x2APIC mode.
//
// Source: Intel SDM volume 3, chapter 10 (APIC) and 10.12 (x2APIC). Offsets from IA32_APIC_BASE;
// x2APIC MSR = 800h + offset / 16.
//   020 ID        rw  31-24 (x2APIC: all 32, ro)    0D0 LDR  rw 31-24 (x2APIC: ro, from the ID)
//   030 VERSION   ro  00050014h: 6 LVT entries      0E0 DFR  rw 31-28 model (not in x2APIC)
//   080 TPR       rw  task priority                 0F0 SVR  rw 7-0 vector, 8 enable, 9 focus
//   090 APR       ro  arbitration priority          100-170 ISR, 180-1F0 TMR, 200-270 IRR  ro
//   0A0 PPR       ro  processor priority            280 ESR  write: latch errors; read: latched
//   0B0 EOI       wo                                300/310 ICR (x2APIC: one of 64 bits)
//   0C0 RRD       ro  0                             320 LVT timer, 330 thermal, 340 performance,
//   3F0 SELF IPI  wo  x2APIC only                   350 LINT0, 360 LINT1, 370 error
//   380 initial count, 390 current count, 3E0 divide configuration
// The timer counts a bus clock of 100 MHz, phase fixed by the absolute cycle. A write to the divide
// configuration keeps the current count and goes on from it at the new rate.
// ICR delivery status always reads idle. IA32_APIC_BASE.EN = 0 loses all register contents.
// LINT0 and LINT1 are IrqSink pins 0 and 1; while the APIC is globally disabled they are INTR, NMI.
// Not modelled: bus arbitration ID, remote read, EOI-broadcast suppression, CMCI, focus processor.
#pragma once

#include <array>

#include "chipset/interrupt/apic_bus.h"
#include "chipset/interrupt/int_ack.h"
#include "chipset/memory/handlers.h"
#include "cpu/bus.h"
#include "replay/core/device.h"

namespace reprise {

struct LapicConfig {
  u8 id = 0;
  bool bootstrap = true;  // IA32_APIC_BASE.BSP
  bool present = true;    // otherwise the processor has none: as if disabled, for ever
  bool x2apic = false;    // as CPUID says; otherwise EXTD is a reserved bit
  u8 physical_bits = 40;  // width of IA32_APIC_BASE
};

class Lapic final : public Device, public IrqSink, public MmioHandler, public cpu::LocalApic {
 public:
  static constexpr u64 kBusHz = 100'000'000;

  Lapic(const DeviceContext& context, const LapicConfig& config, ApicBus& bus, cpu::Pins& pins,
        IntAck& pic);
  ~Lapic() override;

  std::string_view kind() const override { return "lapic"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

  // What the INIT pin or message does to the APIC; the vCPU is told by whoever drives the pin.
  void init_reset();

  // LINT0 (pin 0, from the 8259) and LINT1 (pin 1, NMI).
  void set_irq(unsigned pin, bool level) override;

  u64 mmio_read(u64 offset, unsigned size) override;
  void mmio_write(u64 offset, unsigned size, u64 value) override;

  // cpu::LocalApic
  u8 acknowledge() override;
  u64 base() const override { return base_; }
  bool set_base(u64 value) override;
  u8 tpr() const override { return regs_.tpr; }
  void set_tpr(u8 value) override;
  u64 tsc_deadline() const override;
  void set_tsc_deadline(u64 value) override;
  void set_tsc_offset(u64 offset) override;
  std::optional<u64> read_msr(u32 index) override;
  bool write_msr(u32 index, u64 value) override;

  // The bus's side.
  u8 hardware_id() const { return config_.id; }
  bool hardware_enabled() const { return base_ & kEn; }
  bool software_enabled() const { return regs_.svr & kSvrEnable; }
  u8 arbitration_priority() const { return regs_.tpr; }
  bool matches(const ApicMessage& message) const;  // enabled, and among the destinations
  bool accept(const ApicMessage& message);

 private:
  using Bits = std::array<u32, 8>;  // a bit for each vector
  enum Base : u64 { kBsp = 1 << 8, kExtd = 1 << 10, kEn = 1 << 11 };
  enum : u32 { kSvrEnable = 1 << 8, kMasked = 1 << 16, kRemoteIrr = 1 << 14, kLevel = 1 << 15 };
  enum Lvt : u8 { kTimer, kThermal, kPerf, kLint0, kLint1, kError, kLvts };
  enum TimerMode : u8 { kOneShot, kPeriodic, kTscDeadline, kReservedMode };
  enum Esr : u8 { kSendIllegal = 1 << 5, kReceiveIllegal = 1 << 6, kIllegalRegister = 1 << 7 };

  bool x2apic() const { return base_ & kExtd; }
  u32 ldr() const;
  static int highest(const Bits& bits);  // -1 for none
  u8 ppr() const;
  u8 apr() const;
  int deliverable() const;  // the vector that INTR stands for, -1 for none
  bool ext_int() const;     // the 8259 is to answer INTA
  bool lint_active(unsigned pin) const;
  bool lint_level_mode(unsigned pin) const;
  void update_intr();

  std::optional<u32> read_register(u32 offset);
  bool write_register(u32 offset, u32 value);
  void write_svr(u32 value);
  void write_lvt(unsigned index, u32 value);
  void write_eoi();
  void send_ipi(u32 low, u32 destination);
  void error(u8 bit);
  void trigger(unsigned lvt);  // a local interrupt by its LVT entry
  void request(u8 vector, bool level);
  void level_lints();

  // Timer
  TimerMode timer_mode() const { return TimerMode(regs_.lvt[kTimer] >> 17 & 3); }
  u64 divisor() const;
  u64 elapsed() const { return (clock_.ticks() - regs_.start_tick) / divisor(); }  // counts
  bool reloads() const { return timer_mode() == kPeriodic && regs_.initial_count != 0; }
  u32 current_count() const;
  void start_timer(u32 count);
  void rebase_timer();  // start_tick to the last reload
  void arm_timer();
  void on_timer();
  u64 tsc() const { return scheduler_.now() + tsc_offset_; }

  struct Regs {
    u8 id = 0;
    u8 tpr = 0;
    u32 ldr = 0, dfr = ~u32(0), svr = 0xff;
    Bits isr{}, tmr{}, irr{};
    u8 esr = 0, errors = 0;  // latched, and collected since
    u32 icr_low = 0, icr_high = 0;
    std::array<u32, kLvts> lvt{kMasked, kMasked, kMasked, kMasked, kMasked, kMasked};
    bool ext_int = false;  // an ExtINT message has arrived
    u32 divide = 0;
    u32 initial_count = 0;
    u32 start_count = 0;  // the count at bus tick start_tick; 0: stopped
    u64 start_tick = 0;
    u64 tsc_deadline = 0;
  } regs_;
  u64 base_ = 0;
  u64 tsc_offset_ = 0;
  bool lint_[2] = {};  // levels of the pins

  LapicConfig config_;
  ApicBus& bus_;
  cpu::Pins& pins_;
  IntAck& pic_;
  Scheduler& scheduler_;
  Clock clock_;
  Timer timer_;
};

}  // namespace reprise
