#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <new>

#include "tools/reprise/daemon.h"
#include "tools/reprise/options.h"
#include "tools/reprise/session.h"
#include "tools/reprise/version.h"

namespace reprise::tools {
namespace {

bool timestamps = false;  // -msg timestamp=on

// What the operator wrote may be long, and hold what a terminal would obey.
std::string printable(const std::string& message) {
  constexpr std::size_t kHead = 1000, kTail = 500;
  std::string text = message;
  if (text.size() > kHead + kTail)
    text = text.substr(0, kHead) + " ... " + text.substr(text.size() - kTail);
  for (char& c : text)
    if ((c >= 0 && c < ' ' && c != '\n') || c == 0x7f) c = '?';
  return text;
}

int complain(const std::string& message) {
  char now[40] = "";
  const std::time_t time = std::time(nullptr);
  if (timestamps) std::strftime(now, sizeof now, "%FT%TZ ", std::gmtime(&time));
  std::fprintf(stderr, "%sreprise: %s\n", now, printable(message).c_str());
  return 1;
}

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0;
}

Result<void> write_config(const Options& options) {
  if (options.write_config.empty()) return {};
  if (options.write_config == "-") {
    print(options.config_text);
    return {};
  }
  std::ofstream out(options.write_config);
  out << options.config_text << std::flush;
  return out ? Result<void>()
             : fail("-writeconfig " + options.write_config + ": cannot be written");
}

Result<int> run(int argc, char** argv) {
  Options options = TRY(parse_options(argc, argv));
  timestamps = options.timestamps;
  if (options.help) return print(help_text());
  if (options.version) return print(kVersionText);
  if (!options.say.empty()) return print(options.say);
  for (const std::string& warning : options.warnings) complain("warning: " + warning);
  TRY(write_config(options));
  if (options.dump_config) return print(options.config.to_json() + "\n");
  TRY(Daemon::begin(options));
  const Options for_daemon = options;
  Daemon daemon(for_daemon);
  return Session(std::move(options), [&] { return daemon.ready(); }).run();
}

}  // namespace
}  // namespace reprise::tools

int main(int argc, char** argv) {
  using namespace reprise::tools;
  prepare_process();
  try {
    const auto status = run(argc, argv);
    return status ? *status : complain(status.error().message);
  } catch (const std::bad_alloc&) {
    return complain(
        "not enough memory on this host: give a smaller -m, or a larger limit (ulimit -v)");
  } catch (const std::exception& problem) {  // no thread, for instance
    return complain(std::string("the host refuses: ") + problem.what());
  }
}
