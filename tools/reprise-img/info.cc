#include <cstdio>

#include "tools/program/arguments.h"
#include "tools/reprise-img/commands.h"
#include "tools/reprise-img/image.h"

namespace reprise::img {
namespace {

using Number = unsigned long long;

}  // namespace

Result<int> info(const Words& words) {
  const auto arguments = TRY(Arguments::parse(words, {{"-f", true},
                                                      {"--output", true},
                                                      {"--backing-chain", false},
                                                      {"-U", false},
                                                      {"--force-share", false}}));
  const std::string output = TRY(report_on_one_image(arguments));
  OpenOptions options;
  options.format = arguments.text("-f", "");
  options.looks_only = true;
  const Image image = TRY(open_image(arguments.operands()[0], options));
  const Number size = image.disk->size(), allocated = image.file->allocated();
  if (output == "human") {
    std::printf("image: %s\nfile format: %s\nvirtual size: %s (%llu bytes)\ndisk size: %s\n",
                image.name.c_str(), std::string(image.disk->driver()).c_str(),
                human_size(size).c_str(), size, human_size(allocated).c_str());
    return 0;
  }
  const std::string text = "{\n    \"virtual-size\": " + std::to_string(size) +
                           ",\n    \"filename\": " + json_text(image.name) +
                           ",\n    \"format\": \"" + std::string(image.disk->driver()) +
                           "\",\n    \"actual-size\": " + std::to_string(allocated) +
                           ",\n    \"dirty-flag\": false\n}\n";
  const bool chain = arguments.has("--backing-chain");
  std::printf("%s%s%s", chain ? "[\n" : "", text.c_str(), chain ? "]\n" : "");
  return 0;
}

Result<int> check(const Words& words) {
  const auto arguments = TRY(Arguments::parse(words, {{"-q", false},
                                                      {"-f", true},
                                                      {"--output", true},
                                                      {"-r", true},
                                                      {"-T", true},
                                                      {"-U", false},
                                                      {"--force-share", false}}));
  const std::string output = TRY(report_on_one_image(arguments));
  const std::string repair = arguments.text("-r", "all");
  if (repair != "leaks" && repair != "all")
    return fail("-r expects 'leaks' or 'all' not '" + repair + "'");
  OpenOptions options;
  options.format = arguments.text("-f", "");
  options.force_share = arguments.has("-U") || arguments.has("--force-share");
  TRY(open_image(arguments.operands()[0], options));
  // A raw image has nothing that could be inconsistent.
  std::fprintf(stderr, "reprise-img: This image format does not support checks\n");
  return 63;
}

}  // namespace reprise::img
