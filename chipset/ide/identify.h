// The 256 words that IDENTIFY DEVICE and IDENTIFY PACKET DEVICE give.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "replay/core/types.h"

namespace reprise {

class IdentifyData {
 public:
  void word(unsigned index, u16 value) {
    bytes_[2 * index] = u8(value);
    bytes_[2 * index + 1] = u8(value >> 8);
  }
  void dword(unsigned index, u32 value) {
    word(index, u16(value));
    word(index + 1, u16(value >> 16));
  }
  // Two characters a word, the first one in the high byte; filled up with spaces.
  void text(unsigned index, unsigned words, std::string_view text) {
    for (unsigned i = 0; i < 2 * words; ++i)
      bytes_[2 * index + (i ^ 1)] = i < text.size() ? u8(text[i]) : ' ';
  }
  // Word 255: signature and checksum.
  std::span<const u8> sealed() {
    bytes_[510] = 0xa5;
    u8 sum = 0;
    for (unsigned i = 0; i < 511; ++i) sum += bytes_[i];
    bytes_[511] = u8(0 - sum);
    return bytes_;
  }

 private:
  std::array<u8, 512> bytes_{};
};

// What tells drives apart.
struct IdeIdentity {
  std::string serial;    // at most 20 characters
  std::string model;     // at most 40
  std::string firmware;  // at most 8
};

}  // namespace reprise
