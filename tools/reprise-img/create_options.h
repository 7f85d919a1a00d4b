// -o, of create and convert.
#pragma once

#include "storage/host/create_image.h"
#include "tools/program/arguments.h"
#include "tools/reprise/suboptions.h"

namespace reprise::img {

struct CreateOptions {
  bool help = false;
  std::optional<u64> size;
  Preallocation preallocation = Preallocation::Off;
  std::string mode;  // as the operator wrote it
};
Result<CreateOptions> create_options(const tools::Arguments& arguments);
void print_create_options();
Result<u64> whole_sectors(u64 size);

}  // namespace reprise::img
