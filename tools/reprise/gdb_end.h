// Where gdb connects, and the stub that answers it.
#pragma once

#include <memory>

#include "chipset/host/chardev.h"
#include "qmp/gdb/stub.h"
#include "qmp/hmp/hmp.h"

namespace reprise::tools {

class GdbEnd {
 public:
  GdbEnd(Operator& op, Hmp& hmp);
  ~GdbEnd();

  void on_input(std::function<void()> wake) { door_.on_post(std::move(wake)); }
  // Instead of what there was.
  Result<void> open(const ChardevOptions& where);
  void close();
  // The machine has become another: gdb is sent away, and may come again. Does not wait for it.
  Result<void> open_again();
  // A command of gdb's is being done: neither open() nor close() may be called.
  bool answering() const { return answering_; }
  std::string address() const { return chardev_ ? chardev_->address() : "none"; }
  // Machine thread, between slices: what gdb has sent.
  void poll();
  void ended(int exit_status);  // of the program

 private:
  void line(u8 event);

  Operator& op_;
  Hmp& hmp_;
  // No recording sees this door. Comings, goings and bytes keep their order in it.
  Door door_{[] { return Position{}; }};
  Port in_, line_, out_;
  bool answering_ = false;
  ChardevOptions where_;
  std::unique_ptr<GdbStub> stub_;
  std::unique_ptr<Chardev> chardev_;  // first to go: its threads use the rest
};

}  // namespace reprise::tools
