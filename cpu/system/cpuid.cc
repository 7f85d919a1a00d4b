// CPUID.
//
// Source: Intel SDM volume 2: CPUID; AMD APM volume 3, appendix E. Leaf 4000_0000 names the
// emulator and, at 4000_0010, the frequency of the TSC (in kHz), where hypervisors' guests look for
// it.
#include <algorithm>
#include <cstring>

#include "cpu/cluster.h"
#include "cpu/exec/xsave.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

u32 word(const char* text) {
  u32 value = 0;
  std::memcpy(&value, text, 4);
  return value;
}

CpuidResult vendor(u32 max, const char* name) {
  return {max, word(name), word(name + 8), word(name + 4)};
}

CpuidResult brand(const CpuModel& m, u32 leaf) {
  char text[48] = {};
  std::memcpy(text, m.brand().data(), std::min<std::size_t>(m.brand().size(), 47));
  const char* part = text + 16 * (leaf - 0x80000002);
  return {word(part), word(part + 4), word(part + 8), word(part + 12)};
}

// Leaf 4, Intel: 32 KiB, 8 ways for code and data, 4 MiB of level 2, all of a core. Numbers of ids
// that a core or package has room for are given less 1.
CpuidResult cache(const Topology& t, u32 index) {
  const u32 shared = ((1u << t.core_bit()) - 1) << 14;
  const u32 cores = ((1u << (t.package_bit() - t.core_bit())) - 1) << 26;
  switch (index) {
    case 0:
      return {cores | shared | 0x121, 7u << 22 | 63, 63, 1};
    case 1:
      return {cores | shared | 0x122, 7u << 22 | 63, 63, 1};
    case 2:
      return {cores | shared | 0x143, 15u << 22 | 63, 4095, 1};
    default:
      return {};
  }
}

// Leaf 0Bh: threads of a core, threads of a package.
CpuidResult levels(const Topology& t, u32 id, u32 level) {
  switch (level) {
    case 0:
      return {t.core_bit(), t.threads, 0x100, id};
    case 1:
      return {t.package_bit(), t.per_package(), 0x201, id};
    default:
      return {0, 0, level & 0xFF, id};
  }
}

// Leaf 0Dh: the XSAVE image.
CpuidResult extended_state(const Cpu& c, const CpuModel& m, u32 subleaf) {
  const u64 all = xcr0_mask(m);
  switch (subleaf) {
    case 0:
      return {u32(all), xsave_size(c.xcr0, false), xsave_size(all, false), 0};
    case 1:
      return {m.word(kLeafDEax), m.has(Feature::kXsavec) ? xsave_size(c.xcr0, true) : 0, 0, 0};
    case 2:
      return all & XCR0_AVX ? CpuidResult{kXsaveAvxSize, kXsaveAvx, 0, 0} : CpuidResult{};
    case 9:
      return all & XCR0_PKRU ? CpuidResult{kXsavePkruSize, kXsavePkru, 0, 0} : CpuidResult{};
    default:
      return {};
  }
}

// What AMD repeats of leaf 1's EDX in leaf 8000_0001h.
constexpr u32 kRepeated = 0x0183F3FF;

CpuidResult basic(const Cpu& c, const CpuModel& m, u32 leaf, u32 subleaf) {
  const bool amd = m.vendor() == Vendor::Amd;
  const Topology& topology = c.cluster.topology();
  const u32 id = topology.apic_id(c.index);
  switch (leaf) {
    case 0:
      return vendor(m.max_leaf(), amd ? "AuthenticAMD" : "GenuineIntel");
    case 1: {
      u32 edx = m.word(kLeaf1Edx);
      // The APIC's bit follows its global enable.
      if (c.apic && !(c.apic->base() & 0x800)) edx &= ~(1u << 9);
      if (topology.per_package() > 1) edx |= 1u << 28;  // HTT: more than one in a package
      // Logical processors of a package: AMD's, how many there are; Intel's, ids that it has room
      // for. Without HTT it says nothing: chips have 1 (a Sempron of family 10h) or 0 (family 0Fh,
      // Pentium M).
      const u32 ids = amd ? topology.per_package() : std::min(1u << topology.package_bit(), 255u);
      u32 ecx = m.word(kLeaf1Ecx);
      if (c.cr4 & CR4_OSXSAVE) ecx |= 1u << 27;
      return {m.signature(), id << 24 | ids << 16 | 8u << 8, ecx, edx};
    }
    case 2:
      return amd ? CpuidResult{} : CpuidResult{1, 0, 0x4D, 0x2C307D};
    case 4:
      return amd ? CpuidResult{} : cache(topology, subleaf);
    case 5:
      return m.has(Feature::kMonitor) ? CpuidResult{64, 64, 3, 0} : CpuidResult{};
    case 6:
      return {m.word(kLeaf6Eax), 0, 0, 0};
    case 7:
      if (subleaf) return {};
      // OSPKE follows CR4.PKE.
      return {0, m.word(kLeaf7Ebx), m.word(kLeaf7Ecx) | (c.cr4 & CR4_PKE ? 1u << 4 : 0), 0};
    case 0xD:
      return m.has(Feature::kXsave) ? extended_state(c, m, subleaf) : CpuidResult{};
    case 0xB:
      return m.has(Feature::kX2apic) ? levels(topology, id, subleaf) : CpuidResult{};
    default:
      return {};
  }
}

CpuidResult extended(const Cpu& c, const CpuModel& m, u32 leaf) {
  const bool amd = m.vendor() == Vendor::Amd;
  switch (leaf) {
    case 0x80000000:
      return vendor(m.max_extended(), amd ? "AuthenticAMD" : "\0\0\0\0\0\0\0\0\0\0\0");
    case 0x80000001: {
      u32 edx = m.word(kExt1Edx);
      if (amd) edx |= basic(c, m, 1, 0).d & kRepeated;
      // CmpLegacy: HTT and 8000_0008 speak of cores.
      const u32 cmp_legacy = amd && c.cluster.topology().per_package() > 1 ? 2 : 0;
      return {m.signature(), 0, m.word(kExt1Ecx) | cmp_legacy, edx};
    }
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
      return brand(m, leaf);
    // Level 1: 64 KiB, 2 ways; TLBs of 255 entries. Level 2: 512 KiB, 16 ways.
    case 0x80000005:
      return amd ? CpuidResult{0x01FF01FF, 0x01FF01FF, 0x40020140, 0x40020140} : CpuidResult{};
    case 0x80000006:
      return {0, amd ? 0x42004200u : 0, 0x02008140, 0};
    case 0x80000007:
      return {0, 0, 0, m.word(kExt7Edx)};
    case 0x80000008: {
      const u32 physical = m.has(Feature::kLm) ? 40 : m.has(Feature::kPse36) ? 36 : 32;
      const Topology& t = c.cluster.topology();
      const u32 cores =
          amd && t.per_package() > 1 ? t.package_bit() << 12 | (t.per_package() - 1) : 0;
      return {physical | (m.has(Feature::kLm) ? 48u : 32u) << 8, 0, cores, 0};
    }
    default:
      return {};
  }
}

CpuidResult hypervisor(const Cpu& c, u32 leaf) {
  switch (leaf) {
    case 0x40000000:
      return {0x40000010, word("Repr"), word("iseR"), word("epri")};
    case 0x40000010:
      return {u32(c.scheduler.cpu_hz() / 1000), 1'000'000, 0, 0};
    default:
      return {};
  }
}

}  // namespace

CpuidResult cpuid_leaf(const Cpu& c, u32 leaf, u32 subleaf) {
  const CpuModel& m = c.cluster.model();
  if (leaf >= 0x40000000 && leaf <= 0x400000FF && m.has(Feature::kHypervisor))
    return hypervisor(c, leaf);
  if (leaf >= 0x80000000 && m.max_extended() != 0 && leaf <= m.max_extended())
    return extended(c, m, leaf);
  // Beyond the maximum: the last basic leaf, or zeros from AMD.
  if (leaf > m.max_leaf()) {
    if (m.vendor() == Vendor::Amd) return {};
    leaf = m.max_leaf();
  }
  return basic(c, m, leaf, subleaf);
}

void cpuid(Cpu& c, const Op&) {
  const CpuidResult result = cpuid_leaf(c, u32(c.r[RAX]), u32(c.r[RCX]));
  c.r[RAX] = result.a;
  c.r[RBX] = result.b;
  c.r[RCX] = result.c;
  c.r[RDX] = result.d;
}

}  // namespace reprise::cpu
