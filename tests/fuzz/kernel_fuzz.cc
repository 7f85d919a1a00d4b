#include "tests/fuzz/kernel_fuzz.h"

// One byte each for RAM, initrd and command line, then the kernel.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reprise;
  if (size < 4) return 0;
  KernelCase input;
  input.ram = u64(data[0] + 1) << 20;
  input.initrd = data[1] & 0x80 ? 0 : u64(data[1]) << 14;
  input.append = std::size_t(data[2]) << 8;
  input.kernel = std::span<const u8>(data, size).subspan(3);
  install_any_kernel(input);
  return 0;
}
