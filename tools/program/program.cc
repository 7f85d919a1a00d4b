#include "tools/program/program.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "tools/program/arguments.h"
#include "tools/reprise/suboptions.h"

namespace reprise::tools {
namespace {

void help(const Program& program) {
  std::printf("%s\nusage: %s COMMAND [OPTIONS]\n\n", program.version, program.name);
  for (const Command& command : program.commands)
    std::printf("  %-7s %s\n", command.name, command.usage);
  std::fputs(program.notes, stdout);
}

int complain(const Program& program, const Error& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", program.name, error.message.c_str());
  if (error.kind == kWrongUsage)
    std::fprintf(stderr, "Try '%s --help' for more information\n", program.name);
  return 1;
}

int run(const Program& program, const Words& words) {
  if (words.empty()) return complain(program, {"Not enough arguments", kWrongUsage});
  const auto asks = [&](std::size_t at, const char* letter, const char* name) {
    return words.size() > at && (words[at] == letter || words[at] == name);
  };
  if (asks(0, "-h", "--help")) return help(program), 0;
  if (asks(0, "-V", "--version")) return std::printf("%s\n", program.version), 0;
  std::vector<std::string> names;
  for (const Command& command : program.commands) {
    names.push_back(command.name);
    if (words[0] != command.name) continue;
    if (asks(1, "-h", "--help")) return help(program), 0;
    const auto status = command.run({words.begin() + 1, words.end()});
    return status ? *status : complain(program, status.error());
  }
  const std::string meant = nearest(words[0], names);
  return complain(program, {"Command not found: " + shown(words[0]) +
                                (meant.empty() ? "" : "; did you mean '" + meant + "'?"),
                            kWrongUsage});
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that would become too large is an error like others
  std::signal(SIGPIPE, SIG_IGN);
  const int status = run(program, {argv + (argc > 0), argv + argc});
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    std::fprintf(stderr, "%s: cannot write to stdout: %s\n", program.name, std::strerror(errno));
    return status ? status : 1;
  }
  return status;
}

}  // namespace reprise::tools
