// Packets of gdb's remote serial protocol.
//
// Source: gdb manual, appendix E.1: $data#checksum, `}` escapes, + and - acknowledge, 03h outside a
// packet interrupts. Whatever arrives, at most kPacketSize bytes of it are kept.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replay/core/types.h"

namespace reprise::gdb {

// Of the data of one packet, either way: as the wire has it, with escapes.
inline constexpr std::size_t kPacketSize = 0x4000;

class PacketReader {
 public:
  enum class Event : u8 { None, Packet, BadChecksum, TooLong, Interrupt, Ack, Nak };

  // What the byte completes; Packet: data() has it until the next call.
  Event feed(u8 byte);
  const std::string& data() const { return data_; }  // escapes resolved
  void reset() { *this = PacketReader(); }

 private:
  Event finish();

  enum class Place : u8 { Outside, Data, High, Low } place_ = Place::Outside;
  std::string data_;
  std::size_t length_ = 0;  // on the wire
  bool escaped_ = false;
  u8 sum_ = 0;
  u8 given_sum_ = 0;
  bool legal_sum_ = true;
};

// "$data#cs", with binary data escaped.
std::string packet(std::string_view data);
std::string escaped(std::string_view data);

std::string to_hex(std::span<const u8> bytes);
std::string to_hex(std::string_view text);
std::string hex_number(u64 value);  // without leading zeros
// Nothing if it is no even number of hex digits.
std::optional<std::vector<u8>> from_hex(std::string_view text);

// What is still to be read of a packet.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  bool skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  // At most 64 bits of hex digits; nothing, and nothing taken, if there are none or more.
  std::optional<u64> number();
  std::string_view rest() const { return rest_; }
  bool end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace reprise::gdb
