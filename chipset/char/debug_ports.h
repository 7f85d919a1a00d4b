// Ports for firmware and tests to speak to whoever runs the machine.
//
// Source: SeaBIOS's debug port (402h reads back E9h so that firmware can tell it is there), the
// Bochs E9h hack, QEMU's isa-debug-exit.
//   402h or E9h  rw  writes go to the text port; reads give E9h
//   501h, 2 bytes wo  isa-debug-exit: ends the run with exit status (value << 1) | 1
#pragma once

#include <functional>

#include "chipset/memory/handlers.h"
#include "replay/core/device.h"

namespace reprise {

class DebugCon final : public Device, public IoHandler {
 public:
  explicit DebugCon(const DeviceContext& context)
      : Device(context), out_(context.door, context.path + ":out", PortKind::Text) {}
  std::string_view kind() const override { return "debugcon"; }
  void reset() override {}
  void state(State&) override {}  // nothing but a door
  u32 io_read(u16, unsigned) override { return 0xe9; }
  void io_write(u16, unsigned, u32 value) override {
    const u8 byte = u8(value);
    out_.door().emit(out_, {&byte, 1});
  }
  Port& out() { return out_; }  // ":out"

 private:
  Port out_;
};

class IsaDebugExit final : public Device, public IoHandler {
 public:
  // `exit` asks the machine to end with this status at the next instruction boundary. The status is
  // (value << 1) | 1 for a value as wide as the write.
  IsaDebugExit(const DeviceContext& context, std::function<void(u32)> exit)
      : Device(context), exit_(std::move(exit)) {}
  static constexpr u16 kDefaultBase = 0x501, kDefaultSize = 2;
  std::string_view kind() const override { return "isa-debug-exit"; }
  void reset() override {}
  void state(State&) override {}
  u32 io_read(u16, unsigned) override { return 0; }
  void io_write(u16, unsigned, u32 value) override {
    if (exit_) exit_(value << 1 | 1);
  }

 private:
  std::function<void(u32)> exit_;
};

}  // namespace reprise
