#include "chipset/southbridge/spd_eeprom.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string_view>

namespace reprise {

namespace {
constexpr unsigned kSmallest = 8, kLargest = 1024, kSideLimit = 512, kModules = 8;
}  // namespace

// Four banks of 2^(rows + columns) words of 8 bytes make a side; the smallest has two.
SpdContents sdram_spd(unsigned mib) {
  check(std::has_single_bit(mib) && mib >= kSmallest && mib <= kLargest, "no such memory module");
  const unsigned side = std::min(mib, kSideLimit), banks = side == kSmallest ? 2 : 4;
  const unsigned lines = unsigned(std::bit_width(side / banks)) - 1 + 17;  // rows + columns
  const unsigned rows = std::clamp(lines - 9, 11u, 13u);
  SpdContents s{};
  const u8 head[] = {128,
                     8,
                     4,
                     u8(rows),
                     u8(lines - rows),
                     u8(mib / side),
                     64,
                     0,
                     1,
                     0xa0,
                     0x60,
                     0,
                     0x80,
                     8,
                     0,
                     1,
                     0x8f,
                     u8(banks),
                     6,
                     1,
                     1,
                     0,
                     0x0e,
                     0xa0,
                     0x60,
                     0,
                     0,
                     20,
                     20,
                     20,
                     50,
                     u8(side / 4),
                     0x20,
                     0x10,
                     0x20,
                     0x10};
  std::copy(std::begin(head), std::end(head), s.begin());
  s[62] = 0x12;
  s[63] = u8(std::accumulate(s.begin(), s.begin() + 63, 0u));
  constexpr std::string_view kPart = "Reprise SDRAM     ";
  std::copy(kPart.begin(), kPart.end(), s.begin() + 73);
  s[126] = 100;   // MHz
  s[127] = 0xcf;  // Intel: double-sided, clocks 0 to 3, junction 100 C, CL 3 and 2, concurrent
  std::fill(s.begin() + 128, s.end(), u8(0xff));
  return s;
}

std::vector<unsigned> sdram_modules(u64 ram_bytes) {
  std::vector<unsigned> modules;
  u64 mib = ram_bytes >> 20;
  while (mib >= kSmallest && modules.size() < kModules) {
    modules.push_back(unsigned(std::min<u64>(std::bit_floor(mib), kLargest)));
    mib -= modules.back();
  }
  return modules;
}

}  // namespace reprise
