// Signatures, from the formats' published descriptions:
//   qcow2   "QFI\xFB", version (big endian) 2 or 3; version 1 is qcow
//   qed     "QED\0"
//   vmdk    "KDMV" (sparse extent), "COWD" (ESX), or a text "# Disk DescriptorFile" after comments
//   vdi     BEDA107Fh (little endian) at 40h
//   vhdx    "vhdxfile";  vpc (VHD, dynamic): "conectix". A fixed VHD has that in its footer only.
//   parallels "WithoutFreeSpace", "WithouFreSpacExt";  luks "LUKS\xBA\xBE"
//   bochs   "Bochs Virtual HD Image";  cloop "#!/bin/sh\n#V2.0 Format\n"
#include "storage/format/probe.h"

#include <algorithm>
#include <array>
#include <vector>

#include "storage/format/raw.h"
#include "storage/io_error.h"

namespace reprise {
namespace {

using namespace std::string_view_literals;

struct Signature {
  ImageFormat format;
  u64 at;
  std::string_view text;
};
constexpr std::array kSignatures = {
    Signature{ImageFormat::Qcow, 0, "QFI\xFB\0\0\0\1"sv},
    Signature{ImageFormat::Qcow2, 0, "QFI\xFB"sv},
    Signature{ImageFormat::Qed, 0, "QED\0"sv},
    Signature{ImageFormat::Vmdk, 0, "KDMV"sv},
    Signature{ImageFormat::Vmdk, 0, "COWD"sv},
    Signature{ImageFormat::Vdi, 0x40, "\x7F\x10\xDA\xBE"sv},
    Signature{ImageFormat::Vhdx, 0, "vhdxfile"sv},
    Signature{ImageFormat::Vpc, 0, "conectix"sv},
    Signature{ImageFormat::Parallels, 0, "WithoutFreeSpace"sv},
    Signature{ImageFormat::Parallels, 0, "WithouFreSpacExt"sv},
    Signature{ImageFormat::Luks, 0, "LUKS\xBA\xBE"sv},
    Signature{ImageFormat::Bochs, 0, "Bochs Virtual HD Image"sv},
    Signature{ImageFormat::Cloop, 0, "#!/bin/sh\n#V2.0 Format\n"sv},
};

constexpr std::array kNames = {
    std::pair{ImageFormat::Raw, "raw"sv},     std::pair{ImageFormat::Qcow, "qcow"sv},
    std::pair{ImageFormat::Qcow2, "qcow2"sv}, std::pair{ImageFormat::Qed, "qed"sv},
    std::pair{ImageFormat::Vmdk, "vmdk"sv},   std::pair{ImageFormat::Vdi, "vdi"sv},
    std::pair{ImageFormat::Vhdx, "vhdx"sv},   std::pair{ImageFormat::Vpc, "vpc"sv},
    std::pair{ImageFormat::Luks, "luks"sv},   std::pair{ImageFormat::Parallels, "parallels"sv},
    std::pair{ImageFormat::Bochs, "bochs"sv}, std::pair{ImageFormat::Cloop, "cloop"sv},
};

// VMDK 5.0, "The Descriptor": comment and blank lines may come first, then the version.
bool is_vmdk_descriptor(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return false;
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "version=1" || line == "version=2" || line == "version=3") return true;
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin != line.npos && line[begin] != '#') return false;
    text.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

ImageFormat probe_format(std::span<const u8> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()),
                              std::min<u64>(head.size(), kProbeBytes));
  for (const Signature& signature : kSignatures) {
    if (text.size() >= signature.at && text.substr(signature.at).starts_with(signature.text))
      return signature.format;
  }
  if (text.starts_with('#') && is_vmdk_descriptor(text)) return ImageFormat::Vmdk;
  return ImageFormat::Raw;
}

Result<ImageFormat> probe_format(BlockNode& file) {
  std::vector<u8> head(std::min(kProbeBytes, file.size()));
  TRY(file.read(0, head));
  return probe_format(std::span<const u8>(head));
}

std::string_view name_of(ImageFormat format) {
  for (const auto& [value, name] : kNames)
    if (value == format) return name;
  return "unknown";
}

std::optional<ImageFormat> format_named(std::string_view name) {
  for (const auto& [value, text] : kNames)
    if (text == name) return value;
  return std::nullopt;
}

Result<std::shared_ptr<BlockNode>> open_format(std::shared_ptr<BlockNode> file,
                                               std::string_view name, const std::string& path) {
  ImageFormat format = ImageFormat::Raw;
  if (name.empty()) {
    format = TRY(probe_format(*file));
  } else {
    const auto named = format_named(name);
    if (!named)
      return Error{"Unknown driver '" + std::string(name) + "'; expected raw", "GenericError",
                   kEINVAL};
    format = *named;
  }
  if (format == ImageFormat::Raw) {
    RawOptions options;
    options.probed = name.empty();
    return open_raw(std::move(file), options);
  }
  const std::string text(name_of(format));
  return Error{"Could not open '" + path + "': the format " + text +
                   " is not supported yet, only raw is; make a copy: qemu-img convert -f " + text +
                   " -O raw '" + path + "' FILE" +
                   (name.empty() ? " (if the file only looks like that, give format=raw)" : ""),
               "GenericError", kENOTSUP};
}

}  // namespace reprise
