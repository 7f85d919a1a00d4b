// What happens to the machine, told to whoever watches it (QMP's events; see qmp/schema for their
// names and data).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace reprise {

class OperatorEvents {
 public:
  virtual ~OperatorEvents() = default;
  // Machine thread. `data`: an object, as the schema has it.
  virtual void event(std::string_view name, const nlohmann::json& data) = 0;
};

}  // namespace reprise
