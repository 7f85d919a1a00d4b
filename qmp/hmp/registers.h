// `info registers`: a vCPU's registers in the layout that QEMU's users and scripts know.
#pragma once

#include <string>

namespace reprise {

namespace cpu {
struct Cpu;
}

std::string registers_text(const cpu::Cpu& cpu);
// What its timing model has counted.
std::string timing_text(const cpu::Cpu& cpu);

}  // namespace reprise
