// Parts of a vCPU's architectural state.
#pragma once

#include <array>
#include <bit>

#include "cpu/bus.h"
#include "replay/core/state.h"
#include "replay/core/types.h"

namespace reprise::cpu {

enum Gpr : u8 { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };
inline constexpr u8 kRip =
    16;  // IP of the running block's first instruction; of the next one between blocks
inline constexpr u8 kZero = 17;  // always 0: absent base or index
inline constexpr unsigned kRegs = 18;

enum SegIndex : u8 { ES, CS, SS, DS, FS, GS, LDTR, TR };
inline constexpr u8 kNoSeg = 0xFF;

// Do bits 48 to 63 repeat bit 47, as 64-bit mode asks of every address?
inline bool canonical(u64 linear) { return u64(i64(linear << 16) >> 16) == linear; }

// A segment register with its descriptor cache.
struct Segment {
  u16 selector = 0;
  u16 rights =
      0;  // bits 0-7: type, S, DPL, P; 12-15: AVL, L, D/B, G (as in a descriptor's byte 5, 6)
  bool usable = true;  // false: loaded with a null selector
  u32 limit = 0xFFFF;  // in bytes, granularity applied
  u64 base = 0;

  u8 type() const { return rights & 0xF; }
  bool s() const { return rights & 0x10; }
  u8 dpl() const { return rights >> 5 & 3; }
  bool present() const { return rights & 0x80; }
  bool l() const { return rights & 0x2000; }
  bool db() const { return rights & 0x4000; }
  bool code() const { return s() && (rights & 8); }
  bool conforming() const { return rights & 4; }  // code
  bool readable() const { return rights & 2; }    // code
  bool expand_down() const { return (rights & 0xC) == 4; }
  bool writable() const { return (rights & 0xA) == 2; }  // data
  void state(State& s) {
    s("selector", selector)("rights", rights, 0, 0xF0FF)("usable", usable)("limit", limit)("base",
                                                                                           base);
  }
};

struct TableRegister {
  u64 base = 0;
  u16 limit = 0xFFFF;
  void state(State& s) { s("base", base)("limit", limit); }
};

struct alignas(16) Xmm {
  u64 q[2] = {};
  bool operator==(const Xmm&) const = default;
};
// A YMM register: its low half is the XMM register of the same number.
struct alignas(32) Ymm {
  Xmm half[2] = {};
};

enum Vector : u8 {
  kDE = 0,
  kDB = 1,
  kNMI = 2,
  kBP = 3,
  kOF = 4,
  kBR = 5,
  kUD = 6,
  kNM = 7,
  kDF = 8,
  kTS = 10,
  kNP = 11,
  kSS = 12,
  kGP = 13,
  kPF = 14,
  kMF = 16,
  kAC = 17,
  kMC = 18,
  kXM = 19,
};

inline constexpr u32 CR0_PE = 1, CR0_MP = 2, CR0_EM = 4, CR0_TS = 8, CR0_ET = 16, CR0_NE = 32,
                     CR0_WP = 1u << 16, CR0_AM = 1u << 18, CR0_NW = 1u << 29, CR0_CD = 1u << 30,
                     CR0_PG = 1u << 31;
inline constexpr u32 CR4_VME = 1, CR4_PVI = 2, CR4_TSD = 4, CR4_DE = 8, CR4_PSE = 16, CR4_PAE = 32,
                     CR4_MCE = 64, CR4_PGE = 128, CR4_PCE = 256, CR4_OSFXSR = 512,
                     CR4_OSXMMEXCPT = 1024, CR4_UMIP = 2048, CR4_FSGSBASE = 1u << 16,
                     CR4_PCIDE = 1u << 17, CR4_OSXSAVE = 1u << 18, CR4_SMEP = 1u << 20,
                     CR4_SMAP = 1u << 21, CR4_PKE = 1u << 22;

// Components of XCR0 and of the XSAVE image.
inline constexpr u32 XCR0_X87 = 1, XCR0_SSE = 2, XCR0_AVX = 4, XCR0_PKRU = 512;
inline constexpr u32 EFER_SCE = 1, EFER_LME = 1u << 8, EFER_LMA = 1u << 10, EFER_NXE = 1u << 11;

// A translation: linear page to guest-physical page. The TLB is machine state: guests clear
// Accessed bits without flushing, so what is cached is visible.
struct TlbEntry {
  u64 tag = ~u64(0);  // linear page number; all ones: empty
  u64 frame = 0;      // physical page number
  u8 user = 0, writable = 0, dirty = 0, global = 0, nx = 0;
  u8 large = 0;  // log2 of the mapping's size, 0 for 4 KiB
  u8 key = 0;    // protection key
  u8 spare = 0;
};

// Entries of a TLB that a flush has to look at. Derived, and there may be more in it than need be.
template <unsigned N>
class TlbSet {
 public:
  TlbSet() { all(); }
  void all() { words_.fill(~u64(0)); }
  void none() { words_.fill(0); }
  void add(unsigned i) { words_[i / 64] |= u64(1) << (i % 64); }
  template <class F>
  void each(F&& f) const {
    for (unsigned word = 0; word < N / 64; ++word) {
      for (u64 bits = words_[word]; bits; bits &= bits - 1)
        f(word * 64 + unsigned(std::countr_zero(bits)));
    }
  }

 private:
  std::array<u64, N / 64> words_;
};
template <unsigned N>
struct TlbSets {
  TlbSet<N> used;   // by the TLB, or by pointers derived where there is no paging
  TlbSet<N> local;  // not global: what a load of CR3 drops
  TlbSet<N> large;  // parts of large pages: what INVLPG of another address may drop
  TlbSet<N> keyed;  // of a protection key other than 0: what WRPKRU is about, mostly
  void all() { used.all(), local.all(), large.all(), keyed.all(); }
};

// Derived from a TlbEntry for one privilege: where the page is in host memory; or a line of it.
struct FastEntry {
  u64 read_tag = 1;  // linear address of the page; 1 never matches
  u64 write_tag = 1;
  u64 addend = 0;  // host address minus linear address
  u64 frame = 0;   // guest-physical address / 4096
};

// Likewise for fetches: the decoded code of the page.
struct PageCode;
struct FastCode {
  u64 tag = 1;  // linear address of the page; 1 never matches
  PageCode* page = nullptr;
};

// Calls in 64-bit code that have not returned, as far as they are remembered; derived.
struct Links;
struct ReturnStack {
  static constexpr unsigned kDepth = 16;
  struct Call {
    u64 ip = 0;              // where it returns to
    Links* links = nullptr;  // behind it; null: no call
  };
  void push(Call call) { calls[++top % kDepth] = call; }
  Call pop() { return calls[top-- % kDepth]; }
  const Call& popped() const { return calls[(top + 1) % kDepth]; }
  void forget() { calls = {}; }
  std::array<Call, kDepth> calls;
  unsigned top = 0;
};

// What backs a guest-physical page, remembered from Bus::page; derived.
struct PhysEntry {
  u64 frame = ~u64(0);
  PhysPage page;
};
// Likewise of many in a row.
struct PhysRun {
  u64 first = 0, count = 0;  // page frames
  MemoryBlock* block = nullptr;
  u64 page = 0;  // of `first`
  bool writable = false;
};

inline constexpr unsigned kDataTlb = 1024, kCodeTlb = 512, kPhysCache = 512;
inline constexpr unsigned kDataLines = 128;  // of a model with a data cache

}  // namespace reprise::cpu
