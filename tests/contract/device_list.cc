// Every kind of device that a board is made of, with what it is wired to.
#include "chipset/audio/pc_speaker.h"
#include "chipset/char/debug_ports.h"
#include "chipset/char/ns16550.h"
#include "chipset/char/parallel.h"
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
#include "chipset/southbridge/spd_eeprom.h"
#include "chipset/timer/hpet.h"
#include "chipset/timer/i8254.h"
#include "chipset/timer/mc146818.h"
#include "chipset/timer/port61.h"
#include "tests/support/contract.h"

namespace reprise {
namespace {}  // namespace

void floppy_rig(ContractRig& rig);   // floppy_rig.cc
void cpu_cluster(ContractRig& rig);  // cpu_rig.cc
void ide_rig(ContractRig& rig);      // ide_rig.cc
void drive_rig(ContractRig& rig);    // drive_rig.cc

namespace {

void i8259(ContractRig& rig) {
  auto& pic = rig.place<I8259Pair>("/pic", rig.pin(0));
  rig.ports(pic.master_ports());
  rig.ports(pic.slave_ports());
  rig.ports(pic.elcr_ports());
  rig.inputs(pic, 16);
  rig.probe([&pic](auto&) { return pic.acknowledge(); });
  rig.probe([&pic](auto& random) {  // both in automatic EOI mode, as often with rotation
    if (random() % 16) return 0;
    for (IoHandler* ports : {&pic.master_ports(), &pic.slave_ports()}) {
      const u8 words[] = {0x11, 0x08, u8(ports == &pic.master_ports() ? 4 : 2), 0x03, 0x00};
      for (unsigned i = 0; i < 5; ++i) ports->io_write(i != 0, 1, words[i]);
      ports->io_write(0, 1, random() & 0x80);
    }
    return 0;
  });
  rig.never_shows("/pic/slave/icw3");  // the ID; it matters where a board can be wired wrongly
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
  rig.probe([&lapic](auto& random) {  // LVT timer in TSC-deadline mode
    lapic.mmio_write(0xf0, 4, 0x1ff);
    if (random() % 2) lapic.mmio_write(0x320, 4, 0x40000 | u8(random()));
    return lapic.tsc_deadline();
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

// CONFIG_ADDRESS and CONFIG_DATA.
void pci_ports(ContractRig& rig) {
  rig.probe([&rig](auto& random) {
    const u32 function = std::array<u32, 5>{0, 0x800, 0xb00, 0x1000, u32(random())}[random() % 5];
    if (random() % 2) rig.space.out(0xcf8, 4, 0x8000'0000 | function | (random() & 0xfc));
    if (random() % 2) rig.space.out(u16(0xcfc + random() % 4), 1, u8(random()));
    return rig.space.in(random() % 2 ? 0xcf8 : 0xcfc, 4);
  });
}

void pci_bus(ContractRig& rig) {
  rig.inputs(rig.pci(), 1024);
  pci_ports(rig);
}

void i440fx(ContractRig& rig) {
  rig.place<I440fx>("/pci/host", rig.pci(), *rig.ram);
  pci_ports(rig);
}

void piix3(ContractRig& rig) {
  std::array<IrqLine, 16> irqs;
  for (unsigned i = 0; i < 16; ++i) irqs[i] = rig.pin(i);
  auto& bridge = rig.place<Piix3Isa>("/pci/isa", rig.pci(), irqs,
                                     Piix3Isa::Resets{.hard = rig.action(), .soft = rig.action()});
  rig.inputs(bridge, 4);
  pci_ports(rig);
}

void piix3_ide(ContractRig& rig) {
  ide_rig(rig);
  pci_ports(rig);
}

void piix4(ContractRig& rig) {
  auto& smbus = rig.place<SmbusHost>("/pci/pm/smbus", rig.pin(10), rig.action());
  auto& pm = rig.place<Piix4Pm>(
      "/pci/pm", rig.pci(), smbus,
      Piix4Pm::Wires{.sci = rig.pin(9), .smi = rig.action(), .power_off = rig.action()});
  pci_ports(rig);
  rig.probe([&pm](auto&) {  // firmware places the blocks
    pm.config_write(0x40, 4, 0x601);
    pm.config_write(0x80, 1, 1);
    pm.config_write(0x90, 4, 0x701);
    pm.config_write(0xd2, 1, 1);
    return 0;
  });
  rig.decodes(0x600, 0x40);
  rig.decodes(0x700, 16);
  rig.decodes(0x600, 8);
  rig.decodes(0xb2, 2);
  rig.decodes(0xafe0, 4);
  rig.pace(3'000'000'000);  // the timer's status changes every 2.3 s
}

void smbus(ContractRig& rig) {
  auto& host = rig.place<SmbusHost>("/smbus", rig.pin(9), rig.action());
  host.attach(0x50, rig.place<SpdEeprom>("/spd", sdram_spd(128)));
  host.select_interrupt(4);
  rig.pace(20'000'000);
  rig.probe([&host](auto& random) {  // a transaction
    static constexpr u8 kProtocols[] = {0x40, 0x44, 0x48, 0x4c, 0x54};
    host.io_write(4, 1, random() % 8 ? 0xa0 | random() % 2 : 0x60);
    if (random() % 2) host.io_write(3, 1, random() % 256);
    if (random() % 2) host.io_write(5, 1, random() % 40);
    host.io_write(2, 1, kProtocols[random() % 5] | random() % 2);
    return host.io_read(0, 1);
  });
}

void parallel(ContractRig& rig) {
  auto& port = rig.place<ParallelPort>("/parallel", rig.pin(7));
  rig.pace(10'000);
  rig.probe([&port](auto& random) {
    port.io_write(0, 1, u8(random()));
    port.io_write(2, 1, 0x0c | (random() & 0x30));
    port.io_write(2, 1, 0x0d | (random() & 0x30));
    return port.io_read(1, 1);
  });
}

void vga(ContractRig& rig) {
  auto& vga = rig.place<StdVga>("/pci/vga", rig.pci(), pci_devfn(2, 0), rig.board.pages,
                                std::span<const u8>());
  pci_ports(rig);
  rig.ram_window.map(0, 0xa0000);
  rig.probe([&vga](auto& random) {  // the registers of the Bochs extension, and byte order
    vga.mmio_write(0x500 + random() % 11 * 2, 2, random() % 2 ? random() % 0x800 : random() % 0x80);
    if (random() % 8 == 0) vga.mmio_write(0x604, 4, random() % 2 ? 0x1e1e'1e1e : 0xbebe'bebe);
    return vga.mmio_read(random() % 4 ? 0x500 + random() % 11 * 2 : 0x604, random() % 4 ? 2 : 4);
  });
  rig.probe([&rig, &vga](auto& random) {  // planes: write through the latches, read a plane
    vga.config_write(4, 2, 3);
    rig.space.out(0x3c2, 1, 0x63);
    rig.space.out(0x1ce, 2, 4);
    rig.space.out(0x1cf, 2, 0);
    const auto set = [&rig](u16 port, u8 index, u8 value) {
      rig.space.out(port, 1, index);
      rig.space.out(u16(port + 1), 1, value);
    };
    set(0x3c4, 2, 0x0f);
    set(0x3c4, 4, 0x06);
    set(0x3ce, 5, random() % 2);
    set(0x3ce, 6, 0x05);
    set(0x3ce, 8, 0xff);
    set(0x3ce, 4, random() % 4);
    const u64 at = 0xa0000 + random() % 8;
    if (random() % 2) rig.space.write(at, 1, random(), false);
    return random() % 2 ? rig.space.read(at, 1, false) : 0;
  });
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
  rig.probe([&chip](auto& random) {  // a timer that fires soon, on or off
    const u64 timer = 0x100 + random() % 3 * 0x20;
    chip.mmio_write(0x10, 4, random() % 4 != 0);
    chip.mmio_write(timer, 4, (random() & 0x2a) | 4 | (random() % 24) << 9);
    chip.mmio_write(timer + 8, 4, chip.mmio_read(0xf0, 4) + random() % 1000);
    return 0;
  });
}

void pit(ContractRig& rig) {
  auto& chip = rig.place<I8254>("/pit", rig.pin(0));
  auto& port61 = rig.place<PcPort61>("/port61", chip, rig.pin(1));
  rig.inputs(port61, 3);
  rig.place<PcSpeaker>("/speaker", chip, port61);
  rig.never_shows("/speaker/on");  // without it, a load would tell the outside what it knows
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
  rig.messages("/keyboard:key", [](auto& random) {
    const u8 key = u8(random() % kKeyCount), down = random() % 4 != 0;
    if (random() % 2) return std::vector<u8>{key, 0, down};
    return std::vector<u8>{key, 0, 1, key, 0, 0};
  });
  rig.messages("/mouse:motion", [](auto& random) {
    const auto step = [&random] { return u8(random() % 64); };
    return std::vector<u8>{step(), 0, step(), 0, step(), 0, u8(random() & 31)};
  });
  rig.pace(20'000'000);
  rig.probe([&keyboard](auto&) { return keyboard.leds(); });  // seen by the user
  auto& chip = rig.place<I8042>(
      "/i8042",
      I8042::Wires{
          .irq1 = rig.pin(1), .irq12 = rig.pin(12), .a20 = rig.pin(20), .reset = rig.pin(21)},
      &keyboard, &mouse);
  rig.ports(chip.data_port());
  rig.ports(chip.command_port());
  // A driver: a command and what belongs to it, with time for the bytes to cross the cable.
  const auto wait = [&rig](auto& random) { rig.board.run(random() % 3'000'000); };
  const auto drain = [&rig, &chip, wait](auto& random) {
    u64 all = 0;
    for (unsigned i = random() % 8; i; --i) {
      wait(random);
      if (chip.command_port().io_read(0, 1) & 1) all = all * 257 + chip.data_port().io_read(0, 1);
    }
    return all;
  };
  rig.probe(drain);
  rig.probe([&chip, wait, drain](auto& random) {
    static constexpr u8 kCommands[][2] = {{0xed, 5},    {0xed, 2},    {0xf0, 1},    {0xf0, 3},
                                          {0xf0, 0},    {0xf3, 0x00}, {0xf3, 42},   {0xf4, 0xf4},
                                          {0xf7, 0xf4}, {0xf8, 0xf4}, {0xfc, 0x1c}, {0xfe, 0xfe},
                                          {0xff, 0xff}, {0xf5, 0xf4}};
    const auto& command = kCommands[random() % std::size(kCommands)];
    chip.data_port().io_write(0, 1, command[0]);
    wait(random);
    const u64 seen = drain(random);
    if (random() % 4) chip.data_port().io_write(0, 1, command[1]);
    return seen;
  });
  rig.probe([&chip, wait, drain](auto& random) {
    static constexpr u8 kCommands[][2] = {{0xe8, 0},    {0xe8, 3},    {0xe9, 0xe9}, {0xe7, 0xeb},
                                          {0xf0, 0xeb}, {0xeb, 0xeb}, {0xf4, 0xf4}, {0xf3, 200},
                                          {0xf3, 200},  {0xf3, 100},  {0xf3, 80},   {0xf2, 0xf2},
                                          {0xfe, 0xfe}, {0xff, 0xff}, {0xea, 0xf4}, {0xf4, 0xf4}};
    const auto& command = kCommands[random() % std::size(kCommands)];
    u64 seen = 0;
    for (unsigned i = 0; i < 2; ++i) {
      if (i && random() % 4 == 0) break;
      chip.command_port().io_write(0, 1, 0xd4);
      chip.data_port().io_write(0, 1, command[i]);
      wait(random);
      seen = seen * 257 + drain(random);
    }
    return seen;
  });
  rig.probe([&chip](auto& random) {  // on, translating or not
    chip.command_port().io_write(0, 1, 0x60);
    chip.data_port().io_write(0, 1, 0x07 | (random() & 0x40));
    return 0;
  });
  rig.probe([&chip](auto& random) {  // faster than the cable: a byte waits
    for (unsigned i = 0; i < 2; ++i) {
      if (random() % 2) chip.command_port().io_write(0, 1, 0xd4);
      chip.data_port().io_write(0, 1, random() % 2 ? 0xf2 : 0xee);
    }
    return 0;
  });
  rig.favours({0xd4, 0xd4, 0xa8, 0xae, 0x60, 0x20, 0xd1, 0xd0, 0xd2, 0xd3, 0xaa, 0xed, 0xee, 0xf0,
               0xf2, 0xf3, 0xf4, 0xf4, 0xf5, 0xf6, 0xff, 0xe8, 0xe9, 0xea, 0xeb, 0x03, 0x43});
}

void serial(ContractRig& rig) {
  auto& chip = rig.place<Ns16550>("/serial", rig.pin(4));
  rig.pace(300'000);
  rig.probe([&chip](auto& random) {  // 115200 baud, FIFOs, interrupts
    static constexpr u8 kSetup[][2] = {{3, 0x83}, {0, 1}, {1, 0}, {3, 0x03}, {2, 0xc1}, {1, 0x01}};
    for (const auto& [offset, value] : kSetup) chip.io_write(offset, 1, value);
    return chip.io_read(random() % 2 ? 2 : 5, 1);
  });
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
  rig.probe([&rig, &fw](auto& random) {  // a transfer; the second file is the writable one
    const std::array<u8, 16> descriptor = {0,
                                           0x21,
                                           0,
                                           u8(random() % 2 ? 0x18 : 0x0a),
                                           0,
                                           0,
                                           0,
                                           u8(random() % 64),
                                           0,
                                           0,
                                           0,
                                           0,
                                           0,
                                           0,
                                           u8(random() % 8),
                                           0};
    rig.ram->write(0x1000, descriptor);
    fw.io_write(8, 4, 0x00100000);
    return 0;
  });
  rig.never_shows("/fw_cfg/contents");  // refuses images of other contents
}

}  // namespace

const std::vector<DeviceUnderTest>& devices_under_test() {
  static const std::vector<DeviceUnderTest> list = {
      {"i8259", i8259},       {"lapic", apics},       {"shared-irqs", shared_irqs},
      {"pci-bus", pci_bus},   {"i440fx", i440fx},     {"piix3-isa", piix3},
      {"piix4-pm", piix4},    {"VGA", vga},           {"hpet", hpet},
      {"i8254", pit},         {"mc146818", rtc},      {"i8237", dma},
      {"port92", port92},     {"i8042", i8042},       {"ns16550", serial},
      {"i82078", floppy_rig}, {"piix4-smbus", smbus}, {"parallel", parallel},
      {"debugcon", debug},    {"fw-cfg", fw_cfg},     {"cpu-cluster", cpu_cluster},
      {"drive", drive_rig},   {"piix3-ide", piix3_ide},
  };
  return list;
}

}  // namespace reprise
