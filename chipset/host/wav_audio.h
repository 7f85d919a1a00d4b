// -audiodev wav: what the PC speaker plays, in a RIFF WAVE file of 16-bit samples.
//
// The header is brought up to date with each piece of data that is written, so a file whose writer
// was killed plays up to there. Silence of more than a second is cut, and a tone that software
// leaves on for more than a minute; the file ends at 1 GiB. Time without sound costs nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "chipset/audio/waveform.h"
#include "chipset/host/fd.h"

namespace reprise {

struct AudiodevOptions {
  std::string id, path = "reprise.wav";
  unsigned frequency = 44100, channels = 1;
  // "wav,id=ID,path=FILE[,out.frequency=HZ][,out.channels=1|2]"; "none,id=ID" gives an empty path.
  static Result<AudiodevOptions> parse(std::string_view option);
};

class WavAudio {
 public:
  // Errors name the file and what to do.
  static Result<std::unique_ptr<WavAudio>> open(const AudiodevOptions& options);
  ~WavAudio();

  // Takes what the speaker's port gives. The port must outlive this object.
  void connect_to(Port& speaker);
  // Between slices: virtual time has come to this tick of the timer.
  void advance(u64 tick);
  // Writes what is left. Sound that comes later is written as well.
  void flush();
  // The error in writing after which sound is lost, for once; empty: none.
  std::string take_error() { return std::exchange(news_, ""); }

 private:
  WavAudio(const AudiodevOptions& options, Fd fd);
  void change(std::span<const u8> bytes);
  void put(u64 offset, std::span<const u8> bytes);

  AudiodevOptions options_;
  Fd fd_;
  Port* speaker_ = nullptr;
  SpeakerWaveform waveform_;
  std::vector<i16> samples_;  // not yet written
  u64 written_ = 0;           // bytes of samples
  bool failed_ = false;
  std::string news_;  // not yet taken
};

}  // namespace reprise
