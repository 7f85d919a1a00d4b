// Any sequence of accesses and inputs, cut anywhere by a save and a load into a machine that has
// lived another life, goes on the same. This also throws every access at every register.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "chipset/char/ns16550.h"
#include "chipset/display/vga_core.h"
#include "chipset/input/i8042.h"
#include "chipset/input/ps2_keyboard.h"
#include "chipset/input/ps2_mouse.h"
#include "replay/core/state_readers.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct VgaDevice final : Device {
  VgaDevice(const DeviceContext& context, MemoryBlock& vram)
      : Device(context), core(context.scheduler, vram) {}
  std::string_view kind() const override { return "vga"; }
  void reset() override { core.reset(); }
  void state(State& s) override { s("core", core); }
  VgaCore core;
};

struct Machine {
  TestBoard board{10'000'000};
  Ns16550 uart{board.context("/uart"), IrqLine(board.pins, 4)};
  Ps2Keyboard keyboard{board.context("/keyboard")};
  Ps2Mouse mouse{board.context("/mouse")};
  I8042 i8042{board.context("/i8042"),
              {IrqLine(board.pins, 1), IrqLine(board.pins, 12), IrqLine(board.pins, 20), {}},
              &keyboard,
              &mouse};
  std::unique_ptr<MemoryBlock> vram = std::move(*MemoryBlock::create(board.pages, "vram", 1 << 20));
  VgaDevice vga{board.context("/vga"), *vram};
  std::string sent;

  Machine() {
    board.capture("/uart:out", sent);
    board.tree.reset();
  }
  void post(const std::string& port, std::mt19937& random, std::size_t size, u32 limit) {
    std::vector<u8> bytes(size);
    for (u8& byte : bytes) byte = u8(random() % limit);
    board.post(port, bytes);
  }
  // One thing that a guest or its user may do; the answer.
  u32 step(std::mt19937& random) {
    constexpr u32 kPause[4] = {500, 2'000, 60'000, 6'000'000};
    board.run(random() % kPause[random() % 4]);
    const u8 value = u8(random());
    const bool sensible = random() % 2;
    switch (random() % 18) {
      case 0:
        return uart.io_read(u16(random() % 8), 1);
      case 1:
        return uart.io_write(u16(random() % 8), 1, value), 0;
      case 2:
        return uart.io_write(0, 1, value), uart.io_write(3, 1, 3), 0;
      case 3:
        return post("/uart:in", random, random() % 80, 256), 0;
      case 4:
        return i8042.data_port().io_read(0, 1);
      case 5:
        return i8042.data_port().io_write(0, 1, sensible ? 0xed + value % 19 : value), 0;
      case 6:
        return i8042.command_port().io_write(0, 1, sensible ? 0xd4 : value), 0;
      case 7:
        return i8042.command_port().io_read(0, 1);
      case 8: {
        const u16 key = u16(random() % (kKeyCount + 2));
        board.post("/keyboard:key", {u8(key), u8(key >> 8), u8(random() % 2)});
        return 0;
      }
      case 9:
        return post("/mouse:motion", random, random() % 20, 256), 0;
      case 10:
        return vga.core.read_port(u16(0x3b0 + random() % 0x30));
      case 11:
        return vga.core.write_port(u16(0x3b0 + random() % 0x30), value), 0;
      case 12:
        return vga.core.write_memory(random() % 48, value), 0;
      case 13:  // both ports on, mostly with translation
        i8042.command_port().io_write(0, 1, 0x60);
        return i8042.data_port().io_write(0, 1, sensible ? 0x43 : 0x03), 0;
      case 14: {
        for (const u8 byte : {0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf4})
          if (sensible) mouse.ps2_write(byte);
        constexpr u8 kBytes[] = {0xf3, 0xf3, 0xf3, 200, 200, 100, 80, 0xf4, 0xf4, 0xf0, 0xea, 0xeb};
        return mouse.ps2_write(kBytes[random() % 12]), 0;
      }
      case 15: {
        constexpr u8 kBytes[] = {0xf4, 0xf4, 0xf3, 0x00, 0xf0, 1, 2, 3, 0xfa, 0xf2};
        return keyboard.ps2_write(kBytes[random() % 10]), 0;
      }
      case 16:  // a planar mode
        vga.core.write_port(0x3c2, 0x03);
        vga.core.write_port(0x3ce, 6);
        vga.core.write_port(0x3cf, 0x05);
        vga.core.write_port(0x3c4, 2);
        vga.core.write_port(0x3c5, 0x0f);
        vga.core.write_port(0x3ce, 5);
        vga.core.write_port(0x3cf, value & 3);
        vga.core.write_port(0x3ce, 8);
        vga.core.write_port(0x3cf, 0xf0);
        return vga.core.write_dispi(4, 0), 0;
      default:
        if (sensible) return vga.core.write_dispi(u16(random() % 12), u16(random() % 128 * 8)), 0;
        return vga.core.read_memory(random() % 48) + u32(vga.core.text_screen().has_value());
    }
  }
  std::vector<u8> save() {
    SaveState s;
    board.tree.state(s);
    return s.take();
  }
};

TEST(PeripheralState, SavedAnywhereGoesOnTheSame) {
  for (u32 seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    Machine a, b;
    std::mt19937 other(seed + 1000);
    for (int i = 0; i < 300; ++i) b.step(other);
    for (u32 i = 0; i < 100 + seed * 3; ++i) a.step(random);

    const std::vector<u8> image = a.save();
    LoadState load(image);
    b.board.scheduler.set_now(a.board.scheduler.now());
    b.board.tree.state(load);
    const auto loaded = load.finish();
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    b.vram->write(0, {a.vram->data(), a.vram->size()});
    b.board.tree.settle();
    b.sent = a.sent;

    std::mt19937 same = random;
    for (int i = 0; i < 300; ++i)
      ASSERT_EQ(a.step(random), b.step(same)) << "seed " << seed << ", step " << i;
    EXPECT_EQ(a.sent, b.sent);
    EXPECT_EQ(a.board.pins.level, b.board.pins.level);
    EXPECT_TRUE(a.save() == b.save()) << "seed " << seed;
    EXPECT_EQ(memcmp(a.vram->data(), b.vram->data(), a.vram->size()), 0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace reprise
