#include "qmp/server/monitor.h"

#include <algorithm>

#include "qmp/server/server.h"

namespace reprise::qmp {

Monitor::Monitor(Server& server, bool pretty, Send send)
    : server_(server), pretty_(pretty), send_(std::move(send)) {
  server_.monitors_.push_back(this);
}
Monitor::~Monitor() { std::erase(server_.monitors_, this); }

void Monitor::forget() {
  input_.clear();
  looked_at_ = 0;
  splitter_.reset();
}

void Monitor::open() {
  forget();
  negotiated_ = false;
  const Json greeting{{"version", version(server_.host())}, {"capabilities", Json::array()}};
  send_(line({{"QMP", &greeting}}, pretty_), Kind::Answer);
}

bool Monitor::step() {
  Splitter::Piece piece;
  std::string_view rest = std::string_view(input_).substr(looked_at_);
  const bool whole = splitter_.next(rest, piece);
  looked_at_ = input_.size() - rest.size();
  if (!whole) {
    input_.clear();
    looked_at_ = 0;
    return false;
  }
  std::optional<Json> id;
  const Result<Json> answered =
      piece.error.empty() ? answer(piece.text, id) : Result<Json>(fail(piece.error));
  const Json* with_id = id ? &*id : nullptr;
  if (answered) {
    send_(line({{"return", &*answered}, {"id", with_id}}, pretty_), Kind::Answer);
  } else {
    const Json error{{"class", answered.error().kind}, {"desc", answered.error().message}};
    send_(line({{"id", with_id}, {"error", &error}}, pretty_), Kind::Answer);
  }
  return true;
}

Result<Json> Monitor::answer(const std::string& text, std::optional<Json>& id) {
  const Json message = TRY(parse(text));
  return execute(TRY(read_request(message, id)));
}

Result<Json> Monitor::execute(const Request& request) {
  const bool negotiates = request.command == "qmp_capabilities";
  if (!negotiated_ && !negotiates)
    return Error{"Expecting capabilities negotiation with 'qmp_capabilities'", "CommandNotFound"};
  if (negotiated_ && negotiates)
    return Error{"Capabilities negotiation is already complete, command ignored",
                 "CommandNotFound"};
  auto answer = server_.execute(request.command, request.arguments);
  negotiated_ = negotiated_ || answer.ok();
  return answer;
}

void Monitor::tell(const Json& time, std::string_view name, const Json& data) {
  if (!negotiated_) return;
  const Json event(name);
  send_(line({{"timestamp", &time}, {"event", &event}, {"data", data.empty() ? nullptr : &data}},
             pretty_),
        Kind::Event);
}

}  // namespace reprise::qmp
