// The schematic of the PC: every chip, and what its pins are soldered to.
#include "chipset/board/pc_i440fx.h"

#include <algorithm>
#include <charconv>

#include "chipset/audio/pc_speaker.h"
#include "chipset/board/debug_port.h"
#include "chipset/board/pc_wiring.h"
#include "chipset/char/debug_ports.h"
#include "chipset/char/ns16550.h"
#include "chipset/char/parallel.h"
#include "chipset/display/std_vga.h"
#include "chipset/dma/i8237.h"
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

namespace reprise {

namespace {
constexpr u64 kMiB = 1 << 20;
constexpr u64 kMaxRam = u64(1) << 38;  // leaves room below the 40 address bits of small CPU models
constexpr u64 kMaxVgaRom = 64 << 10;
constexpr unsigned kMaxCpus = 255;  // 8-bit APIC ids
struct IsaPort {
  u16 port;
  unsigned irq;
};
constexpr IsaPort kSerials[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}};
constexpr IsaPort kParallels[] = {{0x378, 7}, {0x278, 5}, {0x3bc, 7}};
}  // namespace

PcI440fx::PcI440fx(const MachineConfig& config)
    : config_(config),
      scheduler_(config.cpu_hz),
      door_([this] { return position(); }),
      control_(door_, "/machine:control", PortKind::Input,
               [this](std::span<const u8> bytes) { receive_control(bytes); }),
      no_reboot_(!config.reboot) {}

PcI440fx::~PcI440fx() {
  // Windows go before the chips they lead to; chips in the reverse order of construction.
  port_windows_.clear();
  memory_windows_.clear();
  while (!chips_.empty()) chips_.pop_back();
}

Result<std::unique_ptr<PcI440fx>> PcI440fx::create(const MachineConfig& config,
                                                   const HostOptions& host) {
  if (config.ram_bytes < kMiB || config.ram_bytes > kMaxRam || config.ram_bytes % kPageSize)
    return fail("-m: a PC has between 1 MiB and 256 GiB of RAM, in whole 4 KiB pages; not " +
                std::to_string(config.ram_bytes) + " bytes");
  if (config.cpus < 1 || config.cpus > kMaxCpus)
    return fail("-smp: a PC has 1 to 255 CPUs, not " + std::to_string(config.cpus));
  const cpu::Topology topology{config.cores, config.threads};
  if (const u32 last = topology.apic_id(config.cpus - 1); last > 254)
    return fail("-smp: the last vCPU would have APIC id " + std::to_string(last) +
                "; a PC has 0 to 254");
  if (config.cpu_hz < kMiB) return fail("-cpu ...,clock=: at least 1 MHz");
  if (config.serial_ports >> std::size(kSerials)) return fail("-serial: a PC has 4 serial ports");
  if (config.vga != "std" && config.vga != "none")
    return fail("-vga " + config.vga + ": a PC has std or none");
  if (config.parallel_ports >> std::size(kParallels))
    return fail("-parallel: a PC has 3 parallel ports");
  std::unique_ptr<PcI440fx> machine(new PcI440fx(config));
  TRY(machine->build(host));
  machine->tree_.reset();
  return machine;
}

void PcI440fx::ports(const std::string& name, u16 base, unsigned count, IoHandler& handler,
                     unsigned width) {
  port_windows_.push_back(std::make_unique<PortWindow>(space_, name, base, count, handler, width));
}

void PcI440fx::registers(const std::string& name, u64 base, u64 size, MmioHandler& handler,
                         unsigned width) {
  auto window = std::make_unique<MemoryWindow>(space_, name, MapPriority::Board, handler, width);
  window->map(base, size);
  memory_windows_.push_back(std::move(window));
}

Result<MemoryBlock*> PcI440fx::memory(const std::string& name, u64 size, bool rom) {
  blocks_.push_back(TRY(MemoryBlock::create(pages_, name, size, rom)));
  return blocks_.back().get();
}

Result<void> PcI440fx::build(const HostOptions& host) {
  wiring_ = std::make_unique<Wiring>();
  test_flip_ = host.test_flip;
  Wiring& wires = *wiring_;
  const auto reset = [this] { request(ExitStatus::Reset); };

  // --- processors, each with a local APIC; the 8259 pair drives LINT0, NMI is LINT1. With no APIC
  // these are INTR and NMI; several processors cannot do without. ---
  const cpu::CpuOptions cpu_options{.model = config_.cpu_model,
                                    .features = config_.cpu_features,
                                    .timing = config_.timing,
                                    .cpus = config_.cpus,
                                    .topology = {config_.cores, config_.threads},
                                    .quantum = config_.quantum,
                                    .interleave_seed = config_.interleave_seed,
                                    .seed = config_.seed,
                                    .blocks = host.blocks};
  cpus_ = TRY(cpu::Cluster::create(cpu_options, at("/cpu"), pages_));
  cpus_->on_triple_fault(reset);
  debug_ = std::make_unique<DebugPort>(door_, *cpus_);
  space_.on_dma_write(
      [this](u64 address, u64 size) { cpus_->stops().device_wrote(address, size); });
  auto& pic = add<I8259Pair>("/isa/pic", IrqLine(wires.lint, 0));
  const bool has_apic = cpus_->model().has(cpu::Feature::kApic) || cpus_->size() > 1;
  for (unsigned i = 0; i < cpus_->size(); ++i) {
    const LapicConfig lapic_config{.id = u8(cpu_options.topology.apic_id(i)),
                                   .bootstrap = i == 0,
                                   .present = has_apic,
                                   .x2apic = cpus_->model().has(cpu::Feature::kX2apic)};
    auto& lapic = add<Lapic>("/lapic/" + std::to_string(i), lapic_config, wires.apic_bus,
                             cpus_->pins(i), pic);
    wires.lint.add(lapic);
    lapics_.push_back(&lapic);
    wires.cpu_buses.push_back(std::make_unique<CpuBus>(space_, lapic, lapic));
    cpus_->connect(i, *wires.cpu_buses.back(), lapic);
    space_.add_listener(cpus_->pins(i));
  }

  // --- interrupts ---
  auto& ioapic = add<IoApic>("/ioapic", wires.apic_bus);
  registers("ioapic", IoApic::kBase, kPageSize, ioapic);
  wires.isa_irqs = std::make_unique<IsaIrqs>(pic, ioapic);
  auto& irqs = add<SharedIrqs>("/isa/irqs", *wires.isa_irqs);
  ports("pic-master", 0x20, 2, pic.master_ports());
  ports("pic-slave", 0xa0, 2, pic.slave_ports());
  ports("pic-elcr", 0x4d0, 2, pic.elcr_ports());

  // --- PCI: memory controller, ISA bridge, power management ---
  MemoryBlock& ram = *TRY(memory("ram", config_.ram_bytes, false));
  auto& pci = add<PciBus>("/pci", space_, wires.apic_bus, wires.pirqs.lines());
  add<I440fx>("/pci/host", pci, ram);
  std::array<IrqLine, 16> routed;
  for (unsigned irq = 0; irq < 16; ++irq) routed[irq] = irqs.pirq(irq);
  auto& isa_bridge = add<Piix3Isa>(
      "/pci/isa", pci, routed, Piix3Isa::Resets{.hard = reset, .soft = [this] { soft_reset(); }});
  wires.pirqs.connect(isa_bridge);
  if (config_.acpi) {
    const auto smi = [this] { cpus_->pins(0).smi(); };
    auto& smbus = add<SmbusHost>("/pci/pm/smbus", irqs.isa(9), smi);
    u8 address = SpdEeprom::kFirstAddress;
    for (const unsigned mib : sdram_modules(config_.ram_bytes)) {
      smbus.attach(address, add<SpdEeprom>("/smbus/" + std::to_string(address), sdram_spd(mib)));
      ++address;
    }
    pm_ = &add<Piix4Pm>("/pci/pm", pci, smbus,
                        Piix4Pm::Wires{.sci = irqs.sci(9), .smi = smi, .power_off = [this] {
                                         request(ExitStatus::Shutdown);
                                       }});
  }
  const Blob* vga_bios = config_.blob("vgabios");
  std::span<const u8> vga_rom;
  if (vga_bios && *vga_bios) vga_rom = **vga_bios;
  if (vga_rom.size() > kMaxVgaRom) return fail("the VGA BIOS is larger than 64 KiB");
  StdVga::Config screen;
  if (config_.xres) screen.xres = config_.xres;
  if (config_.yres) screen.yres = config_.yres;
  if (config_.vga == "std")
    vga_ = &add<StdVga>("/pci/vga", pci, pci_devfn(2, 0), pages_, vga_rom, screen);

  // --- drives; controllers below take those of their interface ---
  TRY(build_drives(host));

  // --- timers, DMA ---
  IrqLine irq0 = irqs.isa(0), irq8 = irqs.isa(8);
  if (config_.hpet) {
    auto& hpet = add<Hpet>("/hpet", irq0, irq8, ioapic, wires.apic_bus);
    registers("hpet", Hpet::kBase, 0x400, hpet, 8);
    irq0 = IrqLine(hpet, Hpet::kFromPit);
    irq8 = IrqLine(hpet, Hpet::kFromRtc);
  }
  auto& pit = add<I8254>("/isa/pit", irq0);
  ports("pit", 0x40, 4, pit);
  auto& port61 = add<PcPort61>("/isa/port61", pit, IrqLine(wires.lint, 1));
  ports("port61", 0x61, 1, port61);
  add<PcSpeaker>("/isa/speaker", pit, port61);
  auto& rtc =
      add<Mc146818>("/isa/rtc", config_.rtc_base, irq8, IrqLine(port61, PcPort61::kNmiMask));
  ports("rtc", 0x70, 2, rtc);
  rtc_ = &rtc;
  fill_cmos(rtc);
  auto& dma = add<I8237>("/isa/dma", space_);
  ports("dma-1", 0x00, 16, dma.first_ports());
  ports("dma-2", 0xc0, 32, dma.second_ports());
  ports("dma-pages", 0x80, 16, dma.page_ports());  // 80h also keeps the POST code

  // --- floppy drives ---
  TRY(build_floppy(irqs.isa(6), dma));

  // --- IDE: disks and CDs ---
  TRY(build_ide(pci, irqs));

  // --- keyboard, mouse, A20, reset ---
  auto& port92 = add<Port92>("/isa/port92", space_, reset);
  ports("port92", 0x92, 1, port92);
  wires.keyboard_reset.action = reset;
  auto& keyboard = add<Ps2Keyboard>("/isa/keyboard");
  auto& mouse = add<Ps2Mouse>("/isa/mouse");
  auto& i8042 = add<I8042>("/isa/i8042",
                           I8042::Wires{.irq1 = irqs.isa(1),
                                        .irq12 = irqs.isa(12),
                                        .a20 = port92.keyboard_a20(),
                                        .reset = IrqLine(wires.keyboard_reset, 0)},
                           &keyboard, &mouse);
  ports("i8042-data", 0x60, 1, i8042.data_port());
  ports("i8042-command", 0x64, 1, i8042.command_port());

  // --- serial and parallel ports, ports for firmware and tests ---
  for (unsigned i = 0; i < std::size(kSerials); ++i) {
    if (!(config_.serial_ports >> i & 1)) continue;
    const std::string name = "serial" + std::to_string(i);
    // Ports 1 and 3, and 2 and 4, share an interrupt.
    auto& serial = add<Ns16550>("/isa/" + name, irqs.isa(kSerials[i].irq, i / 2));
    ports(name, kSerials[i].port, 8, serial);
  }
  for (unsigned i = 0; i < std::size(kParallels); ++i) {
    if (!(config_.parallel_ports >> i & 1)) continue;
    const std::string name = "parallel" + std::to_string(i);
    auto& parallel = add<ParallelPort>("/isa/" + name, irqs.isa(kParallels[i].irq, i / 2));
    ports(name, kParallels[i].port, ParallelPort::kPorts, parallel);
  }
  ports("port-e9", 0xe9, 1, add<DebugCon>("/isa/port-e9"));
  if (config_.debugcon) ports("debugcon", 0x402, 1, add<DebugCon>("/isa/debugcon"));
  for (const DeviceOption& option : config_.devices) TRY(add_device(option));

  return build_firmware();
}

// -device: what the board does not have anyway.
Result<void> PcI440fx::add_device(const DeviceOption& option) {
  if (option.kind != "isa-debug-exit")
    return fail("-device " + option.kind + ": this machine can be given: isa-debug-exit");
  unsigned base = IsaDebugExit::kDefaultBase, size = IsaDebugExit::kDefaultSize;
  for (const auto& [key, value] : option.properties) {
    if (key == "id") continue;
    if (key != "iobase" && key != "iosize")
      return fail("-device isa-debug-exit," + key + "=: it has iobase and iosize");
    const bool hex = value.starts_with("0x") || value.starts_with("0X");
    unsigned number = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data() + (hex ? 2 : 0), end, number, hex ? 16 : 10);
    if (parsed.ec != std::errc() || parsed.ptr != end || number > 0xffff)
      return fail("-device isa-debug-exit," + key + "=" + value + ": a number up to 0xffff");
    (key == "iobase" ? base : size) = number;
  }
  if (tree_.find("/isa/debug-exit")) return fail("-device isa-debug-exit: one is enough");
  if (size != 1 && size != 2 && size != 4)
    return fail("-device isa-debug-exit,iosize=" + std::to_string(size) + ": 1, 2 or 4");
  auto& exit = add<IsaDebugExit>("/isa/debug-exit",
                                 [this](u32 code) { request(ExitStatus::DebugExit, code); });
  ports("debug-exit", u16(base), size, exit, 4);
  return {};
}

}  // namespace reprise
