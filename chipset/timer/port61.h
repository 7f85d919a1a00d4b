// Port 61h: NMI status and control, speaker gate, refresh toggle.
//
// Source: Intel 82371SB (PIIX3), 2.6.2 (NMISC) and 2.6.1 (NMI mask in port 70h bit 7).
//   0  rw  gate of timer counter 2            4  ro  toggles with each refresh request
//   1  rw  speaker data enable                5  ro  OUT of timer counter 2
//   2  rw  1: SERR# NMI off, status cleared   6  ro  IOCHK# status
//   3  rw  1: IOCHK# NMI off, status cleared  7  ro  SERR# status
// IrqSink pins: 0 SERR#, 1 IOCHK# (active = true), 2 the NMI mask. Refresh requests come every 18
// timer ticks (15.1 us), whatever counter 1 holds.
#pragma once

#include <functional>

#include "chipset/timer/i8254.h"

namespace reprise {

class PcPort61 final : public Device, public IrqSink, public IoHandler {
 public:
  enum Pin : unsigned { kSerr, kIochk, kNmiMask };

  // `nmi` goes to LINT1 of the local APICs.
  PcPort61(const DeviceContext& context, I8254& pit, IrqLine nmi)
      : Device(context), pit_(pit), nmi_(nmi) {}

  std::string_view kind() const override { return "port61"; }
  void reset() override { regs_ = {}; }
  void settle() override {
    pit_.set_gate2(regs_.control & kGate2);
    const bool serr = regs_.serr && !(regs_.control & kSerrOff);
    const bool iochk = regs_.iochk && !(regs_.control & kIochkOff);
    nmi_.set((serr || iochk) && !regs_.pins[kNmiMask]);
  }
  void state(State& s) override {
    s("control", regs_.control, 0, 15)("serr", regs_.serr)("iochk", regs_.iochk);
    s("pin_serr", regs_.pins[kSerr])("pin_iochk", regs_.pins[kIochk]);
    s("nmi_mask", regs_.pins[kNmiMask]);
  }

  bool speaker_data() const { return regs_.control & kSpeaker; }
  void on_speaker(std::function<void()> changed) { speaker_changed_ = std::move(changed); }

  void set_irq(unsigned pin, bool level) override {
    if (pin > kNmiMask) return;
    const bool rising = level && !regs_.pins[pin];
    regs_.pins[pin] = level;
    if (pin == kSerr && rising && !(regs_.control & kSerrOff)) regs_.serr = true;
    if (pin == kIochk && rising && !(regs_.control & kIochkOff)) regs_.iochk = true;
    settle();
  }

  u32 io_read(u16, unsigned) override {
    const bool refresh = pit_.ticks() / kRefreshTicks & 1;
    return u32(regs_.control | refresh << 4 | pit_.out2() << 5 | regs_.iochk << 6 |
               regs_.serr << 7);
  }
  void io_write(u16, unsigned, u32 value) override {
    const bool speaker = (value ^ regs_.control) & kSpeaker;
    regs_.control = value & 15;
    if (value & kSerrOff) regs_.serr = false;
    if (value & kIochkOff) regs_.iochk = false;
    settle();
    if (speaker && speaker_changed_) speaker_changed_();
  }

 private:
  enum : u8 { kGate2 = 1, kSpeaker = 2, kSerrOff = 4, kIochkOff = 8 };
  static constexpr u64 kRefreshTicks = 18;

  struct Regs {
    u8 control = 0;
    bool serr = false, iochk = false;  // latched status
    bool pins[3] = {};
  } regs_;
  I8254& pit_;
  IrqLine nmi_;
  std::function<void()> speaker_changed_;
};

}  // namespace reprise
