// A program that is a list of commands: PROGRAM COMMAND [OPTIONS].
#pragma once

#include <span>
#include <string>
#include <vector>

#include "replay/core/result.h"

namespace reprise::tools {

using Words = std::vector<std::string>;  // what follows the command's name

struct Command {
  const char* name;
  const char* usage;
  Result<int> (*run)(const Words& words);  // its value is the exit status
};

struct Program {
  const char* name;
  const char* version;
  std::span<const Command> commands;
  const char* notes;  // at the end of the help
};

// The program's exit status; 1 where an error was reported.
int run_program(const Program& program, int argc, char** argv);

}  // namespace reprise::tools
