// The program as a process: in the background (-daemonize), known by a file (-pidfile), with
// standard streams and signals that cannot hurt it.
#pragma once

#include <string>

#include "replay/core/result.h"
#include "tools/reprise/options.h"

namespace reprise::tools {

// First of all. A closed standard stream becomes /dev/null, or the next file opened would take its
// place and get what is printed. A reader that went away or a limit on file sizes is an error of
// that one write, not the program's end.
void prepare_process();

class Daemon {
 public:
  // -daemonize: from here on this is the child; the parent waits for ready() and exits with 0, or
  // with 1 when the child ends before. Before any thread is started.
  static Result<void> begin(Options& options);

  explicit Daemon(const Options& options) : options_(options) {}
  ~Daemon();  // removes the pidfile

  // All is open and listens, the machine is about to run: writes the pidfile, and lets the parent
  // and the terminal go.
  Result<void> ready();

 private:
  Result<void> write_pidfile();
  const Options& options_;
  int pidfile_ = -1;
};

}  // namespace reprise::tools
