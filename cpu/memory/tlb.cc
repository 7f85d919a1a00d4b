// What empties the TLBs, and drops the pointers that were derived from them (Intel SDM volume 3,
// section 4.10.4).
#include "cpu/cluster.h"
#include "cpu/timing/clocks.h"

namespace reprise::cpu {

namespace {

// A translation, and the pointers derived from it.
template <unsigned N, class Fast>
void drop(TlbEntry (&tlb)[N], Fast (*fast)[N], unsigned index) {
  tlb[index] = {};
  fast[0][index] = fast[1][index] = {};
}

}  // namespace

void Cpu::drop_data_entry(u64 linear) {
  for (unsigned table = 0; table < 2; ++table) {
    FastEntry& e = fast_tables[table][linear >> 12 & (kDataTlb - 1)];
    if (p5 && e.read_tag != 1) p5->drop_lines(table, e.read_tag);
    e = {};
  }
}

void Cpu::drop_code_entry(u64 linear) {
  for (auto& table : fast_codes) table[linear >> 12 & (kCodeTlb - 1)] = {};
  const TlbEntry& old = code_tlb[linear >> 12 & (kCodeTlb - 1)];
  if (p5 && old.tag != ~u64(0)) p5->drop_code_lines(old.tag);
}

void Cpu::drop_lines() {
  if (p5) p5->drop_lines();
}

void Cpu::flush_tlb(bool global) {
  const auto drop_data = [&](unsigned i) {
    if (global || !data_tlb[i].global) drop(data_tlb, fast_tables, i);
  };
  const auto drop_code = [&](unsigned i) {
    if (global || !code_tlb[i].global) drop(code_tlb, fast_codes, i);
  };
  drop_lines();
  (global ? data_sets.used : data_sets.local).each(drop_data);
  (global ? code_sets.used : code_sets.local).each(drop_code);
  data_sets.local.none();
  code_sets.local.none();
  if (!global) return;
  data_sets.used.none(), data_sets.large.none(), data_sets.keyed.none();
  code_sets.used.none(), code_sets.large.none(), code_sets.keyed.none();
}

void Cpu::invlpg(u64 linear) {
  const u64 number = linear >> 12;
  const auto covers = [number](const TlbEntry& e) {
    if (e.tag == ~u64(0)) return false;
    return e.large ? e.tag >> (e.large - 12) == number >> (e.large - 12) : e.tag == number;
  };
  const auto drop_data = [&](unsigned i) {
    if (covers(data_tlb[i])) drop(data_tlb, fast_tables, i);
  };
  const auto drop_code = [&](unsigned i) {
    if (covers(code_tlb[i])) drop(code_tlb, fast_codes, i);
  };
  drop_lines();
  drop_data(number & (kDataTlb - 1));
  drop_code(number & (kCodeTlb - 1));
  data_sets.large.each(drop_data);
  code_sets.large.each(drop_code);
}

// What pointers were derived from may be forbidden now; keys of translations stay.
void Cpu::set_pkru(u32 value) {
  const u32 changed = pkru ^ value;
  pkru = value;
  const auto drop_pointers = [&](unsigned i) {
    if (changed >> (2 * data_tlb[i].key) & 3) fast_tables[0][i] = fast_tables[1][i] = {};
  };
  if (changed && (cr4 & CR4_PKE)) drop_lines();
  if (changed && (cr4 & CR4_PKE))
    (changed & 3 ? data_sets.used : data_sets.keyed).each(drop_pointers);
}

void Cpu::drop_fast() {
  drop_lines();
  for (auto& table : fast_tables)
    for (auto& e : table) e = {};
  for (auto& table : fast_codes)
    for (auto& e : table) e = {};
  for (auto& e : phys_cache) e.frame = ~u64(0);
  for (auto& run : phys_runs) run = {};
}

void Cpu::drop_write_pointers() {
  drop_lines();
  for (auto& table : fast_tables)
    for (auto& e : table) e.write_tag = 1;
}

void Cpu::memory_map_changed() {
  drop_fast();
  request_leave();
}

}  // namespace reprise::cpu
