// Every kind of device that a board is made of, with what it is wired to.
#include "chipset/char/debug_ports.h"
#include "chipset/char/ns16550.h"
#include "chipset/display/std_vga.h"
#include "chipset/dma/i8237.h"
#include "chipset/firmware/fw_cfg.h"
#include "chipset/input/i8042.h"
#include "chipset/input/ps2_keyboard.h"
#include "chipset/input/ps2_mouse.h"
#include "chipset/interrupt/i8259.h"
#include "chipset/interrupt/ioapic.h"
#include "chipset/interrupt/lapic.h"
#include "chipset/northbridge/i440fx.h"
#include "chipset/southbridge/piix3.h"
#include "chipset/southbridge/piix4_pm.h"
#include "chipset/southbridge/port92.h"
#include "chipset/southbridge/shared_irqs.h"
#include "chipset/timer/hpet.h"
#include "chipset/timer/i8254.h"
#include "chipset/timer/mc146818.h"
#include "chipset/timer/port61.h"
#include "tests/support/contract.h"

namespace reprise {
namespace {

void i8259(ContractRig& rig) {
  auto& pic = rig.place<I8259Pair>("/pic", rig.pin(0));
  rig.ports(pic.master_ports());
  rig.ports(pic.slave_ports());
  rig.ports(pic.elcr_ports());
  rig.inputs(pic, 16);
}

void apics(ContractRig& rig) {
  auto& lapic = rig.place<Lapic>("/lapic", LapicConfig{}, rig.apic_bus, rig.cpu, rig.pic);
  auto& ioapic = rig.place<IoApic>("/ioapic", rig.apic_bus);
  rig.inputs(lapic, 2);
  rig.inputs(ioapic, IoApic::kPins);
}

void shared_irqs(ContractRig& rig) {
  rig.inputs(rig.place<SharedIrqs>("/irqs", rig.board.pins), 64);
}

void pci_bus(ContractRig& rig) { rig.inputs(rig.pci(), 1024); }

void i440fx(ContractRig& rig) { rig.place<I440fx>("/pci/host", rig.pci(), *rig.ram); }

void piix3(ContractRig& rig) {
  std::array<IrqLine, 16> irqs;
  for (unsigned i = 0; i < 16; ++i) irqs[i] = rig.pin(i);
  auto& bridge = rig.place<Piix3Isa>("/pci/isa", rig.pci(), irqs,
                                     Piix3Isa::Resets{.hard = rig.action(), .soft = rig.action()});
  rig.inputs(bridge, 4);
}

void piix4(ContractRig& rig) {
  rig.place<Piix4Pm>(
      "/pci/pm", rig.pci(),
      Piix4Pm::Wires{.sci = rig.pin(9), .smi = rig.action(), .power_off = rig.action()});
}

void vga(ContractRig& rig) {
  rig.place<StdVga>("/pci/vga", rig.pci(), pci_devfn(2, 0), rig.board.pages, std::span<const u8>());
}

void hpet(ContractRig& rig) {
  auto& chip = rig.place<Hpet>("/hpet", rig.pin(0), rig.pin(8), rig.board.pins, rig.msi);
  rig.inputs(chip, 2);
}

void pit(ContractRig& rig) {
  auto& chip = rig.place<I8254>("/pit", rig.pin(0));
  rig.inputs(rig.place<PcPort61>("/port61", chip, rig.pin(1)), 3);
}

void rtc(ContractRig& rig) {
  rig.place<Mc146818>("/rtc", i64(1'700'000'000), rig.pin(8), rig.pin(9));
}

void dma(ContractRig& rig) {
  auto& chip = rig.place<I8237>("/dma", rig.space);
  rig.ports(chip.first_ports());
  rig.ports(chip.second_ports());
  rig.ports(chip.page_ports());
}

void port92(ContractRig& rig) {
  rig.inputs(rig.place<Port92>("/port92", rig.space, rig.action()), 1);
}

void i8042(ContractRig& rig) {
  auto& keyboard = rig.place<Ps2Keyboard>("/keyboard");
  auto& mouse = rig.place<Ps2Mouse>("/mouse");
  auto& chip = rig.place<I8042>(
      "/i8042",
      I8042::Wires{
          .irq1 = rig.pin(1), .irq12 = rig.pin(12), .a20 = rig.pin(20), .reset = rig.pin(21)},
      &keyboard, &mouse);
  rig.ports(chip.data_port());
  rig.ports(chip.command_port());
}

void serial(ContractRig& rig) { rig.place<Ns16550>("/serial", rig.pin(4)); }

void debug(ContractRig& rig) {
  rig.place<DebugCon>("/debugcon");
  rig.place<IsaDebugExit>("/exit", [&rig](u32) { ++rig.actions; });
}

void fw_cfg(ContractRig& rig) {
  auto& fw = rig.place<FwCfg>("/fw_cfg", rig.space);
  fw.add_u32(fw_key::kId, 3);
  fw.add_file("etc/plain", Bytes(100, 1));
  fw.add_file("etc/writable", Bytes(100, 2), true);
}

}  // namespace

const std::vector<DeviceUnderTest>& devices_under_test() {
  static const std::vector<DeviceUnderTest> list = {
      {"i8259", i8259},     {"lapic", apics},   {"shared-irqs", shared_irqs},
      {"pci-bus", pci_bus}, {"i440fx", i440fx}, {"piix3-isa", piix3},
      {"piix4-pm", piix4},  {"VGA", vga},       {"hpet", hpet},
      {"i8254", pit},       {"mc146818", rtc},  {"i8237", dma},
      {"port92", port92},   {"i8042", i8042},   {"ns16550", serial},
      {"debugcon", debug},  {"fw-cfg", fw_cfg},
  };
  return list;
}

}  // namespace reprise
