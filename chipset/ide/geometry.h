// Cylinders, heads and sectors of an IDE disk, and how a BIOS is told to translate them.
//
// Source: T13/1410D, annex on CHS addressing (at most 16383 cylinders of 16 heads and 63 sectors);
// the values of QEMU where software may have got used to them.
#pragma once

#include <algorithm>

#include "replay/core/types.h"

namespace reprise {

struct Geometry {
  u32 cylinders = 0;
  u8 heads = 16;
  u8 sectors = 63;
  // How CMOS 39h names them.
  enum class Translation : u8 { None, Lba };
  Translation translation = Translation::None;

  // `cylinders`, `heads`, `sectors`: an operator's, or all 0.
  static Geometry of(u64 disk_sectors, u32 cylinders, u32 heads, u32 sectors) {
    Geometry geometry;
    if (cylinders && heads && sectors) {
      geometry = {cylinders, u8(heads), u8(sectors), Translation::None};
    } else {
      geometry.cylinders = u32(std::clamp<u64>(disk_sectors / (16 * 63), 2, 16383));
    }
    if (geometry.cylinders > 1024) geometry.translation = Translation::Lba;
    return geometry;
  }
  static bool valid(u32 cylinders, u32 heads, u32 sectors) {
    return cylinders >= 1 && cylinders <= 65535 && heads >= 1 && heads <= 16 && sectors >= 1 &&
           sectors <= 255;
  }
};

}  // namespace reprise
