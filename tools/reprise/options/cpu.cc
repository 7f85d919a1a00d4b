// The processors.
#include <algorithm>

#include "cpu/system/model.h"
#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

std::string cpu_help() {
  std::string text = "Models:\n ";
  for (const std::string& model : cpu::CpuModel::names()) text += " " + model;
  text += "\nFeatures, as +name or -name, or name=on or name=off:\n ";
  std::size_t column = 1;
  for (const std::string& feature : cpu::CpuModel::feature_names()) {
    if (column + feature.size() > 76) text += "\n ", column = 1;
    text += " " + feature;
    column += feature.size() + 1;
  }
  return text + "\nclock=HZ; timing=fixed (one cycle an instruction) or test\n";
}

Result<void> cpu_feature(MachineConfig& config, const std::string& option) {
  // One at a time: here only the name counts.
  if (!cpu::CpuModel::knows_feature(option.substr(1)))
    return fail("-cpu ..." + option + ": no such feature; " +
                expected_one_of(option.substr(1), cpu::CpuModel::feature_names()));
  config.cpu_features.push_back(option);
  return {};
}

Result<void> cpu(Parser& p, const std::string& text) {
  MachineConfig& config = p.options.config;
  const auto values = TRY(Suboptions::parse("-cpu", text, "model", {}));
  for (const auto& [key, value] : values.all()) {
    if (key == "model") {
      if (value == "help" || value == "?") {
        p.options.say = cpu_help();
        return {};
      }
      const auto models = cpu::CpuModel::names();
      if (std::find(models.begin(), models.end(), value) == models.end())
        return fail("-cpu " + value + ": no such model; " + expected_one_of(value, models));
      config.cpu_model = value;
      p.options.given.insert("cpu_model");
    } else if (key == "timing") {
      if (value != "fixed" && value != "test")
        return fail("-cpu timing=" + value + ": no such timing model; " +
                    expected_one_of(value, {"fixed", "test"}));
      config.timing = value;
      p.options.given.insert("timing");
    } else if (key == "clock") {
      const auto hz = parse_number(value, 1'000'000, 100'000'000'000);
      if (!hz) return fail("-cpu clock=" + value + ": " + hz.error().message + " (Hz)");
      config.cpu_hz = *hz;
      p.options.given.insert("cpu_hz");
    } else if (key == "check" || key == "enforce" || key == "migratable") {
      // Features are always enforced; nothing depends on the host's processor.
    } else if (key[0] == '+' || key[0] == '-') {
      TRY(cpu_feature(config, key));
    } else if (value == "on" || value == "off") {
      TRY(cpu_feature(config, (value == "on" ? "+" : "-") + key));
    } else {
      return fail("-cpu " + key + "=" + value +
                  ": expected timing=, clock=, or a feature as +name, -name, name=on, name=off");
    }
  }
  if (!config.cpu_features.empty()) p.options.given.insert("cpu_features");
  TRY(cpu::CpuModel::create(config.cpu_model, config.cpu_features));  // what needs what
  return {};
}

Result<void> smp(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse(
      "-smp", text, "cpus", {"cpus", "maxcpus", "sockets", "dies", "cores", "threads", "quantum"}));
  const u64 sockets = TRY(values.number("sockets", 1, 1, 255));
  TRY(values.number("dies", 1, 1, 1));
  const u64 cores = TRY(values.number("cores", 1, 1, 255));
  const u64 threads = TRY(values.number("threads", 1, 1, 255));
  const u64 product = sockets * cores * threads;
  const u64 cpus = TRY(values.number("cpus", product, 1, 255));
  if (product > 255 || (product != 1 && product != cpus))
    return fail("-smp " + text + ": sockets x cores x threads is " + std::to_string(product) +
                ", but cpus is " + std::to_string(cpus));
  if (TRY(values.number("maxcpus", cpus, 1, 255)) != cpus)
    return fail("-smp " + text + ": maxcpus other than cpus needs hotplug, which is not there yet");
  p.options.config.cpus = unsigned(cpus);
  p.options.given.insert("cpus");
  if (values.find("quantum")) p.options.given.insert("quantum");
  p.options.config.quantum =
      TRY(values.number("quantum", p.options.config.quantum, 100, 1'000'000'000));
  return {};
}

// May be given more than once: the first that there is counts.
Result<void> accel(Parser& p, const std::string& text) {
  const auto values = TRY(
      Suboptions::parse("-accel", text, "accel",
                        {"accel", "blocks", "thread", "tb-size", "split-wx", "kernel-irqchip"}));
  const std::string name = values.text("accel", "interp");
  if (name == "help" || name == "?")
    p.options.say = "Accelerators supported:\ninterp (also called tcg)\n";
  p.accels.push_back(name);
  p.options.blocks = TRY(values.on_off("blocks", p.options.blocks));
  return {};
}

constexpr Row kRows[] = {
    {"cpu", "MODEL[,+F][,-F][,clock=HZ][,timing=T]",
     "the processor; -cpu help lists models and features", cpu},
    {"smp", "N[,quantum=CYCLES]", "vCPUs, and the cycles of a turn", smp},
    {"accel", "interp[,blocks=on|off]", "the interpreter, with or without its block cache", accel},
};

}  // namespace

std::span<const Row> cpu_rows() { return kRows; }

}  // namespace reprise::tools
