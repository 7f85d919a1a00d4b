// The PC speaker: OUT of timer counter 2, as far as bit 1 of port 61h lets it through.
//
// Source: IBM AT Technical Reference, 1-22 (speaker); Intel 82371SB (PIIX3), 2.6.2.
// The cone's position is a function of virtual time, known from one programming of the counter to
// the next: so only what software does is told to the outside, however fast the counter runs, and
// nothing while the speaker is off. What is told is a SpeakerChange.
// Not modelled: the speaker's own filter.
#pragma once

#include "chipset/timer/port61.h"
#include "replay/core/result.h"

namespace reprise {

// From timer tick `tick` (1.193182 MHz since cycle 0) on, the cone follows counter.out(), or rests.
struct SpeakerChange {
  static constexpr std::size_t kMaxBytes = 1024;
  u64 tick = 0;
  bool on = false;
  PitCounter counter;

  void state(State& s) { s("tick", tick)("on", on)("counter", counter); }
  std::vector<u8> bytes() const;
  static Result<SpeakerChange> from(std::span<const u8> bytes);
};

class PcSpeaker final : public Device {
 public:
  PcSpeaker(const DeviceContext& context, I8254& pit, PcPort61& port61);

  std::string_view kind() const override { return "pc-speaker"; }
  void reset() override {}  // the chips that drive it are reset
  void settle() override;
  void state(State& s) override { s("on", on_); }
  Port& out() { return out_; }  // ":out"

 private:
  void changed();

  I8254& pit_;
  PcPort61& port61_;
  Port out_;
  bool on_ = false;  // as last told
};

}  // namespace reprise
