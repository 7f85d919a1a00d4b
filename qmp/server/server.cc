#include "qmp/server/server.h"

#include <algorithm>

#include "qmp/operator_travel.h"
#include "qmp/server/monitor.h"

namespace reprise::qmp {

Server::Server(Operator& op, HostFacts host) : context_(op, *this, std::move(host)) {
  for (const auto& handlers :
       {machine_handlers(), schema_handlers(), memory_handlers(), console_handlers(),
        drive_handlers(), travel_handlers(), break_handlers(), snapshot_handlers(),
        query_handlers(), job_handlers()})
    add(handlers);
}

void Server::add(std::span<const Handler> handlers) {
  for (const Handler& handler : handlers) {
    const Command* command = context_.schema.find(handler.name);
    check(command, "a handler without a command in the schema");
    check(entries_.emplace(handler.name, Entry{&handler, command}).second,
          "two handlers of one command");
  }
}

Result<Json> Server::execute(const std::string& name, const Json& arguments) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || !there(*found->second.handler))
    return Error{"The command " + name.substr(0, 60) + " has not been found", "CommandNotFound"};
  const auto [handler, command] = found->second;
  if (auto wrong = problem(*command->args, arguments, "", command->open)) return fail(*wrong);
  TRY(legal(*command));
  context_.callable.clear();  // what a machine has may change
  for (const auto& [unused, entry] : entries_)
    if (there(*entry.handler)) context_.callable.push_back(entry.command);
  auto answer = handler->run(context_, arguments);
  if (check_answers_ && answer) {
    const auto wrong = problem(*command->returns, *answer, name);
    check(!wrong, wrong ? wrong->c_str() : "");
  }
  return answer;
}

Result<void> Server::legal(const Command& command) const {
  OperatorTravel* travel = context_.op.travel();
  if (command.logged && travel && travel->travel_status().mode != TravelMode::Live)
    return fail("'" + command.name +
                "' changes what the guest does, and this is a run of the past, which can only be "
                "watched; 'replay-live' goes on live from here");
  const std::string state(reprise::name(context_.op.run_state()));
  const auto& states = command.states;
  if (states.empty() || std::find(states.begin(), states.end(), state) != states.end()) return {};
  return fail("'" + command.name + "' is not possible while the machine is " + state +
              (state == "running" ? "; 'stop' it first" : ""));
}

void Server::event(std::string_view name, const Json& data) {
  const Type* type = context_.schema.event(name);
  check(type, "an event that the schema does not have");
  const auto wrong = problem(*type, data, "data");
  check(!wrong, wrong ? wrong->c_str() : "");
  const HostFacts::Time now = context_.host.now();
  const Json time{{"seconds", now.seconds}, {"microseconds", now.microseconds}};
  for (Monitor* monitor : monitors_) monitor->tell(time, name, data);
}

}  // namespace reprise::qmp
