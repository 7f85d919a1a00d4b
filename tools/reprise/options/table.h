// The tables of options, by subject: what each is called, what it takes, and what it does.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "tools/reprise/options.h"
#include "tools/reprise/suboptions.h"

namespace reprise::tools {

// What the rows fill in, in the order of the command line; finish() makes the whole of it.
struct Parser {
  Options options;
  std::map<std::string, ChardevOptions> chardevs;
  std::vector<std::string> serial_texts;  // looked at when all chardevs are known
  std::string debugcon_text, monitor_text, display;
  bool nographic = false, seeded = false, rtc_set = false;
};

using Apply = Result<void> (*)(Parser&, const std::string&);
struct Row {
  const char* name;
  const char* argument;  // null: takes none
  const char* help;      // null: another spelling, or for tests; not in -help
  Apply apply;
};

// A row's action in place: the parser is p, its options o, the argument text.
#define DO(...)                                                             \
  [](Parser& p, [[maybe_unused]] const std::string& text) -> Result<void> { \
    [[maybe_unused]] Options& o = p.options;                                \
    __VA_ARGS__;                                                            \
    return {};                                                              \
  }

std::span<const Row> machine_rows();
std::span<const Row> cpu_rows();
std::span<const Row> boot_rows();
std::span<const Row> chardev_rows();
std::span<const Row> device_rows();
std::span<const Row> run_rows();

struct Subject {
  const char* title;
  std::span<const Row> rows;
};
std::vector<Subject> subjects();
const Row* find_row(const std::string& name);

// What depends on several options at once.
Result<void> finish(Parser& parser);

// The host end of a port; null for "none".
Result<std::optional<ChardevOptions>> host_end(Parser& parser, const std::string& option,
                                               const std::string& text);
i64 host_time(bool local);  // seconds since 1970

template <u64 Lo>
Result<u64> number_of(const char* option, const std::string& text) {
  const auto value = parse_number(text, Lo, ~u64(0));
  if (!value) return fail(std::string(option) + " " + text + ": " + value.error().message);
  return *value;
}

}  // namespace reprise::tools
