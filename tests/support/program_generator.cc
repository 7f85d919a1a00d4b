// A program: what its code runs in, and the handlers of its interrupts.
#include "tests/support/program_generator.h"

#include <algorithm>
#include <cstring>

#include "tests/support/program_assembler.h"

namespace reprise::cpu {

namespace {

constexpr u64 kStarts = 0xA100;  // where the handlers that start afresh go on; A000 counts them
constexpr u64 kHandlers = 0x4000, kHandlerSize = 0x40;

bool has_error_code(unsigned vector) {
  return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

// Goes on at another of the program's instructions.
std::vector<u8> restart_handler(unsigned bits, bool error) {
  std::vector<u8> h;
  const auto b = [&h](std::initializer_list<unsigned> bytes) {
    for (unsigned byte : bytes) h.push_back(u8(byte));
  };
  if (bits == 16) {
    // push ax, bx, bp; mov bx, cs:[counter]; inc word cs:[counter]; and bx, 15; shl bx, 2;
    // mov ax, cs:[bx + starts]; mov bp, sp; mov [bp + 6], ax; pop bp, bx, ax; iret
    b({0x50, 0x53, 0x55, 0x2E, 0x8B, 0x1E, 0x00, 0xA0, 0x2E, 0xFF, 0x06,
       0x00, 0xA0, 0x83, 0xE3, 0x0F, 0xC1, 0xE3, 0x02, 0x2E, 0x8B, 0x87,
       0x00, 0xA1, 0x8B, 0xEC, 0x89, 0x46, 0x06, 0x5D, 0x5B, 0x58, 0xCF});
    return h;
  }
  const unsigned word = bits / 8;
  b({0x50, 0x53});  // push rax, rbx; mov ebx, [counter]; inc dword [counter]
  if (bits == 64)
    b({0x8B, 0x1C, 0x25, 0x00, 0xA0, 0, 0, 0xFF, 0x04, 0x25, 0x00, 0xA0, 0, 0});
  else
    b({0x8B, 0x1D, 0x00, 0xA0, 0, 0, 0xFF, 0x05, 0x00, 0xA0, 0, 0});
  // and ebx, 15; mov eax, [rbx * 4 + starts]; mov [rsp + n], eax; pop rbx, rax
  b({0x83, 0xE3, 0x0F, 0x8B, 0x04, 0x9D, 0x00, 0xA1, 0, 0});
  b({0x89, 0x44, 0x24, word * (error ? 3u : 2u), 0x5B, 0x58});
  if (error) {
    if (bits == 64) b({0x48});
    b({0x83, 0xC4, word});
  }
  if (bits == 64) b({0x48});
  b({0xCF});
  return h;
}

std::vector<u8> handler(Rng& rng, unsigned bits, unsigned vector, bool ring3) {
  const bool error = bits != 16 && has_error_code(vector);
  if (vector == 1) {  // mostly ends the trace
    if (rng.chance(30)) return {0xCF};
    if (bits == 16) return {0x55, 0x8B, 0xEC, 0x80, 0x66, 0x07, 0xFE, 0x5D, 0xCF};
    const u8 at = u8(bits / 8 * 2 + 1);
    if (bits == 64) return {0x80, 0x64, 0x24, at, 0xFE, 0x48, 0xCF};
    return {0x80, 0x64, 0x24, at, 0xFE, 0xCF};
  }
  if (vector == 7 && !ring3 && rng.chance(70)) {
    if (bits == 64) return {0x0F, 0x06, 0x48, 0xCF};
    return {0x0F, 0x06, 0xCF};
  }
  if (vector == 2 || vector == 3 || vector == 4 || (vector >= 0x20 && rng.chance(80))) {
    std::vector<u8> h;
    if (rng.chance(30)) h = {0x50, 0xE4, u8(0x40 + rng.below(0xC0)), 0x58};
    if (rng.chance(30)) h.insert(h.end(), {0x50, 0x0F, 0x31, 0x58});
    if (bits == 64) h.push_back(0x48);
    h.push_back(0xCF);
    return h;
  }
  return restart_handler(bits, error);
}

}  // namespace

Program generate_program(u64 seed) {
  Rng rng{seed};
  Program p;
  p.mode = rng.chance(20) ? GuestMode::kLong : GuestMode(rng.below(kGuestModes));
  p.ring = p.mode >= GuestMode::kProtected && rng.chance(35) ? 3 : 0;
  p.cpus = rng.chance(25) ? 2 : 1;
  const u32 timing = rng.below(100);
  p.timing = timing < 30 ? "fixed" : timing < 48 ? "i486" : timing < 84 ? "p5" : "test";
  static constexpr Cycles quanta[4] = {7, 60, 500, 4000};
  p.quantum = quanta[rng.below(4)];
  if (rng.chance(50)) p.interleave_seed = rng.next();
  p.smap = p.mode >= GuestMode::kPaging && p.ring == 0 && rng.chance(30);
  p.registers_seed = rng.next();
  Assembler program(rng, p);
  const unsigned count = rng.chance(50) ? 12 + rng.below(30) : 100 + rng.below(600);
  // 16-bit code may run into the end of its 64 KiB.
  const bool at_end = p.mode <= GuestMode::kRealFlat && rng.chance(30);
  std::vector<u8> code = program.run(at_end ? kAreaSize - 0x300 : 0, at_end ? 1000 : count);
  code.resize(std::min<std::size_t>(code.size(), kAreaSize));
  p.memory.push_back({kCodeArea, std::move(code)});
  const auto& starts = program.starts();
  std::vector<u8> table(64);
  for (unsigned i = 0; i < 16; ++i) {
    u32 at = u32(kCodeArea + starts[rng.below(u32(starts.size()))]);
    if (p.mode >= GuestMode::kPaging && rng.chance(20)) at += rng.chance(50) ? 0x200000 : 0x400000;
    std::memcpy(&table[4 * i], &at, 4);
  }
  p.memory.push_back({kStarts, table});
  p.entry[0] = kCodeArea + starts[0];
  p.entry[1] = kCodeArea + starts[rng.below(u32(starts.size()))];
  const unsigned bits = p.mode == GuestMode::kLong ? 64 : p.mode <= GuestMode::kRealFlat ? 16 : 32;
  for (unsigned v = 0; v < 64; ++v)
    p.memory.push_back({kHandlers + kHandlerSize * v, handler(rng, bits, v, p.ring == 3)});
  std::vector<u8> data(kAreaSize);
  for (u8& byte : data) byte = u8(rng.next());
  p.memory.push_back({kDataArea, data});
  // SMM: RSM, for either vCPU.
  for (const u64 at : {0x38000u, 0x58000u})
    p.memory.push_back({at, rng.chance(50) ? std::vector<u8>{0x0F, 0xAA}
                                           : std::vector<u8>{0xE4, 0x92, 0x0F, 0x31, 0x0F, 0xAA}});
  p.rom.resize(0x4000);
  for (u8& byte : p.rom) byte = rng.chance(60) ? 0x90 : rng.chance(50) ? 0xC3 : u8(rng.next());
  return p;
}

}  // namespace reprise::cpu
