// What connects local APICs, I/O APICs and message-signalled interrupts.
//
// Source: Intel SDM volume 3, 10.6 (interprocessor interrupts), 10.6.2 (destinations), 10.11 (MSI).
// Messages arrive at once, in order of APIC ID. Lowest-priority arbitration: the local APIC with
// the lowest task priority, and among equals the one with the lowest ID; software-disabled ones do
// not take part. The bus has no state of its own.
#pragma once

#include <vector>

#include "chipset/interrupt/msi.h"
#include "replay/core/types.h"

namespace reprise {

class Lapic;

enum class DeliveryMode : u8 {
  Fixed = 0,
  LowestPriority = 1,
  Smi = 2,
  Reserved = 3,
  Nmi = 4,
  Init = 5,
  StartUp = 6,
  ExtInt = 7
};

struct ApicMessage {
  static constexpr u32 kBroadcast = 0xffff'ffff;

  u32 destination = 0;  // kBroadcast; an 8-bit FFh is written as that, see from_8bit()
  bool logical = false;
  DeliveryMode mode = DeliveryMode::Fixed;
  u8 vector = 0;
  bool level_triggered = false;
  bool redirection_hint = false;  // MSI: to one of the set, like LowestPriority

  static constexpr u32 from_8bit(u32 destination) {
    return (destination & 0xff) == 0xff ? kBroadcast : destination & 0xff;
  }
};

// An I/O APIC, as far as the bus has something to tell it.
class EoiListener {
 public:
  virtual ~EoiListener() = default;
  virtual void end_of_interrupt(u8 vector) = 0;
};

class ApicBus final : public MsiSink {
 public:
  ApicBus() = default;
  ApicBus(const ApicBus&) = delete;

  void add(Lapic& apic);
  void remove(Lapic& apic);
  void add(EoiListener& listener) { listeners_.push_back(&listener); }
  void remove(EoiListener& listener);

  // True if an APIC has accepted the message; `except` does not see it.
  bool send(const ApicMessage& message, const Lapic* except = nullptr);
  void end_of_interrupt(u8 vector);  // of a level-triggered interrupt

  void deliver(u64 address, u32 data) override;

 private:
  std::vector<Lapic*> apics_;  // in order of ID
  std::vector<EoiListener*> listeners_;
};

}  // namespace reprise
