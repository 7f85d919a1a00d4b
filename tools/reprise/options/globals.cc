// -global: properties of what the board has anyway, and defaults of -device's.
#include <algorithm>

#include "tools/reprise/options/device_kinds.h"

namespace reprise::tools {
namespace {

std::string option_of(const GlobalArgument& global) {
  return "-global " + shown(global.driver + "." + global.property + "=" + global.value);
}

// Properties that say what is so anyway: time is the machine's own, so no tick is lost; there is no
// sleep but soft off.
struct Fixed {
  const char* driver;
  const char* property;
  Names values;  // empty: all
};

Result<bool> fixed(const GlobalArgument& global) {
  const Fixed all[] = {
      {"kvm-pit", "lost_tick_policy", {}},     {"isa-pit", "iobase", {"0x40", "64"}},
      {"mc146818rtc", "lost_tick_policy", {}}, {"PIIX4_PM", "disable_s3", {"1", "on"}},
      {"PIIX4_PM", "disable_s4", {"1", "on"}}, {"ICH9-LPC", "disable_s3", {}},
      {"ICH9-LPC", "disable_s4", {}},          {"VGA", "vgamem_mb", {"16"}},
      {"isa-fdc", "check_media_rate", {"on"}}};
  for (const Fixed& one : all) {
    if (global.driver != one.driver || global.property != one.property) continue;
    if (!one.values.empty() &&
        std::find(one.values.begin(), one.values.end(), global.value) == one.values.end())
      return fail(option_of(global) + ": this machine has no other than " + one.values[0]);
    return true;
  }
  return false;
}

Result<bool> floppy_type(MachineConfig& config, const GlobalArgument& global) {
  if (global.driver != "isa-fdc" || !global.property.starts_with("fdtype")) return false;
  const std::string types = "AB";
  const auto drive = types.find(global.property.substr(6));
  const Names known = {"120", "144", "288", "auto", "none"};
  if (drive > 1 || global.property.size() != 7)
    return fail(option_of(global) + ": expected fdtypeA or fdtypeB");
  if (std::find(known.begin(), known.end(), global.value) == known.end())
    return fail(option_of(global) + ": " + expected_one_of(global.value, known));
  config.floppy_types[drive] = global.value;
  return true;
}

// Disks that a -drive made are devices, too.
Result<bool> drive_property(Parser& p, const GlobalArgument& global) {
  bool is_drive = false;
  for (const char* kind : {"ide-hd", "ide-cd", "ide-drive", "floppy"})
    is_drive |= global.driver == kind;
  if (!is_drive) return false;
  const std::string text = global.property + "=" + doubled_commas(global.value);
  auto values = TRY(
      Suboptions::parse("-global", text, "",
                        {"serial", "model", "rerror", "werror", "bootindex", "logical_block_size",
                         "physical_block_size", "write-cache", "cyls", "heads", "secs"}));
  values.set_option(option_of(global));
  for (DriveArgument& drive : p.drives) {
    const DriveConfig& config = drive.config;
    const bool cd = config.media == "cdrom";
    const std::string kind = config.interface == "floppy" ? "floppy" : cd ? "ide-cd" : "ide-hd";
    const bool same = global.driver == kind || (global.driver == "ide-drive" && kind != "floppy");
    if (config.interface != "none" && !drive.attached && same)
      TRY(set_drive_properties(drive.config, values));
  }
  return true;
}

// The VGA is the board's own, too.
Result<void> vga_property(Parser& p, const GlobalArgument& global) {
  if (global.driver != "VGA") return {};
  const std::string text = global.property + "=" + doubled_commas(global.value);
  auto values = TRY(Suboptions::parse("-global", text, "", {}));
  values.set_option(option_of(global));
  TRY(set_vga_properties(p.options.config, values));
  for (const char* given : {"xres", "yres"})
    if (global.property == given) p.options.given.insert(given);
  return {};
}

}  // namespace

Result<void> global(Parser& p, const std::string& text) {
  GlobalArgument global;
  const auto dot = text.find('.'), equals = text.find('=');
  const Error wrong = fail("-global " + shown(text) +
                           ": expected DRIVER.PROPERTY=VALUE or driver=,property=,value=");
  if (equals == std::string::npos) return wrong;
  if (dot < equals) {
    // Nothing has a meaning in the value, not even a comma.
    global = {text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1),
              ""};
  } else {
    const auto values =
        TRY(Suboptions::parse("-global", text, "", {"driver", "property", "value"}));
    global = {values.text("driver"), values.text("property"), values.text("value"), ""};
  }
  if (global.driver.empty() || global.property.empty()) return wrong;
  p.globals.push_back(global);
  return {};
}

Result<void> apply_globals(Parser& p) {
  for (const GlobalArgument& global : p.globals) {
    if (TRY(fixed(global))) continue;
    if (TRY(floppy_type(p.options.config, global))) {
      p.options.given.insert("floppy_types");
      continue;
    }
    if (TRY(drive_property(p, global))) continue;
    if (!is_device_kind(global.driver)) {
      p.options.warnings.push_back(
          option_of(global) + ": this machine has no such device or property; it has no effect");
      continue;
    }
    const Names known = device_properties(global.driver);
    if (std::find(known.begin(), known.end(), global.property) == known.end())
      return fail(option_of(global) + ": " + global.driver + " has no such property; " +
                  expected_one_of(global.property, known));
    TRY(vga_property(p, global));
  }
  return {};
}

}  // namespace reprise::tools
