#include "chipset/firmware/tables.h"

#include "chipset/firmware/acpi_tables.h"
#include "chipset/firmware/smbios.h"

namespace reprise {

Bytes build_e820(const RamLayout& ram) {
  constexpr u32 kRam = 1;
  ByteBuilder out;
  out.u64le(0).u64le(ram.below_4g).u32le(kRam);
  if (ram.above_4g) out.u64le(RamLayout::kHighStart).u64le(ram.above_4g).u32le(kRam);
  return out.take();
}

Result<void> install_tables(FwCfg& fw_cfg, const BoardFacts& facts) {
  check(facts.cpus >= 1 && facts.cpus <= 255, "tables: number of CPUs");
  fw_cfg.add_item(fw_key::kUuid, Bytes(facts.uuid.begin(), facts.uuid.end()));
  fw_cfg.add_u64(fw_key::kRamSize, facts.ram.below_4g + facts.ram.above_4g);
  fw_cfg.add_u16(fw_key::kNographic, !facts.graphics);
  fw_cfg.add_u16(fw_key::kNbCpus, u16(facts.cpus));
  fw_cfg.add_u16(fw_key::kMaxCpus, u16(facts.apic_id_limit()));
  fw_cfg.add_u32(fw_key::kIrq0Override, 1);  // the 8254 is on input 2 of the I/O APIC
  // No NUMA nodes, and so no node for any CPU.
  fw_cfg.add_item(fw_key::kNuma, Bytes(8 * (1 + facts.apic_id_limit())));

  fw_cfg.add_file("etc/e820", build_e820(facts.ram));
  // Sleep states S0 to S5: bit 7 is support, the rest the SLP_TYP. S3 and S4 are off.
  fw_cfg.add_file("etc/system-states", {0x80, 0, 0, 1, 2, 0x80});

  if (facts.acpi) {
    AcpiFiles acpi = build_acpi(facts);
    fw_cfg.add_file("etc/acpi/tables", std::move(acpi.tables));
    fw_cfg.add_file("etc/acpi/rsdp", std::move(acpi.rsdp));
    fw_cfg.add_file("etc/table-loader", std::move(acpi.loader));
  }
  SmbiosFiles smbios = TRY(build_smbios(facts));
  fw_cfg.add_file("etc/smbios/smbios-anchor", std::move(smbios.anchor));
  fw_cfg.add_file("etc/smbios/smbios-tables", std::move(smbios.tables));
  return {};
}

}  // namespace reprise
