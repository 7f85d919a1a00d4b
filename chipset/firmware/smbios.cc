#include "chipset/firmware/smbios.h"

#include <algorithm>
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
  void add(Structure& structure) {
    const Bytes bytes = structure.finish();
    largest_ = std::max(largest_, bytes.size());
    ++count_;
    out_.bytes(bytes);
  }
  std::size_t largest() const { return largest_; }
  unsigned count() const { return count_; }
  Bytes take() { return out_.take(); }

 private:
  ByteBuilder out_;
  std::size_t largest_ = 0;
  unsigned count_ = 0;
};

constexpr char kVendor[] = "Reprise";
constexpr char kProduct[] = "PC (i440FX + PIIX)";
constexpr char kVersion[] = "pc-i440fx-2.11";
constexpr u16 kEnclosure = 0x300, kProcessor = 0x400, kArray = 0x1000, kUnknown = 0xfffe;

void add_bios(Tables& tables) {
  Structure s(0, 0);
  s.string("SeaBIOS").string("1.16").u16le(0xe800);
  s.string("04/01/2014").u8le(0);   // release date, ROM size not given
  s.u64le(1 << 3);                  // characteristics are not supplied
  s.u8le(0).u8le(1 << 4 | 1 << 2);  // a virtual machine; targeted content
  s.u8le(0).u8le(0).u8le(0xff).u8le(0xff);
  tables.add(s);
}

void add_system(Tables& tables, const BoardFacts& facts) {
  Structure s(1, 0x100);
  s.string(kVendor).string(kProduct).string(kVersion).none();
  s.bytes(facts.uuid).u8le(6);  // woken by the power switch
  s.none().none();
  tables.add(s);
}

void add_enclosure(Tables& tables) {
  Structure s(3, kEnclosure);
  s.string(kVendor).u8le(1);
  s.string(kVersion).none().none();   // type: other
  s.u8le(3).u8le(3).u8le(3).u8le(2);  // states safe, security unknown
  s.u32le(0).u8le(0).u8le(0).u8le(0).u8le(0);
  s.none();
  tables.add(s);
}

void add_processor(Tables& tables, const BoardFacts& facts, unsigned index) {
  const u16 mhz = u16(std::min<u64>(facts.cpu_hz / 1'000'000, 0xffff));
  Structure s(4, u16(kProcessor + index));
  s.string("CPU " + std::to_string(index)).u8le(3).u8le(1);  // central processor, family other
  s.string(kVendor).u32le(facts.cpu_signature).u32le(facts.cpu_features);
  s.string(kVersion);
  s.u8le(0).u16le(0).u16le(mhz).u16le(mhz);     // voltage, external clock, speeds
  s.u8le(0x41).u8le(1);                         // populated and enabled; socket other
  s.u16le(0xffff).u16le(0xffff).u16le(0xffff);  // caches not given
  s.none().none().none();
  s.u8le(1).u8le(1).u8le(1);  // cores, enabled, threads
  s.u16le(1 << 2).u16le(1);   // 64-bit capable; family 2: other
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
  s.string("DIMM 0").none();    // DIMM
  s.u8le(7).u16le(2).u16le(0);  // RAM, other, speed unknown
  s.string(kVendor).none().none().none().u8le(0);
  s.u32le(mib >= 0x7fff ? mib : 0).u16le(0).u16le(0).u16le(0).u16le(0);
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

SmbiosFiles build_smbios(const BoardFacts& facts) {
  Tables tables;
  const u64 ram = facts.ram.below_4g + facts.ram.above_4g;
  add_bios(tables);
  add_system(tables, facts);
  add_enclosure(tables);
  for (unsigned i = 0; i < facts.cpus; ++i) add_processor(tables, facts, i);
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
  Bytes anchor = build_anchor(largest, data.size(), count);
  return {std::move(anchor), std::move(data)};
}

}  // namespace reprise
