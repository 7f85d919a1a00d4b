#include "chipset/firmware/smbios.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <vector>

namespace reprise {
namespace {

// A structure is a formatted area and a list of strings; string(...) gives the number to refer to.
class Structure : public ByteBuilder {
 public:
  Structure(u8 type, u16 handle) { u8le(type).u8le(0).u16le(handle); }
  Structure& string(std::string text) {
    if (text.empty()) return none();
    strings_.push_back(std::move(text));
    u8le(strings_.size());
    return *this;
  }
  // A text that no field refers to. An empty one would end the list.
  void only_string(std::string text) { strings_.push_back(text.empty() ? " " : std::move(text)); }
  Structure& none() {  // no such string
    u8le(0);
    return *this;
  }
  Bytes finish() {
    data()[1] = u8(size());
    for (const std::string& text : strings_) ByteBuilder::text(text).u8le(0);
    zeros(strings_.empty() ? 2 : 1);
    return take();
  }

 private:
  std::vector<std::string> strings_;
};

class Tables {
 public:
  explicit Tables(const BoardFacts& facts) : facts_(facts) {}
  // What -smbios says, or else ours.
  std::string text(unsigned type, const char* field, const std::string& otherwise = "") const {
    const auto fields = facts_.smbios.find(type);
    if (fields == facts_.smbios.end()) return otherwise;
    const auto it = fields->second.find(field);
    return it == fields->second.end() ? otherwise : it->second;
  }
  bool asked_for(unsigned type) const { return facts_.smbios.contains(type); }
  // Of a type that came as a whole structure, none is made here.
  void add(Structure& structure) {
    const Bytes bytes = structure.finish();
    if (!given_.contains(bytes[0])) append(bytes);
  }
  Result<void> add_given(std::span<const u8> bytes) {
    const char* const wrong =
        "-smbios file=: expected one structure: type, length, handle, "
        "fields, then its strings, and two zeros at the end";
    if (bytes.size() < 6 || bytes[1] < 4 || bytes[1] + 2u > bytes.size()) return fail(wrong);
    if (bytes.back() || bytes[bytes.size() - 2]) return fail(wrong);
    if (asked_for(bytes[0]))
      return fail("-smbios: type " + std::to_string(bytes[0]) +
                  " is given both as fields and as "
                  "file=; leave one out");
    given_.insert(bytes[0]);
    append(bytes);
    return {};
  }
  std::size_t largest() const { return largest_; }
  unsigned count() const { return count_; }
  Bytes take() { return out_.take(); }

 private:
  void append(std::span<const u8> bytes) {
    largest_ = std::max(largest_, bytes.size());
    ++count_;
    out_.bytes(bytes);
  }
  const BoardFacts& facts_;
  std::set<u8> given_;
  ByteBuilder out_;
  std::size_t largest_ = 0;
  unsigned count_ = 0;
};

constexpr char kVendor[] = "Reprise";
constexpr char kProduct[] = "PC (i440FX + PIIX)";
constexpr char kVersion[] = "pc-i440fx-2.11";
constexpr u16 kBaseboard = 0x200, kEnclosure = 0x300, kProcessor = 0x400, kArray = 0x1000,
              kUnknown = 0xfffe;

unsigned number_of(const std::string& text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "1.16"; nothing else comes here: check_fields() was before.
struct Release {
  unsigned major = 0, minor = 0;
};
Release release_of(const std::string& text) {
  Release release;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, release.major);
  if (major.ptr != end) std::from_chars(major.ptr + 1, end, release.minor);
  return release;
}

void add_bios(Tables& tables) {
  Structure s(0, 0);
  s.string(tables.text(0, "vendor", "SeaBIOS")).string(tables.text(0, "version", "1.16"));
  s.u16le(0xe800);
  s.string(tables.text(0, "date", "04/01/2014")).u8le(0);  // ROM size not given
  s.u64le(1 << 3);                                         // characteristics are not supplied
  const u8 uefi = tables.text(0, "uefi") == "on" ? 1 << 3 : 0;
  s.u8le(0).u8le(1 << 4 | 1 << 2 | uefi);  // a virtual machine; targeted content
  const Release release = release_of(tables.text(0, "release", "0.0"));
  s.u8le(release.major).u8le(release.minor).u8le(0xff).u8le(0xff);
  tables.add(s);
}

void add_system(Tables& tables, const BoardFacts& facts) {
  Structure s(1, 0x100);
  s.string(tables.text(1, "manufacturer", kVendor)).string(tables.text(1, "product", kProduct));
  s.string(tables.text(1, "version", kVersion)).string(tables.text(1, "serial"));
  // 7.2.1: the first three fields are little-endian.
  for (const unsigned i : {3, 2, 1, 0, 5, 4, 7, 6}) s.u8le(facts.uuid[i]);
  s.bytes(std::span(facts.uuid).subspan(8)).u8le(6);  // woken by the power switch
  s.string(tables.text(1, "sku")).string(tables.text(1, "family"));
  tables.add(s);
}

void add_baseboard(Tables& tables) {
  if (!tables.asked_for(2)) return;
  Structure s(2, kBaseboard);
  s.string(tables.text(2, "manufacturer", kVendor)).string(tables.text(2, "product"));
  s.string(tables.text(2, "version", kVersion)).string(tables.text(2, "serial"));
  s.string(tables.text(2, "asset")).u8le(1);  // a hosting board
  s.string(tables.text(2, "location")).u16le(kEnclosure);
  s.u8le(10).u8le(0);  // motherboard; contains no others
  tables.add(s);
}

void add_enclosure(Tables& tables) {
  Structure s(3, kEnclosure);
  s.string(tables.text(3, "manufacturer", kVendor)).u8le(1);  // type: other
  s.string(tables.text(3, "version", kVersion)).string(tables.text(3, "serial"));
  s.string(tables.text(3, "asset"));
  s.u8le(3).u8le(3).u8le(3).u8le(2);  // states safe, security unknown
  s.u32le(0).u8le(0).u8le(0).u8le(0).u8le(0);
  s.string(tables.text(3, "sku"));
  tables.add(s);
}

void add_processor(Tables& tables, const BoardFacts& facts, unsigned index) {
  const u16 mhz = u16(std::min<u64>(facts.cpu_hz / 1'000'000, 0xffff));
  Structure s(4, u16(kProcessor + index));
  s.string(tables.text(4, "sock_pfx", "CPU") + " " + std::to_string(index));
  s.u8le(3).u8le(1);  // central processor, family other
  s.string(tables.text(4, "manufacturer", kVendor))
      .u32le(facts.cpu_signature)
      .u32le(facts.cpu_features);
  s.string(tables.text(4, "version", kVersion));
  s.u8le(0).u16le(0).u16le(mhz).u16le(mhz);     // voltage, external clock, speeds
  s.u8le(0x41).u8le(1);                         // populated and enabled; socket other
  s.u16le(0xffff).u16le(0xffff).u16le(0xffff);  // caches not given
  s.string(tables.text(4, "serial")).string(tables.text(4, "asset"));
  s.string(tables.text(4, "part"));
  const u8 cores = u8(facts.topology.cores);
  s.u8le(cores).u8le(cores).u8le(u8(facts.topology.per_package()));  // enabled; threads
  s.u16le(1 << 2).u16le(1);  // 64-bit capable; family 2: other
  tables.add(s);
}

void add_oem_strings(Tables& tables, const BoardFacts& facts) {
  const auto it = facts.smbios.find(11);
  if (it == facts.smbios.end()) return;
  Structure s(11, 0xe00);
  const std::size_t count = it->second.size();
  s.u8le(count);
  for (std::size_t i = 0; i < count; ++i)
    s.only_string(tables.text(11, ("value" + std::to_string(i)).c_str()));
  tables.add(s);
}

void add_memory_array(Tables& tables, u64 bytes) {
  constexpr u32 kSeeExtended = 0x80000000;
  const u64 kib = bytes >> 10;
  Structure s(16, kArray);
  s.u8le(1).u8le(3).u8le(3);  // location other, system memory, no error correction
  s.u32le(kib < kSeeExtended ? kib : kSeeExtended).u16le(kUnknown).u16le(1);
  s.u64le(kib < kSeeExtended ? 0 : bytes);
  tables.add(s);
}

void add_memory_device(Tables& tables, u64 bytes) {
  const u64 mib = bytes >> 20, kib = bytes >> 10;
  u16 size = u16(mib);
  if (mib >= 0x7fff) size = 0x7fff;                               // see the extended size
  if (bytes & 0xfffff && kib < 0x8000) size = u16(0x8000 | kib);  // in KiB
  Structure s(17, 0x1100);
  s.u16le(kArray).u16le(kUnknown).u16le(0xffff).u16le(0xffff);  // widths unknown
  s.u16le(size).u8le(9).u8le(0);
  s.string(tables.text(17, "loc_pfx", "DIMM") + " 0").string(tables.text(17, "bank"));
  const u16 speed = u16(std::min(number_of(tables.text(17, "speed", "0")), 0xffffu));  // MT/s
  s.u8le(7).u16le(2).u16le(speed);                                                     // RAM, other
  s.string(tables.text(17, "manufacturer", kVendor)).string(tables.text(17, "serial"));
  s.string(tables.text(17, "asset")).string(tables.text(17, "part")).u8le(0);
  s.u32le(mib >= 0x7fff ? mib : 0).u16le(speed).u16le(0).u16le(0).u16le(0);
  tables.add(s);
}

void add_mapped_address(Tables& tables, u16 handle, u64 start, u64 length) {
  const bool wide = (start + length) >> 10 > 0xffffffff;
  Structure s(19, handle);
  s.u32le(wide ? 0xffffffff : start >> 10);
  s.u32le(wide ? 0xffffffff : ((start + length) >> 10) - 1);
  s.u16le(kArray).u8le(1);
  s.u64le(wide ? start : 0).u64le(wide ? start + length - 1 : 0);
  tables.add(s);
}

// What a recording's header or -smbios asks for.
Result<void> check_fields(const BoardFacts& facts) {
  constexpr std::size_t kMaxStrings = 255, kMaxText = 4096;
  for (const auto& [type, fields] : facts.smbios) {
    const std::string option = "-smbios type=" + std::to_string(type);
    const std::vector<std::string> known = smbios_fields(type);
    if (known.empty()) return fail(option + ": expected type 0, 1, 2, 3, 4, 11 or 17");
    if (fields.size() > kMaxStrings) return fail(option + ": at most 255 strings");
    for (const auto& [field, text] : fields) {
      const bool right = type == 11 ? field.starts_with("value")
                                    : std::find(known.begin(), known.end(), field) != known.end();
      if (!right) return fail(option + ": no field '" + field + "'");
      if (text.size() > kMaxText || text.find('\0') != std::string::npos)
        return fail(option + "," + field + "=: expected a text of at most 4096 bytes");
    }
  }
  return {};
}

// 5.2.1. Both checksums are valid for the address 0 and corrected by the firmware.
Bytes build_anchor(std::size_t largest, std::size_t length, unsigned count) {
  ByteBuilder out;
  out.text("_SM_").u8le(0).u8le(31).u8le(2).u8le(8).u16le(largest).u8le(0).zeros(5);
  out.text("_DMI_").u8le(0).u16le(length).u32le(0).u16le(count).u8le(0x28);
  Bytes& data = out.data();
  data[0x15] = checksum_of(std::span(data).subspan(0x10));
  data[4] = checksum_of(data);
  return out.take();
}

}  // namespace

std::vector<std::string> smbios_fields(unsigned type) {
  switch (type) {
    case 0:
      return {"vendor", "version", "date", "release", "uefi"};
    case 1:
      return {"manufacturer", "product", "version", "serial", "uuid", "sku", "family"};
    case 2:
      return {"manufacturer", "product", "version", "serial", "asset", "location"};
    case 3:
      return {"manufacturer", "version", "serial", "asset", "sku"};
    case 4:
      return {"sock_pfx", "manufacturer", "version", "serial", "asset", "part"};
    case 11:
      return {"value"};
    case 17:
      return {"loc_pfx", "bank", "manufacturer", "serial", "asset", "part", "speed"};
  }
  return {};
}

Result<SmbiosFiles> build_smbios(const BoardFacts& facts) {
  TRY(check_fields(facts));
  Tables tables(facts);
  for (const auto& structure : facts.smbios_structures) TRY(tables.add_given(*structure));
  const u64 ram = facts.ram.below_4g + facts.ram.above_4g;
  add_bios(tables);
  add_system(tables, facts);
  add_baseboard(tables);
  add_enclosure(tables);
  for (unsigned i = 0; i < facts.topology.packages(facts.cpus); ++i)
    add_processor(tables, facts, i);
  add_oem_strings(tables, facts);
  add_memory_array(tables, ram);
  add_memory_device(tables, ram);
  add_mapped_address(tables, 0x1300, 0, facts.ram.below_4g);
  if (facts.ram.above_4g)
    add_mapped_address(tables, 0x1301, RamLayout::kHighStart, facts.ram.above_4g);
  Structure boot(32, 0x2000);
  boot.zeros(6).u8le(0);  // no errors detected
  tables.add(boot);
  Structure end(127, 0x7f00);
  tables.add(end);
  const std::size_t largest = tables.largest();
  const unsigned count = tables.count();
  Bytes data = tables.take();
  if (data.size() > 0xffff)
    return fail("-smbios: the structures have " + std::to_string(data.size()) +
                " bytes; expected at most 65535");
  Bytes anchor = build_anchor(largest, data.size(), count);
  return SmbiosFiles{std::move(anchor), std::move(data)};
}

}  // namespace reprise
