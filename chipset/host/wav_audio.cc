#include "chipset/host/wav_audio.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace reprise {

namespace {

constexpr u64 kHeader = 44, kMaxData = 1 << 30;
constexpr std::size_t kPiece = 8192;  // samples that are written together

void little(std::vector<u8>& out, u32 value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out.push_back(u8(value >> (8 * i)));
}

std::vector<u8> header(u32 data, unsigned hz, unsigned channels) {
  std::vector<u8> out;
  const auto text = [&out](std::string_view name) {
    out.insert(out.end(), name.begin(), name.end());
  };
  text("RIFF");
  little(out, u32(kHeader - 8) + data, 4);
  text("WAVEfmt ");
  little(out, 16, 4);
  little(out, 1, 2);  // PCM
  little(out, channels, 2);
  little(out, hz, 4);
  little(out, hz * channels * 2, 4);
  little(out, channels * 2, 2);
  little(out, 16, 2);
  text("data");
  little(out, data, 4);
  return out;
}

Result<unsigned> number(const std::string& where, std::string_view key, std::string_view value,
                        unsigned low, unsigned high) {
  unsigned result = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), result);
  if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size() || result < low ||
      result > high) {
    return fail(where + ": " + std::string(key) + "=" + std::string(value) + ": a number from " +
                std::to_string(low) + " to " + std::to_string(high));
  }
  return result;
}

}  // namespace

Result<AudiodevOptions> AudiodevOptions::parse(std::string_view option) {
  const std::string where = "-audiodev " + std::string(option);
  AudiodevOptions options;
  std::string_view rest = option;
  const auto next = [&rest] {  // `,,` is a comma
    std::string item;
    std::size_t at = 0;
    for (; at < rest.size(); ++at) {
      if (rest[at] == ',' && rest.substr(at, 2) != ",,") break;
      if (rest[at] == ',') ++at;
      item += rest[at];
    }
    rest.remove_prefix(std::min(rest.size(), at + 1));
    return item;
  };
  const std::string first = next();
  std::string_view driver = first;
  if (driver.starts_with("driver=")) driver.remove_prefix(7);
  if (driver != "wav" && driver != "none")
    return fail(where + ": unknown driver '" + std::string(driver) + "'; known are wav, none");
  while (!rest.empty()) {
    const std::string item = next();
    const std::size_t equals = std::min(item.find('='), item.size());
    const std::string_view key = std::string_view(item).substr(0, equals);
    const std::string_view value = std::string_view(item).substr(std::min(equals + 1, item.size()));
    if (key == "id")
      options.id = value;
    else if (key == "path" && !value.empty())
      options.path = value;
    else if (key == "out.frequency")
      options.frequency = TRY(number(where, key, value, 1000, 192'000));
    else if (key == "out.channels")
      options.channels = TRY(number(where, key, value, 1, 2));
    else
      return fail(where + ": unknown setting '" + item +
                  "'; known are id, path, out.frequency, out.channels");
  }
  if (options.id.empty()) return fail(where + ": id=... is missing");
  if (driver == "none") options.path.clear();
  return options;
}

Result<std::unique_ptr<WavAudio>> WavAudio::open(const AudiodevOptions& options) {
  Fd fd;
  if (!options.path.empty()) {
    fd = Fd(::open(options.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd) {
      return fail("-audiodev wav,path=" + options.path + ": cannot write: " + std::strerror(errno) +
                  "; choose a path that this user may write");
    }
  }
  std::unique_ptr<WavAudio> wav(new WavAudio(options, std::move(fd)));
  if (const std::string error = wav->take_error(); !error.empty()) return fail(error);
  return wav;
}

WavAudio::WavAudio(const AudiodevOptions& options, Fd fd)
    : options_(options), fd_(std::move(fd)), waveform_(options.frequency) {
  flush();  // a file without sound is a file
}

WavAudio::~WavAudio() {
  if (speaker_) speaker_->connect({});
  flush();
}

void WavAudio::connect_to(Port& speaker) {
  if (!fd_) return;
  speaker_ = &speaker;
  speaker.connect([this](std::span<const u8> bytes) { change(bytes); });
}

void WavAudio::change(std::span<const u8> bytes) {
  const auto change = SpeakerChange::from(bytes);
  if (!change) return;  // of a machine that is not ours
  waveform_.render_to(change->tick, samples_);
  waveform_.change(*change);
  if (samples_.size() >= kPiece) flush();
}

void WavAudio::advance(u64 tick) {
  if (!speaker_ || written_ >= kMaxData) return;
  waveform_.render_to(tick, samples_);
  if (samples_.size() >= kPiece) flush();
}

void WavAudio::flush() {
  if (!fd_) return;
  std::vector<u8> data;
  for (const i16 sample : samples_)
    for (unsigned i = 0; i < options_.channels; ++i) little(data, u16(sample), 2);
  samples_.clear();
  if (written_ + data.size() > kMaxData) data.resize(kMaxData - written_);
  put(kHeader + written_, data);
  written_ += data.size();
  put(0, header(u32(written_), options_.frequency, options_.channels));
}

void WavAudio::put(u64 offset, std::span<const u8> bytes) {
  while (!bytes.empty() && !failed_) {
    const ssize_t done = ::pwrite(fd_.get(), bytes.data(), bytes.size(), off_t(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      failed_ = true;
      news_ = "-audiodev wav,path=" + options_.path + ": " + std::strerror(errno) +
              "; the sound from here on is lost";
      return;
    }
    offset += u64(done);
    bytes = bytes.subspan(std::size_t(done));
  }
}

}  // namespace reprise
