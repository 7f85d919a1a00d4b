// SMBIOS 2.8 structures for the operating system's inventory, placed by SeaBIOS.
//
// Source: DMTF DSP0134 (SMBIOS reference specification) 2.8.0. Types 0 (BIOS), 1 (system),
// 3 (enclosure), 4 (processor, one per CPU), 16, 17, 19 (memory), 32 (boot), 127 (end).
#pragma once

#include "chipset/firmware/board_facts.h"
#include "chipset/firmware/bytes.h"

namespace reprise {

struct SmbiosFiles {
  Bytes anchor;  // "etc/smbios/smbios-anchor": 31-byte entry point; the firmware adds the address
  Bytes tables;  // "etc/smbios/smbios-tables"
};

SmbiosFiles build_smbios(const BoardFacts& facts);

}  // namespace reprise
