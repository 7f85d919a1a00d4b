#include "tools/program/arguments.h"

#include <algorithm>
#include <optional>

namespace reprise::tools {
namespace {

Error wrong(std::string message) { return Error{std::move(message), kWrongUsage}; }
const OptionRow* row(const std::vector<OptionRow>& rows, std::string_view name) {
  const auto found = std::ranges::find(rows, name, &OptionRow::name);
  return found == rows.end() ? nullptr : &*found;
}
Error unknown(const std::string& word) { return wrong("unrecognized option '" + word + "'"); }
Error missing(const std::string& word) {
  return wrong("missing argument for option '" + word + "'");
}

}  // namespace

Result<Arguments> Arguments::parse(const std::vector<std::string>& words,
                                   const std::vector<OptionRow>& rows) {
  Arguments all;
  std::size_t at = 0;
  // The value of the option that is at hand: what is stuck to it, or the next word.
  const auto value = [&](const std::string& name, std::optional<std::string> stuck) -> Result<> {
    if (!stuck && at + 1 >= words.size()) return missing(name);
    all.options_.emplace_back(name, stuck ? *stuck : words[++at]);
    return {};
  };
  for (; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "--") {
      all.operands_.insert(all.operands_.end(), words.begin() + std::ptrdiff_t(at) + 1,
                           words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      all.operands_.push_back(word);
    } else if (word[1] == '-') {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      const OptionRow* option = row(rows, name);
      if (!option || (!option->value && equals != word.npos)) return unknown(word);
      std::optional<std::string> stuck;
      if (equals != word.npos) stuck = word.substr(equals + 1);
      if (option->value)
        TRY(value(name, stuck));
      else
        all.options_.emplace_back(name, "");
    } else {
      for (std::size_t i = 1; i < word.size(); ++i) {  // several letters may share a dash
        const std::string name = {'-', word[i]};
        const OptionRow* option = row(rows, name);
        if (!option) return unknown(i == 1 ? word : name);
        if (!option->value) {
          all.options_.emplace_back(name, "");
          continue;
        }
        std::optional<std::string> stuck;
        if (i + 1 < word.size()) stuck = word.substr(i + 1);
        TRY(value(name, stuck));
        break;
      }
    }
  }
  return all;
}

const std::string* Arguments::find(std::string_view name) const {
  for (auto at = options_.rbegin(); at != options_.rend(); ++at)
    if (at->first == name) return &at->second;
  return nullptr;
}

std::string Arguments::text(std::string_view name, const std::string& otherwise) const {
  const std::string* found = find(name);
  return found ? *found : otherwise;
}

}  // namespace reprise::tools
