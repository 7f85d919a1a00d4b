// The machine as a whole: its state, stop and cont, reset, end.
#include "cpu/cpu.h"
#include "cpu/system/model.h"
#include "cpu/timing/clocks.h"
#include "qmp/commands/context.h"
#include "qmp/hmp/hmp.h"

namespace reprise::qmp {
namespace {

Result<Json> query_status(Context& c, const Json&) {
  const RunState state = c.op.run_state();
  return Json{
      {"running", state == RunState::Running}, {"singlestep", false}, {"status", name(state)}};
}

Result<Json> query_name(Context& c, const Json&) {
  Json out = Json::object();
  if (const std::string name = c.op.identity().name; !name.empty()) out["name"] = name;
  return out;
}

Result<Json> query_uuid(Context& c, const Json&) {
  const std::string uuid = c.op.identity().uuid;
  return Json{{"UUID", uuid.empty() ? "00000000-0000-0000-0000-000000000000" : uuid}};
}

Result<Json> query_kvm(Context&, const Json&) {
  return Json{{"enabled", false}, {"present", false}};
}

// Models mean the same on any host, but may gain features in a later version: not static.
Result<Json> query_cpu_definitions(Context&, const Json&) {
  Json out = Json::array();
  for (const std::string& name : cpu::CpuModel::names())
    out.push_back({{"name", name},
                   {"typename", name + "-x86_64-cpu"},
                   {"static", false},
                   {"migration-safe", name != "max"},
                   {"unavailable-features", cpu::CpuModel::unavailable(name)}});
  return out;
}

Result<Json> query_target(Context&, const Json&) { return Json{{"arch", "x86_64"}}; }

Result<Json> query_version(Context& c, const Json&) { return version(c.host); }

Result<Json> query_chardev(Context& c, const Json&) {
  Json out = Json::array();
  for (const OperatorChardev& chardev : c.op.chardevs())
    out.push_back(
        {{"label", chardev.label}, {"filename", chardev.address}, {"frontend-open", true}});
  return out;
}

Result<Json> stop(Context& c, const Json&) {
  c.op.stop();
  return Json::object();
}
Result<Json> quit(Context& c, const Json&) {
  c.op.quit();
  return Json::object();
}
Result<Json> cont(Context& c, const Json&) { return answer(c.op.cont()); }
Result<Json> reset(Context& c, const Json&) { return answer(c.op.system_reset()); }
Result<Json> powerdown(Context& c, const Json&) { return answer(c.op.system_powerdown()); }
Result<Json> nmi(Context& c, const Json&) { return answer(c.op.inject_nmi()); }

std::string path_of(std::size_t cpu) {
  return "/machine/unattached/device[" + std::to_string(cpu) + "]";
}

Json place_of(std::size_t cpu) { return {{"socket-id", cpu}, {"core-id", 0}, {"thread-id", 0}}; }

Result<Json> query_cpus(Context& c, const Json&) {
  Json out = Json::array();
  const auto cpus = c.op.cpus();
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    const cpu::Cpu& cpu = *cpus[i];
    out.push_back({{"CPU", i},
                   {"current", i == 0},
                   {"halted", cpu.activity != cpu::Activity::Running},
                   {"qom_path", path_of(i)},
                   {"thread_id", c.host.process_id},
                   {"props", place_of(i)},
                   {"arch", "x86"},
                   {"pc", i64(cpu.seg[cpu::CS].base + cpu.r[cpu::kRip])}});
  }
  return out;
}

Result<Json> query_cpus_fast(Context& c, const Json&) {
  Json out = Json::array();
  for (std::size_t i = 0; i < c.op.cpus().size(); ++i)
    out.push_back({{"cpu-index", i},
                   {"qom-path", path_of(i)},
                   {"thread-id", c.host.process_id},
                   {"props", place_of(i)},
                   {"target", "x86_64"}});
  return out;
}

// What a timing model has counted since the last reset; without one there is nothing.
Result<Json> query_cpu_timing(Context& c, const Json&) {
  Json out = Json::array();
  const auto cpus = c.op.cpus();
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    Json one{{"cpu-index", i}};
    if (cpus[i]->clocks) {
      const Position at = cpus[i]->position();
      Json& counters = one["counters"];
      counters = {{"cycles", at.cycles}, {"instructions", at.icount}};
      for (const auto& [name, value] : cpus[i]->clocks->counted()) counters[name] = value;
    }
    out.push_back(std::move(one));
  }
  return out;
}

// What HMP says is the answer, errors too, with the line ends of a terminal.
Result<Json> human_monitor_command(Context& c, const Json& arguments) {
  Hmp hmp(c.op);
  const i64 cpu = arguments.value("cpu-index", i64(0));
  if (arguments.contains("cpu-index") && (cpu < 0 || !hmp.select_cpu(u64(cpu))))
    return fail("Parameter 'cpu-index' expects a CPU number");
  std::string text;
  for (const char ch : hmp.execute(arguments.at("command-line").get<std::string>())) {
    if (ch == '\n') text += '\r';
    text += ch;
  }
  return Json(text);
}

constexpr Handler kHandlers[] = {
    {"query-status", query_status},
    {"query-name", query_name},
    {"query-uuid", query_uuid},
    {"query-kvm", query_kvm},
    {"query-target", query_target},
    {"query-cpu-definitions", query_cpu_definitions},
    {"query-version", query_version},
    {"query-chardev", query_chardev},
    {"query-cpus", query_cpus},
    {"query-cpus-fast", query_cpus_fast},
    {"query-cpu-timing", query_cpu_timing},
    {"stop", stop},
    {"cont", cont},
    {"quit", quit},
    {"system_reset", reset},
    {"system_powerdown", powerdown},
    {"inject-nmi", nmi},
    {"human-monitor-command", human_monitor_command},
};

}  // namespace

std::span<const Handler> machine_handlers() { return kHandlers; }

// The version of QEMU whose commands these are; the package says what answers them.
Json version(const HostFacts& host) {
  return {{"qemu", {{"major", 2}, {"minor", 11}, {"micro", 2}}}, {"package", host.package}};
}

}  // namespace reprise::qmp
