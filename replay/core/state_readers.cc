#include "replay/core/state_readers.h"

#include <bit>
#include <cstring>

#include "replay/core/check.h"
#include "replay/core/hash.h"

namespace reprise {
namespace {

// Kinds of item: 0 to 3 are numbers of 1, 2, 4 and 8 bytes.
constexpr unsigned kBytes = 4, kEnter = 5, kLeave = 6;

unsigned number_kind(unsigned width) {
  check(width == 1 || width == 2 || width == 4 || width == 8, "width of a state number");
  return unsigned(std::countr_zero(width));
}

// FNV-1a folded to 13 bits: part of the image format, so spelled out here.
unsigned name_tag(std::string_view name) {
  u32 h = 2166136261u;
  for (const char c : name) h = (h ^ u8(c)) * 16777619u;
  return (h ^ (h >> 13) ^ (h >> 26)) & 0x1FFF;
}

u16 tag(unsigned kind, std::string_view name) { return u16(kind << 13 | name_tag(name)); }

std::string hex(u64 value) {
  std::string text;
  do text.insert(text.begin(), "0123456789abcdef"[value % 16]);
  while (value /= 16);
  return text;
}

std::string hex(std::span<const u8> data) {
  std::string text;
  for (const u8 byte : data) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string join(const std::vector<std::string>& names, std::string_view name) {
  std::string path;
  for (const std::string& part : names) path += part + "/";
  return path + std::string(name);
}

}  // namespace

// --- save ---

void SaveState::put(u64 value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) image_.push_back(u8(value >> (8 * i)));
}

void SaveState::number(std::string_view name, u64& value, unsigned width, u64, u64) {
  put(tag(number_kind(width), name), 2);
  put(value, width);
}

void SaveState::bytes(std::string_view name, std::span<u8> data) {
  check(data.size() < (u64(1) << 32), "state bytes too long");
  put(tag(kBytes, name), 2);
  put(data.size(), 4);
  image_.insert(image_.end(), data.begin(), data.end());
}

void SaveState::enter(std::string_view name) {
  put(tag(kEnter, name), 2);
  if (depth_++ > 0) return;
  put(name.size(), 2);
  image_.insert(image_.end(), name.begin(), name.end());
}

void SaveState::leave() {
  put(tag(kLeave, {}), 2);
  --depth_;
}

// --- stepping through an image ---

std::string StateImage::path(std::string_view name) const { return join(names_, name); }

void StateImage::fail(std::string_view name, std::string_view why) {
  if (error_.empty()) error_ = path(name) + ": " + std::string(why);
}

bool StateImage::have(std::size_t count) { return count <= image_.size() - at_; }

u64 StateImage::get(unsigned width) {
  u64 value = 0;
  for (unsigned i = 0; i < width; ++i) value |= u64(image_[at_ + i]) << (8 * i);
  at_ += width;
  return value;
}

bool StateImage::expect(unsigned kind, std::string_view name) {
  if (failed()) return false;
  if (!have(2)) {
    fail(name, "the saved state ends here");
    return false;
  }
  if (get(2) == tag(kind, name)) return true;
  fail(name, "the saved state has another field here");
  return false;
}

void StateImage::enter(std::string_view name) {
  if (expect(kEnter, name) && names_.empty()) {
    const std::size_t length = have(2) ? get(2) : ~u16(0);
    if (!have(length)) {
      fail(name, "the saved state ends here");
    } else {
      const auto* text = reinterpret_cast<const char*>(image_.data() + at_);
      if (std::string_view(text, length) != name)
        fail(name, "the saved state is of another object");
      at_ += length;
    }
  }
  names_.emplace_back(name);
}

bool StateImage::at_leave() const {
  return !failed() && image_.size() - at_ >= 2 && image_[at_ + 1] >> 5 == kLeave;
}

bool StateImage::skip_item() {
  unsigned depth = 0;
  do {
    if (!have(2)) return false;
    const unsigned kind = unsigned(get(2) >> 13);
    std::size_t length = kind < kBytes ? std::size_t(1) << kind : 0;
    if (kind == kBytes) {
      if (!have(4)) return false;
      length = get(4);
    }
    if (kind > kLeave || !have(length)) return false;
    at_ += length;
    if (kind == kEnter) ++depth;
    if (kind == kLeave && depth-- == 0) return false;
  } while (depth > 0);
  return true;
}

void StateImage::leave() {
  while (skip_surplus_ && !failed() && !at_leave()) {
    if (!skip_item()) fail({}, "the saved state is broken here");
  }
  check(!names_.empty(), "leave without enter");
  const std::string name = names_.back();
  names_.pop_back();
  if (!failed() && !at_leave()) fail(name, "the saved state has more fields");
  expect(kLeave, {});
}

u64 StateImage::number(std::string_view name, unsigned width) {
  if (!expect(number_kind(width), name)) return 0;
  if (have(width)) return get(width);
  fail(name, "the saved state ends here");
  return 0;
}

std::span<const u8> StateImage::bytes(std::string_view name) {
  if (!expect(kBytes, name)) return {};
  const u64 length = have(4) ? get(4) : ~u64(0);
  if (!have(length)) {
    fail(name, "the saved state ends here");
    return {};
  }
  at_ += length;
  return image_.subspan(at_ - length, length);
}

// --- load ---

void LoadState::number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) {
  const u64 loaded = image_.number(name, width);
  if (image_.failed()) return;
  if (loaded < lo || loaded > hi) {
    image_.fail(name, "value " + hex(loaded) + "h is outside " + hex(lo) + "h.." + hex(hi) + "h");
    return;
  }
  value = loaded;
}

void LoadState::bytes(std::string_view name, std::span<u8> data) {
  const std::span<const u8> loaded = image_.bytes(name);
  if (image_.failed()) return;
  if (loaded.size() != data.size()) {
    image_.fail(name,
                std::to_string(loaded.size()) + " bytes instead of " + std::to_string(data.size()));
  } else if (!data.empty()) {
    std::memcpy(data.data(), loaded.data(), data.size());
  }
}

Result<void> LoadState::finish() {
  if (!image_.failed() && !image_.at_end()) image_.fail("end", "the saved state goes on");
  if (image_.failed()) return fail("cannot load the saved state: " + image_.error());
  return {};
}

// --- hash ---

u64 HashState::value() const { return hash64(values_); }

void HashState::number(std::string_view, u64& value, unsigned width, u64, u64) {
  for (unsigned i = 0; i < width; ++i) values_.push_back(u8(value >> (8 * i)));
}

void HashState::bytes(std::string_view, std::span<u8> data) {
  values_.insert(values_.end(), data.begin(), data.end());
}

// --- inspect ---

std::string InspectState::path(std::string_view name) const { return join(names_, name); }

void InspectState::number(std::string_view name, u64& value, unsigned width, u64, u64) {
  fields_.push_back({path(name), hex(value), width, value});
}

void InspectState::bytes(std::string_view name, std::span<u8> data) {
  fields_.push_back({path(name), hex(data), 0, 0});
}

const InspectedField* InspectState::find(std::string_view name) const {
  for (const InspectedField& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// --- compare ---

void CompareState::enter(std::string_view name) {
  // A group that is longer here than in the image: its further elements have nothing to face.
  if (absent_ > 0 || image_.at_leave()) {
    ++absent_;
  } else {
    image_.enter(name);
  }
}

void CompareState::leave() {
  if (absent_ > 0) {
    --absent_;
  } else {
    image_.leave();
  }
}

void CompareState::number(std::string_view name, u64& value, unsigned width, u64, u64) {
  if (absent_ > 0 || image_.at_leave()) return;
  const u64 there = image_.number(name, width);
  if (image_.failed() || there == value) return;
  differences_.push_back({image_.path(name), hex(value), hex(there)});
}

void CompareState::bytes(std::string_view name, std::span<u8> data) {
  if (absent_ > 0 || image_.at_leave()) return;
  const std::span<const u8> there = image_.bytes(name);
  if (image_.failed()) return;
  if (there.size() == data.size() &&
      (data.empty() || std::memcmp(there.data(), data.data(), data.size()) == 0)) {
    return;
  }
  differences_.push_back({image_.path(name), hex(data), hex(there)});
}

// --- whole trees ---

std::vector<u8> save_objects(ObjectTree& tree) {
  SaveState save;
  tree.state(save);
  return save.take();
}

Result<void> load_objects(ObjectTree& tree, std::span<const u8> image) {
  const std::vector<u8> before = save_objects(tree);
  LoadState load(image);
  tree.state(load);
  const Result<void> result = load.finish();
  if (!result) {
    LoadState undo(before);
    tree.state(undo);
    check(undo.finish().ok(), "a saved state does not load again");
  }
  tree.settle();
  return result;
}

Result<std::vector<StateDifference>> compare_objects(ObjectTree& tree, std::span<const u8> image) {
  CompareState compare(image);
  tree.state(compare);
  if (!compare.error().empty()) return fail("cannot compare the states: " + compare.error());
  return compare.differences();
}

}  // namespace reprise
