// The seams between the CPU and the machine around it. Implemented by chipset/; the CPU knows no
// more of the machine than this.
#pragma once

#include <optional>

#include "replay/core/pages.h"
#include "replay/core/types.h"

namespace reprise::cpu {

// What backs one guest-physical page at present, seen from one vCPU (A20, PAM, SMRAM and the local
// APIC's window included). No block: a device; every access goes through read() and write().
struct PhysPage {
  MemoryBlock* block = nullptr;
  u64 page = 0;           // index in the block
  bool writable = false;  // guest writes reach the block; otherwise they go to Bus::write
  u64 following = 0;      // so many pages behind this one, at least, go on in the block likewise
};

// One vCPU's view of memory and ports. Sizes are 1, 2, 4 or 8 bytes (ports: 1, 2, 4); an access
// never crosses a 4 KiB page. Reads of nothing give all ones.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual PhysPage page(u64 address, bool smm) = 0;
  virtual u64 read(u64 address, unsigned size, bool smm) = 0;
  virtual void write(u64 address, unsigned size, u64 value, bool smm) = 0;
  // Which bits of an address count: the A20 gate.
  virtual u64 address_mask() const { return ~u64(0); }
  virtual u32 in(u16 port, unsigned size) = 0;
  virtual void out(u16 port, unsigned size, u32 value) = 0;
};

// The vCPU's pins, driven by the local APIC and the board.
class Pins {
 public:
  virtual ~Pins() = default;
  virtual void set_intr(bool level) = 0;  // INTR: an interrupt waits at the local APIC or 8259
  virtual void nmi() = 0;                 // edges
  virtual void smi() = 0;
  virtual void init() = 0;
  virtual void sipi(u8 vector) = 0;
  virtual void set_a20(bool enabled) = 0;  // drops what was derived from the old address map
  virtual void memory_map_changed() = 0;   // PAM, SMRAM, BARs: likewise
};

// The vCPU's local APIC as the CPU core sees it. Its registers are reached through Bus as MMIO.
class LocalApic {
 public:
  virtual ~LocalApic() = default;
  virtual u8 acknowledge() = 0;          // INTA: the vector to deliver; may lower INTR
  virtual u64 base() const = 0;          // IA32_APIC_BASE
  virtual bool set_base(u64 value) = 0;  // false: #GP
  virtual u8 tpr() const = 0;            // CR8 is tpr() >> 4
  virtual void set_tpr(u8 value) = 0;
  virtual u64 tsc_deadline() const = 0;  // IA32_TSC_DEADLINE, in TSC ticks
  virtual void set_tsc_deadline(u64 value) = 0;
  // TSC = cycle + offset; told whenever a write to the TSC or IA32_TSC_ADJUST moves it.
  virtual void set_tsc_offset(u64) {}
  // x2APIC MSRs 800h-8FFh; nullopt/false: #GP.
  virtual std::optional<u64> read_msr(u32 index) = 0;
  virtual bool write_msr(u32 index, u64 value) = 0;
};

}  // namespace reprise::cpu
