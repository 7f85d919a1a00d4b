#include "chipset/firmware/aml.h"

#include <algorithm>

#include "replay/core/check.h"

namespace reprise::aml {
namespace {

constexpr u8 kExt = 0x5b;

Aml join(std::initializer_list<Aml> parts) {
  ByteBuilder out;
  for (const Aml& part : parts) out.bytes(part);
  return out.take();
}
Aml join(const Terms& parts) {
  ByteBuilder out;
  for (const Aml& part : parts) out.bytes(part);
  return out.take();
}
Aml op(u8 code) { return {code}; }
Aml ext(u8 code) { return {kExt, code}; }

// 20.2.4: the length counts its own 1 to 4 bytes. Lengths above 63 put 4 bits in the first byte.
Aml with_length(const Aml& body) {
  std::size_t total = body.size() + 1;
  if (total <= 63) return join({op(u8(total)), body});
  for (unsigned more = 1; more <= 3; ++more) {
    total = body.size() + 1 + more;
    if (total >> (4 + 8 * more)) continue;
    ByteBuilder out;
    out.u8le(more << 6 | (total & 15));
    for (unsigned i = 0; i < more; ++i) out.u8le(total >> (4 + 8 * i));
    return out.bytes(body).take();
  }
  check(false, "aml: package too long");
  return {};
}

Aml segment(std::string_view text) {
  check(!text.empty() && text.size() <= 4, "aml: name segment length");
  Aml out(text.begin(), text.end());
  out.resize(4, '_');
  return out;
}

// 6.4.3.5: the common part of the word and dword address space descriptors.
Aml address_space(unsigned width, u8 tag, u8 type, u8 general, u8 specific, u64 first, u64 last) {
  ByteBuilder out;
  out.u8le(tag).u16le(3 + 5 * width).u8le(type).u8le(general).u8le(specific);
  const u64 values[] = {0, first, last, 0, last - first + 1};  // granularity .. length
  for (const u64 value : values) {
    for (unsigned i = 0; i < width; ++i) out.u8le(value >> (8 * i));
  }
  return out.take();
}
constexpr u8 kMemory = 0, kIo = 1, kBus = 2;
constexpr u8 kMinMaxFixed = 0x0c;

}  // namespace

Aml integer(u64 value) {
  if (value <= 1) return op(u8(value));
  if (value <= 0xff) return {0x0a, u8(value)};
  if (value <= 0xffff) return ByteBuilder().u8le(0x0b).u16le(value).take();
  if (value <= 0xffffffff) return ByteBuilder().u8le(0x0c).u32le(value).take();
  return ByteBuilder().u8le(0x0e).u64le(value).take();
}

Aml string(std::string_view text) { return ByteBuilder().u8le(0x0d).text(text).u8le(0).take(); }

// 19.6.37: three letters in 5 bits each, then four hexadecimal digits, big-endian.
Aml eisa_id(std::string_view id) {
  check(id.size() == 7, "aml: EISA id length");
  u32 value = 0;
  for (unsigned i = 0; i < 3; ++i) value = value << 5 | u32(id[i] - 'A' + 1);
  for (unsigned i = 3; i < 7; ++i)
    value = value << 4 | u32(id[i] <= '9' ? id[i] - '0' : id[i] - 'A' + 10);
  return ByteBuilder().u8le(0x0c).u32be(value).take();
}

Aml buffer(const Bytes& data) {
  return join({op(0x11), with_length(join({integer(data.size()), data}))});
}

Aml package(const Terms& elements) {
  check(elements.size() <= 255, "aml: package elements");
  return join({op(0x12), with_length(join({op(u8(elements.size())), join(elements)}))});
}

Aml path(std::string_view name) {
  Aml out;
  while (!name.empty() && (name[0] == '\\' || name[0] == '^')) {
    out.push_back(u8(name[0]));
    name.remove_prefix(1);
  }
  Terms segments;
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    segments.push_back(segment(name.substr(0, dot)));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  if (segments.empty()) out.push_back(0);
  if (segments.size() == 2) out.push_back(0x2e);
  if (segments.size() > 2) {
    out.push_back(0x2f);
    out.push_back(u8(segments.size()));
  }
  return join({out, join(segments)});
}

Aml name(std::string_view where, const Aml& value) { return join({op(0x08), path(where), value}); }
Aml scope(std::string_view where, const Terms& body) {
  return join({op(0x10), with_length(join({path(where), join(body)}))});
}
Aml device(std::string_view where, const Terms& body) {
  return join({ext(0x82), with_length(join({path(where), join(body)}))});
}
Aml method(std::string_view where, unsigned args, const Terms& body, bool serialized) {
  const u8 flags = u8(args | (serialized ? 8 : 0));
  return join({op(0x14), with_length(join({path(where), op(flags), join(body)}))});
}
Aml processor(std::string_view where, u8 id) {
  const Aml no_block{0, 0, 0, 0, 0};  // P_BLK address and length
  return join({ext(0x83), with_length(join({path(where), op(id), no_block}))});
}
Aml op_region(std::string_view where, Space space, u32 offset, u32 length) {
  return join({ext(0x80), path(where), op(u8(space)), integer(offset), integer(length)});
}
Aml field(std::string_view region, std::initializer_list<std::pair<std::string_view, u32>> units) {
  ByteBuilder list;
  for (const auto& [unit, bits] : units) {
    check(bits < 64, "aml: field width");
    list.bytes(unit.empty() ? op(0) : segment(unit)).u8le(bits);
  }
  constexpr u8 kByteAccess = 1;  // no lock, preserve
  return join({ext(0x81), with_length(join({path(region), op(kByteAccess), list.take()}))});
}

Aml arg(unsigned n) { return op(u8(0x68 + n)); }
Aml store(const Aml& value, const Aml& target) { return join({op(0x70), value, target}); }
Aml bit_and(const Aml& a, const Aml& b) { return join({op(0x7b), a, b, op(0)}); }
Aml bit_or(const Aml& a, const Aml& b, const Aml& target) { return join({op(0x7d), a, b, target}); }
Aml less(const Aml& a, const Aml& b) { return join({op(0x95), a, b}); }
Aml if_(const Aml& condition, const Terms& body) {
  return join({op(0xa0), with_length(join({condition, join(body)}))});
}
Aml return_(const Aml& value) { return join({op(0xa4), value}); }
Aml dword_field(const Aml& source, u32 offset, std::string_view field_name) {
  return join({op(0x8a), source, integer(offset), path(field_name)});
}

Aml resources(const Terms& descriptors) {
  return buffer(join({join(descriptors), Aml{0x79, 0}}));  // end tag, checksum not used
}
Aml io(u16 first, u16 length) {
  check(length <= 255, "aml: io length");
  return ByteBuilder().u8le(0x47).u8le(1).u16le(first).u16le(first).u8le(1).u8le(length).take();
}
Aml irq(unsigned line) { return ByteBuilder().u8le(0x22).u16le(1u << line).take(); }
Aml dma(unsigned channel) {
  return ByteBuilder().u8le(0x2a).u8le(u8(1u << channel)).u8le(0).take();
}
Aml interrupts(std::initializer_list<u32> lines) {
  constexpr u8 kConsumer = 1, kShared = 8;  // bits 1 and 2 clear: level, active high
  ByteBuilder out;
  out.u8le(0x89).u16le(2 + 4 * lines.size()).u8le(kConsumer | kShared).u8le(lines.size());
  for (const u32 line : lines) out.u32le(line);
  return out.take();
}
Aml fixed_memory(u32 base, u32 length) {
  return ByteBuilder().u8le(0x86).u16le(9).u8le(0).u32le(base).u32le(length).take();
}
Aml bus_numbers(u16 first, u16 last) {
  return address_space(2, 0x88, kBus, kMinMaxFixed, 0, first, last);
}
Aml io_range(u16 first, u16 last) {
  constexpr u8 kEntireRange = 3;
  return address_space(2, 0x88, kIo, kMinMaxFixed, kEntireRange, first, last);
}
Aml memory_range(u32 first, u32 last, bool cacheable) {
  return address_space(4, 0x87, kMemory, kMinMaxFixed, cacheable ? 3 : 1, first, last);
}

}  // namespace reprise::aml
