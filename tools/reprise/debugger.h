// The machine's memory and registers as an operator has them.
#pragma once

#include "chipset/board/pc_i440fx.h"
#include "qmp/operator_debug.h"

namespace reprise::tools {

class Debugger final : public OperatorDebug {
 public:
  explicit Debugger(PcI440fx& machine) : machine_(machine) {}

  std::vector<u8> read_linear(unsigned cpu, u64 address, u64 length) override;
  std::vector<u8> read_physical(u64 address, u64 length) override;
  Result<void> write_linear(unsigned cpu, u64 address, std::span<const u8> bytes) override;
  Result<void> write_physical(u64 address, std::span<const u8> bytes) override;
  Result<void> write_register(unsigned cpu, std::string_view name,
                              std::span<const u8> bytes) override;

 private:
  // Through the door at this boundary. `refused`: what to say if the machine cannot do it.
  Result<void> change(std::vector<u8> message, const std::string& refused);

  PcI440fx& machine_;
};

}  // namespace reprise::tools
