// QMP: finds a command's handler, checks arguments by the schema, and tells events to all monitors.
// Machine thread only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "qmp/commands/context.h"

namespace reprise::qmp {

class Monitor;

class Server final : public OperatorEvents {
 public:
  Server(Operator& op, HostFacts host);
  Result<Json> execute(const std::string& command, const Json& arguments);
  // To be called after commands were answered: what they have started.
  void run_jobs() { context_.jobs.run(); }
  // For tests: an answer that is not as the schema has it is a programmer's error.
  void check_answers(bool on) { check_answers_ = on; }

  void event(std::string_view name, const Json& data) override;
  const HostFacts& host() const { return context_.host; }
  const Schema& schema() const { return context_.schema; }

 private:
  friend class Monitor;  // they come and go
  void add(std::span<const Handler> handlers);
  Result<void> legal(const Command& command) const;
  bool there(const Handler& handler) const { return !handler.there || handler.there(context_.op); }

  Context context_;
  struct Entry {
    const Handler* handler;
    const Command* command;
  };
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<Monitor*> monitors_;
  bool check_answers_ = false;
};

}  // namespace reprise::qmp
