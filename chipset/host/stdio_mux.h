// Standard input and output as a serial line, shared with the monitor by Ctrl-A escapes.
//
//   Ctrl-A h  help              Ctrl-A x  end the program     Ctrl-A c  serial <-> monitor
//   Ctrl-A b  send a break      Ctrl-A Ctrl-A  send Ctrl-A
// Without escapes every byte goes to the port. Input that is no terminal (a pipe, /dev/null) works
// the same; its end just ends input. From a terminal, keys are read even when the guest takes none,
// so that Ctrl-A x always works: beyond kTypeAhead bytes they are lost.
#pragma once

#include <optional>

#include "chipset/host/chardev.h"
#include "chipset/host/terminal.h"

namespace reprise {

class StdioMux final : public Chardev {
 public:
  struct Options {
    bool escapes = true;
    bool signals = false;  // Ctrl-C ends the program
    bool cooked = false;   // the terminal keeps its echo and its editing of lines
    int in = 0, out = 1;   // not closed here
  };
  StdioMux(const Options& options, StdioCallbacks callbacks);
  ~StdioMux() override;

  void write(std::span<const u8> bytes) override { queue_.push(bytes, true); }
  void append(u64, std::span<const u8> bytes) override { queue_.append(bytes); }
  std::size_t unsent() const override { return queue_.size(); }
  void on_drained(std::function<void()> told) override { queue_.on_drained(std::move(told)); }
  std::string address() const override { return "stdio"; }
  void flush(std::chrono::milliseconds limit) override { queue_.flush(limit); }
  bool full() const override { return queue_.full(); }
  void on_room(std::function<void()> told) override { queue_.on_room(std::move(told)); }
  // Any thread: the monitor's output.
  void print(std::string_view text);
  // Any thread: gives the terminal to the monitor or back to the serial line.
  void focus_monitor(bool on);
  bool monitor_focused() const { return monitor_focused_; }

 private:
  static constexpr std::size_t kTypeAhead = 4096;
  void connected() override;
  void credit_grew() override { wake_.notify(); }
  void read_loop();
  bool post_pending();  // false: the door is full, try again soon
  void take(std::span<const u8> bytes);
  void escape(u8 key);

  Options options_;
  StdioCallbacks callbacks_;
  bool tty_;
  std::optional<RawTerminal> raw_;
  OutputQueue queue_;
  Event wake_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> monitor_focused_{false};
  bool escaped_ = false;     // reader's: Ctrl-A was the last key
  std::vector<u8> pending_;  // reader's: for the port, without credit yet
  std::thread reader_, writer_;
};

}  // namespace reprise
