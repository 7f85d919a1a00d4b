// The command line, spelled as QEMU's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chipset/board/config.h"
#include "chipset/host/chardev.h"
#include "replay/core/result.h"

namespace reprise::tools {

enum class Pace { Default, Real, Max };

struct Options {
  MachineConfig config;                                // without blobs
  std::set<std::string> given;                         // fields of its JSON that an option named
  std::string bios, kernel, initrd;                    // files
  std::vector<std::string> firmware_dirs;              // -L, searched before the usual place
  std::vector<std::optional<ChardevOptions>> serials;  // host ends; null: no such port
  std::optional<ChardevOptions> debugcon, monitor;

  std::string record, replay;
  bool embed_disks = false;                         // -record FILE,embed=disks
  std::map<std::string, std::string> replay_disks;  // -replay-disk: by medium, the image
  std::string test_faults;                          // see test_faults.h
  u64 test_disk_delay = 0;                          // seed of late disks; 0: none
  Pace pace = Pace::Default;
  bool state_hash = false;
  std::string hash_at_text;  // position and hash when serial 0 has said this
  bool shutdown = true;      // -no-shutdown: a power-off stops the machine and stays
  bool paused = false;       // -S

  bool blocks = true;         // -accel interp,blocks=off: the block cache holds nothing
  u64 test_slices = 0;        // seed of random slice lengths; 0: as long as possible
  std::set<std::string> log;  // -d items
  std::string log_file;       // -D; stderr if empty
  std::string say;            // -cpu help and the like: print this, and no more
  bool help = false, version = false, dump_config = false;
};

Result<Options> parse_options(int argc, const char* const* argv);
std::string help_text();

}  // namespace reprise::tools
