// What the machine starts from, and in which order.
#include "chipset/firmware/boot.h"

#include <algorithm>

#include "chipset/firmware/smbios.h"
#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

Result<void> check_order(const std::string& key, const std::string& order) {
  const std::string where = "-boot " + key + "=" + shown(order) + ": ";
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!boot_nibble(order[i]))
      return fail(where + "expected letters of: a (floppy), c (disk), d (CD), n (network)");
    if (order.find(order[i], i + 1) != std::string::npos)
      return fail(where + "'" + order[i] + "' is given twice");
  }
  if (order.empty() || order.size() > 3) return fail(where + "expected one to three letters");
  return {};
}

Result<void> boot(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse(
      "-boot", text, "order",
      {"order", "once", "menu", "strict", "splash", "splash-time", "reboot-timeout"}));
  BootConfig& boot = p.options.config.boot;
  boot.order = values.text("order", boot.order);
  boot.once = values.text("once", boot.once);
  if (values.find("order")) TRY(check_order("order", boot.order));
  if (values.find("once")) TRY(check_order("once", boot.once));
  boot.menu = TRY(values.on_off("menu", boot.menu));
  boot.strict = TRY(values.on_off("strict", boot.strict));
  if (values.find("splash-time"))
    boot.splash_time = i64(TRY(values.number("splash-time", 0, 0, 0xffff)));
  if (const std::string* timeout = values.find("reboot-timeout"))
    boot.reboot_timeout =
        *timeout == "-1" ? -1 : i64(TRY(values.number("reboot-timeout", 0, 0, 0xffff)));
  p.options.splash = values.text("splash", p.options.splash);
  p.options.given.insert("boot");
  return {};
}

Result<void> uuid(Parser& p, const std::string& text) {
  TRY(parse_uuid(text));
  std::string& uuid = p.options.config.uuid = text;
  for (char& c : uuid) c = c >= 'A' && c <= 'F' ? char(c | 0x20) : c;
  p.options.given.insert("uuid");
  return {};
}

Result<void> smbios_field(Parser& p, unsigned type, const Suboptions& values,
                          const std::string& key, const std::string& value) {
  const std::vector<std::string> known = smbios_fields(type);
  auto& fields = p.options.config.smbios[type];
  if (std::find(known.begin(), known.end(), key) == known.end())
    return fail(values.option() + ": type " + std::to_string(type) + " has no field '" +
                shown(key) + "'; " + expected_one_of(key, known));
  if (type == 1 && key == "uuid") return uuid(p, value);
  if (key == "uefi") TRY(values.on_off("uefi", false));
  if (key == "speed") TRY(values.number("speed", 0, 0, 65535));
  if (key == "release") {
    unsigned major = 0, minor = 0;
    int used = 0;
    if (std::sscanf(value.c_str(), "%3u.%3u%n", &major, &minor, &used) != 2 || major > 255 ||
        minor > 255 || std::size_t(used) != value.size())
      return fail(values.option() + ": release=" + shown(value) + ": expected such as 1.16");
  }
  fields[type == 11 ? "value" + std::to_string(fields.size()) : key] =
      key == "uefi" ? (TRY(values.on_off("uefi", false)) ? "on" : "off") : value;
  return {};
}

Result<void> smbios(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-smbios", text, "", {}));
  if (const std::string* file = values.find("file")) {
    if (values.all().size() != 1)
      return fail(values.option() + ": file= stands alone: the file has the type and all fields");
    p.options.smbios_files.push_back(*file);
    return {};
  }
  if (!values.find("type")) return fail(values.option() + ": expected type=N or file=FILE");
  const unsigned type = unsigned(TRY(values.number("type", 0, 0, 255)));
  if (smbios_fields(type).empty())
    return fail(values.option() + ": expected type 0, 1, 2, 3, 4, 11 or 17");
  for (const auto& [key, value] : values.all())
    if (key != "type") TRY(smbios_field(p, type, values, key, value));
  p.options.given.insert("smbios");
  return {};
}

Result<void> fw_cfg(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-fw_cfg", text, "name", {"name", "file", "string"}));
  const std::string name = values.text("name");
  if (name.empty() || name.size() > 55)
    return fail(values.option() + ": expected name= of 1 to 55 characters, such as opt/org.me/a");
  const std::string *file = values.find("file"), *string = values.find("string");
  if (!file == !string || (string && string->empty()))
    return fail(values.option() + ": expected one of file=FILE and string=TEXT");
  if (!name.starts_with("opt/"))
    p.options.warnings.push_back("-fw_cfg name=" + shown(name) +
                                 ": names outside of opt/ may collide with the machine's own");
  const std::string role = "fw_cfg:" + name;
  if (p.options.config.blobs.contains(role) || p.options.fw_cfg_files.contains(name))
    return fail(values.option() + ": the name is used twice");
  if (file)
    p.options.fw_cfg_files[name] = *file;
  else
    p.options.config.blobs[role] =
        std::make_shared<const std::vector<u8>>(string->begin(), string->end());
  return {};
}

constexpr Row kRows[] = {
    {"boot", "[order=]LETTERS[,once=LETTERS][,menu=on|off][,strict=on|off]",
     "[,splash=FILE][,splash-time=MS][,reboot-timeout=MS]: in which order a (floppy),\n"
     "c (disk), d (CD), n (network) are tried; once: until the first reset",
     boot},
    {"kernel", "FILE", "a Linux bzImage or a multiboot ELF", DO(o.kernel = text)},
    {"initrd", "FILE", "its initial RAM disk, or a module for multiboot", DO(o.initrd = text)},
    {"append", "TEXT", "the kernel's command line",
     DO(o.config.append = text; o.given.insert("append"))},
    {"bios", "FILE", "the firmware instead of SeaBIOS", DO(o.bios = text)},
    {"L", "DIR", "where to look for firmware first", DO(o.firmware_dirs.push_back(text))},
    {"uuid", "UUID", "the machine's: 8-4-4-4-12 hexadecimal digits", uuid},
    {"smbios", "type=N,FIELD=TEXT...|file=FILE",
     "what the firmware says of the machine: type 0 (BIOS), 1 (system), 2 (board),\n"
     "3 (enclosure), 4 (processor), 11 (value=TEXT), 17 (memory), or a whole structure",
     smbios},
    {"fw_cfg", "[name=]NAME,file=FILE|string=TEXT", "a file for the firmware and the guest",
     fw_cfg},
    {"no-fd-bootchk", nullptr, "boot floppies without a signature, too",
     DO(o.config.boot.check_floppy = false; o.given.insert("boot"))},
};

}  // namespace

std::span<const Row> boot_rows() { return kRows; }

}  // namespace reprise::tools
