// SMBIOS 2.8 structures for the operating system's inventory, placed by SeaBIOS.
//
// Source: DMTF DSP0134 (SMBIOS reference specification) 2.8.0. Types 0 (BIOS), 1 (system), 2
// (baseboard, when asked for), 3 (enclosure), 4 (processor, one per CPU), 11 (OEM strings, when
// asked for), 16, 17, 19 (memory), 32 (boot), 127 (end). -smbios type=N,field=... changes texts of
// types 0 to 4, 11 and 17; -smbios file= gives a whole structure in place of ours of that type.
#pragma once

#include "chipset/firmware/board_facts.h"
#include "chipset/firmware/bytes.h"
#include "replay/core/result.h"

namespace reprise {

struct SmbiosFiles {
  Bytes anchor;  // "etc/smbios/smbios-anchor": 31-byte entry point; the firmware adds the address
  Bytes tables;  // "etc/smbios/smbios-tables"
};

// The fields that -smbios type=N can set; empty: no such type. Type 11 has "value" many times.
std::vector<std::string> smbios_fields(unsigned type);

// An error names what -smbios asked for that cannot be.
Result<SmbiosFiles> build_smbios(const BoardFacts& facts);

}  // namespace reprise
