// What the speaker sounds like: samples of the cone's mean position, in exact arithmetic.
//
// Each sample is the mean over its own length, so tones above half the sampling rate fade into
// their mean instead of folding, and counts of 1 or 2 cost nothing but steps from edge to edge.
#pragma once

#include <vector>

#include "chipset/audio/pc_speaker.h"

namespace reprise {

class SpeakerWaveform {
 public:
  explicit SpeakerWaveform(unsigned sample_hz) : hz_(sample_hz) {}

  // The state from change.tick on; ticks never go back.
  void change(const SpeakerChange& change);
  // Samples that end at or before `tick`, appended. Where software does nothing for a minute with
  // the speaker on, or a second with it off, the rest is left out.
  void render_to(u64 tick, std::vector<i16>& samples);

 private:
  static constexpr i16 kAmplitude = 8000;
  static constexpr u64 kLongestTone = 60, kLongestSilence = 1;  // seconds
  u64 tick_of(u64 sample) const { return u64(u128(sample) * I8254::kHz / hz_); }
  u64 high_ticks(u64 from, u64 to) const;
  void account(u64 to);

  u64 hz_;
  SpeakerChange current_;
  u64 sample_ = 0;     // the one that is being measured, since tick 0
  u64 measured_ = 0;   // up to this tick
  u64 high_ = 0;       // ticks of the sample in which the cone was out
  u64 unchanged_ = 0;  // samples given since the last change
};

}  // namespace reprise
