// Errors of nodes: the text says what was tried and why it failed, the number is the host's errno.
#pragma once

#include <string>
#include <system_error>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

// Linux's numbers, on every host: recordings hold them.
inline constexpr int kEPERM = 1, kEIO = 5, kEAGAIN = 11, kEACCES = 13, kEINVAL = 22, kEFBIG = 27,
                     kENOSPC = 28, kENOTSUP = 95;

// "TRIED: Input/output error"
inline Error io_error(int number, const std::string& tried) {
  return Error{tried + ": " + std::generic_category().message(number), "GenericError", number};
}
inline Error io_error(int number, const std::string& tried, const std::string& advice) {
  Error error = io_error(number, tried);
  error.message += "; " + advice;
  return error;
}

// Does [offset, offset + length) lie in a node of `size` bytes?
inline bool in_range(u64 offset, u64 length, u64 size) {
  return offset <= size && length <= size - offset;
}
inline Error out_of_range(std::string_view driver, u64 offset, u64 length, u64 size) {
  return Error{std::string(driver) + ": " + std::to_string(length) + " bytes at " +
                   std::to_string(offset) + " pass the end at " + std::to_string(size),
               "GenericError", kEIO};
}

}  // namespace reprise
