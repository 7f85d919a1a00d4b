#include <cstdio>

#include "storage/host/create_image.h"
#include "tools/program/arguments.h"
#include "tools/reprise-img/commands.h"
#include "tools/reprise-img/create_options.h"
#include "tools/reprise-img/image.h"

namespace reprise::img {

Result<CreateOptions> create_options(const Arguments& arguments) {
  CreateOptions all;
  for (const auto& [name, value] : arguments.options()) {
    if (name != "-o") continue;
    if (value == "help" || value == "?") {
      all.help = true;
      continue;
    }
    const auto options = TRY(tools::Suboptions::parse("-o", value, "", {"size", "preallocation"}));
    if (const std::string* size = options.find("size"))
      all.size = TRY(size_argument(*size, "-o size"));
    const std::string mode = options.text("preallocation", "off");
    if (mode != "off" && mode != "falloc" && mode != "full")
      return fail("Unsupported preallocation mode: " + mode + "; expected off, falloc or full");
    all.preallocation = mode == "full"     ? Preallocation::Full
                        : mode == "falloc" ? Preallocation::Falloc
                                           : Preallocation::Off;
    if (options.find("preallocation")) all.mode = mode;
  }
  return all;
}

void print_create_options() {
  std::printf(
      "Supported raw options:\n"
      "  preallocation=<str>    - Preallocation mode (allowed values: off, falloc, full)\n"
      "  size=<size>            - Virtual disk size\n");
}

Result<u64> whole_sectors(u64 size) {
  if (size > kMaxImage)
    return fail("The image size is too large for file format 'raw': the most is 4E");
  return (size + kSectorSize - 1) / kSectorSize * kSectorSize;
}

Result<int> create(const Words& words) {
  const auto arguments = TRY(Arguments::parse(
      words,
      {{"-q", false}, {"-f", true}, {"-o", true}, {"-b", true}, {"-F", true}, {"-u", false}}));
  const std::string format = arguments.text("-f", "raw");
  TRY(check_output_format(format));
  if (arguments.has("-b") || arguments.has("-F"))
    return fail("the format raw has no backing file; leave out -b and -F");
  const CreateOptions options = TRY(create_options(arguments));
  if (options.help) return print_create_options(), 0;
  const auto& operands = arguments.operands();
  if (operands.empty()) return fail("Expecting image file name: reprise-img create FILE SIZE");
  if (operands.size() > 2) return fail("Unexpected argument: " + operands[2]);
  std::optional<u64> wanted = options.size;
  if (operands.size() == 2)
    wanted = TRY(size_argument(operands[1], "Invalid image size specified"));
  if (!wanted)
    return fail(operands[0] + ": Image creation needs a size parameter, for instance 10G");
  const u64 size = TRY(whole_sectors(*wanted));
  if (!arguments.has("-q"))
    std::printf("Formatting '%s', fmt=raw size=%llu%s%s\n", operands[0].c_str(),
                static_cast<unsigned long long>(*wanted),
                options.mode.empty() ? "" : " preallocation=", options.mode.c_str());
  TRY(create_image(operands[0], size, options.preallocation));
  return 0;
}

}  // namespace reprise::img
