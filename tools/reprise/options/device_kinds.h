// What each kind of -device does with its properties.
#pragma once

#include "tools/reprise/options/table.h"

namespace reprise::tools {

using Names = std::vector<std::string>;

Result<void> attach_drive(Parser& parser, const std::string& kind, const Suboptions& values);
Result<void> attach_serial(Parser& parser, const std::string& kind, const Suboptions& values);
Result<void> attach_parallel(Parser& parser, const std::string& kind, const Suboptions& values);
Result<void> attach_debugcon(Parser& parser, const std::string& kind, const Suboptions& values);
Result<void> attach_vga(Parser& parser, const std::string& kind, const Suboptions& values);
Result<void> attach_debug_exit(Parser& parser, const std::string& kind, const Suboptions& values);

bool is_device_kind(const std::string& name);
Names device_properties(const std::string& kind);  // of one that there is

// Those of the VGA, of a -device or the board's own.
Result<void> set_vga_properties(MachineConfig& config, const Suboptions& values);

// Those of a drive itself, which -global can set, too.
Result<void> set_drive_properties(DriveConfig& drive, const Suboptions& values);

}  // namespace reprise::tools
