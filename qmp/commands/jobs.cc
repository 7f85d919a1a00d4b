#include "qmp/commands/jobs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "replay/core/types.h"

namespace reprise::qmp {
namespace {

bool is_id(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || text.size() > 128 || !letter(text[0])) return false;
  for (const char c : text)
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_') return false;
  return true;
}

Error refuses(const std::string& id, const std::string& status, const char* verb) {
  return fail("Job '" + id + "' in state '" + status + "' cannot accept command verb '" + verb +
              "'");
}

}  // namespace

Result<void> Jobs::start(const std::string& id, const std::string& type, Work work) {
  return add({id, type, "undefined", "", std::move(work), {}});
}

Result<void> Jobs::start(const std::string& id, const std::string& type, Background background) {
  return add({id, type, "undefined", "", {}, std::move(background)});
}

Result<void> Jobs::may_start(const std::string& id) const {
  if (!is_id(id)) return fail("Invalid job ID '" + id.substr(0, 60) + "'");
  if (has(id)) return fail("Job ID '" + id + "' already in use");
  if (jobs_.size() >= kMaxJobs) return fail("too many jobs; job-dismiss those that are concluded");
  return {};
}

Result<void> Jobs::add(Job job) {
  TRY(may_start(job.id));
  Job& added = jobs_.emplace_back(std::move(job));
  set_status(added, "created");
  set_status(added, "running");
  return {};
}

void Jobs::run() {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    if (jobs_[i].status != "running" || !jobs_[i].work) continue;
    const Result<void> done = jobs_[i].work();
    conclude(jobs_[i], done);
  }
}

void Jobs::finish(const std::string& id, const Result<void>& done) {
  const auto job = find(id);
  if (job) conclude(**job, done);
}

void Jobs::conclude(Job& job, const Result<void>& done) {
  if (done) {
    set_status(job, "waiting");
    set_status(job, "pending");
  } else {
    job.error = done.error().message;
    set_status(job, "aborting");
  }
  set_status(job, "concluded");
}

Result<void> Jobs::cancel(const std::string& id) {
  Job& job = *TRY(find(id));
  if (job.status != "running") return refuses(id, job.status, "cancel");
  if (job.background.cancel) {
    job.background.cancel();
    return {};
  }
  job.error = "Operation was cancelled";
  set_status(job, "aborting");
  set_status(job, "concluded");
  return {};
}

Result<void> Jobs::dismiss(const std::string& id) {
  Job& job = *TRY(find(id));
  if (job.status != "concluded") return refuses(id, job.status, "dismiss");
  set_status(job, "null");
  jobs_.erase(jobs_.begin() + (&job - jobs_.data()));
  return {};
}

nlohmann::json Jobs::list() const {
  auto out = nlohmann::json::array();
  for (const Job& job : jobs_) {
    const bool done = job.status == "concluded" && job.error.empty();
    const int total = job.background.progress ? 1000 : 1;
    const int progress = done                      ? total
                         : job.background.progress ? int(job.background.progress() * total)
                                                   : 0;
    out.push_back({{"id", job.id},
                   {"type", job.type},
                   {"status", job.status},
                   {"current-progress", progress},
                   {"total-progress", total}});
    if (!job.error.empty()) out.back()["error"] = job.error;
  }
  return out;
}

Result<Jobs::Job*> Jobs::find(const std::string& id) {
  for (Job& job : jobs_)
    if (job.id == id) return &job;
  return fail("Job not found");
}

bool Jobs::has(const std::string& id) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const Job& job) { return job.id == id; });
}

void Jobs::set_status(Job& job, const char* status) {
  job.status = status;
  events_.event("JOB_STATUS_CHANGE", {{"id", job.id}, {"status", status}});
}

}  // namespace reprise::qmp
