// reprise-img: images without a guest. Options, texts and exit statuses are qemu-img's.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "tools/reprise-img/commands.h"
#include "tools/reprise/suboptions.h"

namespace {

using namespace reprise;

constexpr const char* kVersion = "reprise-img version 0.1 (compatible: qemu-img 2.11 and later)";

struct Command {
  const char* name;
  const char* usage;
  Result<int> (*run)(const img::Words&);
};
constexpr Command kCommands[] = {
    {"check", "[-q] [-f FORMAT] [--output=human|json] [-r leaks|all] [-U] FILE", img::check},
    {"compare", "[-f FORMAT] [-F FORMAT] [-p] [-q] [-s] [-U] FILE1 FILE2", img::compare},
    {"convert",
     "[-p] [-q] [-n] [--target-is-zero] [-U] [-f FORMAT] [-O FORMAT] [-o OPTIONS]\n"
     "          [-S SPARSE_SIZE] FILE [FILE2 ...] OUTPUT",
     img::convert},
    {"create", "[-q] [-f FORMAT] [-o OPTIONS] FILE [SIZE]", img::create},
    {"info", "[-f FORMAT] [--output=human|json] [-U] FILE", img::info},
    {"map",
     "[-f FORMAT] [--start-offset=OFFSET] [--max-length=LENGTH]\n"
     "          [--output=human|json] [-U] FILE",
     img::map},
};

constexpr const char* kNotes =
    "\n"
    "FORMAT   raw, the only one yet; it is guessed where it is not given\n"
    "SIZE     bytes, or with a suffix k, M, G, T, P, E (powers of 1024): 512M, 1.5G\n"
    "OPTIONS  size=SIZE,preallocation=off|falloc|full\n"
    "-S       what is zeros for this long becomes a hole (default 4k); 0: no holes\n"
    "-n       the output exists already (a device, say) and is large enough\n"
    "-p       show progress;  -q  print nothing but errors\n"
    "-s       compare: sizes and holes must be the same, too\n"
    "-U       open the image although another process uses it\n"
    "\n"
    "compare ends with 0: identical, 1: different, 2: an image cannot be opened,\n"
    "3: a map cannot be had, 4: an image cannot be read. check of raw ends with 63:\n"
    "there is nothing to check. Other failures are 1.\n";

void help() {
  std::printf("%s\nusage: reprise-img COMMAND [OPTIONS]\n\n", kVersion);
  for (const Command& command : kCommands) std::printf("  %-7s %s\n", command.name, command.usage);
  std::fputs(kNotes, stdout);
}

int run(const std::vector<std::string>& words) {
  const auto complain = [](const std::string& text, int status) {
    std::fflush(stdout);
    std::fprintf(stderr, "reprise-img: %s\n", text.c_str());
    return status;
  };
  constexpr const char* kTry = "\nTry 'reprise-img --help' for more information";
  if (words.empty()) return complain(std::string("Not enough arguments") + kTry, 1);
  if (words[0] == "-h" || words[0] == "--help") return help(), 0;
  if (words[0] == "-V" || words[0] == "--version") return std::printf("%s\n", kVersion), 0;
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    names.push_back(command.name);
    if (words[0] != command.name) continue;
    if (words.size() > 1 && (words[1] == "-h" || words[1] == "--help")) return help(), 0;
    const auto status = command.run({words.begin() + 1, words.end()});
    return status ? *status : complain(status.error().message, 1);
  }
  const std::string meant = tools::nearest(words[0], names);
  return complain("Command not found: " + tools::shown(words[0]) +
                      (meant.empty() ? "" : "; did you mean '" + meant + "'?") + kTry,
                  1);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that would become too large is an error like others
  std::signal(SIGPIPE, SIG_IGN);
  const int status = run({argv + (argc > 0), argv + argc});
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    std::fprintf(stderr, "reprise-img: cannot write to stdout: %s\n", std::strerror(errno));
    return status ? status : 1;
  }
  return status;
}
