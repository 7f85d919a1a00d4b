// Drives and what is in them.
#include "qmp/commands/context.h"
#include "qmp/operator_drives.h"

namespace reprise::qmp {
namespace {

using Access = OperatorDrives::Access;

Json medium_of(const Drive& drive) {
  const Medium& medium = *drive.medium();
  const Json image{{"filename", medium.file}, {"format", "raw"}, {"virtual-size", medium.size}};
  return {{"file", medium.file},
          {"ro", medium.read_only},
          {"drv", "raw"},
          {"backing_file_depth", 0},
          {"encrypted", false},
          {"encryption_key_missing", false},
          {"detect_zeroes", "off"},
          {"bps", 0},
          {"bps_rd", 0},
          {"bps_wr", 0},
          {"iops", 0},
          {"iops_rd", 0},
          {"iops_wr", 0},
          {"image", image},
          {"cache", {{"writeback", true}, {"direct", false}, {"no-flush", false}}},
          {"write_threshold", 0}};
}

Result<Json> query_block(Context& c, const Json&) {
  constexpr int kNoSpace = 28;  // ENOSPC
  Json out = Json::array();
  for (const Drive* drive : c.op.drives()->drives()) {
    Json info{{"device", drive->id()},
              {"type", "unknown"},
              {"removable", drive->removable()},
              {"locked", drive->removable() && drive->locked()}};
    if (drive->setup().has_tray) info["tray_open"] = drive->tray_open();
    const int error = drive->stopped();
    info["io-status"] = error == 0 ? "ok" : error == kNoSpace ? "nospace" : "failed";
    if (drive->medium()) info["inserted"] = medium_of(*drive);
    out.push_back(std::move(info));
  }
  return out;
}

// By 'device' or by 'id': they are one here.
Result<std::string> drive_of(Context& c, const Json& arguments) {
  if (arguments.contains("device") == arguments.contains("id"))
    return fail("Need exactly one of 'device' and 'id'");
  const std::string id =
      arguments.at(arguments.contains("id") ? "id" : "device").get<std::string>();
  for (const Drive* drive : c.op.drives()->drives())
    if (drive->id() == id) return id;
  return Error{"Device '" + id.substr(0, 60) + "' not found", "DeviceNotFound"};
}

Result<Json> eject(Context& c, const Json& arguments) {
  const std::string id = TRY(drive_of(c, arguments));
  return answer(c.op.drives()->eject(id, arguments.value("force", false)));
}

Result<Json> change(Context& c, const Json& arguments) {
  const std::string id = TRY(drive_of(c, {{"device", arguments.at("device")}}));
  return answer(c.op.drives()->change(id, arguments.at("target").get<std::string>(),
                                      arguments.value("arg", ""), Access::Retain));
}

Result<Json> change_medium(Context& c, const Json& arguments) {
  const std::string id = TRY(drive_of(c, arguments));
  const std::string mode = arguments.value("read-only-mode", "retain");
  const Access access = mode == "read-only"    ? Access::ReadOnly
                        : mode == "read-write" ? Access::ReadWrite
                                               : Access::Retain;
  return answer(c.op.drives()->change(id, arguments.at("filename").get<std::string>(),
                                      arguments.value("format", ""), access));
}

bool there(Operator& op) { return op.drives() != nullptr; }

constexpr Handler kHandlers[] = {
    {"query-block", query_block, there},
    {"eject", eject, there},
    {"change", change, there},
    {"blockdev-change-medium", change_medium, there},
};

}  // namespace

std::span<const Handler> drive_handlers() { return kHandlers; }

}  // namespace reprise::qmp
