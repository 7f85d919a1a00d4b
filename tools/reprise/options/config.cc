// -readconfig and -writeconfig: options in QEMU's INI file.
//
//   [drive "d0"]         a section is an option; the name in quotes is its id
//     file = "a.img"     what the option's value has as key=value
//   # a comment
#include <algorithm>
#include <fstream>

#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

constexpr std::size_t kMaxFile = 1 << 20, kMaxDepth = 8;

struct Group {
  const char* section;
  const char* option;
  const char* first;  // the key of the option's leading bare value
};
constexpr Group kGroups[] = {{"drive", "drive", ""},
                             {"device", "device", "driver"},
                             {"machine", "machine", "type"},
                             {"memory", "m", "size"},
                             {"smp-opts", "smp", "cpus"},
                             {"boot-opts", "boot", "order"},
                             {"chardev", "chardev", "backend"},
                             {"mon", "mon", "chardev"},
                             {"rtc", "rtc", "base"},
                             {"name", "name", "guest"},
                             {"accel", "accel", "accel"},
                             {"fw_cfg", "fw_cfg", "name"},
                             {"audiodev", "audiodev", "driver"},
                             {"smbios", "smbios", ""},
                             {"object", "object", "qom-type"},
                             {"overcommit", "overcommit", ""},
                             {"realtime", "realtime", ""},
                             {"msg", "msg", ""},
                             {"sandbox", "sandbox", "enable"},
                             {"global", "global", ""},
                             {"netdev", "netdev", "type"},
                             {"net", "net", "type"},
                             {"blockdev", "blockdev", ""}};

struct Section {
  const Group* group = nullptr;
  unsigned line = 0;
  std::string text;  // of the option
  // Its leading value, which the option's own grammar wants first.
  std::string first;
};

class Reader {
 public:
  Reader(Parser& parser, std::string file) : parser_(parser), file_(std::move(file)) {}

  Result<void> read(const std::string& text) {
    unsigned number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      TRY(take(++number, text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return finish();
  }

 private:
  Error at(unsigned line, const std::string& message) const {
    return fail(shown(file_) + ":" + std::to_string(line) + ": " + message);
  }

  Result<void> take(unsigned number, const std::string& whole) {
    const std::string space = " \t\r\f\v";
    const auto begin = whole.find_first_not_of(space);
    if (begin == std::string::npos || whole[begin] == '#') return {};
    const std::string line = whole.substr(begin, whole.find_last_not_of(space) + 1 - begin);
    if (line[0] == '[') {
      TRY(finish());
      return open(number, line);
    }
    if (!section_.group) return at(number, "expected a section such as [drive] first");
    const auto equals = line.find('=');
    const auto key_end = line.find_first_of(" \t=");
    const std::string key = line.substr(0, key_end);
    const auto value_begin =
        equals == std::string::npos ? equals : line.find_first_not_of(space, equals + 1);
    if (value_begin == std::string::npos || line[value_begin] != '"' ||
        line.size() < value_begin + 2 || line.back() != '"' || key.empty() ||
        line.find_first_not_of(space, key_end) != equals)
      return at(number, "expected key = \"value\", not '" + shown(line) + "'");
    const std::string value = line.substr(value_begin + 1, line.size() - value_begin - 2);
    if (key == section_.group->first)
      section_.first = doubled_commas(value);
    else
      section_.text += "," + key + "=" + doubled_commas(value);
    return {};
  }

  // [group] or [group "id"]
  Result<void> open(unsigned number, const std::string& line) {
    const Error wrong =
        at(number, "expected [section] or [section \"id\"], not '" + shown(line) + "'");
    if (line.back() != ']' || line.size() < 3) return wrong;
    std::string name = line.substr(1, line.size() - 2), id;
    if (const auto quote = name.find('"'); quote != std::string::npos) {
      if (name.back() != '"' || name.size() < quote + 3 || quote < 2 || name[quote - 1] != ' ')
        return wrong;
      id = name.substr(quote + 1, name.size() - quote - 2);
      name = name.substr(0, quote - 1);
    }
    section_ = {};
    section_.line = number;
    std::vector<std::string> names;
    for (const Group& group : kGroups) {
      if (name == group.section) section_.group = &group;
      names.push_back(group.section);
    }
    if (!section_.group)
      return at(number, "no section '" + shown(name) + "'; " + expected_one_of(name, names));
    if (!id.empty()) section_.text = ",id=" + doubled_commas(id);
    return {};
  }

  Result<void> finish() {
    if (!section_.group) return {};
    const Group& group = *std::exchange(section_.group, nullptr);
    std::string text = section_.first + section_.text;
    if (section_.first.empty() && !text.empty()) text.erase(0, 1);
    const auto done = apply_option(parser_, group.option, text);
    return done ? Result<void>() : at(section_.line, done.error().message);
  }

  Parser& parser_;
  std::string file_;
  Section section_;
};

Result<void> read_config(Parser& p, const std::string& text) {
  if (p.config_depth >= kMaxDepth)
    return fail("-readconfig " + shown(text) + ": files within files, more than 8 deep");
  std::ifstream in(text, std::ios::binary);
  std::string content(kMaxFile + 1, '\0');
  in.read(content.data(), std::streamsize(content.size()));
  content.resize(std::size_t(std::max<std::streamsize>(in.gcount(), 0)));
  if (!in.is_open() || in.bad() || (content.empty() && !in.eof()))
    return fail("-readconfig " + shown(text) + ": cannot be opened");
  if (content.size() > kMaxFile)
    return fail("-readconfig " + shown(text) + ": expected a file of at most 1 MiB");
  ++p.config_depth;
  const auto done = Reader(p, text).read(content);
  --p.config_depth;
  return done;
}

constexpr Row kRows[] = {
    {"readconfig", "FILE", "options from a file of sections: [drive] file = \"...\"", read_config},
    {"writeconfig", "FILE", "write such a file of these options; - is standard output",
     DO(o.write_config = text)},
};

}  // namespace

std::span<const Row> config_rows() { return kRows; }

std::string config_text(const Parser& p) {
  std::string out = "# qemu config file\n";
  for (const auto& [name, text] : p.applied) {
    const bool drive = name == "cdrom" || name.starts_with("hd") || name.starts_with("fd");
    const std::string option = drive && name.size() <= 5 ? "drive" : name == "M" ? "machine" : name;
    const Group* group = nullptr;
    for (const Group& one : kGroups)
      if (option == one.option) group = &one;
    if (!group || name == "hdachs") continue;
    const auto values = Suboptions::parse("-" + option, drive ? shortcut_drive(name, text) : text,
                                          group->first, {});
    if (!values) continue;  // it was accepted as something else: -global a.b=c
    out += std::string("\n[") + group->section;
    if (const std::string* id = values->find("id")) out += " \"" + *id + "\"";
    out += "]\n";
    for (const auto& [key, value] : values->all())
      if (key != "id") out += "  " + key + " = \"" + value + "\"\n";
  }
  return out;
}

}  // namespace reprise::tools
