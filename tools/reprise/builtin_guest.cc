#include "tools/reprise/files.h"

#if __has_include("gen/builtin_guest.h")
#include "gen/builtin_guest.h"
#define HAVE_BUILTIN_GUEST 1
#endif

namespace reprise::tools {

Blob builtin_guest() {
#ifdef HAVE_BUILTIN_GUEST
  return std::make_shared<const std::vector<u8>>(std::begin(kBuiltinGuest),
                                                 std::end(kBuiltinGuest));
#else
  return nullptr;
#endif
}

}  // namespace reprise::tools
