// Questions to the whole run, and jobs of any kind.
//
// A question is a job: its answer can be fetched when it is concluded, and until it is dismissed.
#include "qmp/commands/travel.h"

namespace reprise::qmp {
namespace {

void finished(Context& c, const std::string& id) {
  Context::Query& asked = c.queries.at(id);
  asked.done = true;
  const auto& answer = asked.query->answer();
  c.jobs.finish(id, answer ? Result<void>() : Result<void>(answer.error()));
}

Result<Json> ask(Context& c, const Json& arguments) {
  const std::string id = arguments.at("job-id").get<std::string>();
  const TravelBreak where = TRY(break_of(c, arguments));
  TravelQuestion question;
  question.condition = where.condition;
  if (where.kind == TravelBreak::Kind::Text)
    question.text = where.text;
  else if (where.kind != TravelBreak::Kind::Cpu)
    return fail("Parameter 'kind' expects what can be met more than once");
  question.from = arguments.value("from", question.from);
  question.to = arguments.value("to", question.to);
  if (arguments.value("order", "first") == "last") question.order = TravelQuestion::Order::Last;
  question.limit = arguments.value("limit", question.limit);
  if (question.limit == 0 || question.limit > TravelQuestion::kMaxLimit)
    return fail("Parameter 'limit' expects 1 to " + std::to_string(TravelQuestion::kMaxLimit));
  for (const auto& [other, asked] : c.queries)
    if (!asked.done) return fail("job '" + other + "' is still searching: job-cancel ends it");
  const Jobs::Background background = {
      [&c, id] { return c.queries.at(id).query->progress(); },
      [&c, id] { c.queries.at(id).query->cancel(); },
  };
  TRY(c.jobs.may_start(id));
  auto query = TRY(c.op.travel()->ask(question, [&c, id] { finished(c, id); }));
  TRY(c.jobs.start(id, "replay-query", background));
  c.queries[id].query = std::move(query);
  return Json::object();
}

Result<Json> hits(Context& c, const Json& arguments) {
  const std::string id = arguments.at("id").get<std::string>();
  const auto asked = c.queries.find(id);
  if (asked == c.queries.end()) return fail("Job '" + id + "' is not a replay-query");
  if (!asked->second.done) return fail("Job '" + id + "' is still searching");
  const Result<TravelAnswer>& answer = asked->second.query->answer();
  if (!answer) return answer.error();
  Json list = Json::array();
  for (const StopHit& hit : answer->hits) {
    list.push_back(position_json(hit.at));
    list.back().update(
        {{"cpu-index", hit.cpu}, {"pc", hit.pc}, {"address", hit.address}, {"size", hit.size}});
  }
  return Json{{"hits", std::move(list)}, {"complete", answer->complete}};
}

Result<Json> query_jobs(Context& c, const Json&) { return c.jobs.list(); }
Result<Json> cancel(Context& c, const Json& arguments) {
  return answer(c.jobs.cancel(arguments.at("id").get<std::string>()));
}
Result<Json> dismiss(Context& c, const Json& arguments) {
  const std::string id = arguments.at("id").get<std::string>();
  TRY(c.jobs.dismiss(id));
  c.queries.erase(id);
  return Json::object();
}

constexpr Handler kQueries[] = {{"replay-query", ask, travels},
                                {"query-replay-hits", hits, travels}};
constexpr Handler kJobs[] = {
    {"query-jobs", query_jobs}, {"job-cancel", cancel}, {"job-dismiss", dismiss}};

}  // namespace

std::span<const Handler> query_handlers() { return kQueries; }
std::span<const Handler> job_handlers() { return kJobs; }

}  // namespace reprise::qmp
