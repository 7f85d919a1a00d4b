// What an operator may do with drives and what is in them.
#pragma once

#include <string>
#include <vector>

#include "replay/core/result.h"
#include "storage/drive/drive.h"

namespace reprise {

class OperatorDrives {
 public:
  virtual ~OperatorDrives() = default;
  virtual std::vector<const Drive*> drives() const = 0;
  // Both through the door: recorded.
  virtual Result<void> eject(const std::string& id, bool force) = 0;
  enum class Access { Retain, ReadOnly, ReadWrite };
  virtual Result<void> change(const std::string& id, const std::string& file,
                              const std::string& format, Access access) = 0;
};

}  // namespace reprise
