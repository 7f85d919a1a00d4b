// What the commands work on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "qmp/commands/jobs.h"
#include "qmp/operator.h"
#include "qmp/operator_events.h"
#include "qmp/operator_travel.h"
#include "qmp/schema/schema.h"

namespace reprise::qmp {

// What only the host knows. None of it reaches the guest.
struct HostFacts {
  struct Time {
    u64 seconds, microseconds;  // since 1970
  };
  std::function<Time()> now;
  u64 process_id = 0;
  std::string package;  // "Reprise 0.4"
};

struct Context {
  Context(Operator& op_, OperatorEvents& events_, HostFacts host_)
      : op(op_), events(events_), host(std::move(host_)), jobs(events_) {}

  Operator& op;
  OperatorEvents& events;
  const HostFacts host;
  const Schema schema;
  Jobs jobs;
  struct Query {
    std::unique_ptr<TravelQuery> query;
    bool done = false;
  };
  std::map<std::string, Query> queries;  // of replay-query, by job
  std::optional<u32> replay_break;       // id of the one breakpoint of replay-break
  unsigned buttons = 0;                  // of the mouse, as OperatorConsole has them
  // The commands that have a handler, by name.
  std::vector<const Command*> callable;
};

Json version(const HostFacts& host);  // VersionInfo

// `run` is given arguments that the schema allows; what it returns is checked in tests.
struct Handler {
  const char* name;
  Result<Json> (*run)(Context& context, const Json& arguments);
  // False: this machine lacks what the command is about, and so has no such command.
  bool (*there)(Operator& op) = nullptr;
};

std::span<const Handler> machine_handlers();
std::span<const Handler> schema_handlers();
std::span<const Handler> memory_handlers();
std::span<const Handler> console_handlers();
std::span<const Handler> drive_handlers();
std::span<const Handler> travel_handlers();
std::span<const Handler> break_handlers();
std::span<const Handler> snapshot_handlers();
std::span<const Handler> job_handlers();
std::span<const Handler> query_handlers();

inline Result<Json> answer(const Result<void>& result) {
  if (!result) return result.error();
  return Json::object();
}

}  // namespace reprise::qmp
