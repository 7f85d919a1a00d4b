// Intel 82371AB (PIIX4), function 3: ACPI power management, APM control ports, SMBus host.
//
// Source: Intel 82371AB PCI-to-ISA/IDE Xcelerator data sheet (290562), chapter 7; ACPI 6.3, 4.8.
//   config 40h PMBASE  58h DEVACTB (25 APMC_EN)  80h PMREGMISC (0 PMIOSE)
//          90h SMBBA   D2h SMBHSTCFG (0 SMB_HST_EN, 3:1 SMB_INTRSEL)
//   PMBASE +00 PMSTS  w1c  0 TMROF: bit 23 of the timer changed; 5 GBL, 8 PWRBTN, 10 RTC
//          +02 PMEN   rw   the same bits
//          +04 PMCNTRL rw  0 SCI_EN, 12:10 SUS_TYP, 13 SUS_EN: enters the sleep state
//          +08 PMTMR  ro   24-bit count at 3.579545 MHz
//          +0C GPSTS w1c, +0E GPEN, +10 PCNTRL, +20 GLBEN, +28 GLBCTL (0 SMI_EN), +2C DEVCTL,
//          +34 GPOREG: storage; +18 GLBSTS (5 APM_STS) w1c
//   AFE0h  GPE0_STS (2 bytes, w1c), GPE0_EN (2 bytes): where this machine type's FADT has them
//   B2h APMC: a write raises SMI if APMC_EN and SMI_EN let it; B3h APMS: scratch
//   SMBBA  the SMBus host: smbus.h
// The system control interrupt is IRQ 9: (PMSTS and PMEN) or (GPE0_STS and GPE0_EN), level.
//
// SUS_TYP 0 is soft off, as _S5 of this machine type's firmware tables says. The firmware has no
// SMI handler for turning ACPI on, so APMC takes F1h and F0h (the FADT's ACPI_ENABLE and
// ACPI_DISABLE) to set and clear SCI_EN itself. SMI goes to the boot processor alone: SeaBIOS moves
// only that one's SMBASE. Not modelled: suspend (other SUS_TYP values do nothing), clock
// throttling, device monitors, IRQ 8 wake events, the global standby timer.
#pragma once

#include <functional>

#include "chipset/pci/pci_device.h"
#include "chipset/southbridge/smbus.h"
#include "replay/core/scheduler.h"

namespace reprise {

class Piix4Pm final : public PciDevice {
 public:
  struct Wires {
    IrqLine sci;
    std::function<void()> smi;
    std::function<void()> power_off;
  };
  Piix4Pm(const DeviceContext& context, PciBus& bus, SmbusHost& smbus, Wires wires);

  // The power button has been pressed briefly: a guest that listens shuts down.
  void press_power_button();
  // Raises a general-purpose event (hot plug).
  void raise_gpe(unsigned bit);

  std::string_view kind() const override { return "piix4-pm"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

 private:
  static constexpr u64 kTimerHz = 3'579'545;
  static constexpr unsigned kHalfWrap = 23;  // bit whose changes set TMROF
  enum : u16 { kTimer = 1, kGlobal = 1 << 5, kButton = 1 << 8, kRtc = 1 << 10 };

  template <u32 (Piix4Pm::*read)(u16, unsigned), void (Piix4Pm::*write)(u16, unsigned, u32)>
  struct Ports final : IoHandler {
    explicit Ports(Piix4Pm& p) : pm(p) {}
    u32 io_read(u16 offset, unsigned size) override { return (pm.*read)(offset, size); }
    void io_write(u16 offset, unsigned size, u32 value) override {
      (pm.*write)(offset, size, value);
    }
    Piix4Pm& pm;
  };
  u32 pm_read(u16 offset, unsigned size);
  void pm_write(u16 offset, unsigned size, u32 value);
  u32 gpe_read(u16 offset, unsigned size);
  void gpe_write(u16 offset, unsigned size, u32 value);
  u32 apm_read(u16 offset, unsigned size);
  void apm_write(u16 offset, unsigned size, u32 value);

  void config_written(u8 offset, unsigned size, u32 before) override;
  void place_windows();
  u8 pm_byte(u16 offset) const;
  void pm_write_byte(u16 offset, u8 value);
  u16 status() const;
  void update();

  SmbusHost& smbus_;
  Wires wires_;
  Clock clock_;
  Timer overflow_;
  Ports<&Piix4Pm::pm_read, &Piix4Pm::pm_write> pm_ports_{*this};
  Ports<&Piix4Pm::gpe_read, &Piix4Pm::gpe_write> gpe_ports_{*this};
  Ports<&Piix4Pm::apm_read, &Piix4Pm::apm_write> apm_ports_{*this};
  PortWindow pm_window_, gpe_window_, apm_window_, smb_window_;

  struct Regs {
    u16 sts = 0;          // all of PMSTS but TMROF
    u64 seen_halves = 0;  // half wraps of the timer when TMROF was last cleared
    u16 en = 0;
    u16 cnt = 0;
    u16 gpe_sts = 0, gpe_en = 0;
    u8 apmc = 0, apms = 0;
    std::array<u8, 64> plain{};  // PMBASE registers without effect, at their offsets
  } regs_;
};

}  // namespace reprise
