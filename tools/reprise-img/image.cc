#include "tools/reprise-img/image.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/reprise/suboptions.h"

namespace reprise::img {

Result<Image> open_image(const std::string& name, const OpenOptions& options) {
  FileOptions file;
  file.access = options.writes ? FileOptions::Access::ReadWrite : FileOptions::Access::ReadOnly;
  // While it is read, nobody may change it.
  file.lock = options.writes ? ImageLock::Tool : ImageLock::Guest;
  if (options.looks_only || options.force_share) file.lock = ImageLock::Off;
  Image image{name, TRY(FileNode::open(name, file)), nullptr};
  image.disk = TRY(open_format(image.file, options.format, name));
  return image;
}

std::string human_size(u64 bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = double(bytes);
  unsigned unit = 0;
  for (; value >= 1000; value /= 1024) ++unit;
  char text[40];
  std::snprintf(text, sizeof text, "%0.3g %s", value, kUnits[unit]);
  return text;
}

Result<u64> size_argument(const std::string& text, const std::string& what) {
  const auto size = tools::parse_size(text, 1);
  if (size) return *size;
  return fail(what + ": " + size.error().message + "; suffixes are k, M, G, T, P and E");
}

Result<void> check_output_format(const std::string& format) {
  if (format == "raw") return {};
  if (!format_named(format)) return fail("Unknown file format '" + format + "'; expected raw");
  return fail("the format " + format +
              " is not supported yet; make a raw image, then use qemu-img convert");
}

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool all_zero(std::span<const u8> bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::equal(bytes.begin() + 1, bytes.end(), bytes.begin()));
}

Result<std::string> report_on_one_image(const Arguments& arguments) {
  if (arguments.operands().size() != 1) return fail("Expecting one image file name");
  const std::string output = arguments.text("--output", "human");
  if (output != "human" && output != "json")
    return fail("--output must be used with human or json as argument.");
  return output;
}

void Progress::show(double percent) {
  if (!on_ || percent - shown_ < 1) return;
  std::printf("    (%3.2f/100%%)\r", percent);
  std::fflush(stdout);
  shown_ = percent;
}

void Progress::at(u64 done) { show(total_ ? 100.0 * double(done) / double(total_) : 100); }

void Progress::end() {
  if (!on_) return;
  shown_ = -1;
  show(100);
  std::printf("\n");
}

}  // namespace reprise::img
