// reprise-log: looks into recordings, and makes recordings out of recordings.
#include "tools/program/program.h"
#include "tools/reprise-log/commands.h"

namespace {

using namespace reprise;

constexpr const char* kVersion = "reprise-log version 0.1";

constexpr tools::Command kCommands[] = {
    {"info", "[--json] FILE", log::info},
    {"timeline", "[--from ICOUNT] [--to ICOUNT] [--answers] [--json] FILE", log::timeline},
    {"verify", "[--jobs N] [--against BINARY] [--replay-disk ID=PATH] FILE", log::verify},
    {"diff", "FILE1 FILE2", log::diff},
    {"extract",
     "FILE blobs -o FOLDER\n"
     "          FILE serial|text [--port NAME] [-o OUTPUT]\n"
     "          FILE screen [--at ICOUNT] [--replay-disk ID=PATH] -o OUTPUT.png\n"
     "          FILE disk ID [--at ICOUNT] [--replay-disk ID=PATH] -o IMAGE",
     log::extract},
    {"trim", "[--from ICOUNT] [--to ICOUNT] [--replay-disk ID=PATH] -o OUTPUT FILE", log::trim},
    {"profile",
     "[--symbols FILE]... [--offset N] [--by instructions|cycles] [--from ICOUNT] [--to ICOUNT]\n"
     "          [--top N] [-o FILE.svg|FILE.folded] [--replay-disk ID=PATH] FILE",
     log::profile},
    {"compact", "[--keyframes N] [--replay-disk ID=PATH] -o OUTPUT FILE", log::compact},
};

constexpr const char* kNotes =
    "\n"
    "FILE           a recording; of several runs in it (branches) the last begun, or "
    "FILE,branch=N\n"
    "ICOUNT         a position: executed instructions since power-on\n"
    "--at           without it, the end\n"
    "--answers      also what the host answered where nothing failed\n"
    "--jobs         pieces that are played at the same time: as many as there are processors\n"
    "--keyframes    so many are kept; without it, one of four\n"
    "--symbols      names of functions: an ELF file (vmlinux), System.map, or /proc/kallsyms of "
    "the guest\n"
    "--offset       is added to their addresses: by how much KASLR moved the kernel\n"
    "--top          so many functions are listed: 40; 0 is all\n"
    "--replay-disk  the image of a drive, if it does not lie beside the recording\n"
    "\n"
    "trim begins at the keyframe at or before --from, and ends at the last commit at or before\n"
    "--to. compact keeps the whole run, with fewer keyframes, and packs it tighter.\n"
    "verify and diff end with 0: the same, 3: not the same, 1: an error.\n";

}  // namespace

int main(int argc, char** argv) {
  return tools::run_program({"reprise-log", kVersion, kCommands, kNotes}, argc, argv);
}
