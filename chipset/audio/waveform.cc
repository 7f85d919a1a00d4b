#include "chipset/audio/waveform.h"

#include <algorithm>

namespace reprise {

// From edge to edge; the counter says when the next may come.
u64 SpeakerWaveform::high_ticks(u64 from, u64 to) const {
  if (!current_.on) return 0;
  u64 high = 0;
  while (from < to) {
    const u64 edge = std::min(to, current_.counter.next_change(from));
    if (current_.counter.out(from)) high += edge - from;
    from = edge;
  }
  return high;
}

void SpeakerWaveform::account(u64 to) {
  if (to <= measured_) return;
  high_ += high_ticks(measured_, to);
  measured_ = to;
}

void SpeakerWaveform::change(const SpeakerChange& change) {
  account(std::min(change.tick, tick_of(sample_ + 1)));
  current_ = change;
  unchanged_ = 0;
}

void SpeakerWaveform::render_to(u64 tick, std::vector<i16>& samples) {
  const u64 limit = (current_.on ? kLongestTone : kLongestSilence) * hz_;
  while (tick_of(sample_ + 1) <= tick && unchanged_ < limit) {
    const u64 end = tick_of(sample_ + 1), length = end - tick_of(sample_);
    account(end);
    samples.push_back(length ? i16(high_ * kAmplitude / length) : i16(0));
    ++sample_;
    ++unchanged_;
    high_ = 0;
  }
  if (unchanged_ < limit || tick_of(sample_ + 1) > tick) return;
  sample_ = u64(u128(tick) * hz_ / I8254::kHz);  // in one step
  while (tick_of(sample_) > tick) --sample_;
  measured_ = tick_of(sample_);
  high_ = 0;
}

}  // namespace reprise
