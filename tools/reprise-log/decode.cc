#include "tools/reprise-log/decode.h"

#include <cstdio>
#include <system_error>

#include "chipset/board/pc_i440fx.h"
#include "chipset/input/keys.h"
#include "tools/reprise-log/recording.h"

namespace reprise::log {
namespace {

u64 number(std::span<const u8> bytes, std::size_t at, unsigned width) {
  u64 value = 0;
  for (unsigned i = 0; i < width && at + i < bytes.size(); ++i)
    value |= u64(bytes[at + i]) << (8 * i);
  return value;
}

std::string raw(std::span<const u8> bytes) {
  constexpr std::size_t kShown = 32;
  std::string text;
  for (const u8 byte : bytes.first(std::min(bytes.size(), kShown))) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += (text.empty() ? "" : " ") + std::string(hex);
  }
  return text + (bytes.size() > kShown ? " ... (" + grouped(bytes.size()) + " bytes)" : "");
}

std::string hex(u64 value) {
  char text[24];
  std::snprintf(text, sizeof text, "%llx", ull(value));
  return text;
}

// chipset/input/key_sender.cc
std::string key(std::span<const u8> bytes) {
  std::string text;
  for (; bytes.size() >= 3; bytes = bytes.subspan(3)) {
    const u64 code = number(bytes, 0, 2);
    text += (text.empty() ? "" : ", ") +
            (code < kKeyCount ? std::string(kKeys[code].name) : "key " + std::to_string(code)) +
            (bytes[2] ? " down" : " up");
  }
  return bytes.empty() ? text : text + (text.empty() ? "" : ", ") + raw(bytes);
}

// chipset/input/ps2_mouse.h
std::string motion(std::span<const u8> bytes) {
  if (bytes.size() != 7) return raw(bytes);
  const auto part = [&](std::size_t at) { return std::to_string(i16(number(bytes, at, 2))); };
  return "right " + part(0) + ", down " + part(2) + ", wheel " + part(4) + ", buttons " +
         hex(bytes[6]);
}

std::string control(std::span<const u8> bytes) {
  std::string text;
  for (const u8 byte : bytes) {
    const char* name = byte == PcI440fx::kPowerButton ? "system_powerdown"
                       : byte == PcI440fx::kReset     ? "system_reset"
                       : byte == PcI440fx::kNmi       ? "nmi"
                                                      : "unknown";
    text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

// chipset/board/debug_port.h
std::string debugger(std::span<const u8> bytes) {
  if (bytes.size() < 3) return raw(bytes);
  const std::string cpu = "vCPU " + std::to_string(bytes[1]) + ": ";
  if ((bytes[0] == 1 || bytes[0] == 2) && bytes.size() >= 10)
    return cpu + (bytes[0] == 1 ? "physical" : "linear") + " memory " + hex(number(bytes, 2, 8)) +
           " = " + raw(bytes.subspan(10));
  if (bytes[0] == 3 && bytes.size() >= 3u + bytes[2])
    return cpu + "register " + quoted(bytes.subspan(3, bytes[2])) + " = " +
           raw(bytes.subspan(3u + bytes[2]));
  return raw(bytes);
}

// storage/drive/drive_media.cc
std::string medium(std::span<const u8> bytes) {
  if (bytes.size() == 1 && bytes[0] == 1) return "eject";
  if (bytes.size() == 1 && bytes[0] == 2) return "eject by force";
  if (bytes.size() < 11 || bytes[0] != 3 || bytes.size() < 11u + bytes[10]) return raw(bytes);
  return "insert " + quoted(bytes.subspan(11u + bytes[10])) + ", " + grouped(number(bytes, 1, 8)) +
         " bytes" + (bytes[9] ? ", read-only" : "") + ", as " +
         quoted(bytes.subspan(11, bytes[10]));
}

}  // namespace

Decoded decode_input(const std::string& port, std::span<const u8> bytes) {
  if (port.ends_with(":key")) return {"key", key(bytes)};
  if (port.ends_with(":motion")) return {"mouse", motion(bytes)};
  if (port.ends_with(":in")) return {"serial", quoted(bytes)};
  if (port.ends_with(":break")) return {"serial", "break"};
  if (port.ends_with(":medium")) return {"medium", medium(bytes)};
  if (port == "/machine:control") return {"control", control(bytes)};
  if (port == "/machine:debug") return {"debugger", debugger(bytes)};
  return {"input", raw(bytes)};
}

// storage/drive/drive.cc: an error number, and above it whether the operator let it be tried again.
Answer decode_answer(const std::string& port, u64 value) {
  if (!port.ends_with(":result")) return {value != 0, std::to_string(value)};
  if (value == 0) return {false, "done"};
  std::string text = std::generic_category().message(int(value & 0xFFF));
  if (value >> 16) text += "; the machine stopped, and it was tried again";
  return {true, text};
}

}  // namespace reprise::log
