#include "chipset/host/display.h"

#include <algorithm>

namespace reprise {

Result<std::unique_ptr<Display>> open_display(const std::string& name, DisplayLink link) {
  if (name == "curses") return open_curses(std::move(link));
  if (name == "sdl") return open_sdl(std::move(link));
  return fail("-display " + name + ": expected curses, sdl or none");
}

void Frames::request() {
  if (asked_.exchange(true)) return;
  link_.on_machine_thread([self = shared_from_this()] { self->fill(); });
}

// A display that is looking at the last frame gets the next one later: the machine does not wait.
void Frames::fill() {
  asked_ = false;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  const Damage damage = link_.render(frame_.surface);
  bool moved = false;
  if (!pixels_) {  // a blinking cursor may move unseen
    auto text = link_.text();
    moved = text && frame_.text && text->cursor != frame_.text->cursor;
    frame_.text = std::move(text);
  }
  if (!damage.any() && !moved) return;
  const bool had = fresh_ && frame_.damage.any();
  frame_.damage.first = had ? std::min(frame_.damage.first, damage.first) : damage.first;
  frame_.damage.end = had ? std::max(frame_.damage.end, damage.end) : damage.end;
  frame_.damage.resized = damage.resized || (fresh_ && frame_.damage.resized);
  frame_.damage.end = std::min(frame_.damage.end, frame_.surface.height);
  fresh_ = true;
}

void Frames::take(const std::function<void(const Frame&)>& see) {
  const std::scoped_lock lock(mutex_);
  if (!fresh_) return;
  see(frame_);
  fresh_ = false;
}

}  // namespace reprise
