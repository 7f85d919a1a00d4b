// reprise-img: images without a guest. Options, texts and exit statuses are qemu-img's.
#include "tools/program/program.h"
#include "tools/reprise-img/commands.h"

namespace {

using namespace reprise;

constexpr const char* kVersion = "reprise-img version 0.1 (compatible: qemu-img 2.11 and later)";

constexpr tools::Command kCommands[] = {
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

}  // namespace

int main(int argc, char** argv) {
  return tools::run_program({"reprise-img", kVersion, kCommands, kNotes}, argc, argv);
}
