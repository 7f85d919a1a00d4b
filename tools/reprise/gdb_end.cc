#include "tools/reprise/gdb_end.h"

namespace reprise::tools {
namespace {

constexpr u64 kCredit = 2048;  // less than the door's queue takes, were they single bytes
constexpr std::chrono::milliseconds kFlush{2000};
enum LineEvent : u8 { kClosed, kOpened, kWork };

std::span<const u8> bytes_of(std::string_view text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

}  // namespace

GdbEnd::GdbEnd(Operator& op, Hmp& hmp)
    : op_(op),
      hmp_(hmp),
      in_(door_, "in", PortKind::Input,
          [this](std::span<const u8> bytes) {
            if (stub_) stub_->feed(bytes);
            in_.set_credit(kCredit);
          }),
      line_(door_, "line", PortKind::Input, [this](std::span<const u8> bytes) { line(bytes[0]); }),
      out_(door_, "out", PortKind::Digest) {}

GdbEnd::~GdbEnd() { close(); }

Result<void> GdbEnd::open(const ChardevOptions& where) {
  check(!answering_, "gdb cannot be moved by itself");
  close();
  chardev_ = TRY(open_chardev(where));
  where_ = where;
  stub_ = std::make_unique<GdbStub>(
      op_, [this](std::string_view text) { door_.emit(out_, bytes_of(text)); },
      [this](const std::string& command) { return hmp_.execute(command); },
      [this] { door_.post(line_, {kWork}); });
  chardev_->on_open([this](u64) { door_.post(line_, {kOpened}); });
  chardev_->on_close([this] { door_.post(line_, {kClosed}); });
  chardev_->connect_to(&in_, &out_);
  in_.set_credit(kCredit);
  return {};
}

void GdbEnd::close() {
  check(!answering_, "gdb cannot be sent away by itself");
  chardev_.reset();
  stub_.reset();
  door_.deliver_due({});  // to nobody
}

Result<void> GdbEnd::open_again() {
  if (!chardev_) return {};
  ended(0);
  ChardevOptions where = where_;
  where.wait = false;
  return open(where);
}

void GdbEnd::line(u8 event) {
  if (!stub_) return;
  if (event == kOpened)
    stub_->connected();
  else if (event == kClosed)
    stub_->disconnected();
  else
    stub_->poll();
}

void GdbEnd::poll() {
  if (!door_.waiting() || (chardev_ && chardev_->full())) return;
  answering_ = true;
  door_.deliver_due({});
  answering_ = false;
}

void GdbEnd::ended(int exit_status) {
  if (!stub_) return;
  stub_->ended(exit_status);
  chardev_->flush(kFlush);
}

}  // namespace reprise::tools
