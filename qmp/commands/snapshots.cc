// Snapshots, as QEMU's jobs. A snapshot is of the whole machine: 'vmstate' and 'devices', with
// which QEMU is told where to keep it and which disks it is of, change nothing.
#include "qmp/commands/travel.h"

namespace reprise::qmp {
namespace {

using Action = Result<void> (OperatorTravel::*)(const std::string&);

template <Action kAction>
Result<Json> start(Context& c, const Json& arguments, const char* type) {
  const auto work = [&c, tag = arguments.at("tag").get<std::string>()]() -> Result<void> {
    OperatorTravel* travel = c.op.travel();
    return travel ? (travel->*kAction)(tag) : fail("this machine has no snapshots");
  };
  return answer(c.jobs.start(arguments.at("job-id").get<std::string>(), type, work));
}

Result<Json> save(Context& c, const Json& arguments) {
  return start<&OperatorTravel::save_snapshot>(c, arguments, "snapshot-save");
}
Result<Json> load(Context& c, const Json& arguments) {
  return start<&OperatorTravel::load_snapshot>(c, arguments, "snapshot-load");
}
Result<Json> remove(Context& c, const Json& arguments) {
  return start<&OperatorTravel::delete_snapshot>(c, arguments, "snapshot-delete");
}

Result<Json> query_snapshots(Context& c, const Json&) {
  Json out = Json::array();
  for (const SnapshotInfo& known : c.op.travel()->snapshots())
    out.push_back({{"tag", known.name},
                   {"icount", known.at.icount},
                   {"cycles", known.at.cycles},
                   {"date", known.date},
                   {"branch", known.branch}});
  return out;
}

constexpr Handler kHandlers[] = {
    {"snapshot-save", save, travels},
    {"snapshot-load", load, travels},
    {"snapshot-delete", remove, travels},
    {"query-snapshots", query_snapshots, travels},
};

}  // namespace

std::span<const Handler> snapshot_handlers() { return kHandlers; }

}  // namespace reprise::qmp
