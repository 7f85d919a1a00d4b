// Disks, CDs and floppies.
#include <algorithm>

#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

using Names = std::vector<std::string>;

// An option that says how the host is to do its I/O: checked, and without effect on a machine
// whose every request takes its virtual time.
struct Ignored {
  const char* key;
  Names values;
};

Result<void> check_ignored(const Suboptions& values) {
  const Names on_off = {"on", "off"};
  const Ignored ignored[] = {
      {"cache", {"none", "writeback", "writethrough", "directsync", "unsafe"}},
      {"aio", {"threads", "native", "io_uring"}},
      {"discard", {"ignore", "unmap", "off", "on"}},
      {"detect-zeroes", {"off", "on", "unmap"}},
      {"trans", {"auto"}},  // which one is the firmware's choice
      {"boot", on_off},
      {"auto-read-only", on_off},
      {"cache.direct", on_off},
      {"cache.no-flush", on_off},
      {"cache.writeback", on_off},
      {"file.driver", {"file"}},
      {"file.locking", {"on", "off", "auto"}},
      {"locking", {"on", "off", "auto"}},
      {"file.aio", {"threads", "native", "io_uring"}},
      {"driver", {"raw", "file"}},
  };
  for (const Ignored& one : ignored) TRY(values.one_of(one.key, "", one.values));
  if (TRY(values.on_off("copy-on-read", false)))
    return fail(values.option() +
                ": copy-on-read=on needs an image with a backing file, which is not there yet");
  for (const auto& [key, value] : values.all())
    if ((key.starts_with("throttling.") || key.starts_with("iops") || key.starts_with("bps")) &&
        value != "0")
      return fail(values.option() + ": " + key + "=: no throttling yet; expected 0");
  return {};
}

const Names& drive_keys() {
  static const Names kKeys = {
      "file", "if", "index", "bus", "unit", "media", "format", "id", "snapshot", "readonly",
      "read-only", "serial", "werror", "rerror", "cyls", "heads", "secs", "file.filename",
      // checked and ignored
      "cache", "aio", "discard", "detect-zeroes", "trans", "boot", "auto-read-only", "cache.direct",
      "cache.no-flush", "cache.writeback", "file.driver", "file.locking", "locking", "file.aio",
      "driver", "copy-on-read", "throttling.iops-total", "throttling.iops-read",
      "throttling.iops-write", "throttling.bps-total", "throttling.bps-read",
      "throttling.bps-write", "iops", "iops_rd", "iops_wr", "bps", "bps_rd", "bps_wr"};
  return kKeys;
}

Result<void> check_format(const Suboptions& values, const std::string& key) {
  const std::string format = values.text(key, "raw");
  if (format == "raw") return {};
  const Names others = {"qcow2", "qcow",      "qed",   "vmdk",  "vdi", "vpc",
                        "vhdx",  "parallels", "bochs", "cloop", "dmg", "luks"};
  if (std::find(others.begin(), others.end(), format) != others.end())
    return fail(values.option() + ": " + key + "=" + format +
                ": images of that format cannot be read yet; expected raw (`qemu-img convert -O "
                "raw` makes one)");
  return fail(values.option() + ": " + key + "=" + shown(format) + ": expected raw");
}

Result<void> check_interface(const Suboptions& values, const std::string& interface) {
  for (const char* known : {"ide", "floppy", "none"})
    if (interface == known) return {};
  const std::string exist = "; the interfaces are ide, floppy, and none (for a -device)";
  for (const char* missing : {"virtio", "scsi", "sd", "mtd", "pflash", "xen"})
    if (interface == missing)
      return fail(values.option() + ": if=" + interface + ": no such interface yet" + exist);
  return fail(values.option() + ": if=" + shown(interface) + ": no such interface" + exist);
}

// Two IDE channels of two devices, two floppy drives. index counts them through.
Result<void> place(Parser& p, const Suboptions& values, DriveConfig& drive) {
  if (drive.interface == "none") {
    for (const char* key : {"index", "bus", "unit"})
      if (values.find(key))
        return fail(values.option() + ": " + key + "= needs if=ide or if=floppy");
    return {};
  }
  const unsigned per_bus = 2, buses = drive.interface == "ide" ? 2 : 1;
  const auto owner = [&](unsigned bus, unsigned unit) -> const DriveArgument* {
    for (const DriveArgument& other : p.drives)
      if (other.config.interface == drive.interface && other.config.bus == bus &&
          other.config.unit == unit)
        return &other;
    return nullptr;
  };
  if (values.find("index") && (values.find("bus") || values.find("unit")))
    return fail(values.option() + ": index= counts bus and unit through; expected one of the two");
  const u64 index = TRY(values.number("index", 0, 0, per_bus * buses - 1));
  drive.bus = unsigned(TRY(values.number("bus", index / per_bus, 0, buses - 1)));
  drive.unit = unsigned(TRY(values.number("unit", index % per_bus, 0, per_bus - 1)));
  if (!values.find("index") && !values.find("unit")) {
    // The first free one, on the bus that is given.
    const unsigned end = values.find("bus") ? drive.bus + 1 : buses;
    for (; drive.bus < end; ++drive.bus, drive.unit = 0)
      for (drive.unit = 0; drive.unit < per_bus; ++drive.unit)
        if (!owner(drive.bus, drive.unit)) return {};
    return fail(values.option() + ": every place of " + drive.interface + " has a drive (" +
                std::to_string(per_bus) + " on " + std::to_string(buses) + " bus" +
                (buses > 1 ? "es" : "") + ")");
  }
  if (const DriveArgument* other = owner(drive.bus, drive.unit))
    return fail(values.option() + ": " + other->where + " is at " + drive.interface + " bus " +
                std::to_string(drive.bus) + ", unit " + std::to_string(drive.unit) + " (index " +
                std::to_string(drive.bus * per_bus + drive.unit) + "); expected another place");
  return {};
}

std::string automatic_id(const Parser& p, const DriveConfig& drive) {
  if (drive.interface == "ide")
    return "ide" + std::to_string(drive.bus) + (drive.media == "cdrom" ? "-cd" : "-hd") +
           std::to_string(drive.unit);
  if (drive.interface == "floppy") return "floppy" + std::to_string(drive.unit);
  for (unsigned number = 0;; ++number) {
    const std::string id = "none" + std::to_string(number);
    if (std::none_of(p.drives.begin(), p.drives.end(),
                     [&](const DriveArgument& other) { return other.config.id == id; }))
      return id;
  }
}

Result<void> blockdev(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-blockdev", text, "", {}));
  const std::string name = values.text("node-name");
  if (name.empty()) return fail(values.option() + ": expected node-name=");
  BlockNodeArgument node;
  node.where = values.option();
  node.driver = values.text("driver");
  node.read_only = TRY(values.on_off("read-only", false));
  if (node.driver == "raw") {
    node.child = values.text("file");
    node.filename = values.text("file.filename");
    if (node.child.empty() == node.filename.empty())
      return fail(values.option() + ": expected file=NODE, or file.driver=file,file.filename=");
    if (!node.filename.empty()) TRY(values.one_of("file.driver", "", {"file"}));
  } else if (node.driver == "file" || node.driver == "host_device") {
    node.filename = values.text("filename");
    if (node.filename.empty()) return fail(values.option() + ": expected filename=");
  } else {
    TRY(check_format(values, "driver"));
    return fail(values.option() + ": driver=" + shown(node.driver) + ": expected raw or file");
  }
  if (!p.nodes.emplace(name, node).second)
    return fail(values.option() + ": the node-name is used twice");
  return {};
}

Result<void> old_geometry(Parser& p, const std::string& text) {
  for (DriveArgument& drive : p.drives) {
    if (drive.config.interface != "ide" || drive.config.bus || drive.config.unit) continue;
    std::string rest = text + ",", keys;
    for (const char* key : {"cyls=", "heads=", "secs="}) {
      keys += (keys.empty() ? "" : ",") + std::string(key) + rest.substr(0, rest.find(','));
      rest = rest.substr(std::min(rest.find(','), rest.size() - 1) + 1);
      if (rest.empty()) rest = ",";
    }
    return set_geometry(TRY(Suboptions::parse("-hdachs", keys, "", {})), drive.config);
  }
  return fail("-hdachs " + shown(text) + ": expected -hda before it");
}

template <const char* Name>
Result<void> shortcut(Parser& p, const std::string& text) {
  const std::string option = std::string("-") + Name;
  auto values = TRY(Suboptions::parse(option, shortcut_drive(Name, text), "", {}));
  values.set_option(option + " " + shown(text));
  return add_drive(p, values);
}

constexpr char kHda[] = "hda", kHdb[] = "hdb", kHdc[] = "hdc", kHdd[] = "hdd", kFda[] = "fda",
               kFdb[] = "fdb", kCdrom[] = "cdrom";

constexpr Row kRows[] = {
    {"hda", "FILE", "the first hard disk; a word without '-' is one, too", shortcut<kHda>},
    {"hdb", "FILE", "the second, on the first channel", shortcut<kHdb>},
    {"hdc", "FILE", "the third, on the second channel: -cdrom's place", shortcut<kHdc>},
    {"hdd", "FILE", "the fourth", shortcut<kHdd>},
    {"cdrom", "FILE", "a CD, first on the second channel", shortcut<kCdrom>},
    {"fda", "FILE", "a floppy in the first drive", shortcut<kFda>},
    {"fdb", "FILE", "a floppy in the second", shortcut<kFdb>},
    {"drive", "file=FILE[,if=ide|floppy|none][,index=N][,bus=N,unit=N][,media=disk|cdrom]",
     "[,format=raw][,id=ID][,snapshot=on|off][,readonly=on|off][,serial=TEXT]\n"
     "[,cyls=C,heads=H,secs=S][,werror=report|ignore|enospc|stop]\n"
     "[,rerror=report|ignore|stop]; cache=, aio=, discard=, detect-zeroes= have no\n"
     "effect: requests take their virtual time whatever the host does",
     [](Parser& p, const std::string& text) -> Result<void> {
       return add_drive(p, TRY(Suboptions::parse("-drive", text, "", drive_keys())));
     }},
    {"blockdev", "driver=raw|file,node-name=NAME,...",
     "an image for -device ide-hd,drive=NAME: filename=FILE, file=NODE, read-only=", blockdev},
    {"snapshot", nullptr, "writes go to temporary files; the images stay as they are",
     DO(p.snapshot = true)},
    {"hdachs", "C,H,S", nullptr, old_geometry},
};

}  // namespace

std::span<const Row> drive_rows() { return kRows; }

std::string shortcut_drive(const std::string& name, const std::string& file) {
  const std::string file_value = ",file=" + doubled_commas(file);
  if (name == "cdrom") return "index=2,media=cdrom" + file_value;
  const std::string number(1, char('0' + name[2] - 'a'));
  return (name[0] == 'f' ? "if=floppy,index=" : "media=disk,index=") + number + file_value;
}

Result<void> check_file_name(const std::string& option, const std::string& file) {
  const std::string head = file.substr(0, file.find(':'));
  for (const char* protocol : {"nbd", "http", "https", "ftp", "ftps", "ssh", "iscsi", "rbd", "nfs",
                               "json", "fat", "gluster", "sheepdog", "blkdebug", "nbd+unix"})
    if (head == protocol && head.size() < file.size())
      return fail(option + ": no " + head + ": images yet; expected the path of a file (write ./" +
                  shown(file) + " if it is one)");
  return {};
}

Result<void> set_geometry(const Suboptions& values, DriveConfig& drive) {
  drive.cyls = unsigned(TRY(values.number("cyls", drive.cyls, 1, 65535)));
  drive.heads = unsigned(TRY(values.number("heads", drive.heads, 1, 16)));
  drive.secs = unsigned(TRY(values.number("secs", drive.secs, 1, 63)));
  if ((drive.cyls || drive.heads || drive.secs) && !(drive.cyls && drive.heads && drive.secs))
    return fail(values.option() + ": cyls, heads and secs go together");
  return {};
}

Result<void> set_policies(const Suboptions& values, DriveConfig& drive) {
  drive.rerror = TRY(values.one_of("rerror", drive.rerror, {"report", "ignore", "stop"}));
  drive.werror = TRY(values.one_of("werror", drive.werror, {"report", "ignore", "enospc", "stop"}));
  return {};
}

Result<void> add_drive(Parser& p, const Suboptions& values) {
  if (p.drives.size() >= kMaxDrives)
    return fail(values.option() + ": at most " + std::to_string(kMaxDrives) + " drives");
  DriveArgument argument;
  DriveConfig& drive = argument.config;
  argument.where = values.option();
  TRY(check_ignored(values));
  TRY(check_format(values, "format"));
  drive.format = values.text("format");
  drive.interface = values.text("if", "ide");
  TRY(check_interface(values, drive.interface));
  drive.media = TRY(values.one_of("media", "disk", {"disk", "cdrom"}));
  if (drive.media == "cdrom" && drive.interface == "floppy")
    return fail(values.option() + ": media=cdrom needs if=ide or if=none");
  drive.file = values.text("file", values.text("file.filename"));
  drive.present = !drive.file.empty();
  TRY(check_file_name(values.option(), drive.file));
  if (!drive.present && drive.media == "disk" && drive.interface == "ide")
    return fail(values.option() + ": a disk needs file=; only CD and floppy drives may be empty");
  drive.read_only = TRY(values.on_off("readonly", TRY(values.on_off("read-only", false))));
  if (drive.read_only && drive.interface == "ide" && drive.media == "disk")
    return fail(values.option() + ": an IDE disk cannot be read-only; use snapshot=on");
  if (drive.media == "cdrom") drive.read_only = true;
  argument.snapshot_given = values.find("snapshot");
  drive.snapshot = TRY(values.on_off("snapshot", false));
  drive.serial = values.text("serial");
  if (drive.serial.size() > 20)
    return fail(values.option() + ": serial=: expected at most 20 characters");
  TRY(set_geometry(values, drive));
  TRY(set_policies(values, drive));
  TRY(place(p, values, drive));
  drive.id = values.text("id", automatic_id(p, drive));
  for (const DriveArgument& other : p.drives)
    if (other.config.id == drive.id)
      return fail(values.option() + ": " + other.where + " has the id '" + drive.id + "', too");
  p.drives.push_back(std::move(argument));
  return {};
}

// As QEMU has them, there is an empty CD drive and an empty floppy drive unless something else
// takes their place.
Result<void> finish_drives(Parser& p) {
  const auto taken = [&](const char* interface, unsigned bus, unsigned unit) {
    return std::any_of(p.drives.begin(), p.drives.end(), [&](const DriveArgument& drive) {
      return drive.config.interface == interface && drive.config.bus == bus &&
             drive.config.unit == unit;
    });
  };
  const auto empty = [&](const std::string& text) -> Result<void> {
    return add_drive(p, TRY(Suboptions::parse("-drive", text, "", {})));
  };
  if (p.default_cdrom && !taken("ide", 1, 0)) TRY(empty("index=2,media=cdrom"));
  if (p.default_floppy && !taken("floppy", 0, 0)) TRY(empty("if=floppy,index=0"));
  for (DriveArgument& drive : p.drives) {
    if (p.snapshot && !drive.snapshot_given && drive.config.present) drive.config.snapshot = true;
    if (drive.config.read_only) drive.config.snapshot = false;  // nothing is written
    p.options.config.drives.push_back(drive.config);
  }
  return {};
}

}  // namespace reprise::tools
