// Templates: what a system's code does.
#include "tests/support/program_assembler.h"

namespace reprise::cpu {

// Changes an entry of the page tables, and perhaps flushes.
void Assembler::table() {
  const bool wide = p_.mode == GuestMode::kPae || p_.mode == GuestMode::kLong;
  const unsigned page = rng_.chance(50) ? unsigned(kDataArea >> 12) + rng_.below(8)
                                        : unsigned(kCodeArea >> 12) + rng_.below(4);
  const unsigned region = rng_.below(3);
  const u64 slot = wide ? 0x44000 + 0x1000 * region + 8 * page
                        : 0x44000 + (region == 2 ? 0x1000 + 4 * page : 4 * (page + 512 * region));
  static constexpr u8 rights[8] = {7, 7, 7, 0x67, 0x27, 5, 3, 0};
  static constexpr u32 frames[6] = {0x20, 0x21, 0x0C, 0xF0, 0xE0, 0xD0};
  const u32 frame = rng_.chance(60) ? page : frames[rng_.below(6)];
  b({0xC7});
  absolute(0, slot);
  value(frame << 12 | rights[rng_.below(8)], 4);
  if (p_.mode == GuestMode::kLong && rng_.chance(30)) {  // a protection key
    b({0xC7});
    absolute(0, slot + 4);
    value(rng_.below(3) << 27, 4);
  }
  if (rng_.chance(50)) {
    b({0x0F, 0x01});
    absolute(7, u64(region) << 21 | u64(page) << 12);
  } else if (rng_.chance(30)) {
    b({0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8});
  }
}

void Assembler::system() {
  switch (rng_.below(18)) {
    case 0:
    case 1:
      return b({0xFB});
    case 2:
      return b({0xFA});
    case 3:
      return b({0xFB, 0xF4});
    case 4:
      return b({0xF3, 0x90});
    case 5:
      return b({0xCD, 0x30});
    case 6:
      return b({0xCC});
    case 7:
      if (rng_.chance(50)) return b({0x0F, 0xC7, 0xF0u + scratch()});  // RDRAND
      return b({0x0F, 0x31});
    case 8:
      return b({0x0F, 0xA2});
    case 9:  // a breakpoint on code or data
      b({0xB8});
      value(rng_.chance(50) ? kCodeArea + starts_[rng_.below(u32(starts_.size()))]
                            : (bits_ == 16 ? kDataArea : 0) + address(),
            bits_ == 16 ? 2 : 4);
      b({0x0F, 0x23, 0xC0});
      if (rng_.chance(50)) return;
      b({0x66u - (bits_ == 16 ? 0 : 0x66 - 0x3Eu), 0xB8});
      value(rng_.chance(60) ? 0 : 1 | rng_.below(16) << 16, 4);
      return b({0x0F, 0x23, 0xF8});
    case 10:  // MOV SS
      if (bits_ == 16) return b({0x16, 0x17});
      return b({0x8C, 0xD0, 0x8E, 0xD0});
    case 11:
      if (bits_ == 64) return b({0x8E, 0xD8 + rng_.below(3)});
      return b({0x06 + 0x18 * rng_.below(2), 0x07});
    case 12:
      return b({0x0F, 0x06});
    case 13:  // toggle bits of CR0: TS, EM, WP, AM
      static constexpr u8 bit[4] = {3, 2, 16, 18};
      b({0x0F, 0x20, 0xC0, 0x66u - (bits_ == 16 ? 0 : 0x66 - 0x3Eu), 0x0F, 0xBA, 0xF8});
      value(bit[rng_.below(4)], 1);
      return b({0x0F, 0x22, 0xC0});
    case 14:  // CR4: OSFXSR, PGE, PKE
      b({0x0F, 0x20, 0xE0, 0x66u - (bits_ == 16 ? 0 : 0x66 - 0x3Eu), 0x0F, 0xBA, 0xF8});
      value(rng_.chance(50) ? (p_.mode == GuestMode::kLong ? 22 : 9) : 7, 1);
      return b({0x0F, 0x22, 0xE0});
    case 15:
      return b({0x0F, 0x0B});
    case 16:
      if (bits_ == 16) {  // another segment
        static constexpr u16 segments[5] = {0x2000, 0xF000, 0xE000, 0xD000, 0x0C00};
        b({0xB8});
        value(segments[rng_.below(5)], 2);
        return b({0x8E, rng_.chance(70) ? 0xC0u : 0xD8u});
      }
      [[fallthrough]];
    default:
      if (p_.mode == GuestMode::kLong && rng_.chance(40)) {  // WRPKRU
        b({0x31, 0xC9, 0x31, 0xD2, 0xB8});
        value(rng_.chance(50) ? 0 : rng_.below(64), 4);
        return b({0x0F, 0x01, 0xEF});
      }
      if (p_.smap && rng_.chance(60)) return b({0x0F, 0x01, 0xCA + rng_.below(2)});  // CLAC, STAC
      if (p_.mode >= GuestMode::kPaging) return table();
      return b({0xF5});
  }
}

}  // namespace reprise::cpu
