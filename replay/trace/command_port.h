// Operator commands with an effect on the guest come in through the door, like a key press: so
// they are recorded with their position, and happen again in replay.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "replay/core/door.h"

namespace reprise::trace {

class CommandPort {
 public:
  // `run` is called on the machine thread with one command: a line of JSON.
  CommandPort(Door& door, std::function<void(std::string_view)> run)
      : port_(door, "/machine:command", PortKind::Input, [run = std::move(run)](auto bytes) {
          run({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        }) {}

  // Any thread. False: refused, in replay or because too much waits at the door.
  bool submit(std::string_view command) {
    return port_.door().post(port_, {command.begin(), command.end()});
  }

 private:
  Port port_;
};

}  // namespace reprise::trace
