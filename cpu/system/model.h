// CPU models: what CPUID says, and so what the decoder accepts. Spelled as QEMU's -cpu.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise::cpu {

// A feature is a bit of a CPUID register: word * 32 + bit.
enum FeatureWord : unsigned {
  kLeaf1Edx,
  kLeaf1Ecx,
  kExt1Edx,  // 8000_0001
  kExt1Ecx,
  kLeaf7Ebx,
  kLeaf7Ecx,
  kExt7Edx,  // 8000_0007
  kLeaf6Eax,
  kLeafDEax,  // Dh, subleaf 1
  kFeatureWords
};
constexpr u16 feature_bit(FeatureWord word, unsigned bit) { return u16(word * 32 + bit); }

enum class Feature : u16 {
  kFpu = feature_bit(kLeaf1Edx, 0),
  kVme = feature_bit(kLeaf1Edx, 1),
  kDe = feature_bit(kLeaf1Edx, 2),
  kPse = feature_bit(kLeaf1Edx, 3),
  kTsc = feature_bit(kLeaf1Edx, 4),
  kMsr = feature_bit(kLeaf1Edx, 5),
  kPae = feature_bit(kLeaf1Edx, 6),
  kMce = feature_bit(kLeaf1Edx, 7),
  kCx8 = feature_bit(kLeaf1Edx, 8),
  kApic = feature_bit(kLeaf1Edx, 9),
  kSep = feature_bit(kLeaf1Edx, 11),
  kMtrr = feature_bit(kLeaf1Edx, 12),
  kPge = feature_bit(kLeaf1Edx, 13),
  kMca = feature_bit(kLeaf1Edx, 14),
  kCmov = feature_bit(kLeaf1Edx, 15),
  kPat = feature_bit(kLeaf1Edx, 16),
  kPse36 = feature_bit(kLeaf1Edx, 17),
  kClflush = feature_bit(kLeaf1Edx, 19),
  kMmx = feature_bit(kLeaf1Edx, 23),
  kFxsr = feature_bit(kLeaf1Edx, 24),
  kSse = feature_bit(kLeaf1Edx, 25),
  kSse2 = feature_bit(kLeaf1Edx, 26),
  kSse3 = feature_bit(kLeaf1Ecx, 0),
  kPclmulqdq = feature_bit(kLeaf1Ecx, 1),
  kMonitor = feature_bit(kLeaf1Ecx, 3),
  kSsse3 = feature_bit(kLeaf1Ecx, 9),
  kFma = feature_bit(kLeaf1Ecx, 12),
  kCx16 = feature_bit(kLeaf1Ecx, 13),
  kPcid = feature_bit(kLeaf1Ecx, 17),
  kSse41 = feature_bit(kLeaf1Ecx, 19),
  kSse42 = feature_bit(kLeaf1Ecx, 20),
  kX2apic = feature_bit(kLeaf1Ecx, 21),
  kMovbe = feature_bit(kLeaf1Ecx, 22),
  kPopcnt = feature_bit(kLeaf1Ecx, 23),
  kTscDeadline = feature_bit(kLeaf1Ecx, 24),
  kAes = feature_bit(kLeaf1Ecx, 25),
  kXsave = feature_bit(kLeaf1Ecx, 26),
  kAvx = feature_bit(kLeaf1Ecx, 28),
  kF16c = feature_bit(kLeaf1Ecx, 29),
  kRdrand = feature_bit(kLeaf1Ecx, 30),
  kHypervisor = feature_bit(kLeaf1Ecx, 31),
  kSyscall = feature_bit(kExt1Edx, 11),
  kNx = feature_bit(kExt1Edx, 20),
  kPdpe1gb = feature_bit(kExt1Edx, 26),
  kRdtscp = feature_bit(kExt1Edx, 27),
  kLm = feature_bit(kExt1Edx, 29),
  kLahfLm = feature_bit(kExt1Ecx, 0),
  kAbm = feature_bit(kExt1Ecx, 5),
  k3dnowPrefetch = feature_bit(kExt1Ecx, 8),
  kFsgsbase = feature_bit(kLeaf7Ebx, 0),
  kTscAdjust = feature_bit(kLeaf7Ebx, 1),
  kBmi1 = feature_bit(kLeaf7Ebx, 3),
  kAvx2 = feature_bit(kLeaf7Ebx, 5),
  kSmep = feature_bit(kLeaf7Ebx, 7),
  kBmi2 = feature_bit(kLeaf7Ebx, 8),
  kErms = feature_bit(kLeaf7Ebx, 9),
  kInvpcid = feature_bit(kLeaf7Ebx, 10),
  kRdseed = feature_bit(kLeaf7Ebx, 18),
  kAdx = feature_bit(kLeaf7Ebx, 19),
  kSmap = feature_bit(kLeaf7Ebx, 20),
  kClflushopt = feature_bit(kLeaf7Ebx, 23),
  kClwb = feature_bit(kLeaf7Ebx, 24),
  kShaNi = feature_bit(kLeaf7Ebx, 29),
  kUmip = feature_bit(kLeaf7Ecx, 2),
  kPku = feature_bit(kLeaf7Ecx, 3),
  kRdpid = feature_bit(kLeaf7Ecx, 22),
  kInvtsc = feature_bit(kExt7Edx, 8),
  kArat = feature_bit(kLeaf6Eax, 2),
  kXsaveopt = feature_bit(kLeafDEax, 0),
  kXsavec = feature_bit(kLeafDEax, 1),
  kXgetbv1 = feature_bit(kLeafDEax, 2),
  kAlways = 0xFFFF,
};

enum class Vendor : u8 { Intel, Amd };

class CpuModel {
 public:
  // `features` in order: "+sse4.2", "-hypervisor", "popcnt=off", "popcnt".
  static Result<CpuModel> create(const std::string& name, const std::vector<std::string>& features);
  static std::vector<std::string> names();
  static bool knows(std::string_view name);  // also "Nehalem-v1"
  static std::vector<std::string> feature_names();
  // What a model of this name has and ours cannot.
  static std::vector<std::string> unavailable(std::string_view model);
  static bool knows_feature(std::string_view name);  // also the other spellings
  static bool lacks_feature(std::string_view name);  // QEMU's models may have it, ours cannot

  bool has(Feature f) const {
    return f == Feature::kAlways || (words_[unsigned(f) / 32] >> (unsigned(f) % 32) & 1);
  }
  u32 word(FeatureWord w) const { return words_[w]; }
  const std::string& name() const { return name_; }
  Vendor vendor() const { return vendor_; }
  u32 signature() const { return signature_; }  // CPUID 1 EAX, and EDX after reset
  u32 max_leaf() const { return max_leaf_; }
  u32 max_extended() const { return max_extended_; }
  const std::string& brand() const { return brand_; }

  // Bits that CR4 and EFER may have.
  u32 cr4_mask() const;
  u32 efer_mask() const;

 private:
  Result<void> apply(std::string_view option);
  Result<void> check_dependencies() const;

  std::string name_, brand_;
  Vendor vendor_ = Vendor::Amd;
  u32 signature_ = 0, max_leaf_ = 0, max_extended_ = 0;
  std::array<u32, kFeatureWords> words_{};
};

}  // namespace reprise::cpu
