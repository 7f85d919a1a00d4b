#include "chipset/firmware/kernel.h"

#include "tests/firmware/fixture.h"
#include "tests/firmware/sample_kernels.h"

namespace reprise {
namespace {

Blob blob(Bytes data) { return std::make_shared<const Bytes>(std::move(data)); }

struct Boot : FwCfgBoard {
  MachineConfig config;
  explicit Boot(Bytes kernel) { config.blobs["kernel"] = blob(std::move(kernel)); }
  std::string install() {  // the error, or nothing
    const Result<void> result = install_kernel(fw, config);
    return result.ok() ? "" : result.error().message;
  }
};

TEST(Kernel, LinuxHeaderSaysWhereThingsAre) {
  Boot boot(bzimage());
  boot.config.append = "console=ttyS0";
  boot.config.blobs["initrd"] = blob(Bytes(10000, 0x5a));
  ASSERT_EQ(boot.install(), "");
  const u32 initrd = boot.number(fw_key::kInitrdAddr);
  EXPECT_EQ(initrd % 4096, 0u);
  EXPECT_GE(initrd, 32u << 20);
  EXPECT_LE(initrd + 10000, 127u << 20);
  const Bytes setup = boot.read(fw_key::kSetupData, boot.number(fw_key::kSetupSize));
  EXPECT_EQ(setup.size(), 5u * 512);
  EXPECT_EQ(setup[0x210], 0xff);
  EXPECT_EQ(setup[0x211], 0x81);
  EXPECT_EQ(get_le(setup, 0x218, 4), initrd);
  EXPECT_EQ(get_le(setup, 0x21c, 4), 10000u);
  EXPECT_EQ(get_le(setup, 0x228, 4), boot.number(fw_key::kCmdlineAddr));
  EXPECT_EQ(boot.number(fw_key::kCmdlineSize), 14u);
  EXPECT_EQ(boot.number(fw_key::kKernelSize), 0x10000u);
  EXPECT_EQ(boot.fw.item(fw_key::kKernelData)[0], u8(5 * 512 * 7));
  EXPECT_NE(boot.fw.file("genroms/linuxboot.bin"), nullptr);
}

TEST(Kernel, MultibootElfLosesItsHeadersAndGetsItsModule) {
  Boot boot(multiboot_elf());
  boot.config.append = "a b";
  boot.config.blobs["initrd"] = blob(Bytes(5, 1));
  ASSERT_EQ(boot.install(), "");
  EXPECT_EQ(boot.number(fw_key::kKernelAddr), 0x100000u);
  EXPECT_EQ(boot.number(fw_key::kKernelSize), 0x1800u);
  EXPECT_EQ(boot.number(fw_key::kKernelEntry), 0x100010u);
  const auto data = boot.fw.item(fw_key::kKernelData);
  EXPECT_EQ(data.size(), 0x800u);
  EXPECT_EQ(get_le(data, 0, 4), 0x1badb002u);
  const u32 base = boot.number(fw_key::kInitrdAddr);
  const auto info = boot.fw.item(fw_key::kInitrdData);
  const auto string = [&](u64 at) { return reinterpret_cast<const char*>(&info[at - base]); };
  EXPECT_STREQ(string(get_le(info, 16, 4)), "kernel a b");
  const u64 module = get_le(info, 24, 4) - base;
  EXPECT_EQ(get_le(info, 20, 4), 1u);
  EXPECT_EQ(get_le(info, module, 4), 0x102000u);
  EXPECT_EQ(get_le(info, module, 4), boot.number(fw_key::kSetupAddr));
  EXPECT_EQ(get_le(info, module + 4, 4), 0x102005u);
  EXPECT_STREQ(string(get_le(info, module + 8, 4)), "initrd");
}

TEST(Kernel, MultibootAddressFields) {
  Boot boot(multiboot_flat());
  ASSERT_EQ(boot.install(), "");
  EXPECT_EQ(boot.number(fw_key::kKernelAddr), 0x200000u);
  EXPECT_EQ(boot.number(fw_key::kKernelSize), 0x1000u);
  EXPECT_EQ(boot.number(fw_key::kKernelEntry), 0x200080u);
  EXPECT_EQ(boot.fw.item(fw_key::kKernelData).size(), 0x100u);
}

// Cut anywhere, a kernel is refused with words, never loaded in part.
TEST(Kernel, EveryTruncationIsRefused) {
  for (const Bytes& whole : {bzimage(), multiboot_elf()}) {
    for (std::size_t size = 0; size < whole.size(); size += size < 0x1100 ? 1 : 911) {
      Boot boot(Bytes(whole.begin(), whole.begin() + i64(size)));
      ASSERT_NE(boot.install(), "") << size;
      EXPECT_EQ(boot.fw.item(fw_key::kKernelData).size(), 0u);
    }
  }
}

// Any 32-bit value in any header field: a message or a load that stays inside RAM.
TEST(Kernel, RubbishInHeadersIsHarmless) {
  for (const Bytes& whole : {bzimage(), multiboot_elf(), multiboot_flat()}) {
    const std::size_t end = std::min<std::size_t>(whole.size(), 0x270);
    for (std::size_t at = 0; at + 4 <= end; at += 2) {
      for (const u32 value : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xfffff000u, 0xffffffffu}) {
        Bytes image = whole;
        put_le(image, at, 4, value);
        Boot boot(image);
        if (boot.install() != "") continue;
        EXPECT_LE(u64(boot.number(fw_key::kKernelAddr)) + boot.number(fw_key::kKernelSize),
                  boot.config.ram_bytes);
      }
    }
  }
}

TEST(Kernel, MessagesSayWhatToGive) {
  const auto message = [](Bytes kernel) { return Boot(std::move(kernel)).install(); };
  EXPECT_NE(message({}).find("is empty"), std::string::npos);
  EXPECT_NE(message(Bytes(100)).find("has only 100 bytes"), std::string::npos);
  EXPECT_NE(message(Bytes(9000)).find("give a Linux bzImage"), std::string::npos);
  EXPECT_NE(message({0x1f, 0x8b, 8}).find("gzip"), std::string::npos);
  Bytes old = bzimage();
  put_le(old, 0x206, 2, 0x0201);
  EXPECT_NE(message(old).find("older than 2.02"), std::string::npos);

  Boot small(bzimage());
  small.config.ram_bytes = 16 << 20;
  EXPECT_NE(small.install().find("give -m 33M"), std::string::npos) << small.install();
  small.config.ram_bytes = 33 << 20;
  EXPECT_EQ(small.install(), "");
  small.config.blobs["initrd"] = blob(Bytes(3 << 20));
  EXPECT_NE(small.install().find("give -m 36M"), std::string::npos) << small.install();
  small.config.append = std::string(3000, 'x');
  EXPECT_NE(small.install().find("at most 2047"), std::string::npos);

  Boot none({});
  none.config.blobs.erase("kernel");
  EXPECT_EQ(none.install(), "");
  none.config.append = "x";
  EXPECT_NE(none.install().find("-kernel"), std::string::npos);
}

}  // namespace
}  // namespace reprise
