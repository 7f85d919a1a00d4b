// The tables of options, by subject: what each is called, what it takes, and what it does.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tools/reprise/options.h"
#include "tools/reprise/suboptions.h"

namespace reprise::tools {

struct DriveArgument {
  DriveConfig config;
  std::string where;            // as the operator wrote it, for messages
  bool snapshot_given = false;  // -snapshot does not change it
  bool attached = false;        // to a -device
};

struct BlockNodeArgument {  // -blockdev
  std::string driver, filename, child, where;
  bool read_only = false;
};

struct MonitorArgument {  // -monitor, -qmp, -mon
  std::string option, end;
  bool control = false, pretty = false;
};

struct GlobalArgument {
  std::string driver, property, value, where;
};

// What the rows fill in, in the order of the command line; finish() makes the whole of it.
struct Parser {
  Options options;
  std::map<std::string, ChardevOptions> chardevs;
  // Looked at when all chardevs and drives are known.
  std::vector<std::string> serial_texts, parallel_texts, device_texts;
  std::string debugcon_text, gdb_text, display;
  std::vector<MonitorArgument> monitors;
  std::vector<DriveArgument> drives;
  std::map<std::string, BlockNodeArgument> nodes;
  std::vector<GlobalArgument> globals;
  std::vector<std::string> accels;
  std::string memory_backend;                  // -machine memory-backend=
  std::map<std::string, u64> memory_backends;  // -object
  std::string speaker_audiodev;                // -machine pcspk-audiodev=
  bool nographic = false, seeded = false, rtc_set = false, snapshot = false;
  // What there is unless something else takes its place.
  bool default_serial = true, default_parallel = true, default_vga = true, default_cdrom = true,
       default_floppy = true;
  // Each option and its value, as applied: for -writeconfig.
  std::vector<std::pair<std::string, std::string>> applied;
  unsigned config_depth = 0;  // of -readconfig
};

using Apply = Result<void> (*)(Parser&, const std::string&);
struct Row {
  const char* name;
  const char* argument;  // null: takes none
  const char* help;      // null: another spelling, or for tests; not in -help
  Apply apply;
  const char* missing = nullptr;  // QEMU's option for what is not there yet: what that is
};

// A row's action in place: the parser is p, its options o, the argument text.
#define DO(...)                                                             \
  [](Parser& p, [[maybe_unused]] const std::string& text) -> Result<void> { \
    [[maybe_unused]] Options& o = p.options;                                \
    __VA_ARGS__;                                                            \
    return {};                                                              \
  }

std::span<const Row> machine_rows();
std::span<const Row> cpu_rows();
std::span<const Row> boot_rows();
std::span<const Row> drive_rows();
std::span<const Row> chardev_rows();
std::span<const Row> device_rows();
std::span<const Row> audio_rows();
std::span<const Row> run_rows();
std::span<const Row> config_rows();
std::span<const Row> compatibility_rows();

struct Subject {
  const char* title;
  std::span<const Row> rows;
};
std::vector<Subject> subjects();
const Row* find_row(const std::string& name);
Result<void> apply_option(Parser& parser, const std::string& name, const std::string& text);

// HMP has a place already, or none is wanted.
bool has_readline(const Parser& parser);

// What depends on several options at once.
Result<void> finish(Parser& parser);

// The host end of a port; null for "none".
Result<std::optional<ChardevOptions>> host_end(Parser& parser, const std::string& option,
                                               const std::string& text);
i64 host_time(bool local);  // seconds since 1970

// drives.cc. `name` is hda, cdrom, fda, ...: the -drive that it stands for.
std::string shortcut_drive(const std::string& name, const std::string& file);
Result<void> add_drive(Parser& parser, const Suboptions& values);
Result<void> check_file_name(const std::string& option, const std::string& file);
Result<void> set_geometry(const Suboptions& values, DriveConfig& drive);
Result<void> set_policies(const Suboptions& values, DriveConfig& drive);
// finish.cc's steps: -device and -global; what there is by default.
Result<void> global(Parser& parser, const std::string& text);
Result<void> attach_devices(Parser& parser);
Result<void> apply_globals(Parser& parser);
Result<void> finish_drives(Parser& parser);
std::string config_text(const Parser& parser);  // -writeconfig

template <u64 Lo>
Result<u64> number_of(const char* option, const std::string& text) {
  const auto value = parse_number(text, Lo, ~u64(0));
  if (!value) return fail(std::string(option) + " " + text + ": " + value.error().message);
  return *value;
}

}  // namespace reprise::tools
