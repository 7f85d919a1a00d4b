#include "replay/timetravel/text_search.h"

#include "replay/trace/events.h"

namespace reprise {

void each_text(const trace::Recording& recording, const std::string& port, const std::string& text,
               const std::function<bool(Position)>& visit) {
  if (text.empty()) return;
  trace::EventStream stream(recording, trace::kText, trace::EventKind::Bytes);
  std::string tail;
  for (const trace::Event* event; (event = stream.peek()); stream.pop()) {
    if (event->port != port) continue;
    tail.append(event->bytes.begin(), event->bytes.end());
    if (tail.find(text) != std::string::npos) {
      if (!visit(event->at)) return;
      tail.erase(0, tail.rfind(text) + 1);
    }
    if (tail.size() > text.size()) tail.erase(0, tail.size() - text.size() + 1);
  }
}

std::optional<Position> next_text(const trace::Recording& recording, const std::string& port,
                                  const std::string& text, Position from) {
  std::optional<Position> found;
  each_text(recording, port, text, [&](Position at) {
    if (at >= from) found = at;
    return !found;
  });
  return found;
}

std::optional<Position> last_text(const trace::Recording& recording, const std::string& port,
                                  const std::string& text, Position to) {
  std::optional<Position> found;
  each_text(recording, port, text, [&](Position at) {
    if (at < to) found = at;
    return at < to;
  });
  return found;
}

}  // namespace reprise
