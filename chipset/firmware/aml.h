// A small assembler for ACPI Machine Language: each function returns the bytes of one term, and
// terms nest as they do in ASL.
//
// Source: ACPI 6.3, chapter 20 (AML) and 6.4 (resource data types).
//   device("HPET", {name("_HID", eisa_id("PNP0103")), name("_CRS", resources({...}))})
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "chipset/firmware/bytes.h"

namespace reprise::aml {

using Aml = Bytes;
using Terms = std::vector<Aml>;

// Data
Aml integer(u64 value);
Aml string(std::string_view text);
Aml eisa_id(std::string_view id);  // "PNP0A03"
Aml buffer(const Bytes& data);
Aml package(const Terms& elements);
Aml path(std::string_view name);  // "\\_SB.PCI0", "^FOO": segments are padded with '_'

// Named objects
Aml name(std::string_view path, const Aml& value);
Aml scope(std::string_view path, const Terms& body);
Aml device(std::string_view path, const Terms& body);
Aml method(std::string_view path, unsigned args, const Terms& body, bool serialized = false);
Aml processor(std::string_view path, u8 id);
enum class Space : u8 { SystemMemory = 0, SystemIo = 1, PciConfig = 2 };
Aml op_region(std::string_view path, Space space, u32 offset, u32 length);
// Byte-access fields of a region: name (empty to skip) and width in bits.
Aml field(std::string_view region, std::initializer_list<std::pair<std::string_view, u32>> units);

// Expressions and statements in methods
Aml arg(unsigned n);
Aml store(const Aml& value, const Aml& target);
Aml bit_and(const Aml& a, const Aml& b);
Aml bit_or(const Aml& a, const Aml& b, const Aml& target);
Aml less(const Aml& a, const Aml& b);
Aml if_(const Aml& condition, const Terms& body);
Aml return_(const Aml& value);
Aml dword_field(const Aml& buffer, u32 offset, std::string_view name);  // CreateDWordField

// Resource descriptors, and the buffer with the end tag that holds them
Aml resources(const Terms& descriptors);
Aml io(u16 first, u16 length);
Aml irq(unsigned line);                            // edge, active high, exclusive
Aml dma(unsigned channel);                         // compatible, 8 bits, no bus master
Aml interrupts(std::initializer_list<u32> lines);  // level, active high, shared
Aml fixed_memory(u32 base, u32 length);            // read-only window
Aml bus_numbers(u16 first, u16 last);
Aml io_range(u16 first, u16 last);  // what a bridge passes on
Aml memory_range(u32 first, u32 last, bool cacheable);

}  // namespace reprise::aml
