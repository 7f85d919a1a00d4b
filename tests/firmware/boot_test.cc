#include "chipset/firmware/boot.h"

#include "chipset/board/pc_i440fx.h"
#include "chipset/firmware/smbios.h"
#include "chipset/firmware/tables.h"
#include "tests/firmware/fixture.h"

namespace reprise {
namespace {

Blob text_blob(std::string_view text) {
  return std::make_shared<const Bytes>(text.begin(), text.end());
}

struct Boot : FwCfgBoard {
  MachineConfig config;
  std::string error() {
    const Result<void> result = install_boot(fw, config);
    return result.ok() ? "" : result.error().message;
  }
  std::string file(const std::string& name) {
    const Bytes* bytes = fw.file(name);
    return bytes ? std::string(bytes->begin(), bytes->end()) : "(none)";
  }
  void drive(const std::string& interface, unsigned bus, unsigned unit, int bootindex) {
    DriveConfig drive;
    drive.id = "d" + std::to_string(config.drives.size());
    drive.interface = interface;
    drive.bus = bus;
    drive.unit = unit;
    drive.bootindex = bootindex;
    config.drives.push_back(drive);
  }
};

// Paths as QEMU 2.11 gives them, in order of the index and not of the drives.
TEST(BootOrder, FollowsBootindex) {
  Boot boot;
  boot.drive("ide", 1, 0, 3);
  boot.drive("ide", 0, 1, 2);
  boot.drive("floppy", 0, 0, 7);
  boot.drive("ide", 0, 0, -1);
  EXPECT_EQ(boot.error(), "");
  EXPECT_EQ(boot.file("bootorder"),
            std::string("/pci@i0cf8/ide@1,1/drive@0/disk@1\n/pci@i0cf8/ide@1,1/drive@1/disk@0\n"
                        "/pci@i0cf8/isa@1/fdc@03f0/floppy@0") +
                '\0');
}

TEST(BootOrder, StrictEndsTheList) {
  Boot boot;
  boot.config.boot.strict = true;
  boot.drive("ide", 0, 0, 1);
  boot.fw.add_file("genroms/linuxboot.bin", Bytes(512));
  EXPECT_EQ(boot.error(), "");
  EXPECT_EQ(
      boot.file("bootorder"),
      std::string("/rom@genroms/linuxboot.bin\n/pci@i0cf8/ide@1,1/drive@0/disk@0\nHALT") + '\0');
}

TEST(BootOrder, SameIndexTwiceIsAnError) {
  Boot boot;
  boot.drive("ide", 0, 0, 1);
  boot.drive("ide", 0, 1, 1);
  EXPECT_NE(boot.error().find("'d1': bootindex=1 is taken by /pci@i0cf8/ide@1,1/drive@0/disk@0"),
            std::string::npos)
      << boot.error();
}

TEST(BootOrder, MenuAndWaits) {
  Boot plain;
  EXPECT_EQ(plain.error(), "");
  EXPECT_EQ(plain.fw.item(fw_key::kBootMenu)[0], 0);
  EXPECT_EQ(plain.file("etc/boot-fail-wait"), "\xff\xff\xff\xff");  // no reset after a minute
  EXPECT_EQ(plain.file("etc/boot-menu-wait"), "(none)");
  Boot boot;
  boot.config.boot.menu = true;
  boot.config.boot.splash_time = 0x1234;
  boot.config.boot.reboot_timeout = 0x201;
  boot.config.blobs["bootsplash"] = text_blob("BMpicture");
  EXPECT_EQ(boot.error(), "");
  EXPECT_EQ(boot.fw.item(fw_key::kBootMenu)[0], 1);
  EXPECT_EQ(boot.file("etc/boot-menu-wait"), "\x34\x12");
  EXPECT_EQ(boot.file("etc/boot-fail-wait"), std::string("\1\2\0\0", 4));
  EXPECT_EQ(boot.file("bootsplash.bmp"), "BMpicture");
}

TEST(BootOrder, UserFiles) {
  Boot boot;
  boot.config.blobs["fw_cfg:opt/org.test/a"] = text_blob("hello");
  EXPECT_EQ(boot.error(), "");
  EXPECT_EQ(boot.file("opt/org.test/a"), "hello");
  Boot taken;
  taken.config.blobs["fw_cfg:bootorder"] = text_blob("hello");
  EXPECT_NE(taken.error(), "");
  Boot wide;
  wide.config.blobs["fw_cfg:" + std::string(56, 'x')] = text_blob("hello");
  EXPECT_NE(wide.error(), "");
}

// What the CMOS says to SeaBIOS; `once` until the first reset.
TEST(BootOrder, CmosOrderAndOnce) {
  MachineConfig config;
  config.ram_bytes = 1 << 20;
  config.blobs["bios"] = std::make_shared<const Bytes>(64 << 10, 0xf4);
  const auto cmos = [](PcI440fx& machine, u8 index) {
    machine.space().out(0x70, 1, index);
    return machine.space().in(0x71, 1);
  };
  const auto plain = PcI440fx::create(config);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(cmos(**plain, 0x3d), 0x12u);  // cad: disk, floppy,
  EXPECT_EQ(cmos(**plain, 0x38), 0x30u);  // CD
  config.boot.order = "nd";
  config.boot.once = "a";
  config.boot.check_floppy = false;
  const auto once = PcI440fx::create(config);
  ASSERT_TRUE(once.ok());
  EXPECT_EQ(cmos(**once, 0x3d), 0x01u);
  EXPECT_EQ(cmos(**once, 0x38), 0x01u);
  (*once)->door().post((*once)->control(), {PcI440fx::kReset});
  (*once)->run({1000, kNever});
  EXPECT_EQ(cmos(**once, 0x3d), 0x34u);
  EXPECT_EQ(cmos(**once, 0x38), 0x01u);
  config.boot.order = "x";
  EXPECT_FALSE(PcI440fx::create(config).ok());
}

TEST(Uuid, DigitsToBytes) {
  const auto uuid = parse_uuid("00112233-4455-6677-8899-aaBBccDDeeff");
  ASSERT_TRUE(uuid.ok());
  EXPECT_EQ((*uuid)[1], 0x11);
  EXPECT_EQ((*uuid)[15], 0xff);
  for (const char* wrong :
       {"1", "00112233-4455-6677-8899-aabbccddeefg", "00112233-4455-6677-8899aaabbccddeeff"})
    EXPECT_FALSE(parse_uuid(wrong).ok()) << wrong;
}

// The structure of a type: its formatted area and its strings.
struct Found {
  Bytes area;
  std::vector<std::string> strings;
  std::string text(std::size_t offset) const {
    return area[offset] ? strings.at(area[offset] - 1u) : "";
  }
};

std::map<u8, Found> structures(const Bytes& tables) {
  std::map<u8, Found> found;
  for (std::size_t at = 0; at + 4 <= tables.size();) {
    Found one;
    one.area.assign(tables.begin() + at, tables.begin() + at + tables[at + 1]);
    at += tables[at + 1];
    while (at < tables.size() && tables[at]) {
      const std::string text(reinterpret_cast<const char*>(&tables[at]));
      one.strings.push_back(text);
      at += text.size() + 1;
    }
    at += one.strings.empty() ? 2 : 1;
    found[one.area[0]] = one;
  }
  return found;
}

TEST(Smbios, FieldsOfTheCommandLine) {
  BoardFacts facts;
  facts.ram = RamLayout::of(64 << 20);
  facts.uuid = *parse_uuid("00112233-4455-6677-8899-aabbccddeeff");
  facts.smbios[0] = {{"vendor", "V"}, {"release", "3.7"}, {"uefi", "on"}};
  facts.smbios[1] = {{"product", "P"}, {"serial", "S"}, {"family", "F"}};
  facts.smbios[2] = {{"product", "Board"}, {"location", "slot"}};
  facts.smbios[3] = {{"asset", "A"}, {"sku", "K"}};
  facts.smbios[4] = {{"sock_pfx", "Sock"}, {"part", "N"}};
  facts.smbios[11] = {{"value0", "one"}, {"value1", "two"}};
  facts.smbios[17] = {{"bank", "B"}, {"speed", "1600"}};
  const auto files = build_smbios(facts);
  ASSERT_TRUE(files.ok());
  auto found = structures(files->tables);
  EXPECT_EQ(found[0].text(4), "V");
  EXPECT_EQ(found[0].area[20], 3);
  EXPECT_EQ(found[0].area[21], 7);
  EXPECT_TRUE(found[0].area[19] & 8);
  EXPECT_EQ(found[1].text(5), "P");
  EXPECT_EQ(found[1].text(7), "S");
  EXPECT_EQ(Bytes(found[1].area.begin() + 8, found[1].area.begin() + 24),
            (Bytes{0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
                   0xee, 0xff}));
  EXPECT_EQ(found[1].text(26), "F");
  EXPECT_EQ(found[2].text(5), "Board");
  EXPECT_EQ(found[2].text(10), "slot");
  EXPECT_EQ(found[3].text(8), "A");
  EXPECT_EQ(found[4].text(4), "Sock 0");
  EXPECT_EQ(found[4].text(34), "N");
  EXPECT_EQ(found[11].strings, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(found[11].area[4], 2);
  EXPECT_EQ(found[17].text(17), "B");
  EXPECT_EQ(get_le(found[17].area, 21, 2), 1600u);
}

TEST(Smbios, WholeStructuresAndMistakes) {
  BoardFacts facts;
  facts.ram = RamLayout::of(64 << 20);
  const Bytes oem = {1, 6, 0, 0x99, 1, 2, 'h', 'i', 0, 0};
  facts.smbios_structures = {std::make_shared<const Bytes>(oem)};
  auto files = build_smbios(facts);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(structures(files->tables)[1].area, (Bytes{1, 6, 0, 0x99, 1, 2}));  // in place of ours
  facts.smbios[1] = {{"product", "P"}};
  EXPECT_FALSE(build_smbios(facts).ok());
  facts.smbios.clear();
  for (const Bytes& wrong : {Bytes{}, Bytes{1, 6, 0, 0, 1, 2}, Bytes{1, 3, 0, 0, 0, 0},
                             Bytes{1, 6, 0, 0, 1, 2, 'h', 'i', 0}}) {
    facts.smbios_structures = {std::make_shared<const Bytes>(wrong)};
    EXPECT_FALSE(build_smbios(facts).ok());
  }
  facts.smbios_structures.clear();
  facts.smbios[5] = {{"product", "P"}};
  EXPECT_FALSE(build_smbios(facts).ok());
  facts.smbios = {{1, {{"colour", "red"}}}};
  EXPECT_FALSE(build_smbios(facts).ok());
  facts.smbios = {{1, {{"product", std::string(5000, 'x')}}}};
  EXPECT_FALSE(build_smbios(facts).ok());
}

}  // namespace
}  // namespace reprise
