#include "chipset/audio/pc_speaker.h"

#include "replay/core/state_readers.h"

namespace reprise {

std::vector<u8> SpeakerChange::bytes() const {
  SpeakerChange copy = *this;
  SaveState save;
  copy.state(save);
  return save.take();
}

Result<SpeakerChange> SpeakerChange::from(std::span<const u8> bytes) {
  if (bytes.size() > kMaxBytes) return fail("a speaker's message is too long");
  SpeakerChange change;
  LoadState load(bytes);
  change.state(load);
  TRY(load.finish());
  return change;
}

PcSpeaker::PcSpeaker(const DeviceContext& context, I8254& pit, PcPort61& port61)
    : Device(context),
      pit_(pit),
      port61_(port61),
      out_(context.door, context.path + ":out", PortKind::Digest) {
  pit_.on_counter2([this] { changed(); });
  port61_.on_speaker([this] { changed(); });
}

// After a reset; a load brings what agrees.
void PcSpeaker::settle() {
  if (on_ != port61_.speaker_data()) changed();
}

void PcSpeaker::changed() {
  const bool on = port61_.speaker_data();
  if (!on && !on_) return;
  on_ = on;
  const SpeakerChange change{pit_.ticks(), on, pit_.counter2()};
  out_.door().emit(out_, change.bytes());
}

}  // namespace reprise
