// The whole PC with a few bytes of firmware of our own: the loop, resets, ends
// of a run.
#include "chipset/board/pc_i440fx.h"

#include <gtest/gtest.h>

#include "replay/core/hash.h"

namespace reprise {
namespace {

// A 64 KiB ROM that begins at F000:0000 with `code` and jumps there from the
// reset vector.
Blob rom(const std::vector<u8>& code) {
  auto image = std::make_shared<std::vector<u8>>(0x10000, u8(0xf4));
  std::copy(code.begin(), code.end(), image->begin());
  const u8 jump[] = {0xea, 0x00, 0x00, 0x00, 0xf0};  // jmp f000:0000
  std::copy(std::begin(jump), std::end(jump), image->begin() + 0xfff0);
  return image;
}

MachineConfig config(const std::vector<u8>& code) {
  MachineConfig config;
  config.ram_bytes = 2 << 20;
  config.blobs["bios"] = rom(code);
  config.devices = {{"isa-debug-exit", {{"iobase", "0xf4"}, {"iosize", "4"}}}};
  return config;
}

struct Pc {
  explicit Pc(const MachineConfig& config) {
    auto made = PcI440fx::create(config);
    if (!made) ADD_FAILURE() << made.error().message;
    machine = std::move(*made);
    machine->door().find("/isa/port-e9:out")->connect([this](std::span<const u8> bytes) {
      said.append(bytes.begin(), bytes.end());
    });
  }
  void run(Cycles cycles = 100'000'000) { machine->run({cycles, kNever}); }
  std::string hash() { return MachineHash(*machine).take().total().hex(); }
  std::unique_ptr<PcI440fx> machine;
  std::string said;
};

// Counts eight interrupts of the 8254 at 18 Hz and more, asleep between them,
// says a digit for each, then exits with 2 * 3 + 1.
const std::vector<u8> kTicks = {
    0x31, 0xc0,                                // xor ax, ax
    0x8e, 0xd8,                                // mov ds, ax
    0x8e, 0xd0,                                // mov ss, ax
    0xbc, 0x00, 0x70,                          // mov sp, 7000
    0xc7, 0x06, 0x20, 0x00, 0x50, 0x00,        // mov word [20], handler
    0xc7, 0x06, 0x22, 0x00, 0x00, 0xf0,        // mov word [22], f000
    0x66, 0xb9, 0x1b, 0x00, 0x00, 0x00,        // the local APIC off: INTR comes from
                                               // the 8259
    0x0f, 0x32, 0x80, 0xe4, 0xf7, 0x0f, 0x30,  // IA32_APIC_BASE bit 11
    0xb0, 0x11, 0xe6, 0x20,                    // the 8259: ICW1
    0xb0, 0x08, 0xe6, 0x21,                    // ICW2: vector 8
    0xb0, 0x04, 0xe6, 0x21,                    // ICW3
    0xb0, 0x01, 0xe6, 0x21,                    // ICW4
    0xb0, 0xfe, 0xe6, 0x21,                    // only IRQ 0
    0xb0, 0x34, 0xe6, 0x43,                    // the 8254: counter 0, mode 2
    0xb0, 0x00, 0xe6, 0x40,                    //
    0xb0, 0x08, 0xe6, 0x40,                    // every 2048 ticks
    0xb3, 0x30,                                // mov bl, '0'
    0xfb,                                      // sti
    0xf4,                                      // again: hlt
    0x80, 0xfb, 0x38,                          // cmp bl, '8'
    0x75, 0xfa,                                // jne again
    0xb0, 0x03, 0xe6, 0xf4,                    // out f4, 3
    0xf4,                                      // hlt
    0x88, 0xd8, 0xe6, 0xe9,                    // 50: out e9, bl
    0xfe, 0xc3,                                // inc bl
    0xb0, 0x20, 0xe6, 0x20,                    // end of interrupt
    0xcf,                                      // iret
};

TEST(PcI440fx, SleepsAndWakesByTheTimer) {
  Pc pc(config(kTicks));
  pc.run();
  EXPECT_EQ(pc.said, "01234567");
  EXPECT_EQ(pc.machine->exit_status().kind, ExitStatus::DebugExit);
  EXPECT_EQ(pc.machine->exit_status().code, 7u);
  // The counter's output rises when its mode is set; seven periods of 2048
  // ticks follow. Eight port accesses of 1 us come before, two and the exit after.
  EXPECT_NEAR(double(pc.machine->position().cycles), 7 * 2048 / 1193182.0 * 1e9, 1.5e4);
}

TEST(PcI440fx, SlicesAreInvisible) {
  Pc whole(config(kTicks));
  whole.run();
  Pc sliced(config(kTicks));
  u64 random = 1;
  sliced.machine->set_slice_lengths([&random] {
    random = random * 6364136223846793005 + 1442695040888963407;
    return Cycles(1 + (random >> 40) % 3000);
  });
  // As a host that sleeps would: it comes back at every idle moment, and jumps
  // in small steps.
  sliced.machine->set_idle_jumps(false);
  while (!sliced.machine->exit_status().kind && sliced.machine->position().cycles < 100'000'000) {
    sliced.run();
    if (sliced.machine->idle()) sliced.machine->skip_to(sliced.machine->position().cycles + 12345);
  }
  EXPECT_EQ(sliced.said, whole.said);
  EXPECT_EQ(sliced.machine->position(), whole.machine->position());
  EXPECT_EQ(sliced.hash(), whole.hash());
}

// Says 'A', and 'B' if the byte at 0:8000 was 55h; then writes it and resets:
// RAM survives.
std::vector<u8> says_and(std::vector<u8> reset) {
  std::vector<u8> code = {
      0x31, 0xc0, 0x8e, 0xd8,        // xor ax, ax; mov ds, ax
      0xb0, 0x41, 0xe6, 0xe9,        // out e9, 'A'
      0x80, 0x3e, 0x00, 0x80, 0x55,  // cmp byte [8000], 55
      0x75, 0x09,                    // jne first
      0xb0, 0x42, 0xe6, 0xe9,        // out e9, 'B'
      0xb0, 0x00, 0xe6, 0xf4,        // out f4, 0
      0xf4,                          // hlt
      0xc6, 0x06, 0x00, 0x80, 0x55,  // first: mov byte [8000], 55
  };
  for (const u8 byte : reset) code.push_back(byte);
  for (const u8 byte : {0xb0, 0x43, 0xe6, 0xe9, 0xf4}) code.push_back(byte);  // 'C': not reached
  return code;
}
const std::vector<u8> kReset92 = {0xb0, 0x01, 0xe6, 0x92};
const std::vector<u8> kResetKeyboard = {0xb0, 0xfe, 0xe6, 0x64};
const std::vector<u8> kResetCf9 = {0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee};
const std::vector<u8> kSoftCf9 = {0xba, 0xf9, 0x0c, 0xb0, 0x04, 0xee};
const std::vector<u8> kTripleFault = {0x66, 0x0f, 0x01, 0x1e, 0x00, 0x90, 0xcc};  // lidt; int3

TEST(PcI440fx, EveryWayToReset) {
  for (const auto& way : {kReset92, kResetKeyboard, kResetCf9, kSoftCf9, kTripleFault}) {
    Pc pc(config(says_and(way)));
    pc.run();
    EXPECT_EQ(pc.said, "AAB") << unsigned(way[1]);
    EXPECT_EQ(pc.machine->exit_status().kind, ExitStatus::DebugExit);
  }
}

TEST(PcI440fx, NoRebootEndsTheRun) {
  Pc pc(config(says_and(kResetCf9)));
  pc.machine->set_no_reboot(true);
  pc.run();
  EXPECT_EQ(pc.said, "A");
  EXPECT_EQ(pc.machine->exit_status().kind, ExitStatus::Shutdown);
}

TEST(PcI440fx, AnInputIsDeliveredBeforeTimeJumps) {
  Pc pc(config({0xf4, 0xeb, 0xfd}));  // hlt; jmp $-1
  pc.run(1000);
  EXPECT_TRUE(pc.machine->idle());
  EXPECT_EQ(pc.machine->position().cycles, 1000u);
  pc.machine->door().post(pc.machine->control(), {PcI440fx::kReset});
  pc.machine->set_no_reboot(true);
  pc.run(2000);
  EXPECT_EQ(pc.machine->exit_status().kind, ExitStatus::Shutdown);
  EXPECT_EQ(pc.machine->position().cycles, 1000u);
}

TEST(PcI440fx, RefusesWhatCannotBeBuilt) {
  const auto error = [](auto change) {
    MachineConfig wrong = config({0xf4});
    change(wrong);
    const auto made = PcI440fx::create(wrong);
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_EQ(error([](MachineConfig&) {}), "");
  EXPECT_NE(error([](MachineConfig& c) { c.ram_bytes = 4096; }).find("-m"), std::string::npos);
  EXPECT_NE(error([](MachineConfig& c) { c.blobs.clear(); }).find("-bios"), std::string::npos);
  EXPECT_NE(error([](MachineConfig& c) { c.devices[0].properties["iosize"] = "3"; }).find("iosize"),
            std::string::npos);
  EXPECT_NE(error([](MachineConfig& c) { c.devices[0].kind = "ne2k"; }).find("ne2k"),
            std::string::npos);
  EXPECT_EQ(error([](MachineConfig& c) { c.ram_bytes = 1 << 20; }), "");
  EXPECT_EQ(error([](MachineConfig& c) { c.ram_bytes = u64(64) << 30; }), "");
}

}  // namespace
}  // namespace reprise
