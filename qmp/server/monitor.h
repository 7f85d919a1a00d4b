// One QMP monitor: one client at a time, negotiation, commands in order, events.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "qmp/server/message.h"
#include "qmp/server/splitter.h"

namespace reprise::qmp {

class Server;

class Monitor {
 public:
  // Text for the client. An event may be thrown away if the client does not read.
  enum class Kind { Answer, Event };
  using Send = std::function<void(const std::string&, Kind)>;

  Monitor(Server& server, bool pretty, Send send);
  ~Monitor();
  Monitor(const Monitor&) = delete;

  // A client has come: nothing is left of the one before. It is greeted.
  void open();
  void forget();  // what was fed and not yet answered
  void feed(std::string_view bytes) { input_ += bytes; }
  // Answers one message; false: there is no whole one, and all that was fed has been looked at.
  bool step();
  void tell(const Json& time, std::string_view name, const Json& data);

 private:
  Result<Json> answer(const std::string& text, std::optional<Json>& id);
  Result<Json> execute(const Request& request);

  Server& server_;
  const bool pretty_;
  Send send_;
  bool negotiated_ = false;
  std::string input_;
  std::size_t looked_at_ = 0;
  Splitter splitter_;
};

}  // namespace reprise::qmp
