// -device isa-serial, isa-parallel, isa-debugcon, isa-debug-exit, VGA.
#include <algorithm>

#include "tools/reprise/options/device_kinds.h"

namespace reprise::tools {
namespace {

Result<ChardevOptions> chardev_of(Parser& p, const Suboptions& values) {
  const std::string* id = values.find("chardev");
  if (!id) return fail(values.option() + ": expected chardev=ID of a -chardev");
  return *TRY(host_end(p, values.option(), "chardev:" + *id));
}

struct PortPlace {
  u64 iobase, irq;
};

Result<void> add_port(Parser& p, const Suboptions& values,
                      std::vector<std::optional<ChardevOptions>>& ports,
                      std::span<const PortPlace> places) {
  const ChardevOptions end = TRY(chardev_of(p, values));
  const u64 next = ports.size();
  u64 index = TRY(values.number("index", next, 0, places.size() - 1));
  for (u64 i = 0; i < places.size() && !values.find("index") && values.find("iobase"); ++i)
    if (TRY(values.number("iobase", 0, 0, 0xffff)) == places[i].iobase) index = i;
  if (index >= places.size())
    return fail(values.option() + ": a PC has at most " + std::to_string(places.size()) +
                " of these ports");
  if (index < next && ports[index])
    return fail(values.option() + ": there is a port " + std::to_string(index) + " already");
  if (TRY(values.number("iobase", places[index].iobase, 0, 0xffff)) != places[index].iobase ||
      TRY(values.number("irq", places[index].irq, 0, 15)) != places[index].irq)
    return fail(values.option() + ": port " + std::to_string(index) +
                " is at iobase=" + std::to_string(places[index].iobase) +
                ",irq=" + std::to_string(places[index].irq) + "; expected these");
  ports.resize(std::max(next, index + 1));
  ports[index] = end;
  return {};
}

}  // namespace

Result<void> attach_serial(Parser& p, const std::string&, const Suboptions& values) {
  constexpr PortPlace kPlaces[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}};
  p.default_serial = false;
  return add_port(p, values, p.options.serials, kPlaces);
}

Result<void> attach_parallel(Parser& p, const std::string&, const Suboptions& values) {
  constexpr PortPlace kPlaces[] = {{0x378, 7}, {0x278, 7}, {0x3bc, 7}};
  p.default_parallel = false;
  return add_port(p, values, p.options.parallels, kPlaces);
}

Result<void> attach_debugcon(Parser& p, const std::string&, const Suboptions& values) {
  const u64 base = TRY(values.number("iobase", 0xe9, 0, 0xffff));
  TRY(values.number("readback", 0xe9, 0xe9, 0xe9));
  if (base != 0xe9 && base != 0x402)
    return fail(values.option() + ": iobase=: expected 0xe9 or 0x402");
  std::optional<ChardevOptions>& end = base == 0xe9 ? p.options.port_e9 : p.options.debugcon;
  if (end) return fail(values.option() + ": there is a debug console at that port");
  end = TRY(chardev_of(p, values));
  if (base == 0x402) {
    p.options.config.debugcon = true;
    p.options.given.insert("debugcon");
  }
  return {};
}

Result<void> set_vga_properties(MachineConfig& config, const Suboptions& values) {
  TRY(values.number("vgamem_mb", 16, 16, 16));
  config.xres = unsigned(TRY(values.number("xres", config.xres, 0, 0xffff)));
  config.yres = unsigned(TRY(values.number("yres", config.yres, 0, 0xffff)));
  TRY(values.one_of("edid", "on", {"on"}));
  return {};
}

Result<void> attach_vga(Parser& p, const std::string&, const Suboptions& values) {
  MachineConfig& config = p.options.config;
  TRY(set_vga_properties(config, values));
  const std::string addr = values.text("addr", "0x2");
  if (addr != "0x2" && addr != "2" && addr != "02.0" && addr != "0x2.0" && addr != "2.0")
    return fail(values.option() + ": addr=" + shown(addr) + ": the VGA is at 0x2");
  if (config.vga == "std" && p.options.given.contains("vga"))
    return fail(values.option() + ": one VGA is enough");
  config.vga = "std";
  p.default_vga = false;
  p.options.given.insert("vga");
  return {};
}

Result<void> attach_debug_exit(Parser& p, const std::string& kind, const Suboptions& values) {
  TRY(values.number("iobase", 0x501, 0, 0xFFFF));
  TRY(values.number("iosize", 2, 1, 4));
  DeviceOption option{kind, {}};
  for (const auto& [key, value] : values.all())
    if (key != "driver") option.properties[key] = value;
  for (const DeviceOption& other : p.options.config.devices)
    if (other.kind == kind) return fail(values.option() + ": one is enough");
  p.options.config.devices.push_back(std::move(option));
  p.options.given.insert("devices");
  return {};
}

}  // namespace reprise::tools
