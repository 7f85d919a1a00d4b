// The EDID of the monitor that comes with a display adapter.
//
// Source: VESA Enhanced EDID Standard, Release A, Revision 2 (EDID 1.4): base block; VESA DMT
// (established and standard timings); VESA CVT 1.2, reduced blanking, for the preferred timing.
#pragma once

#include <array>

#include "replay/core/types.h"

namespace reprise {

inline constexpr std::size_t kEdidSize = 128;

// A digital monitor named "Reprise" whose preferred mode is `width` x `height` at 60 Hz. Both are
// brought into what a detailed timing can say (640 x 480 to 4088 x 4095; the width to a multiple of
// 8).
std::array<u8, kEdidSize> make_edid(unsigned width, unsigned height);

}  // namespace reprise
