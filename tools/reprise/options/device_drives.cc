// -device ide-hd, ide-cd, ide-drive, floppy.
#include "tools/reprise/options/device_kinds.h"

namespace reprise::tools {
namespace {

// A drive that a -drive or -blockdev names.
Result<DriveArgument*> named_drive(Parser& p, const Suboptions& values, const std::string& name) {
  for (DriveArgument& drive : p.drives) {
    if (drive.config.id != name) continue;
    if (drive.attached || drive.config.interface != "none")
      return fail(values.option() + ": drive=" + shown(name) + " is in use already (" +
                  drive.where + "); for a -device, give the -drive if=none");
    return &drive;
  }
  auto node = p.nodes.find(name);
  if (node == p.nodes.end()) {
    Names ids;
    for (const DriveArgument& drive : p.drives) ids.push_back(drive.config.id);
    for (const auto& [id, argument] : p.nodes) ids.push_back(id);
    return fail(values.option() + ": drive=" + shown(name) +
                ": no -drive or -blockdev has that id" +
                (ids.empty() ? "" : "; " + expected_one_of(name, ids)));
  }
  const bool read_only = node->second.read_only;
  for (unsigned depth = 0; !node->second.child.empty(); ++depth) {
    const auto child = p.nodes.find(node->second.child);
    if (child == p.nodes.end() || depth > 8)
      return fail(node->second.where + ": file=" + shown(node->second.child) +
                  ": no -blockdev before it has that node-name");
    node = child;
  }
  const std::string text = "if=none,format=raw,id=" + doubled_commas(name) +
                           ",readonly=" + (read_only ? "on" : "off") +
                           ",file=" + doubled_commas(node->second.filename);
  TRY(add_drive(p, TRY(Suboptions::parse("-blockdev", text, "", {}))));
  return &p.drives.back();
}

// "ide.1" and unit, or the first free place.
Result<void> place(Parser& p, const Suboptions& values, DriveArgument& argument, unsigned buses) {
  DriveConfig& drive = argument.config;
  const std::string prefix = drive.interface == "ide" ? "ide." : "floppy.";
  const std::string bus = values.text("bus");
  if (!bus.empty() && (!bus.starts_with(prefix) || bus.size() != prefix.size() + 1 ||
                       bus.back() < '0' || bus.back() >= char('0' + buses)))
    return fail(values.option() + ": bus=" + shown(bus) + ": expected " + prefix + "0" +
                (buses > 1 ? " or " + prefix + "1" : ""));
  const u64 wanted = TRY(values.number("unit", 0, 0, 1));
  std::string taken;
  for (unsigned i = 0; i < buses * 2; ++i) {
    if (!bus.empty() && i / 2 != unsigned(bus.back() - '0')) continue;
    if (values.find("unit") && i % 2 != wanted) continue;
    const DriveArgument* other = nullptr;
    for (const DriveArgument& candidate : p.drives)
      if (&candidate != &argument && candidate.config.interface == drive.interface &&
          candidate.config.bus == i / 2 && candidate.config.unit == i % 2)
        other = &candidate;
    if (!other) {
      drive.bus = i / 2;
      drive.unit = i % 2;
      return {};
    }
    taken += (taken.empty() ? ": " : ", ") + other->where + " is at " + prefix +
             std::to_string(i / 2) + " unit " + std::to_string(i % 2);
  }
  drive.interface = "none";
  return fail(values.option() + taken + "; expected a free place");
}

}  // namespace

Result<void> set_drive_properties(DriveConfig& drive, const Suboptions& values) {
  if (const std::string* index = values.find("bootindex"); index && *index != "-1")
    drive.bootindex = int(TRY(values.number("bootindex", 0, 0, 0x7fffffff)));
  drive.serial = values.text("serial", drive.serial);
  drive.model = values.text("model", drive.model);
  if (drive.serial.size() > 20 || drive.model.size() > 40)
    return fail(values.option() +
                ": expected a serial of at most 20 and a model of at most 40 "
                "characters");
  for (const char* key : {"logical_block_size", "physical_block_size"})
    TRY(values.number(key, 512, 512, 512));
  TRY(values.one_of("write-cache", "auto", {"auto", "on", "off"}));
  if (values.find("rerror") && values.text("rerror") != "auto") TRY(set_policies(values, drive));
  if (values.find("werror") && values.text("werror") != "auto") TRY(set_policies(values, drive));
  return set_geometry(values, drive);
}

Result<void> attach_drive(Parser& p, const std::string& kind, const Suboptions& values) {
  const bool floppy = kind == "floppy";
  const std::string* name = values.find("drive");
  if (!name && (kind == "ide-hd" || kind == "ide-drive"))
    return fail(values.option() + ": expected drive=ID of a -drive if=none,id=ID,file=...");
  if (!name) {
    // The id of an empty drive: the device's own, or the next free one.
    const std::string id = values.text("id");
    const std::string media = floppy ? "disk" : "cdrom";
    const std::string text =
        "if=none,media=" + media + (id.empty() ? "" : ",id=" + doubled_commas(id));
    TRY(add_drive(p, TRY(Suboptions::parse("-device " + kind, text, "", {}))));
    p.drives.back().where = values.option();
  }
  DriveArgument& drive = name ? *TRY(named_drive(p, values, *name)) : p.drives.back();
  drive.config.interface = floppy ? "floppy" : "ide";
  if (kind != "ide-drive") drive.config.media = kind == "ide-cd" ? "cdrom" : "disk";
  if (drive.config.media == "cdrom") drive.config.read_only = true;
  if (!drive.config.removable() && !drive.config.present)
    return fail(drive.where + ": a disk needs file=; only CD and floppy drives may be empty");
  if (!drive.config.removable() && drive.config.read_only)
    return fail(drive.where + ": an IDE disk cannot be read-only; use snapshot=on");
  TRY(set_drive_properties(drive.config, values));
  TRY(place(p, values, drive, floppy ? 1 : 2));
  drive.attached = true;
  (floppy ? p.default_floppy : p.default_cdrom) = false;
  return {};
}

}  // namespace reprise::tools
