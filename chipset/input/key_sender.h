// Keys that an operator has sent (HMP sendkey): pressed together, held for a while of virtual time,
// released in the other order; one set after the other. Everything goes through the door, so a
// recording holds the presses and releases where they were; this object itself is not the guest's.
#pragma once

#include <deque>
#include <vector>

#include "chipset/input/keys.h"
#include "replay/core/door.h"
#include "replay/core/result.h"
#include "replay/core/scheduler.h"

namespace reprise {

// One message of a keyboard's port (ps2_keyboard.h).
std::vector<u8> key_message(QKeyCode key, bool down);

class KeySender {
 public:
  static constexpr std::size_t kMaxKeys = 16, kMaxWaiting = 1024;
  static constexpr u64 kMaxHoldMs = 60'000;

  KeySender(Scheduler& scheduler, Port& keyboard);
  Result<void> send(std::span<const QKeyCode> keys, u64 hold_ms);

 private:
  struct Step {
    QKeyCode key;
    bool down;
    u64 wait_ms;  // before it
  };
  void go_on();

  Scheduler& scheduler_;
  Port& keyboard_;
  std::deque<Step> steps_;
  Timer timer_;
};

}  // namespace reprise
