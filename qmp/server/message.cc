#include "qmp/server/message.h"

#include "replay/core/types.h"

namespace reprise::qmp {
namespace {

// Builds the value; stops at the first thing that is wrong.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Json root;
  std::string wrong;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    const auto [place, is_new] = inside_.back()->emplace(value, nullptr);
    slot_ = &*place;
    if (!is_new) wrong = "duplicate key";
    return is_new;
  }
  bool parse_error(std::size_t at, const std::string&,
                   const nlohmann::detail::exception&) override {
    wrong = "expecting value at character " + std::to_string(at);
    return false;
  }

 private:
  Json* place(Json value) {
    if (inside_.empty()) return &(root = std::move(value));
    if (inside_.back()->is_array()) {
      inside_.back()->push_back(std::move(value));
      return &inside_.back()->back();
    }
    return &(*slot_ = std::move(value));
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    inside_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    inside_.pop_back();
    return true;
  }
  std::vector<Json*> inside_;  // a container does not move while it is open
  Json* slot_ = nullptr;
};

class Printer {
 public:
  explicit Printer(bool pretty) : pretty_(pretty) {}
  std::string out;

  void value(const Json& json) {
    if (json.is_object()) {
      begin('{');
      for (const auto& [name, member] : json.items()) {
        next();
        key(name);
        value(member);
      }
      end('}');
    } else if (json.is_array()) {
      begin('[');
      for (const Json& element : json) {
        next();
        value(element);
      }
      end(']');
    } else {
      out += json.dump(-1, ' ', true, Json::error_handler_t::replace);
    }
  }
  void begin(char c) {
    out += c;
    ++depth_;
    first_ = true;
  }
  void next() {
    if (!first_) out += pretty_ ? "," : ", ";
    first_ = false;
    if (pretty_) new_line();
  }
  void key(std::string_view name) {
    value(Json(name));
    out += ": ";
  }
  void end(char c) {
    --depth_;
    if (pretty_ && !first_) new_line();
    first_ = false;
    out += c;
  }

 private:
  void new_line() {
    out += "\r\n";
    out.append(4 * depth_, ' ');
  }
  bool pretty_;
  bool first_ = true;
  std::size_t depth_ = 0;
};

bool is_keyword(std::string_view text) {
  for (const char c : text)
    if (c < 'a' || c > 'z') return false;
  return !text.empty() && text != "true" && text != "false" && text != "null";
}

}  // namespace

Result<Json> parse(std::string_view text) {
  if (is_keyword(text))
    return fail("JSON parse error, invalid keyword '" + std::string(text.substr(0, 60)) + "'");
  Builder builder;
  if (Json::sax_parse(text, &builder)) return std::move(builder.root);
  return fail("JSON parse error, " + builder.wrong);
}

Result<Request> read_request(const Json& message, std::optional<Json>& id) {
  if (!message.is_object()) return fail("QMP input must be a JSON object");
  Request request{"", Json::object()};
  bool named = false;
  if (const auto found = message.find("id"); found != message.end()) id = *found;
  for (const auto& [name, value] : message.items()) {
    if (name == "execute") {
      if (!value.is_string()) return fail("QMP input member 'execute' must be a string");
      request.command = value.get<std::string>();
      named = true;
    } else if (name == "arguments") {
      if (!value.is_object()) return fail("QMP input member 'arguments' must be an object");
      request.arguments = value;
    } else if (name != "id") {
      return fail("QMP input member '" + name.substr(0, 60) + "' is unexpected");
    }
  }
  if (!named) return fail("QMP input lacks member 'execute'");
  return request;
}

std::string line(Members members, bool pretty) {
  Printer printer(pretty);
  printer.begin('{');
  for (const auto& [name, json] : members) {
    if (!json) continue;
    printer.next();
    printer.key(name);
    printer.value(*json);
  }
  printer.end('}');
  return printer.out + "\r\n";
}

}  // namespace reprise::qmp
