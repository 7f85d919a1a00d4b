// What the guest can see of a disk, CD or floppy drive and of what is in it at power-on.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

struct DriveConfig {
  std::string id;                 // "ide0-hd0": unique; letters, digits, '.', '_', '-'
  std::string interface = "ide";  // "ide", "floppy", "none" (a -device names it)
  unsigned bus = 0, unit = 0;     // IDE channel and device, floppy unit
  std::string media = "disk";     // "disk", "cdrom"
  std::string file;               // for the host; a recording keeps its last component only
  std::string format;             // "raw"; empty: found out
  u64 size = 0;                   // bytes of the medium; found out when the file is opened
  bool present = false;           // there is a medium
  bool read_only = false;
  bool snapshot = false;                             // what is written goes to a temporary file
  std::string serial, model;                         // empty: the device's own
  std::string rerror = "report", werror = "enospc";  // report, ignore, enospc (werror), stop
  unsigned cyls = 0, heads = 0, secs = 0;            // 0: found out from the size
  int bootindex = -1;                                // -1: none

  bool removable() const { return media == "cdrom" || interface == "floppy"; }
};

inline constexpr std::size_t kMaxDrives = 64;

// Names, ranges, and no id or place twice; the message names the drive.
Result<void> check_drives(const std::vector<DriveConfig>& drives);

nlohmann::json drives_to_json(const std::vector<DriveConfig>& drives);
Result<std::vector<DriveConfig>> drives_from_json(const nlohmann::json& list);

// "disk.img" of "/home/me/disk.img".
std::string last_component(const std::string& path);

}  // namespace reprise
