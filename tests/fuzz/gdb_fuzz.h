// Any bytes from whoever has connected to the gdb stub. A first byte of 0 gives the rest to the
// packet reader as it is; otherwise lines become packets, with checksums that fit. 01h on a line of
// its own ends a journey at a breakpoint.
#pragma once

#include "tests/qmp/gdb_rig.h"

namespace reprise {

inline void debug_with(GdbRig& rig, std::span<const u8> input) {
  rig.stub->connected();
  std::string_view rest(reinterpret_cast<const char*>(input.data()), input.size());
  if (rest.starts_with('\0')) {
    rig.raw(rest.substr(1));
  } else {
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line == "\x01")
        rig.journey.hit(rig.journey.last_id, 0x1000, 1), rig.poll();
      else
        rig.raw(line == "\x03" ? std::string(line) : gdb::packet(line));
    }
  }
  check(rig.journey.all.size() <= Stops::kMaxStops, "breakpoints are bounded");
  rig.stub->disconnected();
  check(rig.journey.all.empty(), "a debugger's breakpoints go with it");
}

}  // namespace reprise
