// What a processor did with some cases of every kind of instruction, kept as digests, so that any
// host can compare.
//
// A case is made again from its kind and number: golden/BITS.bin holds the answers only. Format,
// compressed by zlib: u8 cases of each kind; for each kind u64 identity, u8 1 if Intel made the
// processor, u32 digest of what the cases start from, then 6 bytes of Digest for each case.
// REPRISE_SILICON_GOLDEN=write asks the host, x86-64 with Linux, about what is not in the files;
// needed when the generator has changed, or the tables in a way that changes kinds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/silicon/compare.h"

namespace reprise::cpu::silicon {

inline constexpr unsigned kGoldenCases = 48;

struct GoldenKind {
  bool intel = false;
  u32 input = 0;
  std::vector<Digest> answers;
};
struct Golden {
  std::map<u64, GoldenKind> kinds;  // by identity()
};

std::string golden_path(Code width);
// Empty kinds if there is no such file.
Golden read_golden(const std::string& path);
bool write_golden(const std::string& path, const Golden& golden);
u64 golden_seed(u64 identity, Code width, unsigned number);

}  // namespace reprise::cpu::silicon
