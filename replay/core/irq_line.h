// A wire from a device to one input of an interrupt controller or gate.
#pragma once

#include "replay/core/types.h"

namespace reprise {

// The receiving end. It keeps the level of each of its pins as its own state, so that asserting the
// same level again (as settle() does after a load) makes no edge.
class IrqSink {
 public:
  virtual ~IrqSink() = default;
  virtual void set_irq(unsigned pin, bool level) = 0;
};

class IrqLine {
 public:
  IrqLine() = default;
  IrqLine(IrqSink& sink, unsigned pin) : sink_(&sink), pin_(pin) {}
  void set(bool level) const {
    if (sink_) sink_->set_irq(pin_, level);
  }
  void pulse() const {
    set(true);
    set(false);
  }

 private:
  IrqSink* sink_ = nullptr;
  unsigned pin_ = 0;
};

}  // namespace reprise
