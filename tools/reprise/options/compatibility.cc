// Options of QEMU's that its users give by habit: those that ask for nothing that a guest or an
// operator would notice, and those for what is not there yet, which say so.
#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

Result<void> accept(Parser&, const std::string&) { return {}; }

Result<void> overcommit(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-overcommit", text, "", {"mem-lock", "cpu-pm"}));
  for (const char* key : {"mem-lock", "cpu-pm"})
    if (TRY(values.on_off(key, false)))
      p.options.warnings.push_back(std::string("-overcommit ") + key + "=on has no effect");
  return {};
}

Result<void> realtime(Parser& p, const std::string& text) {
  if (TRY(TRY(Suboptions::parse("-realtime", text, "", {"mlock"})).on_off("mlock", true)))
    p.options.warnings.push_back("-realtime mlock=on has no effect");
  return {};
}

Result<void> message(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-msg", text, "", {"timestamp", "guest-name"}));
  p.options.timestamps = TRY(values.on_off("timestamp", false));
  TRY(values.on_off("guest-name", false));
  return {};
}

Result<void> sandbox(Parser& p, const std::string& text) {
  const auto values = TRY(
      Suboptions::parse("-sandbox", text, "enable",
                        {"enable", "obsolete", "elevateprivileges", "spawn", "resourcecontrol"}));
  if (TRY(values.on_off("enable", false)))
    p.options.warnings.push_back(
        "-sandbox on: no sandbox yet; the program keeps all rights of its user");
  return {};
}

Result<void> keyboard(Parser&, const std::string& text) {
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || c == '-'))
      return fail("-k " + shown(text) + ": expected the name of a layout, such as en-us");
  if (text.empty() || text.size() > 32)
    return fail("-k " + shown(text) + ": expected the name of a layout, such as en-us");
  return {};
}

Result<void> vnc(Parser& p, const std::string& text) {
  if (text != "none") return fail("-vnc " + shown(text) + ": no VNC yet; expected none");
  p.display = "none";
  return {};
}

Result<void> network(Parser&, const std::string& text) {
  if (text == "none") return {};
  return fail("-net " + shown(text) + ": no network cards yet; expected none");
}

Result<void> usb(Parser&, const std::string&) {
  return fail("-usb: USB is not there yet; the keyboard and mouse are PS/2");
}

template <const char* Name>
Result<void> no_accelerator(Parser&, const std::string&) {
  return fail("-enable-" + std::string(Name) +
              ": expected no accelerator: the interpreter is what makes runs repeatable");
}
constexpr char kKvm[] = "kvm", kHax[] = "hax";

Result<void> proxmox_id(Parser&, const std::string& text) {
  return fail("-id " + shown(text) + ": leave it out: only Proxmox's own QEMU has it; see -name");
}

constexpr Row kRows[] = {
    {"overcommit", "mem-lock=off|on,cpu-pm=off|on", "no effect", overcommit},
    {"msg", "timestamp=on|off", "begin messages with the time", message},
    {"sandbox", "on|off,...", "no sandbox yet: on is warned of", sandbox},
    {"k", "LAYOUT", "no effect: keys are given as the guest's keyboard has them", keyboard},
    {"vnc", "none", "no VNC display yet", vnc},
    {"net", "none", "no network cards yet", network},
    {"nic", "none", nullptr, network},
    {"usb", nullptr, nullptr, usb},
    {"enable-kvm", nullptr, nullptr, no_accelerator<kKvm>},
    {"enable-hax", nullptr, nullptr, no_accelerator<kHax>},
    {"realtime", "mlock=on|off", nullptr, realtime},
    {"no-user-config", nullptr, "no effect: no configuration file is read by itself", accept},
    {"nodefconfig", nullptr, "no effect", accept},
    {"no-kvm", nullptr, nullptr, accept},
    {"no-kvm-irqchip", nullptr, nullptr, accept},
    {"no-kvm-pit", nullptr, nullptr, accept},
    {"no-kvm-pit-reinjection", nullptr, nullptr, accept},
    {"tdf", nullptr, nullptr, accept},
    {"rtc-td-hack", nullptr, nullptr, accept},
    {"win2k-hack", nullptr, nullptr, accept},
    {"no-frame", nullptr, nullptr, accept},
    {"no-quit", nullptr, nullptr, accept},
    {"alt-grab", nullptr, nullptr, accept},
    {"ctrl-grab", nullptr, nullptr, accept},
    {"only-migratable", nullptr, nullptr, accept},
    {"enable-fips", nullptr, nullptr, accept},
    {"show-cursor", nullptr, nullptr, accept},
    {"singlestep", nullptr, nullptr, accept},
    {"tb-size", "MIB", nullptr, accept},
    {"clock", "NAME", nullptr, accept},
    {"compat", "...", nullptr, accept},
    {"async-teardown", nullptr, nullptr, accept},
    {"enable-sync-profile", nullptr, nullptr, accept},

    {"netdev", "KIND,id=ID,...", nullptr, nullptr, "network cards"},
    {"redir", "...", nullptr, nullptr, "network cards"},
    {"tftp", "DIR", nullptr, nullptr, "network cards"},
    {"bootp", "FILE", nullptr, nullptr, "network cards"},
    {"smb", "DIR", nullptr, nullptr, "network cards"},
    {"usbdevice", "NAME", nullptr, nullptr, "USB"},
    {"incoming", "URI", nullptr, nullptr, "migration"},
    {"pflash", "FILE", nullptr, nullptr, "flash"},
    {"sd", "FILE", nullptr, nullptr, "SD cards"},
    {"mtdblock", "FILE", nullptr, nullptr, "flash"},
    {"option-rom", "FILE", nullptr, nullptr, "option ROMs of one's own"},
    {"acpitable", "...", nullptr, nullptr, "ACPI tables of one's own"},
    {"dtb", "FILE", nullptr, nullptr, "device trees"},
    {"numa", "...", nullptr, nullptr, "NUMA"},
    {"mem-path", "DIR", nullptr, nullptr, "RAM in files"},
    {"mem-prealloc", nullptr, nullptr, nullptr, "RAM in files"},
    {"full-screen", nullptr, nullptr, nullptr,
     "full screen from the start (Ctrl-Alt-F in the window is there)"},
    {"rotate", "DEGREES", nullptr, nullptr, "turned screens"},
    {"portrait", nullptr, nullptr, nullptr, "turned screens"},
    {"echr", "CODE", nullptr, nullptr, "other escape character than Ctrl-A"},
    {"audio", "DRIVER,model=...", nullptr, nullptr,
     "sound cards (-audiodev is for the PC speaker)"},
    {"bt", "...", nullptr, nullptr, "Bluetooth"},
    {"iscsi", "...", nullptr, nullptr, "iSCSI"},
    {"xen-domid", "N", nullptr, nullptr, "Xen"},
    {"xen-attach", nullptr, nullptr, nullptr, "Xen"},
    {"xen-create", nullptr, nullptr, nullptr, "Xen"},
    {"xen-domid-restrict", nullptr, nullptr, nullptr, "Xen"},
    {"dump-vmstate", "FILE", nullptr, nullptr, "migration"},
    {"virtfs_synth", nullptr, nullptr, nullptr, "shared folders"},
    {"watchdog", "KIND", nullptr, nullptr, "watchdogs"},
    {"watchdog-action", "ACTION", nullptr, nullptr, "watchdogs"},
    {"action", "...", nullptr, nullptr, "actions (-no-reboot and -no-shutdown are there)"},
    {"balloon", "KIND", nullptr, nullptr, "balloon"},
    {"virtfs", "...", nullptr, nullptr, "shared folders"},
    {"fsdev", "...", nullptr, nullptr, "shared folders"},
    {"tpmdev", "...", nullptr, nullptr, "TPM"},
    {"spice", "...", nullptr, nullptr, "SPICE"},
    {"virtioconsole", "DEV", nullptr, nullptr, "virtio devices"},
    {"runas", "USER", nullptr, nullptr, "change of user"},
    {"chroot", "DIR", nullptr, nullptr, "change of root"},
    {"add-fd", "...", nullptr, nullptr, "passed file descriptors"},
    {"trace", "...", nullptr, nullptr, "trace events (-d is there)"},
    {"plugin", "...", nullptr, nullptr, "plugins"},
    {"dfilter", "...", nullptr, nullptr, "filters of -d"},
    {"qtest", "DEV", nullptr, nullptr, "qtest"},
    {"qtest-log", "FILE", nullptr, nullptr, "qtest"},
    {"preconfig", nullptr, nullptr, nullptr, "QMP"},
    {"set", "GROUP.ID.ARG=VALUE", nullptr, nullptr, "changes of other options"},
    {"id", "N", nullptr, proxmox_id},
};

}  // namespace

std::span<const Row> compatibility_rows() { return kRows; }

}  // namespace reprise::tools
