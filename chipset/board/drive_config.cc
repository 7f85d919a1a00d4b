#include "chipset/board/drive_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "storage/block_node.h"

namespace reprise {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxText = 4096;

bool one_of(const std::string& value, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* w) { return value == w; });
}

// Every field once, for both directions.
template <class Drive, class Field>
void fields(Drive& drive, Field&& field) {
  field("id", drive.id);
  field("interface", drive.interface);
  field("bus", drive.bus, 255);
  field("unit", drive.unit, 255);
  field("media", drive.media);
  field("file", drive.file);
  field("format", drive.format);
  field("size", drive.size, kMaxImage);
  field("present", drive.present);
  field("read_only", drive.read_only);
  field("snapshot", drive.snapshot);
  field("serial", drive.serial);
  field("model", drive.model);
  field("rerror", drive.rerror);
  field("werror", drive.werror);
  field("cyls", drive.cyls, 65535);
  field("heads", drive.heads, 255);
  field("secs", drive.secs, 255);
  field("bootindex", drive.bootindex);
}

struct Writer {
  Json out = Json::object();
  void operator()(const char* name, const std::string& value) { out[name] = value; }
  void operator()(const char* name, const bool& value) { out[name] = value; }
  void operator()(const char* name, const int& value) { out[name] = value; }
  template <class T>
  void operator()(const char* name, const T& value, u64) {
    out[name] = value;
  }
};

struct Reader {
  const Json& in;
  std::size_t taken = 0;
  std::string wrong;

  const Json* find(const char* name) {
    ++taken;
    const auto it = in.find(name);
    if (it == in.end()) wrong = name;
    return it == in.end() ? nullptr : &*it;
  }
  void operator()(const char* name, std::string& value) {
    const Json* json = find(name);
    if (!json || !json->is_string() || json->get_ref<const std::string&>().size() > kMaxText)
      return void(wrong = name);
    value = json->get<std::string>();
  }
  void operator()(const char* name, bool& value) {
    const Json* json = find(name);
    if (!json || !json->is_boolean()) return void(wrong = name);
    value = json->get<bool>();
  }
  void operator()(const char* name, int& value) {
    const Json* json = find(name);
    if (!json || !json->is_number_integer() || json->is_number_float()) return void(wrong = name);
    const i64 number =
        json->is_number_unsigned() && json->get<u64>() > u64(INT32_MAX) ? -2 : json->get<i64>();
    if (number < -1 || number > INT32_MAX) return void(wrong = name);
    value = int(number);
  }
  template <class T>
  void operator()(const char* name, T& value, u64 most) {
    const Json* json = find(name);
    if (!json || !json->is_number_unsigned() || json->get<u64>() > most) return void(wrong = name);
    value = T(json->get<u64>());
  }
};

Result<void> check_drive(const DriveConfig& drive) {
  const std::string name = "drive '" + drive.id + "'";
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (drive.id.empty() || drive.id.size() > 63 ||
      !std::all_of(drive.id.begin(), drive.id.end(), legal))
    return fail(name + ": an id has 1 to 63 letters, digits, '-', '_' and '.'");
  if (!one_of(drive.interface, {"ide", "floppy", "none"}))
    return fail(name + ": the interface '" + drive.interface + "' is not ide, floppy or none");
  if (!one_of(drive.media, {"disk", "cdrom"}))
    return fail(name + ": media=" + drive.media + " is not disk or cdrom");
  if (!one_of(drive.rerror, {"report", "ignore", "stop"}))
    return fail(name + ": rerror=" + drive.rerror + " is not report, ignore or stop");
  if (!one_of(drive.werror, {"report", "ignore", "enospc", "stop"}))
    return fail(name + ": werror=" + drive.werror + " is not report, ignore, enospc or stop");
  if (drive.media == "cdrom" && drive.interface == "floppy")
    return fail(name + ": a floppy drive does not take CDs");
  if (!drive.present && !drive.removable())
    return fail(name + ": a disk needs file=; only CD and floppy drives may be empty");
  if (drive.size > kMaxImage) return fail(name + ": the image is impossibly large");
  return {};
}

}  // namespace

std::string last_component(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<void> check_drives(const std::vector<DriveConfig>& drives) {
  if (drives.size() > kMaxDrives) return fail("more than 64 drives");
  std::set<std::string> ids;
  std::set<std::tuple<std::string, unsigned, unsigned>> places;
  for (const DriveConfig& drive : drives) {
    TRY(check_drive(drive));
    if (!ids.insert(drive.id).second) return fail("two drives have the id '" + drive.id + "'");
    if (drive.interface == "none") continue;
    if (!places.emplace(drive.interface, drive.bus, drive.unit).second)
      return fail("drive '" + drive.id + "': another drive is at " + drive.interface + " bus " +
                  std::to_string(drive.bus) + ", unit " + std::to_string(drive.unit));
  }
  return {};
}

Json drives_to_json(const std::vector<DriveConfig>& drives) {
  Json list = Json::array();
  for (const DriveConfig& drive : drives) {
    Writer writer;
    fields(drive, writer);
    writer.out["file"] = last_component(drive.file);
    list.push_back(std::move(writer.out));
  }
  return list;
}

Result<std::vector<DriveConfig>> drives_from_json(const Json& list) {
  if (!list.is_array() || list.size() > kMaxDrives)
    return fail("the machine description's 'drives' is not a list of at most 64");
  std::vector<DriveConfig> drives;
  for (const Json& item : list) {
    if (!item.is_object()) return fail("the machine description has a drive that is no object");
    DriveConfig drive;
    Reader reader{item, 0, ""};
    fields(drive, reader);
    if (!reader.wrong.empty())
      return fail("the machine description has a drive whose '" + reader.wrong + "' is wrong");
    if (reader.taken != item.size())
      return fail("the machine description has a drive with unknown fields");
    drives.push_back(std::move(drive));
  }
  TRY(check_drives(drives));
  return drives;
}

}  // namespace reprise
