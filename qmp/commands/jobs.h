// Work that a client starts, looks at and dismisses (query-jobs), as QEMU's jobs.
//
// Snapshots are quick: a job runs right after the command that started it has been answered.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "qmp/operator_events.h"
#include "replay/core/result.h"

namespace reprise::qmp {

class Jobs {
 public:
  using Work = std::function<Result<void>()>;
  static constexpr std::size_t kMaxJobs = 256;

  explicit Jobs(OperatorEvents& events) : events_(events) {}
  Result<void> start(const std::string& id, const std::string& type, Work work);
  void run();  // what was started
  Result<void> cancel(const std::string& id);
  Result<void> dismiss(const std::string& id);
  nlohmann::json list() const;

 private:
  struct Job {
    std::string id, type, status, error;
    Work work;
  };
  Result<Job*> find(const std::string& id);
  void set_status(Job& job, const char* status);

  OperatorEvents& events_;
  std::vector<Job> jobs_;
};

}  // namespace reprise::qmp
