// The state visitor: each device lists its fields once, and five readers read that list.
//
//   void state(State& s) override { s("status", status_, 0, 1)("fifo", fifo_, 16)("timer", timer_); }
//
// Save, load, hash, inspect and compare are subclasses (see state_readers.h). A field is a number
// (integer, bool, enum), a fixed array, a bounded vector or deque, a string, or anything that has
// its own state(State&). Numbers take an optional legal range [lo, hi], checked at load.
#pragma once

#include <array>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "replay/core/types.h"

namespace reprise {

class State;

template <class T>
concept HasState = requires(T& t, State& s) { t.state(s); };
template <class T>
concept StateNumber = std::is_integral_v<T> || std::is_enum_v<T>;

class State {
 public:
  virtual ~State() = default;

  // True while fields are being overwritten (load): recompute derived values afterwards, in settle().
  virtual bool loading() const { return false; }
  // A device refuses what it is asked to load; the first message is kept.
  virtual void refuse(std::string_view name, std::string_view why) = 0;

  template <StateNumber T>
  State& operator()(std::string_view name, T& field) {
    return ranged(name, field, 0, max_of<T>());
  }
  template <StateNumber T>
  State& operator()(std::string_view name, T& field, u64 lo, u64 hi) {
    return ranged(name, field, lo, hi);
  }
  template <HasState T>
  State& operator()(std::string_view name, T& field) {
    enter(name);
    field.state(*this);
    leave();
    return *this;
  }
  template <class T, std::size_t N>
  State& operator()(std::string_view name, std::array<T, N>& field) {
    return sequence(name, std::span<T>(field));
  }
  template <class T, std::size_t N>
  State& operator()(std::string_view name, T (&field)[N]) {
    return sequence(name, std::span<T>(field, N));
  }
  template <StateNumber T, std::size_t N>
  State& operator()(std::string_view name, std::array<T, N>& field, u64 lo, u64 hi) {
    enter(name);
    for (std::size_t i = 0; i < N; ++i) ranged(std::to_string(i), field[i], lo, hi);
    leave();
    return *this;
  }
  // Vectors and deques of at most `max` elements.
  template <class T>
  State& operator()(std::string_view name, std::vector<T>& field, u64 max) {
    return container(name, field, max);
  }
  template <class T>
  State& operator()(std::string_view name, std::deque<T>& field, u64 max) {
    return container(name, field, max);
  }
  State& operator()(std::string_view name, std::string& field, u64 max) {
    return container(name, field, max);
  }
  // Raw bytes of fixed length that are only worth hashing and copying (buffers, tables).
  State& raw(std::string_view name, std::span<u8> field) {
    bytes(name, field);
    return *this;
  }

 protected:
  // `width` is the field's size in bytes: 1, 2, 4 or 8; values are zero-extended.
  virtual void number(std::string_view name, u64& value, unsigned width, u64 lo, u64 hi) = 0;
  virtual void bytes(std::string_view name, std::span<u8> data) = 0;
  virtual void enter(std::string_view name) = 0;
  virtual void leave() = 0;

 private:
  template <class T>
  static constexpr u64 max_of() {
    if constexpr (std::is_same_v<T, bool>) return 1;
    if constexpr (sizeof(T) == 8) return ~u64(0);
    return (u64(1) << (8 * sizeof(T) % 64)) - 1;
  }
  template <class T>
  State& ranged(std::string_view name, T& field, u64 lo, u64 hi) {
    u64 value = u64(field) & max_of<T>();
    number(name, value, sizeof(T), lo, hi);
    if (loading()) field = static_cast<T>(value);
    return *this;
  }
  template <class T>
  State& sequence(std::string_view name, std::span<T> field) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      bytes(name, {reinterpret_cast<u8*>(field.data()), field.size_bytes()});
    } else {
      enter(name);
      for (std::size_t i = 0; i < field.size(); ++i) (*this)(std::to_string(i), field[i]);
      leave();
    }
    return *this;
  }
  template <class C>
  State& container(std::string_view name, C& field, u64 max) {
    enter(name);
    u64 size = field.size();
    number("size", size, 8, 0, max);
    if (loading()) field.resize(size <= max ? size : 0);
    if constexpr (std::is_same_v<C, std::vector<u8>> || std::is_same_v<C, std::string>) {
      bytes("data", {reinterpret_cast<u8*>(field.data()), field.size()});
    } else {
      std::size_t i = 0;
      for (auto& element : field) (*this)(std::to_string(i++), element);
    }
    leave();
    return *this;
  }
};

}  // namespace reprise
