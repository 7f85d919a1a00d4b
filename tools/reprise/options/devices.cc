// -device: disks on their controllers, ports, and what the board does not have anyway.
#include <algorithm>
#include <set>

#include "tools/reprise/options/device_kinds.h"

namespace reprise::tools {
namespace {

using Attach = Result<void> (*)(Parser&, const std::string& kind, const Suboptions&);

struct Kind {
  const char* category;
  const char* name;
  const char* bus;
  const char* desc;        // null: none
  const char* properties;  // "name=type ..." ; id, bus and addr are everywhere
  Attach attach;
};

#define DRIVE_PROPERTIES                                                                    \
  "drive=str unit=uint32 bootindex=int32 serial=str model=str cyls=uint32 heads=uint32 "    \
  "secs=uint32 rerror=str werror=str logical_block_size=uint16 physical_block_size=uint16 " \
  "write-cache=str"
#define PORT_PROPERTIES "chardev=str index=uint32 iobase=uint32 irq=uint32"

constexpr Kind kKinds[] = {
    {"Storage", "floppy", "floppy-bus", "virtual floppy drive",
     "drive=str unit=uint32 bootindex=int32 rerror=str werror=str", attach_drive},
    {"Storage", "ide-cd", "IDE", "virtual IDE CD-ROM", DRIVE_PROPERTIES, attach_drive},
    {"Storage", "ide-drive", "IDE", "virtual IDE disk or CD-ROM (legacy)", DRIVE_PROPERTIES,
     attach_drive},
    {"Storage", "ide-hd", "IDE", "virtual IDE disk", DRIVE_PROPERTIES, attach_drive},
    {"Input", "isa-parallel", "ISA", nullptr, PORT_PROPERTIES, attach_parallel},
    {"Input", "isa-serial", "ISA", nullptr, PORT_PROPERTIES, attach_serial},
    {"Display", "VGA", "PCI", nullptr, "vgamem_mb=uint32 xres=uint32 yres=uint32 edid=bool",
     attach_vga},
    {"Misc", "isa-debug-exit", "ISA", nullptr, "iobase=uint32 iosize=uint32", attach_debug_exit},
    {"Misc", "isa-debugcon", "ISA", nullptr, "chardev=str iobase=uint32 readback=uint32",
     attach_debugcon},
};

// As QEMU prints it.
std::string list_of_kinds() {
  std::string text, category;
  for (const Kind& kind : kKinds) {
    if (category != kind.category)
      text += (text.empty() ? "" : "\n") + (category = kind.category) + " devices:\n";
    text += std::string("name \"") + kind.name + "\", bus " + kind.bus +
            (kind.desc ? std::string(", desc \"") + kind.desc + "\"" : "") + "\n";
  }
  return text;
}

// "drive=str unit=uint32" by words; `names`: without the types.
Names properties_of(const Kind& kind, bool names) {
  Names properties;
  std::string word;
  for (const char c : std::string(kind.properties) + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    properties.push_back(names ? word.substr(0, word.find('=')) : word);
    word.clear();
  }
  return properties;
}

std::string list_of_properties(const Kind& kind) {
  std::string text;
  for (const std::string& property : properties_of(kind, false))
    text += std::string(kind.name) + "." + property + "\n";
  return text;
}

const Kind* find_kind(const std::string& name) {
  for (const Kind& kind : kKinds)
    if (name == kind.name) return &kind;
  return nullptr;
}

// What QEMU has of this sort, and this machine not yet.
std::string missing(const std::string& driver) {
  const std::pair<const char*, const char*> sorts[] = {
      {"virtio", "virtio devices"},
      {"vhost", "virtio devices"},
      {"usb", "USB"},
      {"piix3-usb", "USB"},
      {"piix4-usb", "USB"},
      {"ich9-usb", "USB"},
      {"nec-usb", "USB"},
      {"qemu-xhci", "USB"},
      {"e1000", "network cards"},
      {"rtl8139", "network cards"},
      {"ne2k", "network cards"},
      {"pcnet", "network cards"},
      {"i825", "network cards"},
      {"vmxnet", "network cards"},
      {"scsi", "SCSI"},
      {"lsi", "SCSI"},
      {"megasas", "SCSI"},
      {"pvscsi", "SCSI"},
      {"ahci", "AHCI"},
      {"ich9-ahci", "AHCI"},
      {"nvme", "NVMe"},
      {"pci-bridge", "PCI bridges"},
      {"pcie", "PCI Express"},
      {"ioh3420", "PCI Express"},
      {"cirrus-vga", "such card"},
      {"qxl", "such card"},
      {"vmware-svga", "such card"},
      {"sb16", "sound cards"},
      {"AC97", "sound cards"},
      {"ES1370", "sound cards"},
      {"intel-hda", "sound cards"},
      {"hda-", "sound cards"},
      {"pvpanic", "such device"},
      {"pc-testdev", "such device"},
      {"i6300esb", "watchdogs"},
      {"ib700", "watchdogs"},
      {"vmgenid", "such device"},
      {"tpm", "TPM"},
      {"pc-dimm", "memory hotplug"},
      {"nvdimm", "memory hotplug"},
      {"vfio", "host devices"},
      {"intel-iommu", "IOMMU"},
  };
  for (const auto& [prefix, what] : sorts)
    if (driver.starts_with(prefix)) return what;
  return "";
}

Result<void> attach(Parser& p, const std::string& text, std::set<std::string>& ids) {
  auto values = TRY(Suboptions::parse("-device", text, "driver", {}));
  const std::string driver = values.text("driver");
  const Kind* kind = find_kind(driver);
  if (!kind) {
    const std::string sort = missing(driver);
    if (!sort.empty())
      return fail(values.option() + ": no " + sort + " yet; -device help lists what there is");
    Names names;
    for (const Kind& one : kKinds) names.push_back(one.name);
    return fail("-device " + shown(driver) + ": no such device; " + expected_one_of(driver, names));
  }
  Names known = properties_of(*kind, true);
  for (const char* common : {"driver", "id", "bus", "addr"}) known.push_back(common);
  for (GlobalArgument& global : p.globals)
    if (global.driver == driver && global.property != "bus")
      values.add_default(global.property, global.value);
  for (const auto& [key, value] : values.all())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return fail(values.option() + ": " + driver + " has no property '" + shown(key) + "'; " +
                  expected_one_of(key, known));
  if (const std::string id = values.text("id"); !id.empty() && !ids.insert(id).second)
    return fail(values.option() + ": another -device has the id '" + shown(id) + "', too");
  const std::string bus = values.text("bus");
  const std::string board_bus = std::string(kind->bus) == "ISA" ? "isa.0" : "pci.0";
  if (!bus.empty() && kind->attach != attach_drive && bus != board_bus)
    return fail(values.option() + ": bus=" + shown(bus) + ": expected " + board_bus);
  return kind->attach(p, driver, values);
}

Result<void> device(Parser& p, const std::string& text) {
  if (text == "help" || text == "?") {
    p.options.say = list_of_kinds();
    return {};
  }
  const std::string end = text.substr(text.rfind(',') + 1);
  const Kind* kind = find_kind(text.substr(0, text.find(',')));
  if (kind && (end == "help" || end == "?"))
    p.options.say = list_of_properties(*kind);
  else
    p.device_texts.push_back(text);
  return {};
}

constexpr Row kRows[] = {
    {"device", "KIND[,PROPERTY=VALUE...]",
     "add a device: -device help lists them, -device KIND,help its properties", device},
};

}  // namespace

std::span<const Row> device_rows() { return kRows; }

bool is_device_kind(const std::string& name) { return find_kind(name) != nullptr; }

Names device_properties(const std::string& kind) { return properties_of(*find_kind(kind), true); }

Result<void> attach_devices(Parser& p) {
  std::set<std::string> ids;
  for (const std::string& text : p.device_texts) TRY(attach(p, text, ids));
  return {};
}

}  // namespace reprise::tools
