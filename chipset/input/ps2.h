// The two ends of a PS/2 cable.
#pragma once

#include "replay/core/types.h"

namespace reprise {

// The controller's end. A device calls it when it has something to send; the controller takes it
// when the clock line is free.
class Ps2Host {
 public:
  virtual ~Ps2Host() = default;
  virtual void ps2_ready(unsigned port) = 0;
};

// A keyboard or mouse.
class Ps2Device {
 public:
  virtual ~Ps2Device() = default;
  void attach(Ps2Host& host, unsigned port) {
    host_ = &host;
    port_ = port;
  }
  virtual bool ps2_has_byte() const = 0;
  virtual u8 ps2_take_byte() = 0;        // only when there is one
  virtual void ps2_write(u8 value) = 0;  // a byte from the host has arrived

 protected:
  void ready() {
    if (host_ && ps2_has_byte()) host_->ps2_ready(port_);
  }

 private:
  Ps2Host* host_ = nullptr;
  unsigned port_ = 0;
};

}  // namespace reprise
