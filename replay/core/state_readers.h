// The readers of State: save, load, hash, inspect and compare.
//
// A saved image is a stream of items, little-endian. Each begins with a 16-bit tag: the kind of
// item in the upper 3 bits, a hash of the field's name in the lower 13, so that an image of another
// list of fields is found at the first field that differs. Outermost names (devices' paths) are
// stored in full.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replay/core/device.h"
#include "replay/core/result.h"
#include "replay/core/state.h"

namespace reprise {

class SaveState final : public State {
 public:
  const std::vector<u8>& image() const { return image_; }
  std::vector<u8> take() { return std::move(image_); }
  void refuse(std::string_view, std::string_view) override {}

 protected:
  void number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) override;
  void bytes(std::string_view name, std::span<u8> data) override;
  void enter(std::string_view name) override;
  void leave() override;

 private:
  void put(u64 value, unsigned width);
  std::vector<u8> image_;
  unsigned depth_ = 0;
};

// Steps through a saved image; an image is hostile input. Knows where in the tree of names it is.
class StateImage {
 public:
  explicit StateImage(std::span<const u8> image) : image_(image) {}

  void enter(std::string_view name);  // these three fail if the image has something else here
  void leave();                       // skips what the image has more, if `skip_surplus`
  u64 number(std::string_view name, unsigned width);
  std::span<const u8> bytes(std::string_view name);

  bool failed() const { return !error_.empty(); }
  bool at_end() const { return at_ == image_.size(); }
  bool at_leave() const;  // the image has no more items in this group
  const std::string& error() const { return error_; }
  void fail(std::string_view name, std::string_view why);  // the first one is kept
  std::string path(std::string_view name) const;
  void skip_surplus(bool on) { skip_surplus_ = on; }

 private:
  bool expect(unsigned kind, std::string_view name);
  bool skip_item();
  bool have(std::size_t count);
  u64 get(unsigned width);

  std::span<const u8> image_;
  std::size_t at_ = 0;
  std::vector<std::string> names_;
  std::string error_;
  bool skip_surplus_ = false;
};

// Overwrites fields with an image's. After a refusal, the remaining fields stay as they are.
class LoadState final : public State {
 public:
  explicit LoadState(std::span<const u8> image) : image_(image) {}
  bool loading() const override { return true; }
  void refuse(std::string_view name, std::string_view why) override { image_.fail(name, why); }
  // After the last field: what was refused first, or that the image holds more than was asked for.
  Result<void> finish();

 protected:
  void number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) override;
  void bytes(std::string_view name, std::span<u8> data) override;
  void enter(std::string_view name) override { image_.enter(name); }
  void leave() override { image_.leave(); }

 private:
  StateImage image_;
};

// Values only: two machines with the same list of fields hash alike if their values are alike.
class HashState final : public State {
 public:
  u64 value() const;
  void refuse(std::string_view, std::string_view) override {}

 protected:
  void number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) override;
  void bytes(std::string_view name, std::span<u8> data) override;
  void enter(std::string_view) override {}
  void leave() override {}

 private:
  std::vector<u8> values_;
};

struct InspectedField {
  std::string name;  // below the object: "timer/armed"
  std::string text;  // "1f", hexadecimal; bytes as pairs of digits
  unsigned width;    // bytes of a number; 0: a run of bytes
  u64 value;         // of a number
};

class InspectState final : public State {
 public:
  const std::vector<InspectedField>& fields() const { return fields_; }
  const InspectedField* find(std::string_view name) const;
  void refuse(std::string_view, std::string_view) override {}

 protected:
  void number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) override;
  void bytes(std::string_view name, std::span<u8> data) override;
  void enter(std::string_view name) override { names_.emplace_back(name); }
  void leave() override { names_.pop_back(); }

 private:
  std::string path(std::string_view name) const;
  std::vector<std::string> names_;
  std::vector<InspectedField> fields_;
};

struct StateDifference {
  std::string name;
  std::string here, image;
};

// Compares fields with an image's; changes nothing.
class CompareState final : public State {
 public:
  explicit CompareState(std::span<const u8> image) : image_(image) { image_.skip_surplus(true); }
  const std::vector<StateDifference>& differences() const { return differences_; }
  // Not empty: the image is of other fields, and the comparison ended there.
  const std::string& error() const { return image_.error(); }
  void refuse(std::string_view, std::string_view) override {}

 protected:
  void number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) override;
  void bytes(std::string_view name, std::span<u8> data) override;
  void enter(std::string_view name) override;
  void leave() override;

 private:
  StateImage image_;
  unsigned absent_ = 0;  // depth inside a group that the image does not have
  std::vector<StateDifference> differences_;
};

// Every device of the tree. A refused image leaves the tree as it was.
std::vector<u8> save_objects(ObjectTree& tree);
Result<void> load_objects(ObjectTree& tree, std::span<const u8> image);
// The fields that are not as in the image.
Result<std::vector<StateDifference>> compare_objects(ObjectTree& tree, std::span<const u8> image);

}  // namespace reprise
