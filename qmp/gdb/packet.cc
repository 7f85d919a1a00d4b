#include "qmp/gdb/packet.h"

#include <utility>

namespace reprise::gdb {

namespace {

constexpr char kDigits[] = "0123456789abcdef";

int digit(u8 c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

PacketReader::Event PacketReader::feed(u8 byte) {
  if (byte == '$') {  // never inside a packet: whatever was there is lost
    reset();
    place_ = Place::Data;
    return Event::None;
  }
  switch (place_) {
    case Place::Outside:
      if (byte == 3) return Event::Interrupt;
      if (byte == '+') return Event::Ack;
      if (byte == '-') return Event::Nak;
      return Event::None;
    case Place::Data:
      if (byte == '#') {
        place_ = Place::High;
        return Event::None;
      }
      sum_ += byte;
      if (++length_ > kPacketSize) return Event::None;
      if (escaped_)
        data_ += char(byte ^ 0x20);
      else if (byte != '}')
        data_ += char(byte);
      escaped_ = !escaped_ && byte == '}';
      return Event::None;
    case Place::High:
    case Place::Low:
      if (digit(byte) < 0) legal_sum_ = false;
      given_sum_ = u8(given_sum_ << 4 | (digit(byte) & 15));
      if (place_ == Place::Low) return finish();
      place_ = Place::Low;
      return Event::None;
  }
  return Event::None;
}

PacketReader::Event PacketReader::finish() {
  place_ = Place::Outside;
  if (!legal_sum_ || given_sum_ != sum_) return Event::BadChecksum;
  return length_ > kPacketSize ? Event::TooLong : Event::Packet;
}

std::string escaped(std::string_view data) {
  std::string out;
  for (const char c : data) {
    if (c == '$' || c == '#' || c == '}' || c == '*') {
      out += '}';
      out += char(c ^ 0x20);
    } else {
      out += c;
    }
  }
  return out;
}

std::string packet(std::string_view data) {
  const std::string body = escaped(data);
  u8 sum = 0;
  for (const char c : body) sum += u8(c);
  return "$" + body + "#" + kDigits[sum >> 4] + kDigits[sum & 15];
}

std::string to_hex(std::span<const u8> bytes) {
  std::string text;
  for (const u8 byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string to_hex(std::string_view text) {
  return to_hex(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
}

std::string hex_number(u64 value) {
  std::string text;
  do text.insert(text.begin(), kDigits[value & 15]);
  while (value >>= 4);
  return text;
}

std::optional<std::vector<u8>> from_hex(std::string_view text) {
  if (text.size() % 2) return std::nullopt;
  std::vector<u8> bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(u8(text[i])), low = digit(u8(text[i + 1]));
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(u8(high << 4 | low));
  }
  return bytes;
}

std::optional<u64> Cursor::number() {
  u64 value = 0;
  std::size_t count = 0;
  for (; count < rest_.size() && digit(u8(rest_[count])) >= 0; ++count) {
    if (value >> 60) return std::nullopt;
    value = value << 4 | u64(digit(u8(rest_[count])));
  }
  if (!count) return std::nullopt;
  rest_.remove_prefix(count);
  return value;
}

}  // namespace reprise::gdb
