// Boards of random make, whose firmware does whatever random bytes do.
#pragma once

#include <memory>
#include <random>

#include "chipset/board/pc_i440fx.h"

namespace reprise {

inline std::unique_ptr<PcI440fx> board(const MachineConfig& config) {
  Result<std::unique_ptr<PcI440fx>> machine = PcI440fx::create(config);
  check(machine.ok(), machine ? "" : machine.error().message.c_str());
  (*machine)->set_idle_jumps(false);
  return std::move(*machine);
}

// Firmware of random bytes, with enough sense in it to get somewhere: it is a hostile guest too.
inline Blob random_firmware(std::mt19937_64& random) {
  std::vector<u8> bytes(64 << 10);
  static constexpr u8 kUseful[] = {0x90, 0x40, 0x41, 0x50, 0x58, 0x89, 0x8b, 0xa4,
                                   0xaa, 0xe6, 0xe4, 0xee, 0xec, 0x74, 0x75, 0xeb,
                                   0xd9, 0xdd, 0x0f, 0xf3, 0xf4, 0xfb};
  for (u8& byte : bytes) byte = random() % 3 ? kUseful[random() % sizeof kUseful] : u8(random());
  return std::make_shared<const std::vector<u8>>(std::move(bytes));
}

inline MachineConfig random_board(u64 seed) {
  std::mt19937_64 random(seed);
  MachineConfig config;
  config.ram_bytes = 1 << 20;
  config.cpus = 1 + seed % 2;
  static constexpr const char* timings[5] = {"fixed", "fixed", "test", "i486", "p5"};
  config.timing = timings[seed % 5];
  config.blobs["bios"] = random_firmware(random);
  return config;
}

}  // namespace reprise
