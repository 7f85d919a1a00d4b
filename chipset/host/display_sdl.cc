// -display sdl: the machine's screen in a window.
//
// Keys go by their place on the keyboard (SDL's scancodes, USB usages), whatever the host's layout.
// A click into the window, or Ctrl-Alt-G, gives the mouse to the guest; Ctrl-Alt-G takes it back.
// Ctrl-Alt-F is full screen. Closing the window ends the program.
#include "chipset/host/display.h"

#ifndef REPRISE_SDL

namespace reprise {
bool sdl_built_in() { return false; }
Result<std::unique_ptr<Display>> open_sdl(DisplayLink) {
  return fail(
      "-display sdl: this program was built without SDL; install libsdl2-dev and build again, or "
      "use -display curses");
}
}  // namespace reprise

#else

#include <SDL2/SDL.h>

#include <algorithm>
#include <deque>
#include <future>
#include <set>
#include <thread>

#include "chipset/host/fd.h"
#include "chipset/input/key_sender.h"

namespace reprise {

namespace {

constexpr int kFrameMs = 16;
constexpr u64 kKeyMessage = 3, kMouseMessage = 7;

#define K(name) QKeyCode::k_##name
// USB HID usages 4 to 115 of the keyboard page, in order.
constexpr QKeyCode kUsages[] = {K(a),
                                K(b),
                                K(c),
                                K(d),
                                K(e),
                                K(f),
                                K(g),
                                K(h),
                                K(i),
                                K(j),
                                K(k),
                                K(l),
                                K(m),
                                K(n),
                                K(o),
                                K(p),
                                K(q),
                                K(r),
                                K(s),
                                K(t),
                                K(u),
                                K(v),
                                K(w),
                                K(x),
                                K(y),
                                K(z),
                                K(1),
                                K(2),
                                K(3),
                                K(4),
                                K(5),
                                K(6),
                                K(7),
                                K(8),
                                K(9),
                                K(0),
                                K(ret),
                                K(esc),
                                K(backspace),
                                K(tab),
                                K(spc),
                                K(minus),
                                K(equal),
                                K(bracket_left),
                                K(bracket_right),
                                K(backslash),
                                K(backslash),
                                K(semicolon),
                                K(apostrophe),
                                K(grave_accent),
                                K(comma),
                                K(dot),
                                K(slash),
                                K(caps_lock),
                                K(f1),
                                K(f2),
                                K(f3),
                                K(f4),
                                K(f5),
                                K(f6),
                                K(f7),
                                K(f8),
                                K(f9),
                                K(f10),
                                K(f11),
                                K(f12),
                                K(print),
                                K(scroll_lock),
                                K(pause),
                                K(insert),
                                K(home),
                                K(pgup),
                                K(delete),
                                K(end),
                                K(pgdn),
                                K(right),
                                K(left),
                                K(down),
                                K(up),
                                K(num_lock),
                                K(kp_divide),
                                K(kp_multiply),
                                K(kp_subtract),
                                K(kp_add),
                                K(kp_enter),
                                K(kp_1),
                                K(kp_2),
                                K(kp_3),
                                K(kp_4),
                                K(kp_5),
                                K(kp_6),
                                K(kp_7),
                                K(kp_8),
                                K(kp_9),
                                K(kp_0),
                                K(kp_decimal),
                                K(less),
                                K(compose),
                                K(power),
                                K(kp_equals)};

QKeyCode key_of(SDL_Scancode code) {
  const unsigned usage = unsigned(code);
  if (usage >= 4 && usage - 4 < std::size(kUsages)) return kUsages[usage - 4];
  switch (code) {
    case SDL_SCANCODE_LCTRL:
      return K(ctrl);
    case SDL_SCANCODE_LSHIFT:
      return K(shift);
    case SDL_SCANCODE_LALT:
      return K(alt);
    case SDL_SCANCODE_LGUI:
      return K(meta_l);
    case SDL_SCANCODE_RCTRL:
      return K(ctrl_r);
    case SDL_SCANCODE_RSHIFT:
      return K(shift_r);
    case SDL_SCANCODE_RALT:
      return K(alt_r);
    case SDL_SCANCODE_RGUI:
      return K(meta_r);
    case SDL_SCANCODE_KP_COMMA:
      return K(kp_comma);
    case SDL_SCANCODE_INTERNATIONAL1:
      return K(ro);
    case SDL_SCANCODE_INTERNATIONAL2:
      return K(katakanahiragana);
    case SDL_SCANCODE_INTERNATIONAL3:
      return K(yen);
    case SDL_SCANCODE_INTERNATIONAL4:
      return K(henkan);
    case SDL_SCANCODE_INTERNATIONAL5:
      return K(muhenkan);
    default:
      return K(unmapped);
  }
}
#undef K

class SdlDisplay final : public Display {
 public:
  explicit SdlDisplay(DisplayLink link)
      : link_(std::move(link)), frames_(std::make_shared<Frames>(link_, true)) {
    thread_ = std::thread([this] {
      block_signals();
      const bool open = open_window();
      opened_.set_value(open ? "" : SDL_GetError());
      while (open && !stop_) step();
      close_window();
    });
  }
  ~SdlDisplay() override {
    stop_ = true;
    thread_.join();
  }
  // Empty: there is a window; otherwise why not.
  std::string opened() { return opened_.get_future().get(); }

 private:
  // Everything of SDL happens on one thread.
  bool open_window() {
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    if (SDL_Init(SDL_INIT_VIDEO) != 0) return false;
    // SDL would rather show nothing than fail.
    const std::string driver = SDL_GetCurrentVideoDriver();
    if ((driver == "dummy" || driver == "offscreen") && !SDL_getenv("SDL_VIDEODRIVER")) {
      SDL_SetError("there is no window system");
      return false;
    }
    window_ = SDL_CreateWindow("", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, 720, 400,
                               SDL_WINDOW_RESIZABLE);
    if (!window_) return false;
    renderer_ = SDL_CreateRenderer(window_, -1, 0);
    set_title();
    return renderer_ != nullptr;
  }
  void close_window() {
    if (texture_) SDL_DestroyTexture(texture_);
    if (renderer_) SDL_DestroyRenderer(renderer_);
    if (window_) SDL_DestroyWindow(window_);
    SDL_Quit();
  }

  void step() {
    SDL_Event event;
    if (SDL_WaitEventTimeout(&event, kFrameMs)) {
      do handle(event);
      while (SDL_PollEvent(&event));
    }
    flush();
    frames_->request();
    bool drawn = false;
    frames_->take([&](const Frames::Frame& frame) { drawn = upload(frame); });
    if (drawn || std::exchange(exposed_, false)) present();
  }

  bool upload(const Frames::Frame& frame) {
    const Surface& from = frame.surface;
    const bool resized = !texture_ || width_ != int(from.width) || height_ != int(from.height);
    if (resized && !resize(int(from.width), int(from.height))) return false;
    const unsigned first = resized ? 0 : frame.damage.first;
    const unsigned end = resized ? from.height : frame.damage.end;
    if (first >= end) return false;
    const SDL_Rect rows{0, int(first), width_, int(end - first)};
    SDL_UpdateTexture(texture_, &rows, from.line(first), width_ * 4);
    return true;
  }

  bool resize(int width, int height) {
    if (texture_) SDL_DestroyTexture(texture_);
    texture_ = SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING,
                                 width, height);
    if (!texture_) return false;
    width_ = width;
    height_ = height;
    if (!full_screen_) SDL_SetWindowSize(window_, width, height);
    SDL_RenderSetLogicalSize(renderer_, width, height);
    return true;
  }

  void present() {
    SDL_RenderClear(renderer_);
    if (texture_) SDL_RenderCopy(renderer_, texture_, nullptr, nullptr);
    SDL_RenderPresent(renderer_);
  }

  void handle(const SDL_Event& event) {
    switch (event.type) {
      case SDL_QUIT:
        link_.quit();
        break;
      case SDL_WINDOWEVENT:
        exposed_ = true;
        if (event.window.event == SDL_WINDOWEVENT_FOCUS_LOST) release_all();
        break;
      case SDL_KEYDOWN:
      case SDL_KEYUP:
        key(event.key);
        break;
      case SDL_MOUSEMOTION:
        if (!grabbed_) break;
        dx_ += event.motion.xrel;
        dy_ += event.motion.yrel;
        break;
      case SDL_MOUSEBUTTONDOWN:
        if (!grabbed_) {
          grab(true);
          break;
        }
        button(event.button.button, true);
        break;
      case SDL_MOUSEBUTTONUP:
        button(event.button.button, false);
        break;
      case SDL_MOUSEWHEEL:
        if (grabbed_) dz_ -= event.wheel.y;
        break;
      default:
        break;
    }
  }

  void key(const SDL_KeyboardEvent& event) {
    const SDL_Scancode code = event.keysym.scancode;
    const bool down = event.type == SDL_KEYDOWN;
    const bool hot = (event.keysym.mod & KMOD_CTRL) && (event.keysym.mod & KMOD_ALT);
    if (down && hot && (code == SDL_SCANCODE_G || code == SDL_SCANCODE_F)) {
      if (event.repeat) return;
      if (code == SDL_SCANCODE_G) grab(!grabbed_);
      if (code == SDL_SCANCODE_F) toggle_full_screen();
      return;
    }
    if (event.repeat) return;  // repeating is the guest's keyboard's business
    put_key(key_of(code), down);
  }

  void put_key(QKeyCode key, bool down) {
    constexpr std::size_t kMost = 256;
    if (key == QKeyCode::k_unmapped || !link_.keyboard) return;
    const bool held = held_.count(key) != 0;
    if (down == held || (down && keys_.size() >= kMost)) return;
    if (down) {
      held_.insert(key);
    } else {
      held_.erase(key);
    }
    keys_.push_back({key, down});
  }

  void release_all() {
    while (!held_.empty()) put_key(*held_.begin(), false);
  }

  void button(u8 number, bool down) {
    const u8 bit = number == SDL_BUTTON_LEFT     ? 1
                   : number == SDL_BUTTON_RIGHT  ? 2
                   : number == SDL_BUTTON_MIDDLE ? 4
                   : number == SDL_BUTTON_X1     ? 8
                   : number == SDL_BUTTON_X2     ? 16
                                                 : 0;
    buttons_ = u8(down ? buttons_ | bit : buttons_ & ~bit);
    flush();  // each press is seen, however short
  }

  // As far as there is room; the rest waits here, and motion adds up.
  void flush() {
    while (!keys_.empty() && link_.keyboard->credit() >= kKeyMessage) {
      const auto& [key, down] = keys_.front();
      if (!link_.keyboard->door().post(*link_.keyboard, key_message(key, down))) break;
      keys_.pop_front();
    }
    if (!link_.mouse || (!dx_ && !dy_ && !dz_ && buttons_ == sent_buttons_)) return;
    if (link_.mouse->credit() < kMouseMessage) return;
    std::vector<u8> message;
    for (int* count : {&dx_, &dy_, &dz_}) {
      const int part = std::clamp(*count, -32767, 32767);
      message.push_back(u8(part));
      message.push_back(u8(part >> 8));
      *count = 0;
    }
    message.push_back(buttons_);
    if (link_.mouse->door().post(*link_.mouse, std::move(message))) sent_buttons_ = buttons_;
  }

  void grab(bool on) {
    grabbed_ = on && link_.mouse;
    SDL_SetRelativeMouseMode(grabbed_ ? SDL_TRUE : SDL_FALSE);
    SDL_SetWindowGrab(window_, grabbed_ ? SDL_TRUE : SDL_FALSE);
    set_title();
  }

  void toggle_full_screen() {
    full_screen_ = !full_screen_;
    SDL_SetWindowFullscreen(window_, full_screen_ ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
    if (!full_screen_ && width_) SDL_SetWindowSize(window_, width_, height_);
    exposed_ = true;
  }

  void set_title() {
    const std::string title =
        link_.title + (grabbed_ ? " - Press Ctrl-Alt-G to release the mouse" : "");
    SDL_SetWindowTitle(window_, title.c_str());
  }

  const DisplayLink link_;
  const std::shared_ptr<Frames> frames_;
  SDL_Window* window_ = nullptr;
  SDL_Renderer* renderer_ = nullptr;
  SDL_Texture* texture_ = nullptr;
  int width_ = 0, height_ = 0;
  bool exposed_ = false, grabbed_ = false, full_screen_ = false;
  std::set<QKeyCode> held_;  // by the guest's lights
  std::deque<std::pair<QKeyCode, bool>> keys_;
  int dx_ = 0, dy_ = 0, dz_ = 0;
  u8 buttons_ = 0, sent_buttons_ = 0;
  std::promise<std::string> opened_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

bool sdl_built_in() { return true; }

Result<std::unique_ptr<Display>> open_sdl(DisplayLink link) {
  auto display = std::make_unique<SdlDisplay>(std::move(link));
  const std::string why = display->opened();
  if (!why.empty())
    return fail("-display sdl: " + why +
                "; is DISPLAY or WAYLAND_DISPLAY set? -display curses or "
                "-nographic need no window");
  return std::unique_ptr<Display>(std::move(display));
}

}  // namespace reprise

#endif
