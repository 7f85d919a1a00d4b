// ACPI tables for SeaBIOS: the tables with offsets in place of addresses, and the script of linker
// commands by which the firmware places them, adds addresses and sets checksums.
//
// Sources: ACPI 6.3 chapter 5 (tables), 4.8 (fixed hardware); IA-PC HPET 1.0a, 3.2.4; WAET (MS
// "Windows ACPI Emulated Devices Table"); for the script, SeaBIOS and the fw_cfg specification.
// The ports agree with where SeaBIOS programs the PIIX4: power management at 600h.
// Not modelled: XSDT, handlers of general-purpose events, sleep states other than soft off.
#pragma once

#include "chipset/firmware/board_facts.h"
#include "chipset/firmware/bytes.h"

namespace reprise {

struct AcpiFiles {
  Bytes tables;  // "etc/acpi/tables"
  Bytes rsdp;    // "etc/acpi/rsdp"
  Bytes loader;  // "etc/table-loader"
};

AcpiFiles build_acpi(const BoardFacts& facts);
Bytes build_dsdt_body(const BoardFacts& facts);  // the AML behind the DSDT's header

}  // namespace reprise
