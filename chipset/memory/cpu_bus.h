// One vCPU's view of the machine: the shared map, its own local APIC's page over it, and the A20
// gate before both.
#pragma once

#include "chipset/memory/address_space.h"

namespace reprise {

class CpuBus final : public cpu::Bus {
 public:
  CpuBus(AddressSpace& space, const cpu::LocalApic& apic, MmioHandler& apic_page)
      : space_(space), apic_(apic), apic_page_(apic_page) {}

  cpu::PhysPage page(u64 address, bool smm) override;
  u64 read(u64 address, unsigned size, bool smm) override;
  void write(u64 address, unsigned size, u64 value, bool smm) override;
  u64 address_mask() const override { return space_.a20_mask(); }
  u32 in(u16 port, unsigned size) override { return space_.in(port, size); }
  void out(u16 port, unsigned size, u32 value) override { space_.out(port, size, value); }

 private:
  // IA32_APIC_BASE: bit 11 enables the APIC, bit 10 takes its page away (x2APIC).
  bool apic_answers() const { return (apic_.base() & 0xc00) == 0x800; }
  u64 apic_frame() const { return apic_.base() & 0x000f'ffff'ffff'f000; }
  bool at_apic(u64 address) const {
    return apic_answers() && ((address ^ apic_.base()) & 0x000f'ffff'ffff'f000) == 0;
  }

  AddressSpace& space_;
  const cpu::LocalApic& apic_;
  MmioHandler& apic_page_;
};

}  // namespace reprise
