#include "tools/reprise/divergence.h"

#include <algorithm>
#include <cstring>

#include "cpu/debug/disassembler.h"
#include "cpu/debug/stops.h"
#include "cpu/debug/view.h"
#include "replay/trace/hash_chain.h"
#include "tools/reprise/reference_run.h"
#include "tools/reprise/replay_options.h"

namespace reprise::tools {
namespace {

constexpr u64 kMaxPlayedOn = u64(1) << 32;  // icounts, to the next keyframe

std::string hex(u64 value) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

const MemoryBlock* block_of(Machine& machine, const std::string& name) {
  for (const MemoryBlock* block : machine.pages().blocks())
    if (block->name() == name) return block;
  return nullptr;
}

// The instruction at which the vCPU whose turn it is stands.
WrongInstruction instruction_at(PcI440fx& machine) {
  WrongInstruction wrong;
  wrong.at = machine.position();
  wrong.cpu = machine.cpus().runs_next();
  const cpu::Cpu& c = machine.cpus().cpu(wrong.cpu);
  wrong.pc = cpu::linear_pc(c);
  u8 bytes[15];
  const std::size_t count = cpu::view_memory(c, cpu::AddressKind::Linear, wrong.pc, bytes);
  const unsigned bits = c.code64() ? 64 : c.mode & cpu::kMode32 ? 32 : 16;
  wrong.text = count ? cpu::disassemble({bytes, count}, bits, wrong.pc).text : "(not in memory)";
  return wrong;
}

class Hunt {
 public:
  Hunt(DivergenceReport& report, const Options& options, const std::function<bool()>& give_up)
      : report_(report), options_(options), give_up_(give_up) {}

  // Fills in the instruction, or why there is none.
  Result<void> run(const RecordedRun& recorded) {
    const trace::Divergence& seen = report_.divergence;
    const u64 behind = seen.at.icount + 1;
    auto ours = TRY(here(recorded, options_.blocks));
    if (TRY(ours->go(behind))) {
      report_.found_by =
          "the same build, run again, gives what was recorded: it does not always compute the same "
          "here, and which instruction went wrong is not known";
      return {};
    }
    auto other = TRY(here(recorded, !options_.blocks));
    report_.found_by = options_.blocks ? "-accel interp,blocks=off" : "-accel interp,blocks=on";
    bool right = TRY(other->go(behind));
    if (!right && !options_.against.empty()) {
      other = TRY(run_there(options_.against, recorded, give_up_));
      report_.found_by = "-against " + options_.against;
      right = TRY(other->go(behind));
    }
    if (!right) {
      report_.found_by = "no run gives what was recorded; -against BINARY tries another build";
      return {};
    }
    return bisect(*ours, *other);
  }

 private:
  Result<std::unique_ptr<ReferenceRun>> here(const RecordedRun& recorded, bool blocks) {
    ReplayMachine::Config config;
    config.blocks = blocks;
    config.poll = give_up_;
    using In = Options::FlipIn;
    if (options_.test_flip_in == In::All ||
        (options_.test_flip_in == In::OwnBlocks && blocks == options_.blocks))
      config.test_flip = options_.test_flip;
    return run_here(recorded, report_.divergence.since, std::move(config));
  }

  Result<bool> equal(ReferenceRun& ours, ReferenceRun& other, u64 icount) {
    if (!TRY(ours.go(icount)) || !TRY(other.go(icount)))
      return fail("a run that was made before cannot be made again");
    const MachineHashes a = TRY(ours.hashes()), b = TRY(other.hashes());
    parts_ = trace::differing_parts(a.parts, b.parts);
    return a.at == b.at && parts_.empty();
  }

  // Equal at `low`, not at `high`.
  Result<void> bisect(ReferenceRun& ours, ReferenceRun& other) {
    u64 low = report_.divergence.since.icount, high = report_.divergence.at.icount;
    if (TRY(equal(ours, other, high))) {
      report_.found_by += ": the machines are alike at the end; only their output differs";
      return {};
    }
    while (high - low > 1) {
      const u64 middle = low + (high - low) / 2;
      (TRY(equal(ours, other, middle)) ? low : high) = middle;
    }
    if (!TRY(ours.go(low))) return fail("a run that was made before cannot be made again");
    report_.instruction = instruction_at(*ours.machine());
    (void)TRY(equal(ours, other, high));
    report_.instruction->parts = parts_;
    if (other.machine())
      report_.instruction->after = differences(*ours.machine(), *other.machine());
    return {};
  }

  DivergenceReport& report_;
  const Options& options_;
  const std::function<bool()>& give_up_;
  std::vector<std::string> parts_;  // that differed last
};

// What the machine is where the recording has its next keyframe.
Result<void> compare_with_keyframe(PcI440fx& machine, trace::Replayer& replayer,
                                   const RecordedRun& recorded,
                                   const std::function<bool()>& give_up, DivergenceReport& report) {
  ReplayMachine::Config config;
  config.poll = give_up;
  auto truth = TRY(ReplayMachine::create(recorded, config));
  trace::Keyframes& keyframes = truth->keyframes();
  std::size_t frame = 0;
  while (frame < keyframes.count() && keyframes.at(frame) < machine.position()) ++frame;
  if (frame == keyframes.count()) return {};
  const Position goal = keyframes.at(frame);
  if (goal.icount - machine.position().icount > kMaxPlayedOn) return {};
  replayer.play_on();
  trace::RunOptions run;
  run.control = [&] { return give_up() ? trace::Verdict::End : trace::Verdict::Run; };
  trace::ReplayLoop loop(machine, run, replayer);
  while (machine.position().icount < goal.icount) {
    const auto turn = loop.turn({kNever, goal.icount});
    if (turn == trace::ReplayLoop::Turn::End || turn == trace::ReplayLoop::Turn::Quit) return {};
  }
  TRY(truth->load(frame));
  if (!loop.complete() || !truth->complete()) return {};
  report.keyframe = goal;
  report.fields = differences(machine, truth->machine());
  return {};
}

DivergenceReport explained(PcI440fx& machine, trace::Replayer& replayer,
                           const RecordedRun& recorded, const Options& options,
                           const std::function<bool()>& give_up) {
  DivergenceReport report;
  report.divergence = *replayer.divergence();
  Result<void> found = compare_with_keyframe(machine, replayer, recorded, give_up, report);
  if (found) found = Hunt(report, options, give_up).run(recorded);
  if (!found) report.found_by = "not found: " + found.error().message;
  return report;
}

void list(std::string& out, const MachineDifferences& all) {
  for (const StateDifference& field : all.fields)
    out += "\n    " + field.name + ": " + field.here.substr(0, 64) + ", recorded " +
           field.image.substr(0, 64);
  for (const std::string& page : all.pages) out += "\n    memory " + page;
  if (all.more) out += "\n    and " + std::to_string(all.more) + " more";
}

}  // namespace

MachineDifferences differences(Machine& here, Machine& there) {
  MachineDifferences all;
  if (auto fields = compare_objects(here.objects(), save_objects(there.objects())))
    all.fields = std::move(*fields);
  for (const MemoryBlock* block : here.pages().blocks()) {
    const MemoryBlock* other = block_of(there, block->name());
    for (u64 page = 0; other && page < std::min(block->pages(), other->pages()); ++page) {
      if (!block->info(page).write_epoch && !other->info(page).write_epoch) continue;
      const u64 at = page * kPageSize;
      if (std::memcmp(block->data() + at, other->data() + at, kPageSize) == 0) continue;
      if (all.pages.size() < MachineDifferences::kMost)
        all.pages.push_back(block->name() + " page " + hex(at));
      else
        ++all.more;
    }
  }
  if (all.fields.size() > MachineDifferences::kMost) {
    all.more += all.fields.size() - MachineDifferences::kMost;
    all.fields.resize(MachineDifferences::kMost);
  }
  return all;
}

std::string DivergenceReport::text() const {
  std::string out = "  noticed at " + trace::text(divergence.at) + "; all was equal at " +
                    trace::text(divergence.since);
  for (const std::string& part : divergence.parts) out += "\n  differs: " + part;
  if (keyframe) {
    out += "\n  at the next keyframe, " + trace::text(*keyframe) + ":";
    list(out, fields);
  }
  if (!instruction) return out + "\n  the instruction: " + found_by;
  out += "\n  the instruction, by " + found_by + ": at " + trace::text(instruction->at) + ", CPU " +
         std::to_string(instruction->cpu) + ", " + hex(instruction->pc) + ": " + instruction->text +
         "\n  after it:";
  for (const std::string& part : instruction->parts) out += "\n    differs: " + part;
  list(out, instruction->after);
  return out;
}

DivergenceReport explain(PcI440fx& machine, trace::Replayer& replayer, const Options& options,
                         const std::function<bool()>& give_up) {
  const auto recorded =
      RecordedRun::open(name_of(options.replay, replayer.recording()), options.replay_disks);
  if (recorded) return explained(machine, replayer, **recorded, options, give_up);
  DivergenceReport report;
  report.divergence = *replayer.divergence();
  report.found_by = "not found: " + recorded.error().message;
  return report;
}

Result<DivergenceReport> explain_again(const RecordedRun& run, const trace::Divergence& seen,
                                       const Options& options,
                                       const std::function<bool()>& give_up) {
  ReplayMachine::Config config;
  config.poll = give_up;
  auto again = TRY(ReplayMachine::create(run, config));
  TRY(again->load_before(seen.since));
  (void)again->run_to({kNever, kNever});
  if (again->replayer().divergence())
    return explained(again->machine(), again->replayer(), run, options, give_up);
  DivergenceReport report;
  report.divergence = seen;
  report.found_by =
      "played again, it is the recorded run: this program does not always compute the same here";
  return report;
}

}  // namespace reprise::tools
