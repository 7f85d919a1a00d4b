// Work that a client starts, looks at and dismisses (query-jobs), as QEMU's jobs.
//
// What is quick runs right after the command that started it has been answered; what is not goes
// on by itself, until it says that it is done.
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

  struct Background {
    std::function<double()> progress;  // 0 to 1
    std::function<void()> cancel;      // finish() comes soon
  };

  explicit Jobs(OperatorEvents& events) : events_(events) {}
  Result<void> may_start(const std::string& id) const;  // or why not
  Result<void> start(const std::string& id, const std::string& type, Work work);
  Result<void> start(const std::string& id, const std::string& type, Background background);
  void run();                                                    // what was started
  void finish(const std::string& id, const Result<void>& done);  // what went on by itself
  Result<void> cancel(const std::string& id);
  Result<void> dismiss(const std::string& id);
  nlohmann::json list() const;

 private:
  struct Job {
    std::string id, type, status, error;
    Work work;
    Background background;
  };
  Result<void> add(Job job);
  void conclude(Job& job, const Result<void>& done);
  Result<Job*> find(const std::string& id);
  bool has(const std::string& id) const;
  void set_status(Job& job, const char* status);

  OperatorEvents& events_;
  std::vector<Job> jobs_;
};

}  // namespace reprise::qmp
