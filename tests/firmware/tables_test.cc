// The tables as the firmware leaves them: the linker script is run here as SeaBIOS runs it.
#include "chipset/firmware/tables.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "chipset/firmware/acpi_tables.h"
#include "tests/firmware/fixture.h"

namespace reprise {
namespace {

struct Placed {
  std::map<std::string, u32> address;
  Bytes memory = Bytes(4 << 20);

  std::string name(std::span<const u8> entry, std::size_t at) {
    EXPECT_EQ(entry[at + 55], 0);
    return reinterpret_cast<const char*>(&entry[at]);
  }
  void run(const FwCfg& fw, const std::string& script_name) {
    const Bytes script = *fw.file(script_name);
    ASSERT_EQ(script.size() % 128, 0u);
    u32 high = 0x200000, fseg = 0xf5a00;
    for (std::size_t at = 0; at < script.size(); at += 128) {
      const std::span<const u8> e = std::span(script).subspan(at, 128);
      const std::string file = name(e, 4);
      const Bytes* data = fw.file(file);
      ASSERT_NE(data, nullptr) << file;
      switch (get_le(e, 0, 4)) {
        case 1: {  // allocate
          u32& next = e[64] == 2 ? fseg : high;
          const u32 alignment = u32(get_le(e, 60, 4));
          next = (next + alignment - 1) / alignment * alignment;
          address[file] = next;
          std::copy(data->begin(), data->end(), memory.begin() + next);
          next += u32(data->size());
          break;
        }
        case 2: {  // add pointer
          const std::string source = name(e, 60);
          const u32 offset = u32(get_le(e, 116, 4));
          const u8 width = e[120];
          ASSERT_TRUE(address.count(file) && address.count(source));
          ASSERT_LE(offset + width, data->size());
          const u64 old = get_le(memory, address[file] + offset, width);
          ASSERT_LT(old, fw.file(source)->size());
          put_le(memory, address[file] + offset, width, old + address[source]);
          break;
        }
        case 3: {  // add checksum
          const u32 offset = u32(get_le(e, 60, 4)), start = u32(get_le(e, 64, 4));
          const u32 length = u32(get_le(e, 68, 4));
          ASSERT_LE(start + length, data->size());
          ASSERT_LT(offset, data->size());
          u8& sum = memory[address[file] + offset];
          sum = u8(sum + checksum_of(std::span(memory).subspan(address[file] + start, length)));
          break;
        }
        default:
          FAIL() << "command";
      }
    }
  }
  std::span<const u8> table(u64 at) const {
    return std::span(memory).subspan(at, get_le(memory, at + 4, 4));
  }
};

std::string signature(std::span<const u8> table) { return {table.begin(), table.begin() + 4}; }

struct AcpiTables {
  FwCfgBoard board;
  Placed placed;
  std::map<std::string, std::span<const u8>> tables;
  explicit AcpiTables(const BoardFacts& facts) {
    check(install_tables(board.fw, facts).ok(), "tables");
    placed.run(board.fw, "etc/table-loader");
    const u32 rsdp = placed.address["etc/acpi/rsdp"];
    const auto pointer = std::span(placed.memory).subspan(rsdp, 20);
    EXPECT_EQ(rsdp % 16, 0u);
    EXPECT_EQ(checksum_of(pointer), 0);
    const auto rsdt = placed.table(get_le(pointer, 16, 4));
    EXPECT_EQ(signature(rsdt), "RSDT");
    EXPECT_EQ(checksum_of(rsdt), 0);
    for (std::size_t at = 36; at < rsdt.size(); at += 4) add(get_le(rsdt, at, 4));
    const auto fadt = tables.at("FACP");
    EXPECT_EQ(get_le(fadt, 40, 4), get_le(fadt, 140, 8));
    add(get_le(fadt, 40, 4));
    const u64 facs = get_le(fadt, 36, 4);
    EXPECT_EQ(facs % 64, 0u);
    EXPECT_EQ(signature(placed.table(facs)), "FACS");
  }
  void add(u64 address) {
    const auto table = placed.table(address);
    EXPECT_EQ(checksum_of(table), 0) << signature(table);
    tables[signature(table)] = table;
  }
};

TEST(Acpi, LinkerScriptGivesSoundTables) {
  for (const unsigned cpus : {1u, 2u, 255u}) {
    BoardFacts facts;
    facts.cpus = cpus;
    facts.ram = RamLayout::of(128 << 20);
    AcpiTables acpi(facts);
    EXPECT_EQ(acpi.tables.size(), 5u);  // FACP DSDT APIC HPET WAET
    EXPECT_EQ(acpi.tables.at("FACP").size(), 244u);
    EXPECT_EQ(get_le(acpi.tables.at("FACP"), 64, 4), 0x604u);  // PM1a_CNT where SeaBIOS puts it
    EXPECT_EQ(acpi.tables.at("APIC").size(), 44u + 8 * cpus + 12 + 5 * 10 + 6);
  }
  BoardFacts facts;
  facts.hpet = false;
  EXPECT_EQ(AcpiTables(facts).tables.count("HPET"), 0u);
}

// Package lengths must nest exactly: a wrong one makes iasl fail or lose the end of the tree.
TEST(Acpi, DsdtDisassembles) {
  if (std::system("command -v iasl >/dev/null") != 0) GTEST_SKIP() << "iasl is not installed";
  BoardFacts facts;
  facts.cpus = 2;
  facts.ram = RamLayout::of(u64(5) << 30);
  facts.parallel_ports = 7;
  facts.floppies = true;
  AcpiTables acpi(facts);
  const std::string stem = testing::TempDir() + "reprise-dsdt-" + std::to_string(getpid());
  const auto dsdt = acpi.tables.at("DSDT");
  std::ofstream(stem + ".aml", std::ios::binary)
      .write(reinterpret_cast<const char*>(dsdt.data()), i64(dsdt.size()));
  const std::string command = "iasl -p " + stem + " -d " + stem + ".aml >" + stem + ".log 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::ifstream in(stem + ".dsl");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  for (const char* part :
       {"Device (PCI0)", "EisaId (\"PNP0A03\")", "Device (LNKD)", "Processor (C001, 0x01",
        "Name (\\_S5", "0xC0000000,         // Range Min",
        "OperationRegion (PIRQ, PCI_Config, 0x60, 0x04)", "PNP0400", "PNP0700",
        "DMA (Compatibility, NotBusMaster, Transfer8, )"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
  EXPECT_EQ(text.find("Error"), std::string::npos);
  for (const char* end : {".aml", ".dsl", ".log"}) std::remove((stem + end).c_str());
}

TEST(Smbios, StructuresMatchTheEntryPoint) {
  FwCfgBoard board;
  BoardFacts facts;
  facts.cpus = 3;
  facts.ram = RamLayout::of(u64(6) << 30);
  ASSERT_TRUE(install_tables(board.fw, facts).ok());
  const Bytes& anchor = *board.fw.file("etc/smbios/smbios-anchor");
  const Bytes& tables = *board.fw.file("etc/smbios/smbios-tables");
  ASSERT_EQ(anchor.size(), 31u);
  EXPECT_EQ(checksum_of(std::span(anchor).first(16)), 0);
  EXPECT_EQ(checksum_of(std::span(anchor).subspan(16)), 0);
  EXPECT_EQ(get_le(anchor, 0x16, 2), tables.size());
  std::vector<u8> types;
  std::size_t at = 0, largest = 0;
  while (at + 4 <= tables.size()) {
    const std::size_t start = at;
    types.push_back(tables[at]);
    at += tables[at + 1];
    while (at + 1 < tables.size() && (tables[at] || tables[at + 1])) ++at;
    at += 2;
    largest = std::max(largest, at - start);
  }
  EXPECT_EQ(at, tables.size());
  EXPECT_EQ(types, (std::vector<u8>{0, 1, 3, 4, 4, 4, 16, 17, 19, 19, 32, 127}));
  EXPECT_EQ(get_le(anchor, 8, 2), largest);
  EXPECT_EQ(get_le(anchor, 0x1c, 2), types.size());
}

TEST(E820, SplitsRamAroundThePciHole) {
  const Bytes map = build_e820(RamLayout::of(u64(5) << 30));
  ASSERT_EQ(map.size(), 40u);
  EXPECT_EQ(get_le(map, 8, 8), u64(3) << 30);
  EXPECT_EQ(get_le(map, 20, 8), u64(4) << 30);
  EXPECT_EQ(get_le(map, 28, 8), u64(2) << 30);
  EXPECT_EQ(build_e820(RamLayout::of(u64(3) << 30)).size(), 20u);
}

}  // namespace
}  // namespace reprise
