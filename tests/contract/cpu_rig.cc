// Two vCPUs with their APICs, for the contract: random code in every mode, on page tables that
// change under it, with events at the pins.
#include <cstring>

#include "chipset/interrupt/lapic.h"
#include "chipset/memory/cpu_bus.h"
#include "cpu/cluster.h"
#include "tests/support/contract.h"

namespace reprise {
namespace {

using cpu::Cpu;
using Random = std::mt19937_64;
using namespace std::string_view_literals;

// Where things are in the rig's 1 MiB. Vectors of all modes lead to kHandlers + 16 * vector.
constexpr u64 kGdt = 0x1000, kIdt32 = 0x2000, kIdt64 = 0x3000, kTss = 0x4000, kHandlers = 0x8000,
              kTables = 0x10000, kPae = 0x14000, kSmm = 0x38000, kCode = 0x40000, kStack = 0x7F000,
              kData = 0x80000;
constexpr u64 kPageTable = kTables + 0x3000;

// Pieces of code, the same bytes in all modes. What they read ends in memory at (R/E)DI or BX.
constexpr std::string_view kPieces[] = {
    "\x0f\xae\x07"sv,
    "\x0f\xae\x07"sv,
    "\x0f\xae\x0f"sv,
    "\x0f\xae\x1f"sv,
    "\x0f\xae\x17"sv,  // FXSAVE ...
    "\xd9\x37"sv,
    "\xd9\x27"sv,
    "\xd9\xe8"sv,
    "\xd8\xc1"sv,
    "\xdd\x07"sv,
    "\xdd\x1f"sv,
    "\xdb\x3f"sv,
    "\xd9\x3f"sv,
    "\x0f\x29\x07"sv,
    "\x0f\x29\x3f"sv,
    "\x0f\x10\x07"sv,
    "\x0f\x10\x1f"sv,
    "\x0f\x58\xc1"sv,
    "\x0f\x6f\x07"sv,
    "\xc5\xfc\x11\x07"sv,
    "\xc5\xfc\x11\x3f"sv,
    "\xc5\xf5\x58\xc2"sv,
    "\x31\xc9\x0f\x01\xd0\x01\x07"sv,  // VMOVUPS, VADDPD, XGETBV
    "\x0f\x01\x07"sv,
    "\x0f\x01\x0f"sv,
    "\x0f\x01\xe0\x01\x07"sv,
    "\x0f\x00\xc8\x01\x07"sv,  // SGDT ...
    "\x0f\x00\xc0\x01\x07"sv,
    "\x0f\x20\xc0\x01\x07"sv,
    "\x0f\x20\xd0\x01\x07"sv,
    "\x0f\x20\xd8\x01\x07"sv,
    "\x0f\x20\xe0\x01\x07"sv,
    "\x0f\x21\xc0\x01\x07"sv,
    "\x0f\x21\xd8\x01\x07"sv,
    "\x0f\x21\xf0\x01\x07"sv,
    "\x0f\x21\xf8\x01\x07"sv,
    "\x0f\x23\xc0"sv,
    "\x0f\x23\xc8"sv,
    "\x0f\x23\xd0"sv,
    "\x0f\x23\xf0"sv,
    "\x0f\x23\xf8"sv,
    "\x0f\x21\xc8\x01\x07"sv,
    "\x0f\x21\xd0\x01\x07"sv,
    "\x0f\x22\xd0"sv,  // MOV DR, CR
    "\x06"sv,
    "\x07"sv,
    "\x0e"sv,
    "\x16"sv,
    "\x1e"sv,
    "\x0f\xa0"sv,
    "\x0f\xa8"sv,
    "\x8c\x07"sv,
    "\x8c\x0f"sv,
    "\x8c\x17"sv,
    "\x8c\x1f"sv,
    "\x8c\x27"sv,
    "\x8c\x2f"sv,
    "\x26\x8b\x07"sv,
    "\x2e\x8b\x07"sv,  // segments
    "\x36\x8b\x07"sv,
    "\x64\x8b\x07"sv,
    "\x65\x8b\x07"sv,
    "\x64\x01\x07"sv,
    "\x65\x01\x07"sv,
    "\x26\x01\x07"sv,
    "\x36\x01\x07"sv,
    "\x8e\xd8"sv,
    "\x8e\xd0"sv,
    "\x0f\x03\xc8"sv,
    "\x0f\x02\xd0"sv,
    "\x50"sv,
    "\x51"sv,
    "\x52"sv,
    "\x53"sv,
    "\x54"sv,
    "\x55"sv,
    "\x56"sv,
    "\x41\x50"sv,
    "\x41\x51"sv,
    "\x41\x52"sv,
    "\x41\x53"sv,
    "\x41\x54"sv,
    "\x41\x55"sv,
    "\x41\x56"sv,
    "\x41\x57"sv,
    "\x58"sv,
    "\x59"sv,
    "\x5a"sv,
    "\x5d"sv,
    "\x01\x07"sv,
    "\x11\x17"sv,
    "\x29\x0f"sv,
    "\x31\x2f"sv,
    "\x8b\x07"sv,
    "\x8b\x0f"sv,
    "\x8b\x17"sv,
    "\x03\x07"sv,
    "\x9c"sv,
    "\x9d"sv,
    "\xfb"sv,
    "\xfa"sv,
    "\xf4"sv,
    "\xcc"sv,
    "\xcd\x40"sv,
    "\xcf"sv,
    "\x48\xcf"sv,
    "\xf1"sv,
    "\x0f\x05"sv,
    "\x0f\x07"sv,
    "\x48\x0f\x07"sv,
    "\x0f\x34"sv,
    "\x0f\x35"sv,
    "\x48\x0f\x35"sv,  // SYSCALL ...
    "\x0f\x01\xf8"sv,
    "\x0f\x31\x01\x07"sv,
    "\x0f\x01\xf9\x01\x07"sv,
    "\x31\xc9\x0f\x01\xee\x01\x07"sv,  // RDPKRU, WRPKRU
    "\x31\xc9\x31\xd2\x0f\x01\xef"sv,
    "\x0f\xc7\xf0\x01\x07"sv,  // RDRAND, several times over
    "\x0f\xc7\xf0\x01\x07"sv,
    "\x0f\xc7\xf2\x01\x17"sv,
    "\x0f\xc7\xf2\x01\x17"sv,
    "\x0f\xc7\xf5\x31\x2f"sv,
    "\x0f\xc7\xf5\x31\x2f"sv,
    "\x0f\xa2"sv,
    "\x0f\x01\x3f"sv,
    "\x0f\xaa"sv,
    "\x0f\x06"sv,
    "\xf3\xab"sv,
    "\xf3\xa4"sv,
    "\xf2\xae"sv,
    "\xe8\x08\x01"sv,
    "\xc3"sv,
    "\xf3\x90"sv,
    "\xeb\x02"sv,
    "\x74\x03"sv,
    "\x7c\x01"sv,
    "\xe6\x80"sv,
    "\xe4\x80"sv,
    "\x86\x07"sv,
    "\x0f\xc1\x07"sv,
    "\x0f\x44\xc1"sv,
    "\xd3\xc0"sv,
    "\xf7\xe1"sv,
    "\x91"sv,
    "\x97"sv,
    "\x93"sv,
    "\x47"sv,
    "\x4f"sv,
};

// MSRs: these and a few after each.
constexpr u32 kMsrs[] = {0x10,  0x1b,  0x3a,  0x3b,  0x8b,  0xfe,  0x174,      0x179,
                         0x1a0, 0x1d9, 0x200, 0x208, 0x250, 0x258, 0x268,      0x26c,
                         0x277, 0x2ff, 0x400, 0x410, 0x420, 0x600, 0xc0000080, 0xc0000100};

struct CpuRig {
  explicit CpuRig(ContractRig& owner) : rig(owner), ram(*owner.ram) {}

  ContractRig& rig;
  MemoryBlock& ram;
  std::unique_ptr<cpu::Cluster> cluster;
  std::vector<std::unique_ptr<CpuBus>> buses;

  void poke(u64 at, unsigned size, u64 value) {
    ram.write(at, {reinterpret_cast<const u8*>(&value), size});
  }

  void tables() {
    poke(kGdt + 0x08, 8, 0x00CF9B000000FFFF), poke(kGdt + 0x10, 8, 0x00CF93000000FFFF);
    poke(kGdt + 0x18, 8, 0x00CFFB000000FFFF), poke(kGdt + 0x20, 8, 0x00CFF3000000FFFF);
    poke(kGdt + 0x28, 8, 0x00008B0000000067 | kTss << 16), poke(kGdt + 0x30, 8, 0);
    poke(kGdt + 0x38, 8, 0x00AF9B000000FFFF), poke(kGdt + 0x40, 8, 0x00AFFB000000FFFF);
    poke(kTss + 4, 8, kStack - 0x1000), poke(kTss + 8, 2, 0x10), poke(kTss + 0x66, 2, 0x68);
    for (u64 v = 0; v < 256; ++v) {
      const u64 at = kHandlers + 16 * v;
      poke(4 * v, 4, at - 0x8000 + 0x0800'0000);  // 0800:xxxx
      poke(kIdt32 + 8 * v, 8, (at & 0xFFFF) | 0x8ull << 16 | 0xEE00ull << 32);
      poke(kIdt64 + 16 * v, 8, (at & 0xFFFF) | 0x38ull << 16 | 0xEE00ull << 32);
      static constexpr u64 kBodies[] = {0xF4, 0xCF01, 0xCF48, 0xCF02240483, 0xCF022404834807};
      poke(at, 8, kBodies[v % 5]);
    }
    poke(kTables, 8, (kTables + 0x1000) | 7);
    poke(kTables + 0x1000, 8, (kTables + 0x2000) | 7);
    poke(kTables + 0x2000, 8, kPageTable | 7);
    for (u64 page = 0; page < 256; ++page) poke(kPageTable + 8 * page, 8, page << 12 | 7);
    poke(kPae, 8, (kTables + 0x2000) | 1);
    poke(kSmm, 8, 0xAA0F07016564);
  }

  // Software moves a processor to another place, in some mode.
  u64 place(Random& random) {
    Cpu& c = cluster->cpu(unsigned(random() % cluster->size()));
    const unsigned mode = random() % 4;  // real, protected, PAE, long
    const bool user = mode && random() % 4 == 0;
    const auto segment = [&](cpu::SegIndex index, u16 selector, u16 rights, u64 base, u32 limit) {
      cpu::Segment& g = c.seg[index];
      g = {};
      g.selector = selector, g.rights = rights, g.base = base, g.limit = limit;
    };
    if (mode == 0) {
      segment(cpu::CS, kCode >> 4, 0x93, kCode, 0xFFFF);
      for (const cpu::SegIndex i : {cpu::DS, cpu::ES, cpu::FS, cpu::GS})
        segment(i, kData >> 4, 0x93, kData, 0xFFFF);
      segment(cpu::SS, (kStack - 0xF000) >> 4, 0x93, kStack - 0xF000, 0xFFFF);
      c.idtr = {0, 0x3FF};
    } else {
      const u16 level = user ? 0x60 : 0, code = mode == 3 ? (user ? 0x43 : 0x38) : user ? 0x1B : 8;
      segment(cpu::CS, code, u16((mode == 3 ? 0xA09B : 0xC09B) | level), 0, 0xFFFFFFFF);
      for (const cpu::SegIndex i : {cpu::SS, cpu::DS, cpu::ES, cpu::FS, cpu::GS})
        segment(i, user ? 0x23 : 0x10, u16(0xC093 | level), 0, 0xFFFFFFFF);
      c.idtr = {mode == 3 ? kIdt64 : kIdt32, 0xFFF};
      segment(cpu::TR, 0x28, 0x8B, kTss, 0x67);
    }
    c.cpl = user ? 3 : 0;
    c.gdtr = {kGdt, 0x47};
    c.cr4 = (mode >= 2 ? cpu::CR4_PAE : 0) | (random() % 4 ? cpu::CR4_OSFXSR : 0) |
            (random() & (cpu::CR4_DE | cpu::CR4_PGE | cpu::CR4_PKE | cpu::CR4_OSXSAVE));
    c.xcr0 = random() % 4 ? cpu::XCR0_X87 | cpu::XCR0_SSE | cpu::XCR0_AVX : cpu::XCR0_X87;
    c.cr3 = mode == 2 ? kPae : kTables;
    c.pdpte[0] = (kTables + 0x2000) | 1;
    c.efer = (mode == 3 ? cpu::EFER_LME | cpu::EFER_LMA : 0) | (random() & cpu::EFER_SCE);
    c.cr0 = cpu::CR0_ET | (mode ? cpu::CR0_PE : 0) | (mode >= 2 ? cpu::CR0_PG : 0);
    c.eflags = 2 | (random() % 2 ? 0x200 : 0) | (random() % 16 ? 0 : 0x100);
    for (u64& value : c.r)
      value = random() % 2 ? random() % 0x1000 & ~15u : random() >> random() % 64;
    c.r[cpu::RDI] = (mode ? kData : 0) + (random() % 0x10000 & ~15u);
    c.r[cpu::RBX] = c.r[cpu::RDI];
    c.r[cpu::RSP] = mode ? kStack : 0xF000;
    c.r[cpu::RCX] %= 64;
    c.r[cpu::kZero] = 0;
    c.r[cpu::kRip] = (mode ? kCode : 0) + random() % 0x1000;
    c.activity = cpu::Activity::Running;
    c.update_mode();
    c.drop_fast();
    return 0;
  }

  u64 write_code(Random& random) {
    u64 at = kCode + random() % 0x1000;
    for (unsigned n = random() % 64; n; --n) {
      std::string code(kPieces[random() % std::size(kPieces)]);
      if (random() % 2) {  // RDMSR or WRMSR
        const u32 msr = kMsrs[random() % std::size(kMsrs)] + u32(random() % 8);
        code = "\xb9";
        for (unsigned i = 0; i < 4; ++i) code += char(msr >> (8 * i));
        code += random() % 3 ? "\x0f\x32\x01\x07\x31\x57\x10" : "\x31\xd2\x0f\x30";
      }
      ram.write(at, {reinterpret_cast<const u8*>(code.data()), code.size()});
      at += code.size();
    }
    return 0;
  }

  // What other processors and devices write: page tables, the image of SMM's state.
  u64 write_tables(Random& random) {
    const u64 page = 0x40 + random() % 0xC0;
    poke(kPageTable + 8 * page, 8,
         (random() % 8 ? page : 0x80 + random() % 64) << 12 | (random() & 0x167) |
             (random() % 8 != 0));
    if (random() % 4 == 0)
      poke(random() % 2 ? 0x3FF00 : 0x3FEF8, 4, 0x30000 + random() % 2 * 0x8000);
    return 0;
  }

  u64 pins(Random& random) {
    cpu::Pins& pins = cluster->pins(unsigned(random() % cluster->size()));
    switch (random() % 12) {
      case 0:
        pins.nmi();
        break;
      case 1:
        pins.smi();
        break;
      case 2:
        if (random() % 4 == 0) pins.init();
        break;
      case 3:
        pins.sipi(u8(random()));
        break;
      default:
        pins.set_intr(random() % 2);
    }
    return 0;
  }

  u64 run(Random& random) {
    Scheduler& scheduler = rig.board.scheduler;
    const u64 until = cluster->position().icount + 1 + random() % (random() % 2 ? 8 : 200);
    for (unsigned i = 0; i < 8 && cluster->position().icount < until; ++i) {
      if (scheduler.deadline() <= scheduler.now()) scheduler.run_due();
      cluster->run_until({kNever, until});
      if (cluster->all_halted()) break;
    }
    return cluster->position().icount * 3 + cluster->position().cycles;
  }
};

// A translation as a page walk makes it.
void random_tlb(Random& random, std::span<u8> data) {
  for (std::size_t at = 0; at + sizeof(cpu::TlbEntry) <= data.size(); at += sizeof(cpu::TlbEntry)) {
    cpu::TlbEntry entry;
    if (random() % 4) {
      entry.tag = at / sizeof entry;
      entry.frame = random() % 4 ? entry.tag : random() % 256;
      entry.user = random() % 2, entry.writable = random() % 2, entry.dirty = random() % 2;
      entry.global = random() % 2, entry.nx = random() % 8 == 0;
    }
    std::memcpy(data.data() + at, &entry, sizeof entry);
  }
}

}  // namespace

void cpu_cluster(ContractRig& rig) {
  auto cpus = std::make_shared<CpuRig>(rig);
  rig.keep(cpus);
  const cpu::CpuOptions options{.model = "kvm64",
                                .features = {"+rdtscp", "+tsc_adjust", "+pku", "+rdrand", "+ssse3",
                                             "+sse4.1", "+sse4.2", "+xsave", "+avx"},
                                .cpus = 2,
                                .quantum = 2000,
                                .interleave_seed = 5};
  cpus->cluster =
      std::move(cpu::Cluster::create(options, rig.board.context("/cpu"), rig.board.pages).value());
  cpus->cluster->on_triple_fault(rig.action());
  for (unsigned i = 0; i < options.cpus; ++i) {
    auto& lapic = rig.place<Lapic>("/lapic/" + std::to_string(i), LapicConfig{.id = u8(i)},
                                   rig.apic_bus, rig.cpu, rig.pic);
    cpus->buses.push_back(std::make_unique<CpuBus>(rig.space, lapic, lapic));
    cpus->cluster->connect(i, *cpus->buses.back(), lapic);
  }
  cpus->tables();
  rig.on_time([&rig, c = cpus.get()] {
    const Cycles now = rig.board.scheduler.now();
    if (now > c->cluster->position().cycles) c->cluster->skip_to(now);
  });
  rig.mostly_probes = true;
  const auto doing = [&](u64 (CpuRig::*what)(Random&), unsigned share) {
    while (share--)
      rig.probe([what, c = cpus.get()](Random& random) { return (c->*what)(random); });
  };
  doing(&CpuRig::run, 8);
  doing(&CpuRig::place, 1);
  doing(&CpuRig::write_code, 2);
  doing(&CpuRig::write_tables, 2);
  doing(&CpuRig::pins, 1);
  rig.never_shows("/lapic/#/tsc_offset");  // the processor's settle() gives it
  rig.legal("cycle", [&rig](Random&) { return rig.board.scheduler.now(); });
  rig.legal("icount", [](Random& random) { return random() % 1'000'000; });
  rig.legal_bytes("data_tlb", random_tlb);
  rig.legal_bytes("code_tlb", random_tlb);
}

}  // namespace reprise
