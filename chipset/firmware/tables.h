// Everything that the firmware asks the board about itself, put into fw_cfg.
//
// Keys are those that SeaBIOS reads on an i440FX: sizes and counts by number; e820 map, ACPI and
// SMBIOS tables as files. Source: SeaBIOS documentation, "Runtime config".
#pragma once

#include "chipset/firmware/board_facts.h"
#include "chipset/firmware/fw_cfg.h"

namespace reprise {

Result<void> install_tables(FwCfg& fw_cfg, const BoardFacts& facts);

// "etc/e820": {address, length, type} of 20 bytes each; type 1 is RAM.
Bytes build_e820(const RamLayout& ram);

}  // namespace reprise
