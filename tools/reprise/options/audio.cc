// Sound: where the PC speaker is heard. It is the only source of sound there is, so one -audiodev
// is joined to it without being asked.
#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

Result<void> list_drivers(Parser& p, const std::string&) {
  p.options.say = "Available audio drivers:\nnone\nwav\n";
  return {};
}

Result<void> audiodev(Parser& p, const std::string& text) {
  std::string option = text;
  if (text.starts_with("{")) {
    const auto values = TRY(Suboptions::parse("-audiodev", text, "driver", {}));
    option = values.text("driver");
    for (const auto& [key, value] : values.all())
      if (key != "driver") option += "," + key + "=" + doubled_commas(value);
  }
  if (option == "help" || option == "?") return list_drivers(p, "");
  AudiodevOptions audiodev = TRY(AudiodevOptions::parse(option));
  if (p.options.audiodev)
    return fail("-audiodev " + shown(option) + ": there is one already ('" +
                p.options.audiodev->id + "'), and the PC speaker is heard in one place");
  p.options.audiodev = std::move(audiodev);
  return {};
}

Result<void> soundhw(Parser& p, const std::string& text) {
  if (text == "help" || text == "?") {
    p.options.say = "Valid sound card names (comma separated):\npcspk       PC speaker\n";
    return {};
  }
  if (text != "pcspk" && text != "all")
    return fail("-soundhw " + text + ": no such sound card; " + expected_one_of(text, {"pcspk"}));
  return {};
}

constexpr Row kRows[] = {
    {"audiodev", "wav,id=ID,path=FILE", "the PC speaker as a WAV file", audiodev},
    {"audio-help", nullptr, nullptr, list_drivers},
    {"soundhw", "pcspk", nullptr, soundhw},
};

}  // namespace

std::span<const Row> audio_rows() { return kRows; }

}  // namespace reprise::tools
