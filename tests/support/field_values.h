// Fields by name and value, as devices list them, and what a load would give if the list were
// shorter by one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "replay/core/state.h"

namespace reprise {

// By path: "/pit/0/mode".
using FieldValues = std::map<std::string, std::vector<u8>>;

// The entry of a list that a field belongs to: "/pit/#/mode" for each of three counters,
// "/serial/fifo" for all of a container, a timer as a whole.
std::string entry_of(const std::string& path, const FieldValues& fields);
std::set<std::string> entries(const FieldValues& fields);
FieldValues without(const std::string& entry, const FieldValues& fields);

class ReadFields final : public State {
 public:
  FieldValues values;
  void refuse(std::string_view, std::string_view) override {}

 protected:
  void number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) override;
  void bytes(std::string_view name, std::span<u8> data) override;
  void enter(std::string_view name) override { names_.emplace_back(name); }
  void leave() override { names_.pop_back(); }

 private:
  std::vector<std::string> names_;
};

// Loads the values that are there; other fields stay as they are.
class WriteFields final : public State {
 public:
  explicit WriteFields(const FieldValues& values) : values_(values) {}
  bool loading() const override { return true; }
  void refuse(std::string_view, std::string_view) override {}

 protected:
  void number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) override;
  void bytes(std::string_view name, std::span<u8> data) override;
  void enter(std::string_view name) override { names_.emplace_back(name); }
  void leave() override { names_.pop_back(); }

 private:
  const FieldValues& values_;
  std::vector<std::string> names_;
};

}  // namespace reprise
