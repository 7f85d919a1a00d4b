// A command's options and operands, spelled as getopt_long takes them: -f raw, -fraw, -pn,
// --output json, --output=json, options and operands mixed, `--` ends options.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "replay/core/result.h"

namespace reprise::tools {

// The kind of an error that `--help` would help with.
inline constexpr const char* kWrongUsage = "WrongUsage";

struct OptionRow {
  std::string_view name;  // "-f" or "--output"
  bool value;             // takes one
};

class Arguments {
 public:
  static Result<Arguments> parse(const std::vector<std::string>& words,
                                 const std::vector<OptionRow>& rows);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const std::string* find(std::string_view name) const;  // the last one given
  std::string text(std::string_view name, const std::string& otherwise) const;
  const std::vector<std::pair<std::string, std::string>>& options() const { return options_; }
  const std::vector<std::string>& operands() const { return operands_; }

 private:
  std::vector<std::pair<std::string, std::string>> options_;
  std::vector<std::string> operands_;
};

}  // namespace reprise::tools
