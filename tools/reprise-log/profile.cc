// profile: what a run spent its instructions and cycles on, by function and by stack of functions.
//
// The recording is played from `--from` to `--to`, one instruction at a time, with a CallTree
// looking on; nothing of the run is changed, and what is played is compared with the recording as
// always.
#include <cstdio>
#include <fstream>

#include "tools/reprise-log/commands.h"
#include "tools/reprise-log/flame.h"
#include "tools/reprise-log/recording.h"
#include "tools/reprise/replay_machine.h"
#include "tools/reprise/suboptions.h"

namespace reprise::log {
namespace {

using tools::RecordedRun;
using tools::ReplayMachine;

constexpr u64 kLargestFile = u64(4) << 30;

Result<std::vector<u8>> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("cannot open " + path);
  std::vector<u8> bytes;
  char piece[1 << 16];
  while (file.read(piece, sizeof piece), file.gcount() > 0) {
    bytes.insert(bytes.end(), piece, piece + file.gcount());
    if (bytes.size() > kLargestFile) return fail(path + ": larger than 4 GiB");
  }
  if (file.bad()) return fail("cannot read " + path);
  return bytes;
}

Result<Symbols> symbols_argument(const Arguments& arguments) {
  const auto offset = tools::parse_number(arguments.text("--offset", "0"), 0, ~u64(0));
  if (!offset) return fail("--offset: " + offset.error().message);
  Symbols symbols;
  for (const auto& [name, path] : arguments.options()) {
    if (name != "--symbols") continue;
    const auto bytes = TRY(contents(path));
    const auto count = symbols.add(bytes, *offset);
    if (!count) return fail(path + ": " + count.error().message);
    if (*count == 0) return fail(path + ": no functions in it");
  }
  symbols.settle();
  return symbols;
}

Result<void> write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (!file) return fail("cannot write " + path);
  return {};
}

void print_table(const CallTree& tree, const Symbols& symbols, Measure measure, u64 top) {
  const auto rows = functions(tree.root(), symbols, measure);
  u64 instructions = 0, cycles = 0;
  for (const FunctionRow& row : rows) instructions += row.instructions, cycles += row.cycles;
  const u64 all = std::max<u64>(1, measure == Measure::Cycles ? cycles : instructions);
  std::printf("%llu instructions, %llu cycles, %zu functions\n", ull(instructions), ull(cycles),
              rows.size());
  std::printf("%15s %15s %12s %7s %7s  %s\n", "instructions", "cycles", "calls", "own %", "all %",
              "function");
  for (std::size_t i = 0; i < rows.size() && (top == 0 || i < top); ++i) {
    const FunctionRow& row = rows[i];
    const u64 self = measure == Measure::Cycles ? row.cycles : row.instructions;
    std::printf("%15llu %15llu %12llu %7.2f %7.2f  %s\n", ull(row.instructions), ull(row.cycles),
                ull(row.calls), 100 * double(self) / double(all),
                100 * double(row.total) / double(all), symbols.name(row.name).c_str());
  }
}

}  // namespace

Result<int> profile(const Words& words) {
  const auto arguments = TRY(Arguments::parse(words, {{"--symbols", true},
                                                      {"--offset", true},
                                                      {"--by", true},
                                                      {"--from", true},
                                                      {"--to", true},
                                                      {"--top", true},
                                                      {"-o", true},
                                                      {"--replay-disk", true}}));
  const std::string file = TRY(one_file(arguments));
  const std::string by = arguments.text("--by", "instructions");
  if (by != "instructions" && by != "cycles")
    return fail("--by " + by + ": expected instructions or cycles");
  const Measure measure = by == "cycles" ? Measure::Cycles : Measure::Instructions;
  const u64 from = TRY(icount_argument(arguments, "--from", 0));
  const u64 to = TRY(icount_argument(arguments, "--to", kNever));
  const u64 top = TRY(icount_argument(arguments, "--top", 40));
  if (from >= to) return fail("--from is not before --to");
  Symbols symbols = TRY(symbols_argument(arguments));
  const auto run = TRY(RecordedRun::open(file, TRY(disk_arguments(arguments))));

  Progress progress("profile");
  ReplayMachine::Config config;
  std::unique_ptr<ReplayMachine> machine;
  const u64 last = std::min(to, run->recording().last().icount);
  config.poll = [&] {
    const u64 now = machine->machine().position().icount;
    progress.at(double(now - std::min(now, from)) /
                double(std::max<u64>(1, last - std::min(last, from))));
    return false;
  };
  machine = TRY(ReplayMachine::create(*run, config));
  const auto go = [&](u64 icount) -> Result<void> {
    const Arrival arrival =
        machine->run_to(icount >= kNever ? Position{kNever, kNever} : Position{icount, 0});
    if (arrival.why == Arrival::Why::Failed) return fail(arrival.message);
    return {};
  };
  if (from > 0) {
    TRY(machine->load_before({from, 0}));
    TRY(go(from));
  }
  CallTree tree(symbols, run->config().cpus);
  machine->machine().cpus().trace(&tree);
  TRY(go(to));
  tree.finish(machine->machine().position());
  machine->machine().cpus().trace(nullptr);
  progress.clear();

  print_table(tree, symbols, measure, top);
  if (const std::string* path = arguments.find("-o")) {
    const bool picture = path->size() > 4 && path->compare(path->size() - 4, 4, ".svg") == 0;
    TRY(write(*path, picture ? flame_svg(tree.root(), symbols, measure, file + " by " + by)
                             : folded(tree.root(), symbols, measure)));
  }
  return 0;
}

}  // namespace reprise::log
