// The machine description in a recording's header: canonical, complete, and refused when wrong.
#include "chipset/board/config.h"

#include <gtest/gtest.h>

namespace reprise {
namespace {

MachineConfig unusual() {
  MachineConfig config;
  config.machine = "other";
  config.name = "n\"\\";
  config.ram_bytes = 64ull << 30;
  config.cpu_model = "max";
  config.cpu_features = {"+a", "-b"};
  config.cpu_hz = 123'456'789;
  config.timing = "test";
  config.cpus = 3;
  config.quantum = 77;
  config.rtc_base = -5;
  config.seed = ~u64(0);
  config.graphics = false;
  config.append = "console=ttyS0 ü";
  config.serial_ports = 3;
  config.debugcon = true;
  config.hpet = false;
  config.reboot = false;
  config.devices = {{"isa-debug-exit", {{"iobase", "0xf4"}}}};
  return config;
}

TEST(MachineConfig, SurvivesJsonExactly) {
  const std::string text = unusual().to_json();
  const auto back = MachineConfig::from_json(text);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->to_json(), text);
  EXPECT_EQ(back->rtc_base, -5);
  EXPECT_EQ(back->devices[0].properties.at("iobase"), "0xf4");
  EXPECT_NE(text, MachineConfig().to_json());
}

TEST(MachineConfig, BlobsAreNamedByContent) {
  MachineConfig config;
  config.blobs["bios"] = std::make_shared<const std::vector<u8>>(std::vector<u8>{1, 2, 3});
  const std::string text = config.to_json();
  const auto refs = MachineConfig::blob_refs(text);
  ASSERT_TRUE(refs.ok());
  EXPECT_EQ(refs->at("bios").size, 3u);
  EXPECT_EQ(refs->at("bios").hash, hash128(*config.blobs["bios"]));
  config.blobs["bios"] = std::make_shared<const std::vector<u8>>(std::vector<u8>{1, 2, 4});
  EXPECT_NE(text, config.to_json());
}

TEST(MachineConfig, RefusesWhatIsNotAMachine) {
  const std::string good = MachineConfig().to_json();
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return !MachineConfig::from_json(text).ok();
  };
  EXPECT_FALSE(refused("\"cpus\":1", "\"cpus\":2"));
  EXPECT_TRUE(refused("\"cpus\":1", "\"cpus\":0"));
  EXPECT_TRUE(refused("\"cpus\":1", "\"cpus\":-1"));
  EXPECT_TRUE(refused("\"cpus\":1", "\"cpus\":\"1\""));
  EXPECT_TRUE(refused("\"cpus\":1,", ""));
  EXPECT_TRUE(refused("\"cpus\":1", "\"cpus\":1,\"extra\":1"));
  EXPECT_TRUE(refused("134217728", "134217729"));
  EXPECT_TRUE(refused("{", "["));
}

}  // namespace
}  // namespace reprise
