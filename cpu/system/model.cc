#include "cpu/system/model.h"

#include <algorithm>
#include <sstream>

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
    {"fma", Feature::kFma},
    {"cx16", Feature::kCx16},
    {"pcid", Feature::kPcid},
    {"sse4.1", Feature::kSse41},
    {"sse4.2", Feature::kSse42},
    {"x2apic", Feature::kX2apic},
    {"movbe", Feature::kMovbe},
    {"popcnt", Feature::kPopcnt},
    {"tsc-deadline", Feature::kTscDeadline},
    {"aes", Feature::kAes},
    {"xsave", Feature::kXsave},
    {"avx", Feature::kAvx},
    {"f16c", Feature::kF16c},
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
    {"avx2", Feature::kAvx2},
    {"smep", Feature::kSmep},
    {"bmi2", Feature::kBmi2},
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
    {"xsaveopt", Feature::kXsaveopt},
    {"xsavec", Feature::kXsavec},
    {"xgetbv1", Feature::kXgetbv1},
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

constexpr u32 signature_of(unsigned family, unsigned model, unsigned stepping) {
  const unsigned base = family > 15 ? 15 : family;
  return (family - base) << 20 | (model >> 4) << 16 | base << 8 | (model & 15) << 4 | stepping;
}

// What QEMU's models have and this processor does not: left out of a model.
constexpr const char* kLacking[] = {
    "3dnow", "3dnowext", "acpi", "dca", "ds",  "fma4", "fxsr-opt", "hle",        "ht",  "la57",
    "mpx",   "mmxext",   "pdcm", "rtm", "svm", "ss",   "vaes",     "vpclmulqdq", "vmx",
};

// Features by QEMU's names, one after another. A model lists all that it has; what is lacking drops
// out.
#define I486_FEATURES "fpu vme pse "
#define PENTIUM_FEATURES I486_FEATURES "de tsc msr mce cx8 mmx apic "
#define PENTIUM2_FEATURES PENTIUM_FEATURES "pae sep mtrr pge mca cmov pat pse36 fxsr "
// What QEMU gives its generic models.
#define GENERIC_FEATURES \
  "fpu de pse tsc msr mce cx8 pge cmov pat fxsr mmx sse sse2 pae sep apic pni hypervisor "
#define GENERIC64_FEATURES GENERIC_FEATURES "mtrr clflush mca pse36 lm syscall nx cx16 "
// Ours on top of QEMU's qemu64.
#define QEMU64_FEATURES \
  GENERIC64_FEATURES    \
  "lahf-lm ssse3 sse4.1 sse4.2 popcnt x2apic tsc-deadline pdpe1gb rdtscp invtsc arat tsc-adjust "
// Intel's, each on top of the one before.
#define CORE_DUO_FEATURES GENERIC_FEATURES "vme mtrr clflush mca ss nx "
#define CONROE_FEATURES GENERIC64_FEATURES "vme lahf-lm ssse3 "
#define NEHALEM_FEATURES CONROE_FEATURES "sse4.1 sse4.2 popcnt "
#define WESTMERE_FEATURES NEHALEM_FEATURES "aes pclmulqdq arat "
#define SANDY_BRIDGE_FEATURES WESTMERE_FEATURES "avx xsave xsaveopt tsc-deadline x2apic rdtscp "
#define IVY_BRIDGE_FEATURES SANDY_BRIDGE_FEATURES "f16c rdrand fsgsbase smep erms "
#define HASWELL_FEATURES IVY_BRIDGE_FEATURES "movbe fma pcid abm bmi1 avx2 bmi2 invpcid "

struct Definition {
  const char* name;
  Vendor vendor;
  u32 signature, max_leaf, max_extended;
  const char* brand;
  const char* features;  // null: all
};
constexpr Vendor kIntel = Vendor::Intel, kAmd = Vendor::Amd;
constexpr Definition kDefinitions[] = {
    {"qemu64", kAmd, signature_of(15, 107, 1), 0xD, 0x8000000A, "Reprise Virtual CPU (qemu64)",
     QEMU64_FEATURES},
    {"qemu32", kIntel, signature_of(6, 6, 3), 4, 0x80000004, "Reprise Virtual CPU (qemu32)",
     GENERIC_FEATURES},
    {"kvm64", kIntel, signature_of(15, 6, 1), 0xD, 0x80000008, "Common Reprise processor (kvm64)",
     GENERIC64_FEATURES},
    {"max", kAmd, signature_of(15, 107, 1), 0xD, 0x8000000A, "Reprise Virtual CPU (max)", nullptr},
    {"486", kIntel, signature_of(4, 8, 0), 1, 0, "", I486_FEATURES},
    {"pentium", kIntel, signature_of(5, 4, 3), 1, 0, "", PENTIUM_FEATURES},
    {"pentium2", kIntel, signature_of(6, 5, 2), 2, 0, "", PENTIUM2_FEATURES},
    {"pentium3", kIntel, signature_of(6, 8, 3), 3, 0, "", PENTIUM2_FEATURES "sse "},
    {"coreduo", kIntel, signature_of(6, 14, 8), 10, 0x80000008,
     "Genuine Intel(R) CPU           T2600  @ 2.16GHz", CORE_DUO_FEATURES},
    {"core2duo", kIntel, signature_of(6, 15, 11), 10, 0x80000008,
     "Intel(R) Core(TM)2 Duo CPU     T7700  @ 2.40GHz", CONROE_FEATURES "ss "},
    {"Conroe", kIntel, signature_of(6, 15, 3), 10, 0x80000008,
     "Intel Celeron_4x0 (Conroe/Merom Class Core 2)", CONROE_FEATURES "-cx16 "},
    {"Penryn", kIntel, signature_of(6, 23, 3), 10, 0x80000008,
     "Intel Core 2 Duo P9xxx (Penryn Class Core 2)", CONROE_FEATURES "sse4.1 "},
    {"Nehalem", kIntel, signature_of(6, 26, 3), 11, 0x80000008,
     "Intel Core i7 9xx (Nehalem Class Core i7)", NEHALEM_FEATURES},
    {"Westmere", kIntel, signature_of(6, 44, 1), 11, 0x80000008,
     "Westmere E56xx/L56xx/X56xx (Nehalem-C)", WESTMERE_FEATURES},
    {"SandyBridge", kIntel, signature_of(6, 42, 1), 0xD, 0x80000008,
     "Intel Xeon E312xx (Sandy Bridge)", SANDY_BRIDGE_FEATURES},
    {"IvyBridge", kIntel, signature_of(6, 58, 9), 0xD, 0x80000008,
     "Intel Xeon E3-12xx v2 (Ivy Bridge)", IVY_BRIDGE_FEATURES},
    {"Haswell", kIntel, signature_of(6, 60, 4), 0xD, 0x80000008, "Intel Core Processor (Haswell)",
     HASWELL_FEATURES "hle rtm "},
    {"Haswell-noTSX", kIntel, signature_of(6, 60, 1), 0xD, 0x80000008,
     "Intel Core Processor (Haswell, no TSX)", HASWELL_FEATURES},
};

const Feature* find_feature(std::string_view name) {
  for (const Named& f : kFeatures)
    if (name == f.name) return &f.feature;
  for (const Named& f : kAliases)
    if (name == f.name) return &f.feature;
  return nullptr;
}

// QEMU's versions: "Nehalem-v1" is Nehalem.
const Definition* find_model(std::string_view name) {
  if (name == "Haswell-v2") name = "Haswell-noTSX";
  if (name.ends_with("-v1")) name.remove_suffix(3);
  for (const Definition& d : kDefinitions)
    if (name == d.name) return &d;
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
    {Feature::kSse, Feature::kFxsr},     {Feature::kSse2, Feature::kSse},
    {Feature::kSse3, Feature::kSse2},    {Feature::kSsse3, Feature::kSse3},
    {Feature::kSse41, Feature::kSsse3},  {Feature::kSse42, Feature::kSse41},
    {Feature::kLm, Feature::kPae},       {Feature::kLm, Feature::kSse2},
    {Feature::kLm, Feature::kMsr},       {Feature::kLm, Feature::kSyscall},
    {Feature::kNx, Feature::kPae},       {Feature::kPdpe1gb, Feature::kLm},
    {Feature::kCx16, Feature::kLm},      {Feature::kRdtscp, Feature::kTsc},
    {Feature::kX2apic, Feature::kApic},  {Feature::kTscDeadline, Feature::kApic},
    {Feature::kFxsr, Feature::kFpu},     {Feature::kMmx, Feature::kFpu},
    {Feature::kSyscall, Feature::kMsr},  {Feature::kPae, Feature::kCx8},
    {Feature::kPcid, Feature::kLm},      {Feature::kPku, Feature::kLm},
    {Feature::kAes, Feature::kSse2},     {Feature::kPclmulqdq, Feature::kSse2},
    {Feature::kShaNi, Feature::kSse2},   {Feature::kFsgsbase, Feature::kLm},
    {Feature::kClwb, Feature::kClflush}, {Feature::kClflushopt, Feature::kClflush},
    {Feature::kXsave, Feature::kFxsr},   {Feature::kXsaveopt, Feature::kXsave},
    {Feature::kXsavec, Feature::kXsave}, {Feature::kXgetbv1, Feature::kXsave},
    {Feature::kAvx, Feature::kXsave},    {Feature::kAvx, Feature::kSse42},
    {Feature::kAvx2, Feature::kAvx},     {Feature::kFma, Feature::kAvx},
    {Feature::kF16c, Feature::kAvx},
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

std::vector<std::string> CpuModel::unavailable(std::string_view model) {
  const Definition* d = find_model(model);
  std::vector<std::string> out;
  if (!d || !d->features) return out;
  std::istringstream list(d->features);
  for (std::string word; list >> word;)
    if (lacks_feature(word)) out.push_back(word);
  return out;
}

bool CpuModel::knows(std::string_view name) { return find_model(name) != nullptr; }

bool CpuModel::knows_feature(std::string_view name) { return find_feature(name) != nullptr; }

bool CpuModel::lacks_feature(std::string_view name) {
  return !find_feature(name) && std::ranges::find(kLacking, name) != std::end(kLacking);
}

Result<CpuModel> CpuModel::create(const std::string& name,
                                  const std::vector<std::string>& features) {
  const Definition* d = find_model(name);
  if (!d) return fail("-cpu " + name + ": there is no such model; there are: " + join(names()));
  CpuModel m;
  m.name_ = d->name, m.brand_ = d->brand, m.vendor_ = d->vendor, m.signature_ = d->signature;
  m.max_leaf_ = d->max_leaf, m.max_extended_ = d->max_extended;
  if (d->features) {
    std::istringstream list(d->features);
    for (std::string word; list >> word;)
      if (!lacks_feature(word)) TRY(m.apply(word));
  } else {
    for (const Named& f : kFeatures) TRY(m.apply(f.name));
  }
  for (const std::string& option : features) TRY(m.apply(option));
  TRY(m.check_dependencies());
  return m;
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
  if (has(Feature::kXsave)) mask |= CR4_OSXSAVE;
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
