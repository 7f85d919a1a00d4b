#include "chipset/interrupt/apic_bus.h"

#include <algorithm>

#include "chipset/interrupt/lapic.h"

namespace reprise {

void ApicBus::add(Lapic& apic) {
  apics_.push_back(&apic);
  std::sort(apics_.begin(), apics_.end(),
            [](const Lapic* a, const Lapic* b) { return a->hardware_id() < b->hardware_id(); });
}

void ApicBus::remove(Lapic& apic) { std::erase(apics_, &apic); }

void ApicBus::remove(EoiListener& listener) { std::erase(listeners_, &listener); }

bool ApicBus::send(const ApicMessage& message, const Lapic* except) {
  if (message.mode == DeliveryMode::Reserved) return false;
  if (message.mode == DeliveryMode::LowestPriority || message.redirection_hint) {
    Lapic* winner = nullptr;
    for (Lapic* apic : apics_) {
      if (apic == except || !apic->matches(message) || !apic->software_enabled()) continue;
      if (!winner || apic->arbitration_priority() < winner->arbitration_priority()) winner = apic;
    }
    return winner && winner->accept(message);
  }
  bool accepted = false;
  for (Lapic* apic : apics_)
    if (apic != except && apic->matches(message)) accepted |= apic->accept(message);
  return accepted;
}

void ApicBus::end_of_interrupt(u8 vector) {
  for (EoiListener* listener : listeners_) listener->end_of_interrupt(vector);
}

// Address: 31-20 FEEh, 19-12 destination, 3 redirection hint, 2 destination mode.
// Data: 15 trigger mode, 14 level, 10-8 delivery mode, 7-0 vector.
void ApicBus::deliver(u64 address, u32 data) {
  if (address >> 20 != 0xfee) return;
  ApicMessage message;
  message.destination = ApicMessage::from_8bit(u32(address >> 12));
  message.redirection_hint = address >> 3 & 1;
  message.logical = address >> 2 & 1;
  message.mode = DeliveryMode(data >> 8 & 7);
  message.vector = u8(data);
  message.level_triggered = data >> 15 & 1;
  if (message.level_triggered && !(data >> 14 & 1)) return;  // a de-assert has no effect
  if (message.mode == DeliveryMode::StartUp) return;         // reserved in a message
  send(message);
}

}  // namespace reprise
