// Displays: where the operator sees the machine's screen and types.
//
// A display runs on a thread of its own. Now and then it asks for a frame; the machine thread draws
// it between two slices (Frames::fill), where it changes nothing that the guest can see. Keys and
// motion go to the door; in replay they go nowhere.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chipset/display/surface.h"
#include "chipset/display/vga_core.h"
#include "chipset/input/keys.h"
#include "replay/core/door.h"
#include "replay/core/result.h"

namespace reprise {

class TextConsole;

// What a display is given of the program.
struct DisplayLink {
  std::string title;
  std::function<void(std::function<void()>)> on_machine_thread;  // between slices; any thread
  std::function<Damage(Surface&)> render;                        // machine thread
  std::function<std::optional<TextScreen>()> text;               // machine thread
  std::function<void(std::vector<QKeyCode>)> chord;              // press and release; any thread
  std::function<void()> quit;                                    // any thread
  Port* keyboard = nullptr;                                      // null in replay, as is the mouse
  Port* mouse = nullptr;
  std::vector<TextConsole*> consoles;  // the monitor first
};

class Display {
 public:
  virtual ~Display() = default;  // closes it; its thread has ended
};

// Errors say what to do. `name` of open_display: "curses", "sdl".
Result<std::unique_ptr<Display>> open_display(const std::string& name, DisplayLink link);
Result<std::unique_ptr<Display>> open_curses(DisplayLink link);
Result<std::unique_ptr<Display>> open_sdl(DisplayLink link);
bool sdl_built_in();

// Hands pictures from the machine thread to a display's.
class Frames : public std::enable_shared_from_this<Frames> {
 public:
  Frames(const DisplayLink& link, bool pixels) : link_(link), pixels_(pixels) {}
  // Display's thread: asks for a frame, unless one is on its way.
  void request();
  // Display's thread: calls `see` with what changed since the last time, if anything did.
  struct Frame {
    Surface surface;  // without pixels: its size only
    std::optional<TextScreen> text;
    Damage damage;
  };
  void take(const std::function<void(const Frame&)>& see);

 private:
  void fill();
  const DisplayLink& link_;
  const bool pixels_;
  std::atomic<bool> asked_{false};
  std::mutex mutex_;
  Frame frame_;  // under mutex_, as is the next
  bool fresh_ = false;
};

}  // namespace reprise
