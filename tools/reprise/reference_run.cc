#include "tools/reprise/reference_run.h"

#include "tools/reprise/qmp_child.h"
#include "tools/reprise/replay_options.h"

namespace reprise::tools {
namespace {

class RunHere final : public ReferenceRun {
 public:
  explicit RunHere(std::unique_ptr<ReplayMachine> machine)
      : machine_(std::move(machine)), hash_(machine_->machine()) {}
  Result<bool> go(u64 icount) override {
    const Arrival arrival = machine_->travel().to_icount(icount);
    if (arrival.why == Arrival::Why::Interrupted) return fail("interrupted");
    if (arrival.why != Arrival::Why::Failed) return true;
    if (machine_->replayer().divergence()) return false;
    return fail(arrival.message);
  }
  Result<MachineHashes> hashes() override { return hash_.take(); }
  PcI440fx* machine() override { return &machine_->machine(); }

 private:
  std::unique_ptr<ReplayMachine> machine_;
  MachineHash hash_;
};

class RunThere final : public ReferenceRun {
 public:
  explicit RunThere(std::unique_ptr<QmpChild> child) : child_(std::move(child)) {}
  Result<bool> go(u64 icount) override {
    TRY(child_->run("replay-seek", {{"icount", icount}}));
    const nlohmann::json stop = TRY(child_->event("REPLAY_STOPPED"));
    return !stop.contains("reason") || stop["reason"] != "failed";
  }
  Result<MachineHashes> hashes() override {
    const nlohmann::json said = TRY(child_->run("query-replay-hash", nlohmann::json::object()));
    MachineHashes hashes;
    try {
      hashes.at = {said.at("icount").get<u64>(), said.at("cycles").get<u64>()};
      for (const auto& part : said.at("parts"))
        hashes.parts.push_back({part.at("name").get<std::string>(), part.at("hash").get<u64>()});
    } catch (const nlohmann::json::exception&) {
      return fail("the other build says the machine's hash in another way");
    }
    return hashes;
  }

 private:
  std::unique_ptr<QmpChild> child_;
};

}  // namespace

Result<std::unique_ptr<ReferenceRun>> run_here(const RecordedRun& run, Position since,
                                               ReplayMachine::Config config) {
  config.use_keyframes = false;
  auto machine = TRY(ReplayMachine::create(run, std::move(config)));
  TRY(machine->load_before(since));
  return std::unique_ptr<ReferenceRun>(std::make_unique<RunHere>(std::move(machine)));
}

Result<std::unique_ptr<ReferenceRun>> run_there(const std::string& binary, const RecordedRun& run,
                                                std::function<bool()> give_up) {
  const std::string file = name_of(run.path(), run.recording());
  std::vector<std::string> arguments = {binary, "-replay",  file,   "-S",   "-display",
                                        "none", "-monitor", "none", "-qmp", "stdio"};
  for (const auto& [medium, path] : run.options().replay_disks)
    arguments.insert(arguments.end(), {"-replay-disk", medium + "=" + path});
  auto child = QmpChild::start(arguments, std::move(give_up));
  if (!child) return fail("-against " + binary + ": " + child.error().message);
  return std::unique_ptr<ReferenceRun>(std::make_unique<RunThere>(std::move(*child)));
}

}  // namespace reprise::tools
