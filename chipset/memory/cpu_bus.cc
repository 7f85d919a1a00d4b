#include "chipset/memory/cpu_bus.h"

#include <algorithm>

namespace reprise {

cpu::PhysPage CpuBus::page(u64 address, bool smm) {
  address &= space_.a20_mask();
  if (at_apic(address)) return {};
  cpu::PhysPage page = space_.page(address, smm);
  // What goes on behind it does so up to the APIC's page, and not where bit 20 is masked.
  if (!space_.a20()) page.following = 0;
  if (apic_answers())
    page.following = std::min(page.following, (apic_frame() - address) / kPageSize - 1);
  return page;
}

u64 CpuBus::read(u64 address, unsigned size, bool smm) {
  address &= space_.a20_mask();
  if (!at_apic(address)) return space_.read(address, size, smm);
  const u64 offset = address & (kPageSize - 1);
  if (size < 8) return apic_page_.mmio_read(offset, size);
  return u32(apic_page_.mmio_read(offset, 4)) | apic_page_.mmio_read(offset + 4, 4) << 32;
}

void CpuBus::write(u64 address, unsigned size, u64 value, bool smm) {
  address &= space_.a20_mask();
  if (!at_apic(address)) return space_.write(address, size, value, smm);
  const u64 offset = address & (kPageSize - 1);
  if (size < 8) return apic_page_.mmio_write(offset, size, value);
  apic_page_.mmio_write(offset, 4, u32(value));
  apic_page_.mmio_write(offset + 4, 4, value >> 32);
}

}  // namespace reprise
