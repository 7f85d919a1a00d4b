// Building and reading the little-endian tables that firmware interfaces are made of.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "replay/core/types.h"

namespace reprise {

using Bytes = std::vector<u8>;

// table.text("HPET").u32le(length).zeros(4): appends, in order.
class ByteBuilder {
 public:
  std::size_t size() const { return data_.size(); }
  Bytes take() { return std::move(data_); }
  Bytes& data() { return data_; }

  ByteBuilder& u8le(u64 value) { return number(value, 1); }
  ByteBuilder& u16le(u64 value) { return number(value, 2); }
  ByteBuilder& u32le(u64 value) { return number(value, 4); }
  ByteBuilder& u64le(u64 value) { return number(value, 8); }
  ByteBuilder& u16be(u64 value) { return u8le(value >> 8).u8le(value); }
  ByteBuilder& u32be(u64 value) { return u16be(value >> 16).u16be(value); }
  ByteBuilder& zeros(std::size_t count) {
    data_.insert(data_.end(), count, 0);
    return *this;
  }
  ByteBuilder& align(std::size_t unit) { return zeros((unit - size() % unit) % unit); }
  // `width` > text.size() pads with zeros; longer text is cut.
  ByteBuilder& text(std::string_view text, std::size_t width) {
    text = text.substr(0, width);
    data_.insert(data_.end(), text.begin(), text.end());
    return zeros(width - text.size());
  }
  ByteBuilder& text(std::string_view value) { return text(value, value.size()); }
  ByteBuilder& bytes(std::span<const u8> more) {
    data_.insert(data_.end(), more.begin(), more.end());
    return *this;
  }

 private:
  ByteBuilder& number(u64 value, unsigned width) {
    for (unsigned i = 0; i < width; ++i) data_.push_back(u8(value >> (8 * i)));
    return *this;
  }
  Bytes data_;
};

// Little-endian read; the caller has checked the bounds.
inline u64 get_le(std::span<const u8> data, std::size_t offset, unsigned width) {
  u64 value = 0;
  for (unsigned i = 0; i < width; ++i) value |= u64(data[offset + i]) << (8 * i);
  return value;
}
inline void put_le(std::span<u8> data, std::size_t offset, unsigned width, u64 value) {
  for (unsigned i = 0; i < width; ++i) data[offset + i] = u8(value >> (8 * i));
}
inline u64 get_be(std::span<const u8> data, std::size_t offset, unsigned width) {
  u64 value = 0;
  for (unsigned i = 0; i < width; ++i) value = value << 8 | data[offset + i];
  return value;
}

// The byte that makes the sum of `data` (with that byte at zero) a multiple of 256.
inline u8 checksum_of(std::span<const u8> data) {
  u8 sum = 0;
  for (const u8 byte : data) sum = u8(sum + byte);
  return u8(-sum);
}

}  // namespace reprise
