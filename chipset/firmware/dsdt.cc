// The DSDT: what the operating system must be told of devices that it cannot find by itself.
//
// Each _HID stands before nested devices: SeaBIOS' reader forgets a device at its first child.
#include <algorithm>
#include <string>

#include "chipset/firmware/acpi_tables.h"
#include "chipset/firmware/aml.h"

namespace reprise {
namespace {

using namespace aml;

constexpr u32 kPciHoleEnd = 0xfebfffff;  // I/O APIC at FEC00000h

// PIIX3 PIRQRCA..D (60h-63h): bit 7 disables, bits 3-0 are the ISA interrupt.
Aml link_device(std::string_view link_name, unsigned uid, std::string_view route) {
  const Aml reg = path(std::string("\\_SB.PCI0.ISA.") + std::string(route));
  return device(
      link_name,
      {name("_HID", eisa_id("PNP0C0F")), name("_UID", integer(uid)),
       name("_PRS", resources({interrupts({5, 10, 11})})),
       name("CRSB", resources({interrupts({0})})),
       method("_STA", 0,
              {if_(bit_and(reg, integer(0x80)), {return_(integer(0x09))}), return_(integer(0x0b))}),
       method("_DIS", 0, {bit_or(reg, integer(0x80), reg)}),
       // Byte 5 of the descriptor is the interrupt number; 0 while the link is disabled.
       method("_CRS", 0,
              {dword_field(path("CRSB"), 5, "IRQN"), store(integer(0), path("IRQN")),
               if_(less(reg, integer(0x80)), {store(reg, path("IRQN"))}), return_(path("CRSB"))},
              true),
       method("_SRS", 1, {dword_field(arg(0), 5, "IRQS"), store(path("IRQS"), reg)}, true)});
}

// The power-management function's own interrupt is wired to IRQ 9, not to a PIRQ.
Aml sci_link() {
  return device("LNKS", {name("_HID", eisa_id("PNP0C0F")), name("_UID", integer(4)),
                         name("_PRS", resources({interrupts({9})})),
                         name("_CRS", resources({interrupts({9})})), name("_STA", integer(0x0b)),
                         method("_DIS", 0, {}), method("_SRS", 1, {})});
}

// Slot s, pin p (0 = INTA#) goes to PIRQ (s - 1 + p) mod 4.
Aml pci_routing() {
  static constexpr std::string_view kLinks[] = {"\\_SB.LNKA", "\\_SB.LNKB", "\\_SB.LNKC",
                                                "\\_SB.LNKD"};
  Terms entries;
  for (unsigned slot = 1; slot < 32; ++slot) {
    for (unsigned pin = 0; pin < 4; ++pin) {
      const bool sci = slot == 1 && pin == 0;
      entries.push_back(
          package({integer(slot << 16 | 0xffff), integer(pin),
                   path(sci ? "\\_SB.LNKS" : kLinks[(slot - 1 + pin) % 4]), integer(0)}));
    }
  }
  return package(entries);
}

Aml isa_device(std::string_view device_name, std::string_view hid, const Terms& resource_list) {
  return device(device_name, {name("_HID", eisa_id(hid)), name("_CRS", resources(resource_list))});
}

Aml serial_port(unsigned index) {
  static constexpr u16 kPorts[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
  return device("COM" + std::to_string(index + 1),
                {name("_HID", eisa_id("PNP0501")), name("_UID", integer(index + 1)),
                 name("_CRS", resources({io(kPorts[index], 8), irq(index % 2 ? 3 : 4)}))});
}

Aml parallel_port(unsigned index) {
  static constexpr u16 kPorts[] = {0x378, 0x278, 0x3bc};
  return device("LPT" + std::to_string(index + 1),
                {name("_HID", eisa_id("PNP0400")), name("_UID", integer(index + 1)),
                 name("_CRS", resources({io(kPorts[index], 3), irq(index == 1 ? 5 : 7)}))});
}

Aml isa_bridge(const BoardFacts& facts) {
  Terms body{name("_ADR", integer(0x00010000)),
             op_region("PIRQ", Space::PciConfig, 0x60, 4),
             field("PIRQ", {{"PRQA", 8}, {"PRQB", 8}, {"PRQC", 8}, {"PRQD", 8}}),
             isa_device("KBD", "PNP0303", {io(0x60, 1), io(0x64, 1), irq(1)}),
             isa_device("MOU", "PNP0F13", {irq(12)}),
             isa_device("RTC", "PNP0B00", {io(0x70, 2), irq(8)})};
  for (unsigned i = 0; i < 4; ++i)
    if (facts.serial_ports >> i & 1) body.push_back(serial_port(i));
  for (unsigned i = 0; i < 3; ++i)
    if (facts.parallel_ports >> i & 1) body.push_back(parallel_port(i));
  if (facts.floppies)
    body.push_back(isa_device("FDC0", "PNP0700", {io(0x3f2, 4), io(0x3f7, 1), irq(6), dma(2)}));
  return device("ISA", body);
}

Aml pci_root(const BoardFacts& facts) {
  const Terms windows{bus_numbers(0, 255),
                      io(0xcf8, 8),
                      io_range(0, 0xcf7),
                      io_range(0xd00, 0xffff),
                      memory_range(0xa0000, 0xbffff, true),
                      memory_range(u32(facts.ram.below_4g), kPciHoleEnd, false)};
  return device("PCI0",
                {name("_HID", eisa_id("PNP0A03")), name("_UID", integer(0)),
                 name("_CRS", resources(windows)), name("_PRT", pci_routing()), isa_bridge(facts)});
}

// Ports that belong to no device with a driver of its own.
Aml motherboard_resources(const BoardFacts& facts) {
  return device(
      "MBRS",
      {name("_HID", eisa_id("PNP0C02")),
       name("_CRS", resources({io(facts.pm_base, 0x40), io(facts.gpe0_base, 4), io(0xb2, 2)}))});
}

Aml processor_name(unsigned index) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  const char text[] = {'C', kHex[index >> 8 & 15], kHex[index >> 4 & 15], kHex[index & 15], 0};
  return processor(text, u8(index));
}

}  // namespace

Bytes build_dsdt_body(const BoardFacts& facts) {
  Terms system{pci_root(facts),
               link_device("LNKA", 0, "PRQA"),
               link_device("LNKB", 1, "PRQB"),
               link_device("LNKC", 2, "PRQC"),
               link_device("LNKD", 3, "PRQD"),
               sci_link(),
               motherboard_resources(facts),
               device("FWCF", {name("_HID", string("QEMU0002")), name("_STA", integer(0x0b)),
                               name("_CRS", resources({io(0x510, 12)}))})};
  if (facts.hpet)
    system.push_back(device("HPET", {name("_HID", eisa_id("PNP0103")), name("_UID", integer(0)),
                                     name("_CRS", resources({fixed_memory(0xfed00000, 0x400)}))}));
  for (unsigned i = 0; i < facts.cpus; ++i) system.push_back(processor_name(i));
  // PM1a_CNT.SLP_TYP 0 is soft off on the PIIX4.
  const Aml soft_off = name("\\_S5", package({integer(0), integer(0), integer(0), integer(0)}));
  return ByteBuilder().bytes(scope("\\_SB", system)).bytes(soft_off).take();
}

}  // namespace reprise
