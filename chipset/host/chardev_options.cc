// The spelling of -chardev and -serial.
#include <algorithm>

#include "chipset/host/chardev.h"

namespace reprise {

namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts{""};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      parts.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      parts.back() += text[++i];  // a doubled comma stands for one
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

Result<bool> on_off(const std::string& where, const std::string& key, const std::string& value) {
  if (value == "on" || value == "yes" || value.empty()) return true;
  if (value == "off" || value == "no") return false;
  return fail(where + ": " + key + "=" + value + ": expected on or off");
}

// One key=value, a bare flag ("server"), or its negation ("nowait").
Result<void> set(ChardevOptions& options, const std::string& where, const std::string& item) {
  const std::size_t equals = item.find('=');
  std::string key = item.substr(0, equals);
  std::string value = equals == std::string::npos ? "" : item.substr(equals + 1);
  const bool bare = equals == std::string::npos;
  if (bare && (key == "nowait" || key == "noserver" || key == "nodelay")) {
    if (key != "nodelay") {
      key = key.substr(2);
      value = "off";
    }
  }
  struct Text {
    const char* key;
    std::string ChardevOptions::*field;
  };
  struct Flag {
    const char* key;
    bool ChardevOptions::*field;
  };
  static constexpr Text kTexts[] = {{"id", &ChardevOptions::id},
                                    {"path", &ChardevOptions::path},
                                    {"host", &ChardevOptions::host},
                                    {"port", &ChardevOptions::port}};
  static constexpr Flag kFlags[] = {
      {"server", &ChardevOptions::server},   {"wait", &ChardevOptions::wait},
      {"nodelay", &ChardevOptions::nodelay}, {"append", &ChardevOptions::append},
      {"signal", &ChardevOptions::signal},   {"mux", &ChardevOptions::mux}};
  for (const Text& text : kTexts) {
    if (key != text.key) continue;
    if (value.empty()) return fail(where + ": " + key + " needs a value: " + key + "=...");
    options.*text.field = value;
    return {};
  }
  for (const Flag& flag : kFlags) {
    if (key != flag.key) continue;
    options.*flag.field = TRY(on_off(where, key, value));
    return {};
  }
  return fail(where + ": unknown setting '" + key +
              "'; known are id, path, host, port, server, wait, nodelay, append, signal, mux");
}

Result<ChardevOptions> complete(ChardevOptions options, const std::string& where) {
  if (options.kind == "file" || options.kind == "unix") {
    if (options.path.empty()) return fail(where + ": " + options.kind + " needs path=...");
  } else if (options.kind == "tcp") {
    if (options.port.empty()) return fail(where + ": tcp needs port=...");
    if (options.host.empty()) options.host = options.server ? "0.0.0.0" : "127.0.0.1";
  }
  return options;
}

}  // namespace

Result<ChardevOptions> ChardevOptions::parse_chardev(std::string_view option) {
  const std::string where = "-chardev " + std::string(option);
  const std::vector<std::string> items = split(option);
  ChardevOptions options;
  options.option = where;
  options.kind = items[0];
  for (std::size_t i = 1; i < items.size(); ++i) TRY(set(options, where, items[i]));
  if (options.kind == "socket") options.kind = options.path.empty() ? "tcp" : "unix";
  constexpr std::string_view kKinds[] = {"null", "stdio", "file", "unix", "tcp"};
  if (std::find(std::begin(kKinds), std::end(kKinds), options.kind) == std::end(kKinds))
    return fail(where + ": unknown kind '" + options.kind +
                "'; known are null, stdio, file, socket, unix, tcp");
  if (options.id.empty()) return fail(where + ": id=... is missing");
  return complete(std::move(options), where);
}

Result<ChardevOptions> ChardevOptions::parse_serial(std::string_view option) {
  const std::string where = "-serial " + std::string(option);
  std::vector<std::string> items = split(option);
  ChardevOptions options;
  options.option = where;
  std::string head = items[0];
  if (head.starts_with("mon:")) {
    options.mux = true;
    head = head.substr(4);
  }
  const std::size_t colon = head.find(':');
  options.kind = head.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : head.substr(colon + 1);
  if (options.kind == "none") options.kind = "null";
  if (options.mux) {
    if (options.kind != "stdio") return fail(where + ": mon: needs stdio");
    options.signal = false;  // Ctrl-A x is the way out
  }
  if (options.kind == "file" || options.kind == "unix") {
    options.path = rest;
  } else if (options.kind == "tcp") {
    const std::size_t last = rest.rfind(':');
    if (last == std::string::npos) return fail(where + ": expected tcp:HOST:PORT");
    options.host = rest.substr(0, last);
    if (options.host.size() > 1 && options.host.front() == '[' && options.host.back() == ']')
      options.host = options.host.substr(1, options.host.size() - 2);
    options.port = rest.substr(last + 1);
  } else if ((options.kind != "stdio" && options.kind != "null") || !rest.empty()) {
    return fail(where + ": expected stdio, mon:stdio, null, none, file:PATH, unix:PATH[,server]" +
                " or tcp:HOST:PORT[,server]");
  }
  for (std::size_t i = 1; i < items.size(); ++i) TRY(set(options, where, items[i]));
  return complete(std::move(options), where);
}

}  // namespace reprise
