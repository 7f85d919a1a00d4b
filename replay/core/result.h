// Result<T>: a value, or an Error whose message tells the operator what to do.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "replay/core/check.h"

namespace reprise {

// `kind` is the QMP error class ("GenericError", "CommandNotFound", "DeviceNotFound", ...).
// `number` says what failed in I/O as Linux numbers it (5 EIO, 28 ENOSPC, 123 ENOMEDIUM); 0: it was
// not I/O. Recordings hold these numbers, so they are the same on every host.
struct Error {
  std::string message;
  std::string kind = "GenericError";
  int number = 0;
};

inline Error fail(std::string message) { return Error{std::move(message)}; }

template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}
  explicit operator bool() const { return value_.has_value(); }
  bool ok() const { return value_.has_value(); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() & {
    check(ok(), "value of a failed Result");
    return *value_;
  }
  const T& value() const& {
    check(ok(), "value of a failed Result");
    return *value_;
  }
  T value() && {
    check(ok(), "value of a failed Result");
    return std::move(*value_);
  }
  const Error& error() const {
    check(!ok(), "error of a good Result");
    return error_;
  }

 private:
  std::optional<T> value_;
  Error error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  explicit operator bool() const { return !error_; }
  bool ok() const { return !error_; }
  void value() const { check(ok(), "value of a failed Result"); }
  const Error& error() const {
    check(!ok(), "error of a good Result");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

// TRY(expr): the value of a Result, or return its Error from the enclosing function.
#define TRY(...)                                          \
  ({                                                      \
    auto try_result_ = (__VA_ARGS__);                     \
    if (!try_result_.ok()) return try_result_.error();    \
    std::move(try_result_).value();                       \
  })

}  // namespace reprise
