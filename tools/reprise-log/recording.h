// What the commands share: opening a recording, positions and sizes as text, JSON lines, progress.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "replay/trace/host/disk_file.h"
#include "replay/trace/reader.h"
#include "tools/program/arguments.h"

namespace reprise::log {

using tools::Arguments;
using ull = unsigned long long;

// To look at; a machine is made of a tools::RecordedRun.
struct Opened {
  std::string path;
  std::unique_ptr<trace::DiskFile> file;
  trace::Recording recording;
};
Result<Opened> open_recording(const std::string& text);  // FILE, or FILE,branch=N

// The only operand.
Result<std::string> one_file(const Arguments& arguments);
Result<u64> icount_argument(const Arguments& arguments, const char* name, u64 otherwise);
// --replay-disk ID=PATH, by ID.
Result<std::map<std::string, std::string>> disk_arguments(const Arguments& arguments);

// Of the machine: cycles in a second.
u64 clock_of(const trace::Recording& recording);
std::string seconds_text(Cycles cycles, u64 hz);  // "1.234567"
std::string grouped(u64 number);                  // "1,234,567"
// Printable, with \n, \r, \t, \\, \" and \xNN for what is not.
std::string quoted(std::span<const u8> bytes);
std::string one_line(const nlohmann::json& json);  // what is no UTF-8 is replaced

// "NAME: 42 %" over and over on one line of stderr, if that is a terminal.
class Progress {
 public:
  explicit Progress(std::string name);
  ~Progress() { clear(); }
  void at(double part);  // 0 to 1
  void clear();

 private:
  std::string name_;
  bool on_;
  int shown_ = -1;
};

}  // namespace reprise::log
