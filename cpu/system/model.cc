#include "cpu/system/model.h"

#include <algorithm>
#include <initializer_list>

#include "cpu/state.h"

namespace reprise::cpu {

namespace {

struct Named {
  const char* name;  // QEMU's
  Feature feature;
};
// All that is implemented; "max" has all of it.
constexpr Named kFeatures[] = {
    {"fpu", Feature::kFpu},
    {"vme", Feature::kVme},
    {"de", Feature::kDe},
    {"pse", Feature::kPse},
    {"tsc", Feature::kTsc},
    {"msr", Feature::kMsr},
    {"pae", Feature::kPae},
    {"mce", Feature::kMce},
    {"cx8", Feature::kCx8},
    {"apic", Feature::kApic},
    {"sep", Feature::kSep},
    {"mtrr", Feature::kMtrr},
    {"pge", Feature::kPge},
    {"mca", Feature::kMca},
    {"cmov", Feature::kCmov},
    {"pat", Feature::kPat},
    {"pse36", Feature::kPse36},
    {"clflush", Feature::kClflush},
    {"mmx", Feature::kMmx},
    {"fxsr", Feature::kFxsr},
    {"sse", Feature::kSse},
    {"sse2", Feature::kSse2},
    {"pni", Feature::kSse3},
    {"pclmulqdq", Feature::kPclmulqdq},
    {"monitor", Feature::kMonitor},
    {"ssse3", Feature::kSsse3},
    {"cx16", Feature::kCx16},
    {"pcid", Feature::kPcid},
    {"sse4.1", Feature::kSse41},
    {"sse4.2", Feature::kSse42},
    {"x2apic", Feature::kX2apic},
    {"movbe", Feature::kMovbe},
    {"popcnt", Feature::kPopcnt},
    {"tsc-deadline", Feature::kTscDeadline},
    {"aes", Feature::kAes},
    {"rdrand", Feature::kRdrand},
    {"hypervisor", Feature::kHypervisor},
    {"syscall", Feature::kSyscall},
    {"nx", Feature::kNx},
    {"pdpe1gb", Feature::kPdpe1gb},
    {"rdtscp", Feature::kRdtscp},
    {"lm", Feature::kLm},
    {"lahf-lm", Feature::kLahfLm},
    {"abm", Feature::kAbm},
    {"3dnowprefetch", Feature::k3dnowPrefetch},
    {"fsgsbase", Feature::kFsgsbase},
    {"tsc-adjust", Feature::kTscAdjust},
    {"bmi1", Feature::kBmi1},
    {"smep", Feature::kSmep},
    {"erms", Feature::kErms},
    {"invpcid", Feature::kInvpcid},
    {"rdseed", Feature::kRdseed},
    {"adx", Feature::kAdx},
    {"smap", Feature::kSmap},
    {"clflushopt", Feature::kClflushopt},
    {"clwb", Feature::kClwb},
    {"sha-ni", Feature::kShaNi},
    {"umip", Feature::kUmip},
    {"pku", Feature::kPku},
    {"rdpid", Feature::kRdpid},
    {"invtsc", Feature::kInvtsc},
    {"arat", Feature::kArat},
};
// Other spellings of the same.
constexpr Named kAliases[] = {
    {"sse3", Feature::kSse3},
    {"sse4-1", Feature::kSse41},
    {"sse4_1", Feature::kSse41},
    {"sse4-2", Feature::kSse42},
    {"sse4_2", Feature::kSse42},
    {"lahf_lm", Feature::kLahfLm},
    {"tsc_adjust", Feature::kTscAdjust},
};

using Set = std::initializer_list<Feature>;
constexpr u32 signature_of(unsigned family, unsigned model, unsigned stepping) {
  const unsigned base = family > 15 ? 15 : family;
  return (family - base) << 20 | (model >> 4) << 16 | base << 8 | (model & 15) << 4 | stepping;
}

#define I486_FEATURES Feature::kFpu, Feature::kVme, Feature::kPse
#define PENTIUM_FEATURES                                                                   \
  I486_FEATURES, Feature::kDe, Feature::kTsc, Feature::kMsr, Feature::kMce, Feature::kCx8, \
      Feature::kMmx
#define PENTIUM3_FEATURES                                                                       \
  PENTIUM_FEATURES, Feature::kPae, Feature::kSep, Feature::kMtrr, Feature::kPge, Feature::kMca, \
      Feature::kCmov, Feature::kPat, Feature::kPse36, Feature::kFxsr, Feature::kSse,            \
      Feature::kApic
// What QEMU gives its generic models.
#define GENERIC_FEATURES                                                                           \
  Feature::kFpu, Feature::kDe, Feature::kPse, Feature::kTsc, Feature::kMsr, Feature::kMce,         \
      Feature::kCx8, Feature::kPge, Feature::kCmov, Feature::kPat, Feature::kFxsr, Feature::kMmx,  \
      Feature::kSse, Feature::kSse2, Feature::kPae, Feature::kSep, Feature::kApic, Feature::kSse3, \
      Feature::kHypervisor
#define GENERIC64_FEATURES                                                             \
  GENERIC_FEATURES, Feature::kMtrr, Feature::kClflush, Feature::kMca, Feature::kPse36, \
      Feature::kLm, Feature::kSyscall, Feature::kNx, Feature::kCx16
// Ours on top of QEMU's qemu64.
#define QEMU64_FEATURES                                                                    \
  GENERIC64_FEATURES, Feature::kLahfLm, Feature::kSsse3, Feature::kSse41, Feature::kSse42, \
      Feature::kPopcnt, Feature::kX2apic, Feature::kTscDeadline, Feature::kPdpe1gb,        \
      Feature::kRdtscp, Feature::kInvtsc, Feature::kArat, Feature::kTscAdjust

struct Definition {
  const char* name;
  Vendor vendor;
  u32 signature, max_leaf, max_extended;
  const char* brand;
  Set features;  // empty: all
};
const Definition kDefinitions[] = {
    {"qemu64",
     Vendor::Amd,
     signature_of(15, 107, 1),
     0xD,
     0x8000000A,
     "Reprise Virtual CPU (qemu64)",
     {QEMU64_FEATURES}},
    {"qemu32",
     Vendor::Intel,
     signature_of(6, 6, 3),
     4,
     0x80000004,
     "Reprise Virtual CPU (qemu32)",
     {GENERIC_FEATURES}},
    {"kvm64",
     Vendor::Intel,
     signature_of(15, 6, 1),
     0xD,
     0x80000008,
     "Common Reprise processor (kvm64)",
     {GENERIC64_FEATURES}},
    {"max",
     Vendor::Amd,
     signature_of(15, 107, 1),
     0xD,
     0x8000000A,
     "Reprise Virtual CPU (max)",
     {}},
    {"486", Vendor::Intel, signature_of(4, 8, 0), 1, 0, "", {I486_FEATURES}},
    {"pentium", Vendor::Intel, signature_of(5, 4, 3), 1, 0, "", {PENTIUM_FEATURES}},
    {"pentium3", Vendor::Intel, signature_of(6, 8, 3), 3, 0, "", {PENTIUM3_FEATURES}},
};

const Feature* find_feature(std::string_view name) {
  for (const Named& f : kFeatures)
    if (name == f.name) return &f.feature;
  for (const Named& f : kAliases)
    if (name == f.name) return &f.feature;
  return nullptr;
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

// What makes no sense without something else.
constexpr struct {
  Feature feature, needs;
} kNeeds[] = {
    {Feature::kSse, Feature::kFxsr},    {Feature::kSse2, Feature::kSse},
    {Feature::kSse3, Feature::kSse2},   {Feature::kSsse3, Feature::kSse3},
    {Feature::kSse41, Feature::kSsse3}, {Feature::kSse42, Feature::kSse41},
    {Feature::kLm, Feature::kPae},      {Feature::kLm, Feature::kSse2},
    {Feature::kLm, Feature::kMsr},      {Feature::kLm, Feature::kSyscall},
    {Feature::kNx, Feature::kPae},      {Feature::kPdpe1gb, Feature::kLm},
    {Feature::kCx16, Feature::kLm},     {Feature::kRdtscp, Feature::kTsc},
    {Feature::kX2apic, Feature::kApic}, {Feature::kTscDeadline, Feature::kApic},
    {Feature::kFxsr, Feature::kFpu},    {Feature::kMmx, Feature::kFpu},
    {Feature::kSyscall, Feature::kMsr}, {Feature::kPae, Feature::kCx8},
    {Feature::kPcid, Feature::kLm},     {Feature::kPku, Feature::kLm},
    {Feature::kAes, Feature::kSse2},    {Feature::kPclmulqdq, Feature::kSse2},
    {Feature::kShaNi, Feature::kSse2},  {Feature::kFsgsbase, Feature::kLm},
    {Feature::kClwb, Feature::kClflush},
    {Feature::kClflushopt, Feature::kClflush},
};

std::string name_of(Feature f) {
  for (const Named& n : kFeatures)
    if (n.feature == f) return n.name;
  return "?";
}

}  // namespace

std::vector<std::string> CpuModel::names() {
  std::vector<std::string> out;
  for (const auto& d : kDefinitions) out.push_back(d.name);
  return out;
}

std::vector<std::string> CpuModel::feature_names() {
  std::vector<std::string> out;
  for (const auto& f : kFeatures) out.push_back(f.name);
  return out;
}

bool CpuModel::knows_feature(std::string_view name) { return find_feature(name) != nullptr; }

Result<CpuModel> CpuModel::create(const std::string& name,
                                  const std::vector<std::string>& features) {
  for (const Definition& d : kDefinitions) {
    if (name != d.name) continue;
    CpuModel m;
    m.name_ = d.name, m.brand_ = d.brand, m.vendor_ = d.vendor, m.signature_ = d.signature;
    m.max_leaf_ = d.max_leaf, m.max_extended_ = d.max_extended;
    const auto add = [&m](Feature f) { m.words_[unsigned(f) / 32] |= 1u << unsigned(f) % 32; };
    for (const Feature f : d.features) add(f);
    if (d.features.size() == 0)
      for (const Named& f : kFeatures) add(f.feature);
    for (const std::string& option : features) TRY(m.apply(option));
    TRY(m.check_dependencies());
    return m;
  }
  return fail("-cpu " + name + ": there is no such model; there are: " + join(names()));
}

Result<void> CpuModel::apply(std::string_view option) {
  std::string_view name = option;
  bool on = true;
  if (!name.empty() && (name[0] == '+' || name[0] == '-')) {
    on = name[0] == '+';
    name.remove_prefix(1);
  } else if (const auto at = name.find('='); at != name.npos) {
    const std::string_view value = name.substr(at + 1);
    name = name.substr(0, at);
    if (value != "on" && value != "off")
      return fail("-cpu ..." + std::string(option) + ": expected on or off after '='");
    on = value == "on";
  }
  const Feature* f = find_feature(name);
  if (!f)
    return fail("-cpu ..." + std::string(option) + ": there is no feature '" + std::string(name) +
                "'; there are: " + join(feature_names()));
  const u32 bit = 1u << unsigned(*f) % 32;
  u32& word = words_[unsigned(*f) / 32];
  word = on ? word | bit : word & ~bit;
  return {};
}

Result<void> CpuModel::check_dependencies() const {
  for (const auto& n : kNeeds)
    if (has(n.feature) && !has(n.needs))
      return fail("-cpu " + name_ + ": feature " + name_of(n.feature) + " needs " +
                  name_of(n.needs) + "; turn both on or both off");
  return {};
}

u32 CpuModel::cr4_mask() const {
  u32 mask = 0;
  if (has(Feature::kVme)) mask |= CR4_VME | CR4_PVI;
  if (has(Feature::kTsc)) mask |= CR4_TSD;
  if (has(Feature::kDe)) mask |= CR4_DE;
  if (has(Feature::kPse)) mask |= CR4_PSE;
  if (has(Feature::kPae)) mask |= CR4_PAE;
  if (has(Feature::kMce)) mask |= CR4_MCE;
  if (has(Feature::kPge)) mask |= CR4_PGE;
  if (has(Feature::kMmx)) mask |= CR4_PCE;
  if (has(Feature::kFxsr)) mask |= CR4_OSFXSR;
  if (has(Feature::kSse)) mask |= CR4_OSXMMEXCPT;
  if (has(Feature::kUmip)) mask |= CR4_UMIP;
  if (has(Feature::kFsgsbase)) mask |= CR4_FSGSBASE;
  if (has(Feature::kPcid)) mask |= CR4_PCIDE;
  if (has(Feature::kSmep)) mask |= CR4_SMEP;
  if (has(Feature::kSmap)) mask |= CR4_SMAP;
  if (has(Feature::kPku)) mask |= CR4_PKE;
  return mask;
}

u32 CpuModel::efer_mask() const {
  u32 mask = 0;
  if (has(Feature::kSyscall)) mask |= EFER_SCE;
  if (has(Feature::kLm)) mask |= EFER_LME | EFER_LMA;
  if (has(Feature::kNx)) mask |= EFER_NXE;
  return mask;
}

}  // namespace reprise::cpu
