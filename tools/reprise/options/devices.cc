// -device: what the board does not have anyway.
#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

Result<void> device(Parser& p, const std::string& text) {
  const std::string kind = text.substr(0, text.find(','));
  if (kind != "isa-debug-exit")
    return fail("-device " + kind + ": no such device; " +
                expected_one_of(kind, {"isa-debug-exit"}));
  const auto values =
      TRY(Suboptions::parse("-device", text, "driver", {"driver", "id", "iobase", "iosize"}));
  TRY(values.number("iobase", 0x501, 0, 0xFFFF));
  TRY(values.number("iosize", 2, 1, 4));
  DeviceOption option{kind, {}};
  for (const auto& [key, value] : values.all())
    if (key != "driver") option.properties[key] = value;
  p.options.config.devices.push_back(std::move(option));
  p.options.given.insert("devices");
  return {};
}

constexpr Row kRows[] = {
    {"device", "KIND,...", "isa-debug-exit[,iobase=P][,iosize=N]", device},
};

}  // namespace

std::span<const Row> device_rows() { return kRows; }

}  // namespace reprise::tools
