#pragma once

namespace reprise::tools {
inline constexpr const char* kVersion = "Reprise 0.4";
// Tools that drive QEMU look for its name, and take the first number for its version: this is the
// one whose machine and options these are.
inline constexpr const char* kVersionText =
    "QEMU emulator version 2.11.2 (compatible: Reprise 0.4)\n"
    "Reprise 0.4: a PC that can play any run again\n";
}  // namespace reprise::tools
