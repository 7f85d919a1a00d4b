#include <cstdio>

#include "tools/reprise/files.h"
#include "tools/reprise/options.h"
#include "tools/reprise/session.h"
#include "tools/reprise/version.h"

int main(int argc, char** argv) {
  using namespace reprise;
  auto options = tools::parse_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "reprise: %s\n", options.error().message.c_str());
    return 1;
  }
  if (options->help) return std::fputs(tools::help_text().c_str(), stdout) < 0;
  if (options->version) return std::printf("%s\n", tools::kVersion) < 0;
  if (!options->say.empty()) return std::fputs(options->say.c_str(), stdout) < 0;
  if (options->dump_config) return std::printf("%s\n", options->config.to_json().c_str()) < 0;

  const auto status = tools::Session(std::move(*options)).run();
  if (!status) {
    std::fprintf(stderr, "reprise: %s\n", status.error().message.c_str());
    return 1;
  }
  return *status;
}
