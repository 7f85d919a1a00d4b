// What open_chardev() chooses from.
#pragma once

#include "chipset/host/chardev.h"

namespace reprise {

Result<std::unique_ptr<Chardev>> open_socket_chardev(const ChardevOptions& options);

}  // namespace reprise
