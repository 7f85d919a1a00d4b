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
  rig.probe([&pic](auto&) { return pic.acknowledge(); });
  rig.favours({0x11, 0x13, 0x0a, 0x0b, 0x0c, 0x20, 0x60, 0x68, 0x48, 0x80, 0x01, 0x03, 0x00, 0xff});
}

void apics(ContractRig& rig) {
  auto& lapic = rig.place<Lapic>("/lapic", LapicConfig{}, rig.apic_bus, rig.cpu, rig.pic);
  auto& ioapic = rig.place<IoApic>("/ioapic", rig.apic_bus);
  rig.inputs(lapic, 2);
  rig.inputs(ioapic, IoApic::kPins);
  rig.probe([&lapic](auto&) { return lapic.acknowledge(); });
  rig.probe([&lapic](auto& random) {
    lapic.mmio_write(0xf0, 4, 0x1ff);  // on
    lapic.set_tpr(u8(random() >> random() % 64));
    return lapic.tpr();
  });
  rig.probe([&lapic](auto& random) {
    lapic.set_tsc_deadline(random() % 10'000'000);
    return lapic.tsc_deadline();
  });
  rig.probe([&lapic](auto& random) {
    return lapic.set_base(0xfee00900 | (random() % 8 == 0 ? 0 : 0x800));
  });
  rig.probe([&rig](auto& random) {
    return rig.apic_bus.send({.mode = DeliveryMode(random() % 8),
                              .vector = u8(random()),
                              .level_triggered = random() % 2 == 0});
  });
  rig.probe([&ioapic](auto& random) {
    ioapic.mmio_write(0, 4, random() % 0x40);
    ioapic.mmio_write(0x10, 4, random() & 0xf00f'ffff);
    return ioapic.mmio_read(0x10, 4);
  });
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
  rig.decodes(0x3b0, 0x30);
  rig.decodes(0x3c0, 16);
  rig.decodes(0x3c0, 2);
  rig.decodes(0x3c7, 3);
  rig.decodes(0x1ce, 3);
  rig.decodes_memory(0xa0000, 0x20000);
}

void hpet(ContractRig& rig) {
  auto& chip = rig.place<Hpet>("/hpet", rig.pin(0), rig.pin(8), rig.board.pins, rig.msi);
  rig.inputs(chip, 2);
}

void pit(ContractRig& rig) {
  auto& chip = rig.place<I8254>("/pit", rig.pin(0));
  rig.inputs(rig.place<PcPort61>("/port61", chip, rig.pin(1)), 3);
  rig.favours({0x30, 0x32, 0x34, 0x36, 0x38, 0x3a, 0x74, 0xb6, 0xe2, 0xe4, 0xee, 0xc2, 0x00, 0x40});
}

void rtc(ContractRig& rig) {
  rig.place<Mc146818>("/rtc", i64(1'700'000'000), rig.pin(8), rig.pin(9));
}

void dma(ContractRig& rig) {
  auto& chip = rig.place<I8237>("/dma", rig.space);
  rig.ports(chip.first_ports());
  rig.ports(chip.second_ports());
  rig.ports(chip.page_ports());
  rig.probe([&chip](auto& random) {
    const unsigned channel = random() % 7;
    chip.set_dreq(channel < 4 ? channel : channel + 1, random() % 2);
    return 0;
  });
  rig.probe([&chip](auto& random) {
    const unsigned pick = random() % 7, channel = pick < 4 ? pick : pick + 1;
    std::vector<u8> data(16, u8(random()));
    const auto moved = chip.transfer(channel, data);
    return moved.bytes * 2 + moved.terminal_count + data[0] * 256u;
  });
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
  rig.favours({0xd4, 0xd4, 0xa8, 0xae, 0x60, 0x20, 0xd1, 0xd0, 0xd2, 0xd3, 0xaa, 0xed, 0xee, 0xf0,
               0xf2, 0xf3, 0xf4, 0xf4, 0xf5, 0xf6, 0xff, 0xe8, 0xe9, 0xea, 0xeb, 0x03, 0x43});
}

void serial(ContractRig& rig) {
  rig.place<Ns16550>("/serial", rig.pin(4));
  rig.favours({0x01, 0x03, 0x07, 0x0f, 0x80, 0xc7, 0x10, 0x00});
}

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
