// The machine's console as the operator has it: screendumps, keys and mouse from a monitor.
#pragma once

#include <optional>

#include "chipset/board/pc_i440fx.h"
#include "chipset/display/vga_picture.h"
#include "chipset/host/display.h"
#include "chipset/input/key_sender.h"
#include "qmp/operator.h"
#include "qmp/operator_console.h"
#include "tools/reprise/options.h"

namespace reprise::tools {

class Console final : public OperatorConsole {
 public:
  explicit Console(PcI440fx& machine);
  // Its thread uses this object and what it is given until it is destroyed.
  Result<std::unique_ptr<Display>> open_display(const Options& options,
                                                std::vector<TextConsole*> consoles,
                                                OperatorQueue& queue, std::function<void()> quit);

  Result<void> screendump(const std::string& file, const std::string& format) override;
  Result<void> send_keys(std::span<const QKeyCode> keys, u64 hold_ms) override;
  Result<void> key(QKeyCode key, bool down) override;
  Result<void> mouse_move(int dx, int dy, int dz) override;
  Result<void> mouse_buttons(unsigned buttons) override;

 private:
  Result<void> refuse_replay() const;
  Result<void> move(int dx, int dy, int dz);

  PcI440fx& machine_;
  std::optional<VgaPicture> picture_, shown_;  // none: -vga none; for screendumps, for the display
  Surface surface_;
  KeySender keys_;
  Port* motion_;
  u8 buttons_ = 0;  // as the mouse's port has them
};

}  // namespace reprise::tools
