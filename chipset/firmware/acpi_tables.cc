#include "chipset/firmware/acpi_tables.h"

#include <string>

namespace reprise {
namespace {

constexpr std::string_view kTables = "etc/acpi/tables";
constexpr std::string_view kRsdp = "etc/acpi/rsdp";
constexpr u16 kSmiPort = 0xb2, kResetPort = 0xcf9;
constexpr u32 kLocalApic = 0xfee00000, kIoApic = 0xfec00000, kHpet = 0xfed00000;

// The linker's script: entries of 128 bytes, a command number and its operands.
class Script {
 public:
  void allocate(std::string_view file, u32 alignment, bool fseg) {
    begin(1).text(file, 56).u32le(alignment).u8le(fseg ? 2 : 1);
    end();
  }
  // Adds the address of `source` to the field of `width` bytes at `offset` of `file`.
  void add_pointer(std::string_view file, std::string_view source, u32 offset, u8 width) {
    begin(2).text(file, 56).text(source, 56).u32le(offset).u8le(width);
    end();
  }
  void add_checksum(std::string_view file, u32 offset, u32 start, u32 length) {
    begin(3).text(file, 56).u32le(offset).u32le(start).u32le(length);
    end();
  }
  Bytes take() { return out_.take(); }

 private:
  ByteBuilder& begin(u32 command) { return out_.u32le(command); }
  void end() { out_.align(128); }
  ByteBuilder out_;
};

// Appends tables to one file; a field that points into the file holds an offset plus a command.
class TableFile {
 public:
  explicit TableFile(Script& script) : script_(script) {}
  // Returns the table's offset. Fields that follow in `body` start at offset 36 of the table.
  u32 add(std::string_view signature, u8 revision, const Bytes& body) {
    const u32 start = u32(out_.align(16).size());
    const u32 length = u32(36 + body.size());
    out_.text(signature, 4).u32le(length).u8le(revision).u8le(0);
    out_.text("REPRIS", 6).text("RPRS", 4).text(signature, 4).u32le(1);  // OEM ids and revision
    out_.text("RPRS", 4).u32le(1).bytes(body);                           // creator
    return start;
  }
  void checksum(u32 table) {
    script_.add_checksum(kTables, table + 9, table, u32(get_le(out_.data(), table + 4, 4)));
  }
  // The field at `field` gets the address of `target`, an offset in this file.
  void point(u32 field, u8 width, u32 target) {
    put_le(out_.data(), field, width, target);
    script_.add_pointer(kTables, kTables, field, width);
  }
  ByteBuilder& raw() { return out_; }

 private:
  Script& script_;
  ByteBuilder out_;
};

void io_register(ByteBuilder& out, u8 bits, u16 port) {  // 5.2.3.2 generic address structure
  const u8 access = bits == 8 ? 1 : bits == 16 ? 2 : 3;
  if (port == 0) {
    out.zeros(12);
  } else {
    out.u8le(1).u8le(bits).u8le(0).u8le(access).u64le(port);
  }
}

// 5.2.9, revision 3 (244 bytes with the header).
Bytes fadt_body(const BoardFacts& facts) {
  const u16 pm = facts.pm_base;
  enum : u32 {
    kWbinvd = 1 << 0,
    kProcC1 = 1 << 2,
    kNoSleepButton = 1 << 5,
    kRtcNotFixed = 1 << 6,
    kResetRegister = 1 << 10,
    kPlatformClock = 1 << 15,
  };  // PWR_BUTTON (bit 4) clear: the power button is fixed hardware
  ByteBuilder out;
  out.u32le(0).u32le(0);         // 36 FACS, 40 DSDT
  out.u8le(1).u8le(0).u16le(9);  // multiple APIC model, any profile, SCI
  out.u32le(kSmiPort).u8le(facts.acpi_enable).u8le(facts.acpi_disable).u8le(0).u8le(0);
  out.u32le(pm).u32le(0).u32le(pm + 4).u32le(0);  // 56 PM1a_EVT, PM1b_EVT, PM1a_CNT, PM1b_CNT
  out.u32le(0).u32le(pm + 8).u32le(facts.gpe0_base).u32le(0);   // 72 PM2_CNT, PM_TMR, GPE0, GPE1
  out.u8le(4).u8le(2).u8le(0).u8le(4).u8le(4).u8le(0).u8le(0);  // 88 lengths, GPE1 base
  out.u8le(0);                                                  // no C-state notification
  out.u16le(0xfff).u16le(0xfff);                                // 96 no C2, no C3
  out.u16le(0).u16le(0).u8le(0).u8le(0);                        // no cache flush, no throttling
  out.u8le(0).u8le(0).u8le(0x32);  // 106 day and month alarm: none; century
  out.u16le(3).u8le(0);            // 109 legacy devices, 8042
  out.u32le(kWbinvd | kProcC1 | kNoSleepButton | kRtcNotFixed | kResetRegister | kPlatformClock);
  io_register(out, 8, kResetPort);  // 116
  out.u8le(facts.reset_value).zeros(3);
  out.u64le(0).u64le(0);     // 132 X_FIRMWARE_CTRL, X_DSDT
  io_register(out, 32, pm);  // 148 X_PM1a_EVT
  io_register(out, 0, 0);
  io_register(out, 16, u16(pm + 4));  // X_PM1a_CNT
  io_register(out, 0, 0);
  io_register(out, 0, 0);
  io_register(out, 32, u16(pm + 8));  // X_PM_TMR
  io_register(out, 32, facts.gpe0_base);
  io_register(out, 0, 0);
  return out.take();
}

// 5.2.12. PCI interrupts share ISA numbers 5, 10 and 11, the SCI has 9: level, active high.
Bytes madt_body(const BoardFacts& facts) {
  constexpr u16 kLevelHigh = 0x0d;
  ByteBuilder out;
  out.u32le(kLocalApic).u32le(1);  // PCAT_COMPAT: there are 8259s as well
  for (unsigned i = 0; i < facts.cpus; ++i)
    out.u8le(0).u8le(8).u8le(i).u8le(u8(facts.topology.apic_id(i))).u32le(1);
  out.u8le(1).u8le(12).u8le(0).u8le(0).u32le(kIoApic).u32le(0);
  out.u8le(2).u8le(10).u8le(0).u8le(0).u32le(2).u16le(0);  // the 8254 is on input 2
  for (const u8 line : {5, 9, 10, 11})
    out.u8le(2).u8le(10).u8le(0).u8le(line).u32le(line).u16le(kLevelHigh);
  out.u8le(4).u8le(6).u8le(0xff).u16le(0).u8le(1);  // NMI: LINT1 of every processor
  return out.take();
}

Bytes hpet_body(const BoardFacts& facts) {
  ByteBuilder out;
  out.u32le(facts.hpet_block_id);
  out.u8le(0).u8le(64).u8le(0).u8le(0).u64le(kHpet);  // memory, 64 bits
  out.u8le(0).u16le(100).u8le(0);                     // number 0; smallest period in ticks
  return out.take();
}

// 5.2.5.3: revision 0, 20 bytes.
Bytes build_rsdp(u32 rsdt, Script& script) {
  ByteBuilder out;
  out.text("RSD PTR ").u8le(0).text("REPRIS", 6).u8le(0).u32le(rsdt);
  script.add_pointer(kRsdp, kTables, 16, 4);
  script.add_checksum(kRsdp, 8, 0, 20);
  return out.take();
}

}  // namespace

AcpiFiles build_acpi(const BoardFacts& facts) {
  Script script;
  script.allocate(kTables, 64, false);
  script.allocate(kRsdp, 16, true);

  TableFile file(script);
  const u32 facs = 0;  // 5.2.10: first, as it must be aligned to 64 bytes; it has no checksum
  file.raw().text("FACS").u32le(64).zeros(24).u8le(1).zeros(31);
  const u32 dsdt = file.add("DSDT", 2, build_dsdt_body(facts));
  file.checksum(dsdt);

  const u32 fadt = file.add("FACP", 3, fadt_body(facts));
  file.point(fadt + 36, 4, facs);
  file.point(fadt + 40, 4, dsdt);
  file.point(fadt + 140, 8, dsdt);
  file.checksum(fadt);

  std::vector<u32> listed{fadt, file.add("APIC", 1, madt_body(facts))};
  if (facts.hpet) listed.push_back(file.add("HPET", 1, hpet_body(facts)));
  constexpr u32 kPmTimerGood = 1 << 1;  // one read of the PM timer is enough
  listed.push_back(file.add("WAET", 1, ByteBuilder().u32le(kPmTimerGood).take()));
  for (std::size_t i = 1; i < listed.size(); ++i) file.checksum(listed[i]);

  const u32 rsdt = file.add("RSDT", 1, Bytes(4 * listed.size()));
  for (std::size_t i = 0; i < listed.size(); ++i) file.point(u32(rsdt + 36 + 4 * i), 4, listed[i]);
  file.checksum(rsdt);

  Bytes rsdp = build_rsdp(rsdt, script);
  return {file.raw().take(), std::move(rsdp), script.take()};
}

}  // namespace reprise
