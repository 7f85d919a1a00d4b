// Another process of this program, or of another build of it, that is spoken to by QMP.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "replay/core/result.h"

namespace reprise::tools {

class QmpChild {
 public:
  using Json = nlohmann::json;
  // Its arguments say -qmp stdio. `give_up` is asked while one waits for it.
  static Result<std::unique_ptr<QmpChild>> start(const std::vector<std::string>& arguments,
                                                 std::function<bool()> give_up);
  ~QmpChild();  // it is ended

  Result<Json> run(const std::string& command, const Json& arguments);
  Result<Json> event(const std::string& name);  // the next one's data

 private:
  QmpChild() = default;
  Result<Json> read();
  pid_t process_ = -1;
  int in_ = -1, out_ = -1;  // its
  std::string unread_;
  std::vector<Json> events_;
  std::function<bool()> give_up_;
};

}  // namespace reprise::tools
