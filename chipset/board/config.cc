// MachineConfig as canonical JSON: what a recording's header holds. What is read back comes from a
// stranger's file: every field has a type and a range, and nothing else may be there.
#include "chipset/board/config.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace reprise {
namespace {

using Json = nlohmann::json;  // its objects are sorted by key

// Takes fields out of an object one by one; the first that is missing or wrong is the error.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  const Json* field(const char* name, bool right_type(const Json&)) {
    ++taken_;
    const auto it = object_.find(name);
    if (it == object_.end()) return wrong(name, "is missing");
    if (!right_type(*it)) return wrong(name, "has the wrong type");
    return &*it;
  }
  void operator()(const char* name, std::string& out) {
    if (const Json* json = field(name, [](const Json& j) { return j.is_string(); }))
      out = json->get<std::string>();
  }
  void operator()(const char* name, bool& out) {
    if (const Json* json = field(name, [](const Json& j) { return j.is_boolean(); }))
      out = json->get<bool>();
  }
  template <class T>
  void operator()(const char* name, T& out, u64 lo, u64 hi) {
    const Json* json = field(name, [](const Json& j) { return j.is_number_unsigned(); });
    if (!json) return;
    const u64 value = json->get<u64>();
    if (value < lo || value > hi) return void(wrong(name, "is out of range"));
    out = T(value);
  }
  void operator()(const char* name, i64& out) {
    const Json* json = field(name, [](const Json& j) { return j.is_number_integer(); });
    if (!json) return;
    if (json->is_number_unsigned() && json->get<u64>() > u64(INT64_MAX))
      return void(wrong(name, "is out of range"));
    out = json->get<i64>();
  }
  const Json* wrong(const std::string& name, const char* what) {
    if (error_.empty()) error_ = "the machine description's '" + name + "' " + what;
    return nullptr;
  }
  const std::string& error() {
    if (taken_ != object_.size()) wrong("(unknown)", "is not known to this version");
    return error_;
  }

 private:
  const Json& object_;
  std::size_t taken_ = 0;
  std::string error_;
};

void read_devices(Reader& reader, std::vector<DeviceOption>& devices) {
  const Json* list = reader.field("devices", [](const Json& j) { return j.is_array(); });
  if (!list) return;
  for (const Json& item : *list) {
    if (!item.is_object() || !item.contains("kind") || !item["kind"].is_string())
      return void(reader.wrong("devices", "has an entry without a kind"));
    DeviceOption device{item["kind"].get<std::string>(), {}};
    for (const auto& [key, value] : item.items()) {
      if (!value.is_string()) return void(reader.wrong("devices", "has a property of wrong type"));
      if (key != "kind") device.properties[key] = value.get<std::string>();
    }
    devices.push_back(std::move(device));
  }
}

Json boot_json(const BootConfig& boot) {
  return {{"order", boot.order},
          {"once", boot.once},
          {"menu", boot.menu},
          {"strict", boot.strict},
          {"check_floppy", boot.check_floppy},
          {"splash_time", boot.splash_time},
          {"reboot_timeout", boot.reboot_timeout}};
}

void read_boot(Reader& reader, BootConfig& boot) {
  const Json* object = reader.field("boot", [](const Json& j) { return j.is_object(); });
  if (!object) return;
  Reader read(*object);
  read("order", boot.order);
  read("once", boot.once);
  read("menu", boot.menu);
  read("strict", boot.strict);
  read("check_floppy", boot.check_floppy);
  read("splash_time", boot.splash_time);
  read("reboot_timeout", boot.reboot_timeout);
  if (!read.error().empty()) reader.wrong("boot", "is not a boot order");
}

Json smbios_json(const MachineConfig& config) {
  Json json = Json::object();
  for (const auto& [type, fields] : config.smbios) json[std::to_string(type)] = fields;
  return json;
}

// What the types and fields mean is chipset/firmware/smbios.cc's to say.
void read_smbios(Reader& reader, MachineConfig& config) {
  const Json* types = reader.field("smbios", [](const Json& j) { return j.is_object(); });
  if (!types) return;
  for (const auto& [type, fields] : types->items()) {
    unsigned number = 0;
    const auto end = type.data() + type.size();
    const auto parsed = std::from_chars(type.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number > 255 || !fields.is_object())
      return void(reader.wrong("smbios", "has an entry that is no structure"));
    for (const auto& [key, value] : fields.items()) {
      if (!value.is_string()) return void(reader.wrong("smbios", "has a field of wrong type"));
      config.smbios[number][key] = value.get<std::string>();
    }
  }
}

void read_floppy_types(Reader& reader, std::array<std::string, 2>& types) {
  const Json* list = reader.field("floppy_types", [](const Json& j) { return j.is_array(); });
  if (!list) return;
  if (list->size() != 2 || !(*list)[0].is_string() || !(*list)[1].is_string())
    return void(reader.wrong("floppy_types", "has the wrong type"));
  for (unsigned i = 0; i < 2; ++i) types[i] = (*list)[i].get<std::string>();
}

}  // namespace

std::string MachineConfig::to_json() const {
  Json json = {
      {"machine", machine},
      {"name", name},
      {"ram_bytes", ram_bytes},
      {"cpu_model", cpu_model},
      {"cpu_features", cpu_features},
      {"cpu_hz", cpu_hz},
      {"timing", timing},
      {"cpus", cpus},
      {"cores", cores},
      {"threads", threads},
      {"quantum", quantum},
      {"interleave_seed", interleave_seed},
      {"rtc_base", rtc_base},
      {"seed", seed},
      {"graphics", graphics},
      {"append", append},
      {"serial_ports", serial_ports},
      {"debugcon", debugcon},
      {"parallel_ports", parallel_ports},
      {"vga", vga},
      {"xres", xres},
      {"yres", yres},
      {"floppy_types", floppy_types},
      {"hpet", hpet},
      {"acpi", acpi},
      {"boot", boot_json(boot)},
      {"uuid", uuid},
      {"smbios", smbios_json(*this)},
      {"reboot", reboot},
      {"devices", Json::array()},
      {"drives", drives_to_json(drives)},
      {"blobs", Json::object()},
  };
  for (const DeviceOption& device : devices) {
    Json item = {{"kind", device.kind}};
    for (const auto& [key, value] : device.properties) item[key] = value;
    json["devices"].push_back(std::move(item));
  }
  for (const auto& [role, blob] : blobs)
    json["blobs"][role] = {{"size", blob->size()}, {"xxh128", hash128(*blob).hex()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<MachineConfig> MachineConfig::from_json(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail("the machine description is not a JSON object");
  MachineConfig config;
  Reader read(json);
  read("machine", config.machine);
  read("name", config.name);
  read("ram_bytes", config.ram_bytes, 1ull << 20, 1ull << 40);
  read("cpu_model", config.cpu_model);
  read("cpu_hz", config.cpu_hz, 1'000'000, 100'000'000'000);
  read("timing", config.timing);
  read("cpus", config.cpus, 1, 255);
  read("cores", config.cores, 1, 255);
  read("threads", config.threads, 1, 255);
  read("quantum", config.quantum, 1, u64(1) << 40);
  read("interleave_seed", config.interleave_seed, 0, ~u64(0));
  read("rtc_base", config.rtc_base);
  read("seed", config.seed, 0, ~u64(0));
  read("graphics", config.graphics);
  read("append", config.append);
  read("serial_ports", config.serial_ports, 0, 0xf);
  read("debugcon", config.debugcon);
  read("parallel_ports", config.parallel_ports, 0, 7);
  read("vga", config.vga);
  read("xres", config.xres, 0, 0xffff);
  read("yres", config.yres, 0, 0xffff);
  read_floppy_types(read, config.floppy_types);
  read("hpet", config.hpet);
  read("acpi", config.acpi);
  read_boot(read, config.boot);
  read("uuid", config.uuid);
  read_smbios(read, config);
  read("reboot", config.reboot);
  read_devices(read, config.devices);
  if (const Json* list = read.field("drives", [](const Json& j) { return j.is_array(); }))
    config.drives = TRY(drives_from_json(*list));
  read.field("blobs", [](const Json& j) { return j.is_object(); });
  if (const Json* list = read.field("cpu_features", [](const Json& j) { return j.is_array(); })) {
    for (const Json& feature : *list) {
      if (!feature.is_string())
        read.wrong("cpu_features", "has the wrong type");
      else
        config.cpu_features.push_back(feature.get<std::string>());
    }
  }
  if (config.ram_bytes % 4096) read.wrong("ram_bytes", "is not a multiple of 4 KiB");
  if (!read.error().empty()) return fail(read.error());
  return config;
}

Result<std::map<std::string, BlobRef>> MachineConfig::blob_refs(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  const Error wrong = fail("the machine description's 'blobs' has an entry that is not a blob");
  if (!json.is_object() || !json.contains("blobs") || !json["blobs"].is_object()) return wrong;
  std::map<std::string, BlobRef> refs;
  for (const auto& [role, item] : json["blobs"].items()) {
    if (!item.is_object() || !item.contains("size") || !item["size"].is_number_unsigned() ||
        !item.contains("xxh128") || !item["xxh128"].is_string())
      return wrong;
    const auto& hex = item["xxh128"].get_ref<const std::string&>();
    if (hex.size() != 32 || hex.find_first_not_of("0123456789abcdef") != std::string::npos)
      return wrong;
    BlobRef& ref = refs[role];
    ref.size = item["size"].get<u64>();
    std::from_chars(hex.data(), hex.data() + 16, ref.hash.high, 16);
    std::from_chars(hex.data() + 16, hex.data() + 32, ref.hash.low, 16);
  }
  return refs;
}

}  // namespace reprise
