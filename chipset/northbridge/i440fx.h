// Intel 82441FX PCI and memory controller (PMC): the host bridge of the i440FX chipset.
//
// Source: Intel 440FX PCIset, 82441FX PMC and 82442FX DBX data sheet (290549), section 3.
//   50h-51h PMCCFG  53h DBC  54h AXC  55h-56h DRT  57h DRAMC  58h DRAMT  60h-67h DRB  68h FDHC
//   59h-5Fh PAM0..6, a nibble per segment: bit 0 RE reads, bit 1 WE writes go to DRAM; else to PCI
//           PAM0 7:4 F0000-FFFFF; PAM1..6 3:0 and 7:4 the 16 KiB segments from C0000 on
//   70h MTT  71h CLT  90h ERRCMD  91h ERRSTS
//   72h     SMRAM: 6 D_OPEN, 5 D_CLS, 4 D_LCK, 3 G_SMRAME, 2:0 C_BASE_SEG = 010b
// DRAM occupies 0-9FFFFh and 1 MiB up to 3 GiB; what does not fit is moved above 4 GiB, which the
// real part cannot do (it ends at 1 GiB), but which every guest of this machine type expects.
// Not modelled: DRAM timing and row boundaries (plain storage), D_CLS (data accesses in SMM always
// see SMRAM while it is enabled), the 15-16 MiB hole (FDHC), errors, TRC (93h).
#pragma once

#include <array>
#include <memory>

#include "chipset/pci/pci_device.h"

namespace reprise {

class I440fx final : public PciDevice {
 public:
  static constexpr u64 kLowMemoryEnd = 0xc000'0000;  // DRAM below 4 GiB ends here at the latest
  static constexpr u64 kHighMemory = u64(1) << 32;

  // `ram`: all DRAM, at least 1 MiB.
  I440fx(const DeviceContext& context, PciBus& bus, MemoryBlock& ram);

  std::string_view kind() const override { return "i440fx"; }
  void settle() override;

 private:
  void config_written(u8 offset, unsigned size, u32 before) override;
  void apply_pam();
  void apply_smram();

  static constexpr unsigned kSegments = 13;  // C0000, C4000, ... EC000, then F0000 (64 KiB)
  MemoryWindow base_, extended_, high_, smram_;
  std::array<std::unique_ptr<MemoryWindow>, kSegments> segments_;
};

}  // namespace reprise
