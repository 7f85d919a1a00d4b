#include "tools/reprise/replay_options.h"

#include <nlohmann/json.hpp>

#include "tools/reprise/files.h"
#include "tools/reprise/suboptions.h"

namespace reprise::tools {
namespace {

using Json = nlohmann::json;

constexpr u64 kMaxBlob = u64(4) << 30;

const char* option_of(const std::string& field) {
  constexpr const char* kOptions[][2] = {{"machine", "-machine"},
                                         {"hpet", "-machine hpet="},
                                         {"name", "-name"},
                                         {"ram_bytes", "-m"},
                                         {"cpu_model", "-cpu"},
                                         {"cpu_features", "-cpu (features)"},
                                         {"cpu_hz", "-cpu clock="},
                                         {"timing", "-cpu timing="},
                                         {"cpus", "-smp"},
                                         {"cores", "-smp cores="},
                                         {"threads", "-smp threads="},
                                         {"quantum", "-smp quantum="},
                                         {"interleave_seed", "-accel interleave-seed="},
                                         {"rtc_base", "-rtc base="},
                                         {"seed", "-seed"},
                                         {"graphics", "-nographic"},
                                         {"append", "-append"},
                                         {"serial_ports", "-serial"},
                                         {"debugcon", "-debugcon"},
                                         {"devices", "-device"},
                                         {"drives", "-drive"},
                                         {"reboot", "-no-reboot"},
                                         {"parallel_ports", "-parallel"},
                                         {"vga", "-vga"},
                                         {"xres", "-g"},
                                         {"yres", "-g"},
                                         {"floppy_types", "-global isa-fdc"},
                                         {"acpi", "-no-acpi"},
                                         {"boot", "-boot"},
                                         {"uuid", "-uuid"},
                                         {"smbios", "-smbios"}};
  for (const auto& [name, option] : kOptions)
    if (field == name) return option;
  return field == "blobs" ? "-kernel" : "?";
}

std::string shown(const std::string& field, const Json& value) {
  if (field == "ram_bytes" && value.is_number_unsigned()) return size_text(value.get<u64>());
  if (field.ends_with("_ports") && value.is_number_unsigned()) {
    std::string ports;
    for (unsigned i = 0; i < 4; ++i)
      if (value.get<u64>() >> i & 1) ports += (ports.empty() ? "port " : ", ") + std::to_string(i);
    return ports.empty() ? "none" : ports;
  }
  return value.is_string() ? "'" + value.get<std::string>() + "'" : value.dump();
}

// What is only known once the images are open does not count.
bool same_drives(const Json& recorded, const Options& options) {
  auto drives = drives_from_json(recorded.value("drives", Json()));
  if (!drives || drives->size() != options.config.drives.size()) return false;
  for (std::size_t i = 0; i < drives->size(); ++i) {
    const DriveConfig& given = options.config.drives[i];
    DriveConfig& drive = (*drives)[i];
    drive.size = given.size;
    drive.read_only = given.read_only;
    drive.format = given.format;
  }
  return drives_to_json(*drives) == drives_to_json(options.config.drives);
}

Result<void> compare_fields(const std::string& recorded_text, const Options& options) {
  const Json recorded = Json::parse(recorded_text, nullptr, false);
  const Json given = Json::parse(options.config.to_json(), nullptr, false);
  for (const std::string& field : options.given) {
    if (field == "drives" && same_drives(recorded, options)) continue;
    if (!recorded.contains(field) || recorded[field] == given[field]) continue;
    return fail(std::string(option_of(field)) + ": " + shown(field, given[field]) +
                " contradicts the recording, which was made with " + shown(field, recorded[field]) +
                "; leave it out: a replay needs no option but -replay");
  }
  return {};
}

}  // namespace

std::string name_of(const std::string& file, const trace::Recording& recording) {
  return recording.branches().size() > 1 ? file + ",branch=" + std::to_string(recording.branch())
                                         : file;
}

Result<RecordingName> recording_name(const std::string& text) {
  const std::size_t comma = text.rfind(",branch=");
  if (comma == std::string::npos) return RecordingName{text, {}};
  const Suboptions values = TRY(Suboptions::parse(text, text.substr(comma + 1), "", {"branch"}));
  return RecordingName{text.substr(0, comma), u32(TRY(values.number("branch", 0, 0, 0xFFFF)))};
}

Result<void> same_machine(const std::string& recorded, const MachineConfig& config) {
  const Json theirs = Json::parse(recorded, nullptr, false);
  const Json ours = Json::parse(config.to_json(), nullptr, false);
  if (!theirs.is_object()) return fail("the file does not describe a machine");
  for (const auto& [field, value] : ours.items()) {
    // Of the power-on alone.
    if (field == "rtc_base" || field == "seed") continue;
    const Json other = theirs.value(field, Json());
    if (other == value) continue;
    return fail(std::string(option_of(field)) + ": the snapshot is of a machine with " +
                shown(field, other) + ", and this one has " + shown(field, value) +
                "; give the options with which it was made");
  }
  return {};
}

namespace {

Result<void> compare_file(const std::string& option, const std::string& path,
                          const std::map<std::string, BlobRef>& refs, const std::string& role) {
  if (path.empty()) return {};
  const Blob blob = TRY(read_file(option, path, kMaxBlob));
  const Hash128 given = hash128(*blob);
  const auto it = refs.find(role);
  if (it != refs.end() && it->second.hash == given) return {};
  return fail(option + " " + path + " (content " + given.hex() +
              ") contradicts the recording, whose " + role +
              (it == refs.end() ? " is none" : " is " + it->second.hash.hex()) +
              "; leave it out: the recording holds its own");
}

}  // namespace

Result<MachineConfig> recorded_config(const trace::Recording& recording, const Options& options) {
  const std::string& text = recording.header().machine;
  auto described = MachineConfig::from_json(text);
  if (!described)
    return fail(described.error().message + "; the recording was made by " +
                recording.header().build + ", and plays with that version");
  MachineConfig config = std::move(*described);
  const auto refs = TRY(MachineConfig::blob_refs(text));
  TRY(compare_fields(text, options));
  TRY(compare_file("-kernel", options.kernel, refs, "kernel"));
  TRY(compare_file("-initrd", options.initrd, refs, "initrd"));
  TRY(compare_file("-bios", options.bios, refs, "bios"));
  TRY(compare_file("-boot splash=", options.splash, refs, "bootsplash"));
  for (std::size_t i = 0; i < options.smbios_files.size(); ++i)
    TRY(compare_file("-smbios file=", options.smbios_files[i], refs, "smbios" + std::to_string(i)));
  for (const auto& [name, path] : options.fw_cfg_files)
    TRY(compare_file("-fw_cfg name=" + name, path, refs, "fw_cfg:" + name));
  for (const auto& [role, blob] : options.config.blobs) {  // -fw_cfg string=
    const auto it = refs.find(role);
    if (it == refs.end() || it->second.hash != hash128(*blob))
      return fail("-fw_cfg name=" + role.substr(7) + ": contradicts the recording, which has " +
                  (it == refs.end() ? "no such file" : "another text") + "; leave it out");
  }
  for (const auto& [role, ref] : refs) {
    if (ref.size > kMaxBlob) return fail("the recording's " + role + " is impossibly large");
    std::vector<u8> content = TRY(recording.blob(ref.hash, ref.size));
    config.blobs[role] = std::make_shared<const std::vector<u8>>(std::move(content));
  }
  return config;
}

}  // namespace reprise::tools
