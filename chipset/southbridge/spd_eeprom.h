// The serial EEPROM of a memory module, which says what the module is.
//
// Sources: Atmel AT24C02 data sheet (0180) for the protocol; JEDEC Standard 21-C, 4.1.2.5 (Appendix
// E, serial presence detect for SDRAM) and Intel PC SDRAM SPD Specification 1.2A for the contents.
// A write's first byte is the address of what is read next; reading goes on from there. The write
// protect pin is high: further bytes are acknowledged and lost.
// Contents: PC100 SDRAM, unbuffered, 64 bits, CL 2 and 3, one or two sides.
#pragma once

#include <array>
#include <vector>

#include "chipset/southbridge/smbus.h"

namespace reprise {

using SpdContents = std::array<u8, 256>;

// A module of `mib` MiB: a power of two from 8 to 1024.
SpdContents sdram_spd(unsigned mib);
// Modules, in MiB, that make up this much RAM: at most eight, the largest first. What no module can
// be (below 8 MiB, above 8 GiB) is not told.
std::vector<unsigned> sdram_modules(u64 ram_bytes);

class SpdEeprom final : public Device, public SmbusSlave {
 public:
  static constexpr u8 kFirstAddress = 0x50;
  SpdEeprom(const DeviceContext& context, const SpdContents& contents)
      : Device(context), contents_(contents) {}

  std::string_view kind() const override { return "spd-eeprom"; }
  void reset() override { pointer_ = 0; }
  void state(State& s) override { s("pointer", pointer_); }
  void smbus_write(std::span<const u8> bytes) override {
    if (!bytes.empty()) pointer_ = bytes[0];
  }
  void smbus_read(std::span<u8> bytes) override {
    for (u8& byte : bytes) byte = contents_[pointer_++];
  }

 private:
  SpdContents contents_;  // of the board, never changed
  u8 pointer_ = 0;
};

}  // namespace reprise
