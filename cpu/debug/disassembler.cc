#include "cpu/debug/disassembler.h"

#include <capstone/capstone.h>

#include "replay/core/check.h"

namespace reprise::cpu {

struct Disassembler::Handles {
  csh by_width[3] = {};
  cs_insn* instruction = nullptr;
};

Disassembler::Disassembler() : handles_(std::make_unique<Handles>()) {
  constexpr cs_mode kModes[] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
  for (unsigned i = 0; i < 3; ++i)
    check(cs_open(CS_ARCH_X86, kModes[i], &handles_->by_width[i]) == CS_ERR_OK, "Capstone has x86");
  handles_->instruction = cs_malloc(handles_->by_width[0]);
  check(handles_->instruction, "Capstone has memory");
}

Disassembler::~Disassembler() {
  cs_free(handles_->instruction, 1);
  for (csh& handle : handles_->by_width) cs_close(&handle);
}

Disassembled Disassembler::operator()(std::span<const u8> bytes, unsigned bits, u64 rip) {
  const u8* code = bytes.data();
  std::size_t size = bytes.size();
  const csh handle = handles_->by_width[bits == 64 ? 2 : bits == 32 ? 1 : 0];
  if (!cs_disasm_iter(handle, &code, &size, &rip, handles_->instruction)) return {"(bad)", 1};
  const cs_insn& found = *handles_->instruction;
  std::string text = found.mnemonic;
  if (found.op_str[0]) text += std::string(" ") + found.op_str;
  return {std::move(text), found.size};
}

Disassembled disassemble(std::span<const u8> bytes, unsigned bits, u64 rip) {
  return Disassembler()(bytes, bits, rip);
}

}  // namespace reprise::cpu
