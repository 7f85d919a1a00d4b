// What the firmware boots: order, menu, waits, splash; and the operator's own fw_cfg files.
//
// Sources: SeaBIOS documentation, "Runtime config"; IEEE 1275 device paths as SeaBIOS forms them.
//   bootorder            one device path a line, in order of bootindex; "HALT" last: nothing else
//   etc/boot-menu-wait   u16, ms that the menu waits for a key
//   etc/boot-fail-wait   u32, ms until a reset when nothing boots; FFFFFFFFh: never
//   bootsplash.jpg, .bmp the picture beside the menu
#pragma once

#include <array>

#include "chipset/board/config.h"
#include "chipset/firmware/fw_cfg.h"

namespace reprise {

// After install_kernel(), whose option ROM comes first.
Result<void> install_boot(FwCfg& fw_cfg, const MachineConfig& config);

// A boot device letter as CMOS 3Dh and 38h have it: 1 floppy, 2 disk, 3 CD, 4 network; 0: none
// such.
u8 boot_nibble(char letter);

// "8-4-4-4-12" hexadecimal digits; empty: zeros.
Result<std::array<u8, 16>> parse_uuid(const std::string& text);

}  // namespace reprise
