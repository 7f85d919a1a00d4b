// The command line, spelled as QEMU's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chipset/board/config.h"
#include "chipset/host/chardev.h"
#include "chipset/host/wav_audio.h"
#include "replay/core/result.h"
#include "replay/trace/format.h"

namespace reprise::tools {

// A monitor: HMP, or QMP.
struct MonitorOptions {
  ChardevOptions end;
  bool control = false;  // QMP
  bool pretty = false;
};

enum class Pace { Default, Real, Max };

struct Options {
  MachineConfig config;                                // without blobs
  std::set<std::string> given;                         // fields of its JSON that an option named
  std::string bios, kernel, initrd;                    // files
  std::vector<std::string> firmware_dirs;              // -L, searched before the usual place
  std::vector<std::optional<ChardevOptions>> serials;  // host ends; null: no such port
  std::vector<std::optional<ChardevOptions>> parallels;
  std::optional<ChardevOptions> debugcon, port_e9, gdb;
  std::vector<MonitorOptions> monitors;
  std::optional<AudiodevOptions> audiodev;
  std::string splash;                               // -boot splash=
  std::vector<std::string> smbios_files;            // -smbios file=
  std::map<std::string, std::string> fw_cfg_files;  // -fw_cfg: by name, the path

  std::string display;           // curses, sdl; empty: none
  bool default_display = false;  // nothing was said: a window, where there can be one

  std::string record, replay;
  std::optional<u32> branch;                        // -replay FILE,branch=N
  std::string snapshots, loadvm;                    // a file; a snapshot in it, or in -replay's
  bool embed_disks = false;                         // -record FILE,embed=disks
  u64 keyframes = trace::kKeyframeSpacing;          // -record FILE,keyframes=ICOUNTS; 0: none
  u64 flight_recorder = 256 << 20;                  // -flight-recorder size=; 0: off
  std::map<std::string, std::string> replay_disks;  // -replay-disk: by medium, the image
  std::string against;                              // -against: explains divergences
  u64 test_flip = kNever;  // a planted divergence; see PcI440fx::HostOptions
  enum class FlipIn { OwnBlocks, All, Once } test_flip_in = FlipIn::OwnBlocks;
  std::string test_faults;  // see test_faults.h
  u64 test_disk_delay = 0;  // seed of late disks; 0: none
  Pace pace = Pace::Default;
  bool state_hash = false;
  std::string hash_at_text;  // position and hash when serial 0 has said this
  bool shutdown = true;      // -no-shutdown: a power-off stops the machine and stays
  bool paused = false;       // -S
  bool timestamps = false;   // -msg timestamp=on
  std::string pidfile;
  bool daemonize = false;
  std::string process_name;  // -name process=

  bool blocks = true;         // -accel interp,blocks=off: the block cache holds nothing
  u64 test_slices = 0;        // seed of random slice lengths; 0: as long as possible
  std::set<std::string> log;  // -d items
  std::string log_file;       // -D; stderr if empty
  std::string say;            // -cpu help and the like: print this, and no more
  std::vector<std::string> warnings;
  std::string write_config;  // -writeconfig: this file gets
  std::string config_text;   // this
  bool help = false, version = false, dump_config = false;
};

// Where gdb connects: "tcp::1234" listens on this host only, "unix:PATH,server"; null: "none".
Result<std::optional<ChardevOptions>> parse_gdb(const std::string& option, const std::string& text);
Result<Options> parse_options(int argc, const char* const* argv);
std::string help_text();

}  // namespace reprise::tools
