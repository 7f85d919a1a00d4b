#include "tools/reprise/monitors.h"

#include <cstring>
#include <thread>

#include "chipset/host/text_console.h"
#include "qmp/hmp/hmp.h"
#include "qmp/server/monitor.h"
#include "qmp/server/server.h"

namespace reprise::tools {
namespace {

constexpr std::chrono::milliseconds kFlush{2000};

std::span<const u8> bytes_of(const std::string& text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

}  // namespace

// A monitor and its host end. They speak through ports, but of a door that no recording sees; one
// port says that a client has come, so that this is in order with what clients say.
class Monitors::Line {
 public:
  virtual ~Line() { close(); }

  Result<void> open(const MonitorOptions& options, std::string label, std::function<void()> wake) {
    label_ = std::move(label);
    wake_ = std::move(wake);
    in_.receive([this](std::span<const u8> bytes) { take(bytes); });
    came_.receive([this](std::span<const u8> bytes) {
      std::memcpy(&client_, bytes.data(), sizeof client_);
      deaf_ = false;
      greet();
    });
    chardev_ = TRY(open_chardev(options.end));
    chardev_->on_open([this](u64 client) {
      std::vector<u8> bytes(sizeof client);
      std::memcpy(bytes.data(), &client, sizeof client);
      while (!closing_ && !door_.post(came_, bytes))
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    chardev_->on_drained(wake_);
    door_.on_post(wake_);
    chardev_->connect_to(&in_, nullptr);
    in_.set_credit(kCredit);
    return {};
  }
  // A little of what waits, so that no client keeps the machine from running.
  void poll(const std::function<bool()>& enough) {
    bool more = true;
    for (int i = 0; i < kSteps && more && !enough(); ++i) more = go_on();
    if (more) wake_();
  }
  void flush() { chardev_->flush(kFlush); }
  OperatorChardev described() const { return {label_, chardev_->address()}; }
  TextConsole* text_console() const { return dynamic_cast<TextConsole*>(chardev_.get()); }

 protected:
  static constexpr std::size_t kAnswers = 256 << 10;  // with more unread, nothing is answered
  static constexpr std::size_t kEvents = 1 << 20;     // with more unread, events are lost

  virtual void greet() = 0;
  virtual void feed(std::string_view text) = 0;
  virtual void forget() = 0;  // what was fed
  virtual bool step() = 0;    // does one thing of what was fed; false: there is nothing more
  void say(const std::string& text) { chardev_->append(client_, bytes_of(text)); }
  std::size_t unread() const { return chardev_->unsent(); }
  void close() {
    closing_ = true;
    chardev_.reset();
  }

 private:
  static constexpr u64 kCredit = 64 << 10;
  static constexpr int kSteps = 16;  // between two slices

  void take(std::span<const u8> bytes) {
    feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    fed_ = true;
  }
  // One thing; false: there is nothing to do now. A client's commands are done even if it does not
  // wait for the answers; but not those of one who left more answers than that unread.
  bool go_on() {
    if (!fed_) return door_.waiting() && door_.deliver_next({});
    const bool full = chardev_->unsent() >= kAnswers;
    deaf_ = deaf_ || full;
    if (deaf_ && chardev_->gone(client_))
      forget();
    else if (full)
      return false;  // on_drained() will wake us
    else if (step())
      return true;
    fed_ = false;
    in_.set_credit(kCredit);
    return true;
  }

  std::string label_;
  std::function<void()> wake_;
  Door door_{[] { return Position{}; }};
  Port in_{door_, "in", PortKind::Input}, came_{door_, "came", PortKind::Input};
  u64 client_ = 0;
  bool fed_ = false;   // and not all of it was answered
  bool deaf_ = false;  // the client has left many answers unread
  std::atomic<bool> closing_{false};
  std::unique_ptr<Chardev> chardev_;
};

class Monitors::HmpLine final : public Line {
 public:
  explicit HmpLine(Operator& op)
      : hmp_(op), terminal_(hmp_, [this](const std::string& text) { say(text); }) {}
  ~HmpLine() override { close(); }
  void greet() override { terminal_.greet(); }
  void forget() override { typed_.clear(); }
  void feed(std::string_view text) override { typed_ += text; }
  bool step() override {
    if (typed_.empty()) return false;
    const std::size_t line = std::min(typed_.find_first_of("\r\n"), typed_.size() - 1) + 1;
    terminal_.feed(typed_.substr(0, line));
    typed_.erase(0, line);
    return true;
  }

 private:
  Hmp hmp_;
  HmpTerminal terminal_;
  std::string typed_;
};

class Monitors::QmpLine final : public Line {
 public:
  QmpLine(qmp::Server& server, bool pretty)
      : server_(server),
        monitor_(server, pretty, [this](const std::string& text, qmp::Monitor::Kind kind) {
          if (kind == qmp::Monitor::Kind::Answer || unread() < kEvents) say(text);
        }) {}
  ~QmpLine() override { close(); }
  void greet() override { monitor_.open(); }
  void forget() override { monitor_.forget(); }
  void feed(std::string_view text) override { monitor_.feed(text); }
  bool step() override {
    const bool more = monitor_.step();
    server_.run_jobs();
    return more;
  }

 private:
  qmp::Server& server_;
  qmp::Monitor monitor_;
};

Monitors::Monitors() = default;
Monitors::~Monitors() = default;

Result<void> Monitors::open(const std::vector<MonitorOptions>& monitors, Operator& op,
                            qmp::Server* server, std::function<void()> wake) {
  unsigned number = 0;
  for (const MonitorOptions& monitor : monitors) {
    std::unique_ptr<Line> line;
    if (monitor.control)
      line = std::make_unique<QmpLine>(*server, monitor.pretty);
    else
      line = std::make_unique<HmpLine>(op);
    std::string label = monitor.end.id;
    if (label.empty() || monitor.end.kind == "vc")
      label = "compat_monitor" + std::to_string(number);
    ++number;
    TRY(line->open(monitor, std::move(label), wake));
    lines_.push_back(std::move(line));
  }
  return {};
}

void Monitors::poll(const std::function<bool()>& enough) {
  for (const auto& line : lines_) line->poll(enough);
}

void Monitors::flush() {
  for (const auto& line : lines_) line->flush();
}

std::vector<OperatorChardev> Monitors::list() const {
  std::vector<OperatorChardev> all;
  for (const auto& line : lines_) all.push_back(line->described());
  return all;
}

std::vector<TextConsole*> Monitors::text_consoles() const {
  std::vector<TextConsole*> all;
  for (const auto& line : lines_)
    if (TextConsole* console = line->text_console()) all.push_back(console);
  return all;
}

}  // namespace reprise::tools
