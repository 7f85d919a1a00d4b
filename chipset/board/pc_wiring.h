// What connects the PC's chips and has no state of its own.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "chipset/board/pc_i440fx.h"
#include "chipset/interrupt/apic_bus.h"
#include "chipset/interrupt/isa_irqs.h"
#include "chipset/memory/cpu_bus.h"

namespace reprise {

// One wire to the same pin of several chips.
class IrqFanOut final : public IrqSink {
 public:
  void add(IrqSink& sink) { sinks_.push_back(&sink); }
  void set_irq(unsigned pin, bool level) override {
    for (IrqSink* sink : sinks_) sink->set_irq(pin, level);
  }

 private:
  std::vector<IrqSink*> sinks_;
};

// Wires drawn before the chip that they lead to: the PCI bus comes before its interrupt router.
class LateSink final : public IrqSink {
 public:
  void connect(IrqSink& sink) { sink_ = &sink; }
  std::array<IrqLine, 4> lines() {
    return {IrqLine(*this, 0), IrqLine(*this, 1), IrqLine(*this, 2), IrqLine(*this, 3)};
  }
  void set_irq(unsigned pin, bool level) override {
    if (sink_) sink_->set_irq(pin, level);
  }

 private:
  IrqSink* sink_ = nullptr;
};

// A pin that makes the board do something when it goes high.
struct ActionPin final : IrqSink {
  std::function<void()> action;
  void set_irq(unsigned, bool level) override {
    if (level && action) action();
  }
};

struct PcI440fx::Wiring {
  ApicBus apic_bus;
  IrqFanOut lint;  // LINT0 and LINT1 of every local APIC
  LateSink pirqs;
  ActionPin keyboard_reset;
  std::unique_ptr<IsaIrqs> isa_irqs;
  std::vector<std::unique_ptr<CpuBus>> cpu_buses;
};

}  // namespace reprise
