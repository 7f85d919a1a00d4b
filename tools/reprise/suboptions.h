// The grammar inside an option's value, as QEMU has it: `[first,]key=value,...` with `,,` for a
// comma; sizes, numbers, on/off; and the nearest right name for a wrong one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise::tools {

class Suboptions {
 public:
  // `option` is for messages ("-rtc"). `first` names the key of a leading bare value, empty if none
  // is allowed. A later bare `word` is `word=on`, `noword` is `word=off` where `known` has word.
  // A text that begins with '{' is JSON: nested keys become "file.driver", lists "hosts.0".
  static Result<Suboptions> parse(const std::string& option, const std::string& text,
                                  const std::string& first, std::vector<std::string> known);

  const std::string* find(const std::string& key) const;  // the last one given
  std::string text(const std::string& key, const std::string& otherwise = "") const;
  Result<u64> number(const std::string& key, u64 otherwise, u64 lo, u64 hi) const;
  Result<bool> on_off(const std::string& key, bool otherwise) const;
  Result<std::string> one_of(const std::string& key, const std::string& otherwise,
                             const std::vector<std::string>& names) const;
  // Before all others, so that what the option says itself counts.
  void add_default(const std::string& key, const std::string& value);
  void set_option(std::string option) { option_ = std::move(option); }
  const std::string& option() const { return option_; }  // "-drive file=a,if=ide", for messages
  const std::vector<std::pair<std::string, std::string>>& all() const { return values_; }

 private:
  std::string option_, name_;
  std::vector<std::pair<std::string, std::string>> values_;
};

// "512M", "1G", "1.5G", "0x1000"; a bare number counts `unit` bytes.
Result<u64> parse_size(const std::string& text, u64 unit);
// Decimal or 0x hexadecimal, the whole text.
Result<u64> parse_number(const std::string& text, u64 lo, u64 hi);

// The name in `names` that `word` was most likely meant to be, or empty.
std::string nearest(const std::string& word, const std::vector<std::string>& names);
// "expected one of a, b, c; did you mean 'b'?"
std::string expected_one_of(const std::string& word, const std::vector<std::string>& names);

// At most a line of what the operator wrote, with what is not printable as '?': for messages.
std::string shown(const std::string& text);
// `a,b` becomes `a,,b`.
std::string doubled_commas(const std::string& text);

std::string size_text(u64 bytes);  // "512 MiB"

}  // namespace reprise::tools
