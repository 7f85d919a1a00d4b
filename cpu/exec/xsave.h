// The XSAVE image, as CPUID describes it.
#pragma once

#include "cpu/cpu.h"
#include "cpu/system/model.h"

namespace reprise::cpu {

// Where components lie in the standard format, and their sizes, in bytes.
inline constexpr unsigned kXsaveAvx = 576, kXsaveAvxSize = 256, kXsavePkru = 2688,
                          kXsavePkruSize = 8;

u64 xcr0_mask(const CpuModel& model);  // what XCR0 may have
// Bytes of an image with these components; the legacy part and the header are always there.
unsigned xsave_size(u64 components, bool compacted);

}  // namespace reprise::cpu
