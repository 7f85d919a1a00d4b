#include "chipset/input/key_sender.h"

namespace reprise {

std::vector<u8> key_message(QKeyCode key, bool down) {
  return {u8(unsigned(key)), u8(unsigned(key) >> 8), u8(down)};
}

// The timer's path sorts after every device's: whatever else is due at its cycle comes before.
KeySender::KeySender(Scheduler& scheduler, Port& keyboard)
    : scheduler_(scheduler), keyboard_(keyboard), timer_(scheduler, "~sendkey", 0, [this] {
        steps_.front().wait_ms = 0;
        go_on();
      }) {}

Result<void> KeySender::send(std::span<const QKeyCode> keys, u64 hold_ms) {
  if (keys.size() > kMaxKeys) return fail("at most " + std::to_string(kMaxKeys) + " keys at once");
  if (hold_ms > kMaxHoldMs)
    return fail("keys are held for at most " + std::to_string(kMaxHoldMs) + " ms");
  if (steps_.size() + 2 * keys.size() > kMaxWaiting)
    return fail("too many keys wait to be sent; try again later");
  const bool idle = steps_.empty();
  for (const QKeyCode key : keys) steps_.push_back({key, true, 0});
  for (std::size_t i = keys.size(); i-- > 0;)
    steps_.push_back({keys[i], false, i + 1 == keys.size() ? hold_ms : 0});
  if (idle) go_on();
  return {};
}

void KeySender::go_on() {
  constexpr u64 kPatienceMs = 1;
  while (!steps_.empty()) {
    Step& step = steps_.front();
    // The keyboard takes keys at once; a full door, or no credit, is asked again soon.
    const bool room = step.wait_ms == 0 && keyboard_.credit() >= 3 &&
                      keyboard_.door().post(keyboard_, key_message(step.key, step.down));
    if (!room) {
      const u64 wait = step.wait_ms ? step.wait_ms : kPatienceMs;
      return timer_.arm(scheduler_.now() + u64(u128(scheduler_.cpu_hz()) * wait / 1000));
    }
    steps_.pop_front();
  }
}

}  // namespace reprise
