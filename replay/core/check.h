// check(): what only a mistake of ours can make false. On in every build.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace reprise {

[[noreturn]] inline void check_failed(const char* what, const std::source_location& at) {
  std::fprintf(stderr, "reprise: internal error: %s (%s:%u, %s)\n", what, at.file_name(),
               unsigned(at.line()), at.function_name());
  std::abort();
}

inline void check(bool ok, const char* what,
                  const std::source_location at = std::source_location::current()) {
  if (!ok) [[unlikely]]
    check_failed(what, at);
}

}  // namespace reprise
