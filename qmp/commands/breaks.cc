// Breakpoints of the whole run.
#include "qmp/commands/travel.h"

namespace reprise::qmp {
namespace {

using Kind = TravelBreak::Kind;
constexpr const char* kOwner = "qmp";

struct Name {
  std::string_view name;
  Kind kind;
  StopKind stop;
};
constexpr Name kNames[] = {
    {"pc", Kind::Cpu, StopKind::Pc},
    {"read", Kind::Cpu, StopKind::Read},
    {"write", Kind::Cpu, StopKind::Write},
    {"access", Kind::Cpu, StopKind::Access},
    {"port", Kind::Cpu, StopKind::Port},
    {"interrupt", Kind::Cpu, StopKind::Interrupt},
    {"exception", Kind::Cpu, StopKind::Exception},
    {"icount", Kind::Icount, StopKind::Pc},
    {"cycles", Kind::Cycle, StopKind::Pc},
    {"text", Kind::Text, StopKind::Pc},
};

u64 last_of(StopKind kind) {
  if (kind == StopKind::Port) return 0xffff;
  return kind == StopKind::Interrupt || kind == StopKind::Exception ? 0xff : ~u64(0);
}

Result<void> set_condition(Context& c, const Json& arguments, StopCondition& condition) {
  condition.first = arguments.at("at").get<u64>();
  const u64 length = arguments.value("length", u64(1));
  const u64 last = last_of(condition.kind);
  if (length == 0 || condition.first > last || length - 1 > last - condition.first)
    return fail("Parameters 'at' and 'length' expect a place between 0 and " +
                std::to_string(last));
  condition.last = condition.first + length - 1;
  condition.physical = arguments.value("physical", false);
  const bool memory = condition.kind == StopKind::Read || condition.kind == StopKind::Write ||
                      condition.kind == StopKind::Access;
  if (condition.physical && !memory)
    return fail("Parameter 'physical' expects 'read', 'write' or 'access' as 'kind'");
  if (!arguments.contains("cpu-index")) return {};
  const i64 cpu = arguments["cpu-index"].get<i64>();
  if (cpu < 0 || u64(cpu) >= c.op.cpus().size())
    return fail("Parameter 'cpu-index' expects a CPU number");
  condition.cpu = unsigned(cpu);
  return {};
}

}  // namespace

Result<TravelBreak> break_of(Context& c, const Json& arguments) {
  constexpr std::size_t kMaxText = 1024;
  constexpr std::string_view kOfAddresses[] = {"at", "length", "physical", "cpu-index"};
  TravelBreak what;
  for (const Name& known : kNames) {
    if (arguments.at("kind") != known.name) continue;
    what.kind = known.kind;
    what.condition.kind = known.stop;
  }
  const char* needed = what.kind == Kind::Text ? "text" : "at";
  if (!arguments.contains(needed))
    return fail(std::string("Parameter '") + needed + "' is missing");
  for (const std::string_view name : kOfAddresses)
    if (arguments.contains(name) && name != needed && what.kind != Kind::Cpu)
      return fail("Parameter '" + std::string(name) + "' is unexpected");
  if (what.kind == Kind::Text) {
    what.text = arguments["text"].get<std::string>();
    if (what.text.empty() || what.text.size() > kMaxText)
      return fail("Parameter 'text' expects 1 to 1024 characters");
  } else if (what.kind == Kind::Cpu) {
    TRY(set_condition(c, arguments, what.condition));
  } else {
    what.position = arguments["at"].get<u64>();
  }
  if (arguments.contains("text") && what.kind != Kind::Text)
    return fail("Parameter 'text' is unexpected");
  return what;
}

namespace {

Result<Json> add(Context& c, const Json& arguments) {
  TravelBreak what = TRY(break_of(c, arguments));
  what.owner = kOwner;
  return Json{{"id", TRY(c.op.travel()->add_break(std::move(what)))}};
}

Result<Json> remove(Context& c, const Json& arguments) {
  return answer(c.op.travel()->remove_break(arguments.at("id").get<u32>()));
}

Result<Json> query(Context& c, const Json&) {
  Json out = Json::array();
  for (const TravelBreak& known : c.op.travel()->breaks()) {
    Json info{{"id", known.id}, {"kind", break_kind(known)}, {"owner", known.owner}};
    if (known.kind == Kind::Text) {
      info["text"] = known.text;
    } else if (known.kind != Kind::Cpu) {
      info["at"] = known.position;
    } else {
      info["at"] = known.condition.first;
      info["length"] = known.condition.last - known.condition.first + 1;
      info["physical"] = known.condition.physical;
      if (known.condition.cpu) info["cpu-index"] = *known.condition.cpu;
    }
    out.push_back(std::move(info));
  }
  return out;
}

// QEMU's one breakpoint, at an instruction that is still to come.
Result<Json> delete_one(Context& c, const Json&) {
  if (c.replay_break) (void)c.op.travel()->remove_break(*c.replay_break);  // may be gone already
  c.replay_break.reset();
  return Json::object();
}

Result<Json> set_one(Context& c, const Json& arguments) {
  const u64 icount = arguments.at("icount").get<u64>();
  if (icount < c.op.travel()->travel_status().now.icount)
    return fail("cannot set breakpoint at the instruction in the past");
  TRY(delete_one(c, {}));
  TravelBreak what;
  what.kind = Kind::Icount;
  what.position = icount;
  what.owner = kOwner;
  c.replay_break = TRY(c.op.travel()->add_break(std::move(what)));
  return Json::object();
}

constexpr Handler kHandlers[] = {
    {"replay-break-add", add, travels},           {"replay-break-remove", remove, travels},
    {"query-replay-breaks", query, travels},      {"replay-break", set_one, travels},
    {"replay-delete-break", delete_one, travels},
};

}  // namespace

std::span<const Handler> break_handlers() { return kHandlers; }

std::string_view break_kind(const TravelBreak& what) {
  for (const Name& known : kNames)
    if (known.kind == what.kind && (what.kind != Kind::Cpu || known.stop == what.condition.kind))
      return known.name;
  return "pc";
}

}  // namespace reprise::qmp
