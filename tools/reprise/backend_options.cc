// -serial, -chardev, -debugcon, -monitor: which host end a character device gets.
#include "tools/reprise/options.h"
#include "tools/reprise/suboptions.h"

namespace reprise::tools {
namespace {

using Kind = Backend::Kind;

Result<void> server_and_wait(const Suboptions& values, Backend& backend) {
  backend.server = TRY(values.on_off("server", false));
  backend.wait = TRY(values.on_off("wait", backend.server));
  backend.nodelay = !TRY(values.on_off("delay", true)) || TRY(values.on_off("nodelay", false));
  return {};
}

Result<void> check_port(const std::string& option, const std::string& port) {
  const auto number = parse_number(port, 0, 65535);
  if (!number) return fail(option + ": port " + port + ": " + number.error().message);
  return {};
}

// HOST:PORT[,server=on|off][,wait=on|off][,nodelay]
Result<Backend> parse_tcp(const std::string& option, const std::string& text) {
  const Suboptions values =
      TRY(Suboptions::parse(option, text, "address", {"server", "wait", "delay", "nodelay"}));
  const std::string address = values.text("address");
  const auto colon = address.rfind(':');
  if (colon == std::string::npos)
    return fail(option + " tcp:" + text + ": expected tcp:HOST:PORT, as in tcp:localhost:4444");
  Backend backend{.kind = Kind::Tcp};
  backend.host = address.substr(0, colon);
  if (backend.host.size() > 1 && backend.host.front() == '[' && backend.host.back() == ']')
    backend.host = backend.host.substr(1, backend.host.size() - 2);
  backend.port = address.substr(colon + 1);
  TRY(check_port(option, backend.port));
  TRY(server_and_wait(values, backend));
  return backend;
}

Result<Backend> parse_unix(const std::string& option, const std::string& text) {
  const Suboptions values = TRY(Suboptions::parse(option, text, "path", {"server", "wait"}));
  Backend backend{.kind = Kind::Unix};
  backend.path = values.text("path");
  if (backend.path.empty()) return fail(option + " unix: expected unix:PATH");
  TRY(server_and_wait(values, backend));
  return backend;
}

}  // namespace

Result<Backend> parse_backend(const std::string& option, const std::string& text,
                              const std::map<std::string, Backend>& chardevs) {
  const auto colon = text.find(':');
  const std::string head = text.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (text == "none") return Backend{.kind = Kind::None};
  if (text == "null") return Backend{.kind = Kind::Null};
  if (text == "stdio") return Backend{.kind = Kind::Stdio};
  if (colon != std::string::npos) {
    if (head == "mon") {
      Backend backend = TRY(parse_backend(option, rest, chardevs));
      if (backend.kind != Kind::Stdio)
        return fail(option + " " + text + ": the monitor can share stdio only: mon:stdio");
      backend.monitor = true;
      return backend;
    }
    if (head == "file") {
      if (rest.empty()) return fail(option + " file: expected file:PATH");
      Backend backend{.kind = Kind::File};
      backend.path = rest;
      return backend;
    }
    if (head == "tcp") return parse_tcp(option, rest);
    if (head == "unix") return parse_unix(option, rest);
    if (head == "chardev") {
      const auto it = chardevs.find(rest);
      if (it == chardevs.end()) return fail(option + " " + text + ": no -chardev has id=" + rest);
      return it->second;
    }
  }
  return fail(option + " " + text + ": " +
              expected_one_of(head, {"stdio", "mon:stdio", "file:PATH", "tcp:HOST:PORT",
                                     "unix:PATH", "chardev:ID", "null", "none"}));
}

Result<std::pair<std::string, Backend>> parse_chardev(const std::string& text) {
  const std::string kind = text.substr(0, text.find(','));
  Backend backend;
  std::vector<std::string> known = {"id"};
  if (kind == "stdio") {
    backend.kind = Kind::Stdio;
    known.insert(known.end(), {"mux", "signal"});
  } else if (kind == "null") {
    backend.kind = Kind::Null;
  } else if (kind == "file") {
    backend.kind = Kind::File;
    known.insert(known.end(), {"path", "append"});
  } else if (kind == "socket") {
    known.insert(known.end(), {"path", "host", "port", "server", "wait", "delay", "nodelay"});
  } else {
    return fail("-chardev " + text + ": no kind '" + kind + "'; " +
                expected_one_of(kind, {"stdio", "file", "null", "socket"}));
  }
  const Suboptions values = TRY(Suboptions::parse("-chardev", text, "kind", known));
  const std::string id = values.text("id");
  if (id.empty()) return fail("-chardev " + text + ": expected id=NAME");
  backend.path = values.text("path");
  backend.append = TRY(values.on_off("append", false));
  backend.signal = TRY(values.on_off("signal", true));
  backend.monitor = TRY(values.on_off("mux", false));
  if (kind == "file" && backend.path.empty())
    return fail("-chardev " + text + ": expected path=FILE");
  if (kind == "socket") {
    backend.kind = backend.path.empty() ? Kind::Tcp : Kind::Unix;
    backend.host = values.text("host");
    backend.port = values.text("port");
    if (backend.path.empty() && backend.port.empty())
      return fail("-chardev " + text + ": expected path=SOCKET, or host=HOST,port=PORT");
    if (!backend.port.empty()) TRY(check_port("-chardev", backend.port));
    TRY(server_and_wait(values, backend));
  }
  return std::pair(id, backend);
}

}  // namespace reprise::tools
