// Screen, keyboard and mouse.
#include "qmp/hmp/console.h"

#include "qmp/commands/context.h"
#include "qmp/operator_console.h"

namespace reprise::qmp {
namespace {

Result<Json> screendump(Context& c, const Json& arguments) {
  if (arguments.contains("device"))
    return Error{"Device '" + arguments["device"].get<std::string>() +
                     "' not found; there is one "
                     "display adapter, leave 'device' out",
                 "DeviceNotFound"};
  if (arguments.value("head", i64(0)) != 0) return fail("Parameter 'head' expects 0");
  return answer(c.op.console()->screendump(arguments.at("filename").get<std::string>(),
                                           arguments.value("format", "ppm")));
}

// KeyValue.
Result<QKeyCode> key_of(const Json& value) {
  const Json& data = value.at("data");
  std::optional<QKeyCode> key;
  if (value.at("type") == "number") {
    const i64 number = data.get<i64>();
    if (number > 0 && number <= 0xff) key = key_by_number(unsigned(number));
  } else {
    key = key_by_name(data.get<std::string>());
  }
  if (key == QKeyCode::k_unmapped) key.reset();
  if (!key) return fail("a PC's keyboard has no key " + data.dump());
  return *key;
}

Result<Json> send_key(Context& c, const Json& arguments) {
  constexpr i64 kHoldMs = 100;
  const i64 hold = arguments.value("hold-time", kHoldMs);
  if (hold < 0) return fail("Parameter 'hold-time' expects milliseconds");
  std::vector<QKeyCode> keys;
  for (const Json& value : arguments.at("keys")) keys.push_back(TRY(key_of(value)));
  return answer(c.op.console()->send_keys(keys, u64(hold)));
}

unsigned button_bit(const std::string& name) {
  return name == "left" ? 1 : name == "middle" ? 2 : name == "right" ? 4 : 0;
}

Result<void> press_button(Context& c, const std::string& button, bool down) {
  if (button == "wheel-up" || button == "wheel-down")
    return down ? c.op.console()->mouse_move(0, 0, button == "wheel-up" ? 1 : -1) : Result<void>();
  const unsigned bit = button_bit(button);
  if (!bit) return fail("the mouse has no button '" + button + "'");
  const unsigned now = down ? c.buttons | bit : c.buttons & ~bit;
  TRY(c.op.console()->mouse_buttons(now));
  c.buttons = now;
  return {};
}

Result<void> move(Context& c, const Json& data) {
  const i64 count = data.at("value").get<i64>();
  if (count < -32767 || count > 32767) return fail("Parameter 'value' expects -32767 to 32767");
  const bool x = data.at("axis") == "x";
  return c.op.console()->mouse_move(x ? int(count) : 0, x ? 0 : int(count), 0);
}

Result<Json> input_send_event(Context& c, const Json& arguments) {
  if (c.op.run_state() != RunState::Running) return fail("VM not running");
  const Json& events = arguments.at("events");
  for (const Json& event : events)  // all or nothing
    if (event.at("type") == "abs") return fail("Input handler not found for event type abs");
  for (const Json& event : events) {
    const Json& data = event.at("data");
    if (event.at("type") == "key")
      TRY(c.op.console()->key(TRY(key_of(data.at("key"))), data.at("down").get<bool>()));
    else if (event.at("type") == "btn")
      TRY(press_button(c, data.at("button").get<std::string>(), data.at("down").get<bool>()));
    else
      TRY(move(c, data));
  }
  return Json::object();
}

Result<Json> query_mice(Context&, const Json&) {
  return Json::array(
      {{{"name", "PS/2 Mouse"}, {"index", 0}, {"current", true}, {"absolute", false}}});
}

bool there(Operator& op) { return op.console() != nullptr; }

constexpr Handler kHandlers[] = {
    {"screendump", screendump, there},
    {"send-key", send_key, there},
    {"input-send-event", input_send_event, there},
    {"query-mice", query_mice, there},
};

}  // namespace

std::span<const Handler> console_handlers() { return kHandlers; }

}  // namespace reprise::qmp
