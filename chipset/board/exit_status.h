// Why a machine stopped, as far as the guest asked for it.
#pragma once

#include "replay/core/types.h"

namespace reprise {

struct ExitStatus {
  enum Kind : u8 {
    None,
    Shutdown,    // soft off, or a reset that -no-reboot turns into the end of the run
    Reset,       // never seen from outside: the machine carries it out
    GuestPanic,  // the guest says that it cannot go on
    DebugExit,   // isa-debug-exit: `code` is the exit status it asked for
  };
  Kind kind = None;
  u32 code = 0;
};

}  // namespace reprise
