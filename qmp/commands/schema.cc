// What a client can ask for: only what has a handler.
#include "qmp/commands/context.h"

namespace reprise::qmp {
namespace {

Result<Json> qmp_capabilities(Context&, const Json&) { return Json::object(); }

Result<Json> query_commands(Context& c, const Json&) {
  Json out = Json::array();
  for (const Command* command : c.callable) out.push_back({{"name", command->name}});
  return out;
}

// Those that can be sent. QEMU lists all of its own, whether the machine has what they are about
// or not; so do we.
Result<Json> query_events(Context& c, const Json&) {
  Json out = Json::array();
  for (const auto& [name, data] : c.schema.events()) out.push_back({{"name", name}});
  return out;
}

Result<Json> query_qmp_schema(Context& c, const Json&) {
  return introspect(c.callable, c.schema.events());
}

constexpr Handler kHandlers[] = {
    {"qmp_capabilities", qmp_capabilities},
    {"query-commands", query_commands},
    {"query-events", query_events},
    {"query-qmp-schema", query_qmp_schema},
};

}  // namespace

std::span<const Handler> schema_handlers() { return kHandlers; }

}  // namespace reprise::qmp
