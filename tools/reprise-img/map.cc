// Runs that are alike are joined, as qemu-img does; a raw image's bytes are all "present".
#include <cstdio>

#include "tools/program/arguments.h"
#include "tools/reprise-img/commands.h"
#include "tools/reprise-img/image.h"

namespace reprise::img {
namespace {

using Number = unsigned long long;

struct Run {
  u64 start = 0;
  Extent extent;
};

bool continues(const Run& run, const Extent& next) {
  const Extent& last = run.extent;
  const bool in_place = next.host_offset.has_value() == last.host_offset.has_value() &&
                        (!next.host_offset || *next.host_offset == *last.host_offset + last.length);
  return next.zero == last.zero && next.allocated == last.allocated && in_place;
}

class Printer {
 public:
  Printer(const Image& image, bool json) : image_(image), json_(json) {
    if (json)
      std::printf("[");
    else
      std::printf("%-16s%-16s%-16s%s\n", "Offset", "Length", "Mapped to", "File");
  }
  void print(const Run& run) {
    const Extent& extent = run.extent;
    const Number start = run.start, length = extent.length, host = extent.host_offset.value_or(0);
    if (!json_) {
      if (!extent.zero && extent.host_offset)
        std::printf("%#-16llx%#-16llx%#-16llx%s\n", start, length, host, image_.name.c_str());
      return;
    }
    std::printf(
        "%s{ \"start\": %llu, \"length\": %llu, \"depth\": 0, \"present\": %s, \"zero\": %s, "
        "\"data\": %s",
        first_ ? "" : ",\n", start, length, length && extent.allocated ? "true" : "false",
        extent.zero ? "true" : "false", length && !extent.zero ? "true" : "false");
    if (extent.host_offset) std::printf(", \"offset\": %llu", host);
    std::printf("}");
    first_ = false;
  }
  void end() {
    if (json_) std::printf("]\n");
  }

 private:
  const Image& image_;
  bool json_, first_ = true;
};

Result<void> walk(const Image& image, u64 at, u64 end, Printer& printer) {
  std::optional<Run> run;
  while (at < end) {
    const Extent next = TRY(image.disk->map(at, end - at));
    if (run && continues(*run, next)) {
      run->extent.length += next.length;
    } else {
      if (run) printer.print(*run);
      run = Run{at, next};
    }
    at += next.length;
  }
  printer.print(run.value_or(Run{at, {}}));  // nothing there: one run of no length
  return {};
}

}  // namespace

Result<int> map(const Words& words) {
  const auto arguments = TRY(Arguments::parse(words, {{"-f", true},
                                                      {"--output", true},
                                                      {"-s", true},
                                                      {"--start-offset", true},
                                                      {"-l", true},
                                                      {"--max-length", true},
                                                      {"-U", false},
                                                      {"--force-share", false}}));
  const std::string output = TRY(report_on_one_image(arguments));
  const auto bound = [&](const char* name, const char* letter, u64 otherwise) -> Result<u64> {
    const std::string* text = arguments.find(name);
    if (!text) text = arguments.find(letter);
    return text ? size_argument(*text, std::string("Invalid ") + name + " specified") : otherwise;
  };
  const u64 start = TRY(bound("--start-offset", "-s", 0));
  const u64 most = TRY(bound("--max-length", "-l", kMaxImage));
  OpenOptions options;
  options.format = arguments.text("-f", "");
  options.force_share = arguments.has("-U") || arguments.has("--force-share");
  const Image image = TRY(open_image(arguments.operands()[0], options));
  const u64 size = image.disk->size();
  Printer printer(image, output == "json");
  TRY(walk(image, start, start + (start < size ? std::min(most, size - start) : 0), printer));
  printer.end();
  return 0;
}

}  // namespace reprise::img
