// Devices with bugs planted in them: the harness of attack.h reports each.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/rubbish/attack.h"

namespace reprise::rubbish {
namespace {

constexpr u16 kPort = 0x5f0, kPorts = 16;

// A device is nothing but what its ports do.
class Device final : public Planted, public IoHandler {
 public:
  using Read = std::function<u32(u16 offset)>;
  using Write = std::function<void(u16 offset, u32 value)>;
  Device(PcI440fx& machine, Read read, Write write)
      : read_(std::move(read)),
        write_(std::move(write)),
        window_(machine.space(), "planted", kPort, kPorts, *this) {}
  u32 io_read(u16 offset, unsigned) override { return read_(offset); }
  void io_write(u16 offset, unsigned, u32 value) override { write_(offset, value); }

 private:
  Read read_;
  Write write_;
  PortWindow window_;
};

Bench with(Device::Read read, Device::Write write) {
  Bench bench;
  bench.plant = [=](PcI440fx& machine) { return std::make_unique<Device>(machine, read, write); };
  return bench;
}
u32 zero(u16) { return 0; }
void nothing(u16, u32) {}

// A script that the device's bug does not keep from its end.
Script touches() {
  Script s;
  for (u32 port = kPort; port < kPort + kPorts; ++port) s.out8(port, port).in8(port, 3);
  return s;
}

// What the harness found wrong with it.
std::string found(const Bench& bench) {
  testing::TestPartResultArray results;
  {
    testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    attack(touches(), bench);
  }
  std::string all;
  for (int i = 0; i < results.size(); ++i)
    if (results.GetTestPartResult(i).failed()) all += results.GetTestPartResult(i).message();
  return all;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(RubbishPlanted, AGoodDeviceIsFine) {
  std::array<u8, kPorts> registers{};
  Bench bench;
  bench.plant = [&](PcI440fx& machine) {
    registers = {};
    return std::make_unique<Device>(
        machine, [&](u16 offset) { return registers[offset]; },
        [&](u16 offset, u32 value) { registers[offset] = u8(value); });
  };
  EXPECT_EQ(found(bench), "");
}

// What the guest reads differs from run to run, as if from a clock of the host.
TEST(RubbishPlanted, Nondeterminism) {
  u32 clock = 0;
  EXPECT_PRED2(contains, found(with([&](u16) { return ++clock; }, nothing)),
               "the replay left the recording");
}

TEST(RubbishPlanted, MemoryThatGrows) {
  std::vector<std::vector<u8>> kept;
  EXPECT_PRED2(contains, found(with(zero, [&](u16, u32) { kept.emplace_back(8 << 20, u8(1)); })),
               "grown_kib");
}

using RubbishPlantedDeathTest = testing::Test;

TEST(RubbishPlantedDeathTest, EndlessLoop) {
  Bench bench = with(zero, [](u16 offset, u32) {
    for (volatile u16 wait = offset; wait != kPorts;) {
    }
  });
  bench.host_seconds = 1;
  EXPECT_DEATH(attack(touches(), bench), "a device hangs");
}

#ifdef __SANITIZE_ADDRESS__  // gcc's; sees what the guest would not notice
TEST(RubbishPlantedDeathTest, WriteOutOfBounds) {
  std::array<u8, kPorts / 2> registers{};
  u8* const first = registers.data();
  const Bench bench = with(
      zero, [=](u16 offset, u32 value) { static_cast<volatile u8*>(first)[offset] = u8(value); });
  EXPECT_DEATH(attack(touches(), bench), "stack-buffer-overflow");
}
#endif

}  // namespace
}  // namespace reprise::rubbish
