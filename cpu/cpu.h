// A vCPU: x86-64 as a function of its state and its bus.
//
// Where things are: decode/ turns bytes into Ops, engine/ keeps them in blocks and runs them,
// exec/ has the handlers of instructions, memory/ translates addresses, system/ has segments,
// interrupts, control registers and modes, fpu/ the arithmetic of x87 and SSE, timing/ the costs.
//
// Members are public: handlers are free functions over Cpu.
#pragma once

#include <csetjmp>
#include <memory>
#include <string>

#include "cpu/bus.h"
#include "cpu/flags.h"
#include "cpu/fpu/state.h"
#include "cpu/op.h"
#include "cpu/state.h"
#include "cpu/system/random.h"
#include "replay/core/device.h"

namespace reprise::cpu {

inline constexpr u64 kPageFrameMask = ~u64(0xFFF);

class Cluster;
class BlockCache;
class CpuModel;
class TraceSink;
struct Clocks;
struct P5;
struct Links;

// What decoded code depends on beside its bytes: part of a block's key.
enum ModeBits : u32 {
  kMode16 = 0,
  kMode32 = 1,
  kMode64 = 2,  // width of code: CS.D, CS.L
  kModeWidth = 3,
  kModeFlatCs = 4,    // CS base 0, limit 4 GiB (or 64-bit): blocks may be linked
  kModeFlatData = 8,  // DS, ES, SS base 0, limit 4 GiB, writable (or 64-bit)
  kModeStack32 = 16,  // SS.B (meaningless in 64-bit)
  kModeNoX87 = 32,    // CR0.EM or TS: ESC raises #NM
  kModeNoSse = 64,    // CR0.TS: #NM; kModeUdSse goes first
  kModeUdSse = 128,   // CR0.EM or not CR4.OSFXSR: SSE raises #UD
  kModeV86 = 256,
  kModeProtected = 512,
  kModeUdMmx = 1024,  // CR0.EM: MMX raises #UD
  kModeUdAvx = 2048,  // not CR4.OSXSAVE, XCR0 without SSE or AVX, no protected mode: AVX raises #UD
};

enum class Activity : u8 { Running, Halted, WaitForSipi, Shutdown };

// What an instruction boundary must deal with; see Cpu::pending.
inline constexpr u32 kPendNmi = 1, kPendSmi = 2, kPendInit = 4, kPendSipi = 8;

// How an event reached deliver().
enum class EventKind : u8 { Exception, External, Nmi, SoftwareInt, Int1, Int3Into };

struct Cpu final : public Device, public Pins {
  Cpu(const DeviceContext& context, Cluster& cluster, unsigned index);
  ~Cpu() override;

  // --- hot: what nearly every handler touches --------------------------------------------------
  u64 r[kRegs] = {};
  Flags flags;
  Cycles cycle = 0;        // at the end of the running block; exact between blocks
  u64 icount = 0;          // likewise
  Cycles cycle_limit = 0;  // a block is entered only if it ends before these
  u64 icount_limit = 0;
  FastEntry* fast = nullptr;  // for the current privilege, or a table that never matches
  FastEntry* lines = nullptr;  // a model of caches has these instead; null: no such model
  P5* p5 = nullptr;            // of `clocks`, where that is the model
  FastCode* fast_code = nullptr;
  ReturnStack returns;
  const Op* op = nullptr;  // the instruction that may fault now (set by slow paths)
  u64 taken = 0;           // host address of its datum, in a handler that has found that
  u32 mode = 0;            // ModeBits, derived: update_mode()
  bool single = false;     // this instruction runs alone: nothing may be chained to it
  bool in_block = false;   // r[kRip], cycle and icount are those of a running block

  // --- registers
  // -----------------------------------------------------------------------------------
  u32 eflags = 2;  // all but the arithmetic flags, which are in `flags`: see rflags(), set_rflags()
  Segment seg[8];
  u64 cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0, efer = 0, xcr0 = XCR0_X87;
  u32 pkru = 0;  // see set_pkru()
  u64 dr[8] = {};
  TableRegister gdtr, idtr;
  fpu::FpuState fpu;  // x87, MMX, XMM, MXCSR
  struct Msrs {
    u64 star = 0, lstar = 0, cstar = 0, fmask = 0, kernel_gs_base = 0;
    u64 sysenter_cs = 0, sysenter_esp = 0, sysenter_eip = 0;
    u64 pat = 0x0007040600070406, misc_enable = 1, tsc_adjust = 0, tsc_aux = 0;
    u64 mtrr_def_type = 0, mtrr_fixed[11] = {}, mtrr_var[16] = {};
    u64 mcg_status = 0, mcg_ctl = 0, mc_bank[40] = {}, feature_control = 0, debugctl = 0, ucode = 0;
    void state(State& s);
  } msr;
  u64 tsc_offset = 0;  // TSC = cycle + tsc_offset
  RandomGenerator random;
  u64 smbase = 0x30000;
  u8 cpl = 0;
  bool smm = false;
  bool nmi_blocked = false;  // from NMI delivery to IRET
  bool intr = false;         // INTR pin
  u32 pending = 0;           // PendingBits
  u8 sipi_vector = 0;
  Activity activity = Activity::Running;
  u64 shadow_at = kNever;   // icount of the boundary where STI or MOV SS holds off interrupts
  u32 debug_trap = 0;       // DR6 bits that #DB will report at the next boundary
  bool steps_over = false;  // INT n and SYSCALL: no single-step trap follows; within a boundary

  // --- memory
  // --------------------------------------------------------------------------------------
  TlbEntry data_tlb[kDataTlb];
  TlbEntry code_tlb[kCodeTlb];
  TlbSets<kDataTlb> data_sets;
  TlbSets<kCodeTlb> code_sets;
  TlbSet<kDataTlb> lent;  // user pages of which fast_tables[0] has pointers in spite of SMAP
  bool lends = false;     // any; only while EFLAGS.AC is set
  FastEntry* pages = nullptr;  // what `fast` is, or would be without a model of caches
  u64 pdpte[4] = {};      // PAE: loaded with CR3
  FastEntry fast_tables[3][kDataTlb];  // [0] supervisor, [1] user, [2] never matches; derived
  FastCode fast_codes[2][kCodeTlb];    // likewise
  PhysRun phys_runs[2];                // below and above 4 GiB; derived
  PhysEntry phys_cache[kPhysCache];    // what is not in them; likewise
  Bus* bus = nullptr;
  LocalApic* apic = nullptr;

  // --- engine
  // --------------------------------------------------------------------------------------
  Cluster& cluster;
  Scheduler& scheduler;
  const unsigned index;
  Op* patched = nullptr;  // whose handler request_leave() replaced, until the run loop restores it
  Handler patched_handler = nullptr;
  Links* link = nullptr;  // of the branch that ended the chain, to be set to where it led
  unsigned link_index = 0;
  std::unique_ptr<Op[]> scratch;   // the single instruction that runs outside any block
  bool yield = false;              // PAUSE: the turn ends
  std::unique_ptr<Clocks> clocks;  // what a timing model remembers; null: it has nothing to
  std::jmp_buf fault_exit;
  struct {
    u8 vector;
    bool has_error;
    u32 error;
  } fault_info = {};
  // The event whose delivery is going on. No delivery spans an instruction boundary: not state.
  struct {
    bool active;
    bool exception;
    u8 vector;
  } delivering = {};

  // --- Device, Pins
  // --------------------------------------------------------------------------------
  std::string_view kind() const override { return "x86-cpu"; }
  void reset() override;  // power-on / RESET# state
  void settle() override;
  void state(State& s) override;
  void set_intr(bool level) override;
  void nmi() override;
  void smi() override;
  void init() override;
  void sipi(u8 vector) override;
  void set_a20(bool) override { memory_map_changed(); }
  void memory_map_changed() override;

  // --- registers by width
  template <class T>
  T& reg(u8 offset) {
    return *reinterpret_cast<T*>(reinterpret_cast<u8*>(r) + offset);
  }
  template <class T>
  void set_reg(u8 offset, T value) {  // 32-bit writes clear the upper half
    if constexpr (sizeof(T) == 4)
      reg<u64>(offset) = value;
    else
      reg<T>(offset) = value;
  }
  u32 rflags() const { return (eflags & ~kArith) | flags.bits() | 2; }
  // Sets all bits given as they are (the caller has masked them); follows AC, VM into derived
  // state.
  void set_rflags(u32 value);

  // --- faults: never return; the state is as before the instruction c.op
  [[noreturn]] void raise(u8 vector);
  [[noreturn]] void raise(u8 vector, u32 error);

  // --- memory by linear address (see memory/access.h for the fast forms)
  void check_access(u64 linear, unsigned size, bool user, u8 segment);  // canonical, #AC
  // `counts`: as a read of the instruction, to the operator's stops.
  u64 load_any(u64 linear, unsigned size, bool user, u8 segment, bool counts);
  u64 load_page(u64 linear, unsigned size, bool user, bool counts);
  void store_any(u64 linear, unsigned size, u64 value, bool user, u8 segment);
  void store_page(u64 linear, unsigned size, u64 value, bool user);
  void note_data_access(u64 linear, unsigned size, bool write);  // data breakpoints (system/)
  bool has_1g_pages() const;
  // Implicit accesses to tables: privileged whatever CPL is, and under SMAP whatever AC is.
  u64 read_system(u64 linear, unsigned size);
  void write_system(u64 linear, unsigned size, u64 value);
  // Physical, as page walks do.
  u64 read_physical(u64 address, unsigned size);
  void write_physical(u64 address, unsigned size, u64 value);
  // Slow halves of load and store, with what a model of caches adds; any alignment, page crossing,
  // devices. `user`: privilege.
  u64 load_slow(u64 linear, unsigned size, bool user, u8 seg);
  void store_slow(u64 linear, unsigned size, u64 value, bool user, u8 seg);
  // Host pointer for [linear, linear+size) within one page, with the translation made (faults
  // possible); null for devices and pages that must be tracked. What is to be written is cut to
  // what lies before decoded code.
  u8* host_pointer(u64 linear, unsigned& size, bool write, bool user, u8 seg);
  // Faults as a store (or load) of the range would, and does nothing else.
  void probe(u64 linear, unsigned size, bool write, bool user, u8 seg);
  // Guest-physical address; raises #PF. Fills the TLB.
  u64 translate(u64 linear, bool write, bool user);
  u64 translate_fetch(u64 linear);
  PhysPage phys_page(u64 address) {
    const PhysRun& run = phys_runs[address >> 32 != 0];
    const u64 into = (address >> 12) - run.first;
    if (into < run.count) [[likely]]
      return {run.block, run.page + into, run.writable};
    return find_phys_page(address);
  }
  PhysPage find_phys_page(u64 address);
  void load_pdptes(u64 value);  // PAE, on loads of CR3: #GP(0) on reserved bits
  void flush_tlb(bool global);
  void invlpg(u64 linear);
  void drop_data_entry(u64 linear);  // derived pointers of one page
  void drop_code_entry(u64 linear);
  void drop_lines();  // pointers to lines, where a model of caches has them
  void drop_fast();  // forget derived host pointers
  void drop_write_pointers();
  void set_pkru(u32 value);
  bool user() const { return cpl == 3; }
  // Segmentation in the general case: limit, type and canonical checks; returns the linear address.
  u64 linear(u8 seg, u64 offset, unsigned size, bool write);

  // Translates for gdb, HMP and -d: no faults, no side effects. kNever if unmapped.
  u64 debug_translate(u64 linear) const;

  // --- modes
  bool protected_mode() const { return cr0 & CR0_PE; }
  bool v86() const { return eflags & VM; }
  bool long_mode() const { return efer & EFER_LMA; }
  bool code64() const { return (mode & kModeWidth) == kMode64; }
  void update_mode();    // after CR0, CR4, EFER, EFLAGS.VM/AC, CS, SS, DS, ES, CPL changed
  void choose_tables();  // the part of it that depends on AC
  unsigned stack_width() const { return code64() ? 8 : seg[SS].db() ? 4 : 2; }

  // --- leaving
  // The run loop must look at events before the next instruction.
  void request_leave();
  // Before a device is touched: publishes the cycle at which this instruction began.
  void publish();
  // After: a timer may be due sooner.
  void after_device();
  // The bus kept the vCPU waiting; its own clocks come on top.
  void wait(Cycles cycles) {
    cycle += cycles;
    if (in_block && cycle >= cycle_limit) request_leave();
  }
  // The boundary before / after c.op, inside a block: exact values.
  Position position() const {
    return in_block ? Position{icount - op->count_left, cycle - op->cycles_left}
                    : Position{icount, cycle};
  }
  u64 ip() const;  // of c.op inside a block, of the next instruction between blocks
  u64 next_ip(const Op* o) const { return (r[kRip] + o->offset + o->length) & ip_mask(); }
  u64 ip_mask() const { return code64() ? ~u64(0) : mode & kMode32 ? 0xFFFFFFFFull : 0xFFFFull; }
  u64 tsc() const;  // at c.op

  // --- system/
  // Interrupts and exceptions through the IDT or IVT, all modes, with #DF and triple fault.
  void deliver(u8 vector, EventKind kind, bool has_error = false, u32 error = 0);
  // A fault of the instruction or delivery that was going on (fault_info): contributory faults
  // become #DF, and a fault of that a triple fault.
  void deliver_fault(u8 vector, bool has_error, u32 error);
  void enter_smm();
  void take_init();
  void take_sipi();
};
}  // namespace reprise::cpu
