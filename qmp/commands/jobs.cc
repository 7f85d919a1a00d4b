#include "qmp/commands/jobs.h"

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
  if (!is_id(id)) return fail("Invalid job ID '" + id.substr(0, 60) + "'");
  if (find(id)) return fail("Job ID '" + id + "' already in use");
  if (jobs_.size() >= kMaxJobs) return fail("too many jobs; job-dismiss those that are concluded");
  Job& job = jobs_.emplace_back(Job{id, type, "undefined", "", std::move(work)});
  set_status(job, "created");
  set_status(job, "running");
  return {};
}

void Jobs::run() {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    if (jobs_[i].status != "running") continue;
    const Result<void> done = jobs_[i].work();
    Job& job = jobs_[i];
    if (done) {
      set_status(job, "waiting");
      set_status(job, "pending");
    } else {
      job.error = done.error().message;
      set_status(job, "aborting");
    }
    set_status(job, "concluded");
  }
}

Result<void> Jobs::cancel(const std::string& id) {
  Job& job = *TRY(find(id));
  if (job.status != "running") return refuses(id, job.status, "cancel");
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
    const int progress = job.status == "concluded" && job.error.empty();
    out.push_back({{"id", job.id},
                   {"type", job.type},
                   {"status", job.status},
                   {"current-progress", progress},
                   {"total-progress", 1}});
    if (!job.error.empty()) out.back()["error"] = job.error;
  }
  return out;
}

Result<Jobs::Job*> Jobs::find(const std::string& id) {
  for (Job& job : jobs_)
    if (job.id == id) return &job;
  return fail("Job not found");
}

void Jobs::set_status(Job& job, const char* status) {
  job.status = status;
  events_.event("JOB_STATUS_CHANGE", {{"id", job.id}, {"status", status}});
}

}  // namespace reprise::qmp
