#include "tools/reprise-log/recording.h"

#include <unistd.h>

#include <cstdio>

#include "chipset/board/config.h"
#include "tools/reprise/replay_options.h"
#include "tools/reprise/suboptions.h"

namespace reprise::log {

Result<Opened> open_recording(const std::string& text) {
  const auto name = TRY(tools::recording_name(text));
  auto file = TRY(trace::DiskFile::open(name.file));
  auto recording = trace::Recording::open(*file, trace::Recording::Kind::File, name.branch);
  if (!recording) return fail(text + ": " + recording.error().message);
  return Opened{name.file, std::move(file), std::move(*recording)};
}

Result<std::string> one_file(const Arguments& arguments) {
  if (arguments.operands().size() != 1) return Error{"expected one recording", tools::kWrongUsage};
  return arguments.operands()[0];
}

Result<u64> icount_argument(const Arguments& arguments, const char* name, u64 otherwise) {
  const std::string* given = arguments.find(name);
  if (!given) return otherwise;
  const auto number = tools::parse_number(*given, 0, trace::kEndOfTime);
  if (!number) return fail(std::string(name) + " " + *given + ": " + number.error().message);
  return *number;
}

Result<std::map<std::string, std::string>> disk_arguments(const Arguments& arguments) {
  std::map<std::string, std::string> disks;
  for (const auto& [name, value] : arguments.options()) {
    if (name != "--replay-disk") continue;
    const std::size_t equals = value.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail("--replay-disk " + value + ": expected ID=PATH");
    disks[value.substr(0, equals)] = value.substr(equals + 1);
  }
  return disks;
}

u64 clock_of(const trace::Recording& recording) {
  const auto config = MachineConfig::from_json(recording.header().machine);
  return config && config->cpu_hz ? config->cpu_hz : MachineConfig().cpu_hz;
}

std::string seconds_text(Cycles cycles, u64 hz) {
  char text[48];
  const u64 micros = u64(u128(cycles % hz) * 1'000'000 / hz);
  std::snprintf(text, sizeof text, "%llu.%06llu", ull(cycles / hz), ull(micros));
  return text;
}

std::string grouped(u64 number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string quoted(std::span<const u8> bytes) {
  std::string text = "\"";
  for (const u8 byte : bytes) {
    switch (byte) {
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      case '"':
      case '\\':
        text += {'\\', char(byte)};
        break;
      default:
        if (byte >= ' ' && byte <= '~') {
          text += char(byte);
        } else {
          char hex[8];
          std::snprintf(hex, sizeof hex, "\\x%02x", byte);
          text += hex;
        }
    }
  }
  return text + '"';
}

std::string one_line(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Progress::Progress(std::string name) : name_(std::move(name)), on_(isatty(STDERR_FILENO)) {}

void Progress::at(double part) {
  const int percent = int(100 * part);
  if (!on_ || percent == shown_) return;
  std::fprintf(stderr, "\r%s: %d %%", name_.c_str(), percent);
  shown_ = percent;
}

void Progress::clear() {
  if (shown_ >= 0) std::fprintf(stderr, "\r\x1B[K");
  shown_ = -1;
}

}  // namespace reprise::log
