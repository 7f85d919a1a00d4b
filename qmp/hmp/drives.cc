#include "qmp/hmp/drives.h"

#include "qmp/operator_drives.h"

namespace reprise {
namespace {

using Words = std::vector<std::string>;
using Access = OperatorDrives::Access;

constexpr const char* kNoDrives = "Error: this machine has no drives\n";

std::string text(const Result<void>& result) {
  return result ? "" : "Error: " + result.error().message + "\n";
}

std::string shown(const Drive& drive) {
  std::string out = drive.id() + ": ";
  if (const auto& medium = drive.medium()) {
    out += medium->file + " (raw" + (drive.read_only() ? ", read-only)" : ")");
  } else {
    out += "[not inserted]";
  }
  out += "\n    Size:             " + std::to_string(drive.medium() ? drive.medium()->size : 0) +
         " bytes\n";
  if (drive.removable()) {
    out += "    Removable device: " + std::string(drive.locked() ? "" : "not ") + "locked, tray " +
           (drive.tray_open() ? "open" : "closed") + "\n";
  }
  if (drive.stopped()) out += "    I/O status:       " + drive.stop_message() + "\n";
  return out;
}

}  // namespace

std::string hmp_info_block(Operator& op, const Words& words) {
  if (!op.drives()) return kNoDrives;
  std::string out;
  for (const Drive* drive : op.drives()->drives())
    if (words.size() < 2 || words[1] == drive->id()) out += shown(*drive);
  if (words.size() > 1 && out.empty()) return "Error: there is no drive '" + words[1] + "'\n";
  return out;
}

std::string hmp_eject(Operator& op, const Words& words) {
  if (!op.drives()) return kNoDrives;
  const bool force = words.size() > 1 && words[1] == "-f";
  if (words.size() != (force ? 3 : 2)) return "Error: expected: eject [-f] device\n";
  return text(op.drives()->eject(words.back(), force));
}

std::string hmp_change(Operator& op, const Words& words) {
  if (!op.drives()) return kNoDrives;
  if (words.size() < 3 || words.size() > 5)
    return "Error: expected: change device file [format [read-only-mode]]\n";
  Access access = Access::Retain;
  if (words.size() == 5) {
    if (words[4] == "read-only") {
      access = Access::ReadOnly;
    } else if (words[4] == "read-write") {
      access = Access::ReadWrite;
    } else if (words[4] != "retain") {
      return "Error: '" + words[4] + "': expected retain, read-only or read-write\n";
    }
  }
  return text(op.drives()->change(words[1], words[2], words.size() > 3 ? words[3] : "", access));
}

}  // namespace reprise
