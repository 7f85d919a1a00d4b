// What a traveller has while a live run is in its past.
#pragma once

#include "tools/reprise/traveller.h"

namespace reprise::tools {

// A live run that looks at its past: the log so far is played.
struct Traveller::Past {
  explicit Past(trace::Recording&& log, PcI440fx& machine)
      : recording(std::move(log)), replayer(machine, recording) {}
  trace::Recording recording;
  trace::Replayer replayer;
  ExitStatus exit;  // what had ended the run at the present
  std::unique_ptr<TimeTravel> travel;
};

}  // namespace reprise::tools
