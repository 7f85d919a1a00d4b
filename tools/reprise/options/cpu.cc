// The processors.
#include <algorithm>

#include "cpu/system/model.h"
#include "cpu/timing/timing.h"
#include "cpu/topology.h"
#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

std::string cpu_help() {
  std::string text;
  const auto list = [&text](const char* title, const std::vector<std::string>& names) {
    text += title;
    std::size_t column = 1;
    for (const std::string& name : names) {
      if (column + name.size() > 76) text += "\n ", column = 1;
      text += " " + name;
      column += name.size() + 1;
    }
  };
  list("Models:\n ", cpu::CpuModel::names());
  list("\nFeatures, as +name or -name, or name=on or name=off:\n ", cpu::CpuModel::feature_names());
  return text + "\nclock=HZ; timing=fixed (one cycle an instruction), i486, p5 or test\n";
}

Result<void> cpu_feature(Parser& p, const std::string& option) {
  // One at a time: here only the name counts.
  if (cpu::CpuModel::lacks_feature(option.substr(1))) {
    if (option[0] == '+')
      p.options.warnings.push_back("-cpu ..." + option + ": there is no such feature yet");
    return {};
  }
  if (!cpu::CpuModel::knows_feature(option.substr(1)))
    return fail("-cpu ..." + option + ": no such feature; " +
                expected_one_of(option.substr(1), cpu::CpuModel::feature_names()));
  p.options.config.cpu_features.push_back(option);
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
      if (!cpu::CpuModel::knows(value))
        return fail("-cpu " + value + ": no such model; " +
                    expected_one_of(value, cpu::CpuModel::names()));
      config.cpu_model = value;
      p.options.given.insert("cpu_model");
    } else if (key == "timing") {
      const auto models = cpu::Timing::names();
      if (std::find(models.begin(), models.end(), value) == models.end())
        return fail("-cpu timing=" + value + ": no such timing model; " +
                    expected_one_of(value, models));
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
      TRY(cpu_feature(p, key));
    } else if (value == "on" || value == "off") {
      TRY(cpu_feature(p, (value == "on" ? "+" : "-") + key));
    } else {
      return fail("-cpu " + key + "=" + value +
                  ": expected timing=, clock=, or a feature as +name, -name, name=on, name=off");
    }
  }
  if (!config.cpu_features.empty()) p.options.given.insert("cpu_features");
  TRY(cpu::CpuModel::create(config.cpu_model, config.cpu_features));  // what needs what
  return {};
}

Result<void> take_quantum(Parser& p, const Suboptions& values) {
  if (!values.find("quantum")) return {};
  p.options.given.insert("quantum");
  p.options.config.quantum =
      TRY(values.number("quantum", p.options.config.quantum, 100, 1'000'000'000));
  return {};
}

// What is not given follows from the rest, sockets first, as in QEMU for machines of that age.
Result<void> smp(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse(
      "-smp", text, "cpus", {"cpus", "maxcpus", "sockets", "dies", "cores", "threads", "quantum"}));
  TRY(values.number("dies", 1, 1, 1));
  const auto count = [&](const char* key) { return values.number(key, 0, 1, 255); };
  u64 cpus = TRY(count("cpus")), maxcpus = TRY(count("maxcpus")), sockets = TRY(count("sockets")),
      cores = TRY(count("cores")), threads = TRY(count("threads"));
  if (!maxcpus) maxcpus = cpus;
  if (!sockets) {
    cores = std::max<u64>(cores, 1), threads = std::max<u64>(threads, 1);
    sockets = maxcpus ? maxcpus / (cores * threads) : 1;
  } else if (!cores) {
    threads = std::max<u64>(threads, 1);
    cores = maxcpus ? maxcpus / (sockets * threads) : 1;
  } else if (!threads) {
    threads = maxcpus ? maxcpus / (sockets * cores) : 1;
  }
  const u64 product = sockets * cores * threads;
  if (!maxcpus) maxcpus = product;
  if (!cpus) cpus = maxcpus;
  const std::string hierarchy = "sockets (" + std::to_string(sockets) + ") * cores (" +
                                std::to_string(cores) + ") * threads (" + std::to_string(threads) +
                                ")";
  const std::string invalid = "-smp " + text + ": Invalid CPU topology: ";
  if (product != maxcpus)
    return fail(invalid + "product of the hierarchy must match maxcpus: " + hierarchy +
                " != maxcpus (" + std::to_string(maxcpus) + ")");
  if (maxcpus < cpus)
    return fail(invalid + "maxcpus must be equal to or greater than smp: " + hierarchy +
                " == maxcpus (" + std::to_string(maxcpus) + ") < smp_cpus (" +
                std::to_string(cpus) + ")");
  if (maxcpus != cpus)
    return fail("-smp " + text + ": maxcpus other than cpus needs hotplug, which is not there yet");
  if (cpus > 255) return fail(invalid + std::to_string(cpus) + " vCPUs; a PC has 1 to 255");
  const cpu::Topology topology{unsigned(cores), unsigned(threads)};
  if (const u32 last = topology.apic_id(unsigned(cpus) - 1); last > 254)
    return fail(invalid + "the last vCPU would have APIC id " + std::to_string(last) +
                "; a PC has 0 to 254");
  MachineConfig& config = p.options.config;
  config.cpus = unsigned(cpus), config.cores = topology.cores, config.threads = topology.threads;
  for (const char* field : {"cpus", "cores", "threads"}) p.options.given.insert(field);
  return take_quantum(p, values);
}

// May be given more than once: the first that there is counts.
Result<void> accel(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-accel", text, "accel",
                                            {"accel", "blocks", "quantum", "interleave-seed",
                                             "thread", "tb-size", "split-wx", "kernel-irqchip"}));
  const std::string name = values.text("accel", "interp");
  if (name == "help" || name == "?")
    p.options.say = "Accelerators supported:\ninterp (also called tcg)\n";
  p.accels.push_back(name);
  p.options.blocks = TRY(values.on_off("blocks", p.options.blocks));
  if (values.find("interleave-seed")) {
    p.options.given.insert("interleave_seed");
    p.options.config.interleave_seed = TRY(values.number("interleave-seed", 0, 0, ~u64(0)));
  }
  return take_quantum(p, values);
}

constexpr Row kRows[] = {
    {"cpu", "MODEL[,+F][,-F][,clock=HZ][,timing=T]",
     "the processor; -cpu help lists models and features", cpu},
    {"smp", "N[,sockets=N][,cores=N][,threads=N][,quantum=CYCLES]",
     "vCPUs, how they are arranged, and the cycles of a turn", smp},
    {"accel", "interp[,blocks=on|off][,quantum=CYCLES][,interleave-seed=N]",
     "the interpreter, with or without its block cache; turns of vCPUs", accel},
};

}  // namespace

std::span<const Row> cpu_rows() { return kRows; }

}  // namespace reprise::tools
