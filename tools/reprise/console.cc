#include "tools/reprise/console.h"

#include "chipset/display/std_vga.h"
#include "chipset/host/image_file.h"

namespace reprise::tools {
namespace {

Port& keyboard_of(PcI440fx& machine) {
  Port* port = machine.door().find("/isa/keyboard:key");
  check(port != nullptr, "a PC has a keyboard");
  return *port;
}

}  // namespace

Console::Console(PcI440fx& machine)
    : machine_(machine),
      keys_(machine.scheduler(), keyboard_of(machine)),
      motion_(machine.door().find("/isa/mouse:motion")) {
  if (!machine.vga()) return;
  picture_.emplace(*machine.vga(), machine.pages());
  shown_.emplace(*machine.vga(), machine.pages());
}

Result<std::unique_ptr<Display>> Console::open_display(const Options& options,
                                                       std::vector<TextConsole*> consoles,
                                                       OperatorQueue& queue,
                                                       std::function<void()> quit) {
  constexpr u64 kTypedMs = 10;  // how long a key is held that a terminal only says was typed
  DisplayLink link;
  link.title = options.config.name.empty() ? "Reprise" : "Reprise (" + options.config.name + ")";
  link.on_machine_thread = [&queue](std::function<void()> work) { queue.post(std::move(work)); };
  link.render = [this](Surface& surface) { return shown_ ? shown_->render(surface) : Damage{}; };
  link.text = [this] { return shown_ ? machine_.vga()->text_screen() : std::nullopt; };
  link.quit = std::move(quit);
  link.consoles = std::move(consoles);
  link.chord = [this, &queue](std::vector<QKeyCode> keys) {
    queue.post([this, keys = std::move(keys)] { (void)keys_.send(keys, kTypedMs); });
  };
  link.keyboard = &keyboard_of(machine_);
  link.mouse = motion_;
  return reprise::open_display(options.display, std::move(link));
}

Result<void> Console::screendump(const std::string& file, const std::string& format) {
  const auto named = format.empty() ? image_format_of_file(file) : image_format(format);
  if (!named) return fail("-f " + format + ": expected ppm or png");
  if (!picture_) return fail("this machine has no display adapter (-vga none)");
  picture_->render(surface_);
  return write_image(surface_, *named, file);
}

Result<void> Console::refuse_replay() const {
  if (machine_.door().replaying()) return fail("a replay can be watched, not changed");
  return {};
}

Result<void> Console::send_keys(std::span<const QKeyCode> keys, u64 hold_ms) {
  TRY(refuse_replay());
  return keys_.send(keys, hold_ms);
}

Result<void> Console::key(QKeyCode key, bool down) {
  TRY(refuse_replay());
  Port& keyboard = keyboard_of(machine_);
  std::vector<u8> message = key_message(key, down);
  if (keyboard.credit() < message.size() || !machine_.door().post(keyboard, std::move(message)))
    return fail("the guest reads no keys now, and too many wait; try again");
  return {};
}

Result<void> Console::mouse_move(int dx, int dy, int dz) {
  TRY(refuse_replay());
  return move(dx, dy, dz);
}

Result<void> Console::mouse_buttons(unsigned buttons) {
  TRY(refuse_replay());
  // The monitor has the middle button before the right one.
  buttons_ = u8((buttons & 1) | (buttons & 2) << 1 | (buttons & 4) >> 1);
  return move(0, 0, 0);
}

Result<void> Console::move(int dx, int dy, int dz) {
  constexpr u64 kMessage = 7;
  const auto low = [](int value) { return u8(value); };
  const auto high = [](int value) { return u8(value >> 8); };
  if (!motion_ || motion_->credit() < kMessage ||
      !machine_.door().post(*motion_,
                            {low(dx), high(dx), low(dy), high(dy), low(-dz), high(-dz), buttons_}))
    return fail("too much waits at the door; try again");
  return {};
}

}  // namespace reprise::tools
