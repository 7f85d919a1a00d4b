// A disk in memory, with faults: for tests.
#pragma once

#include <cstring>
#include <functional>
#include <vector>

#include "replay/core/pages.h"
#include "storage/block_node.h"

namespace reprise {

class FaultyNode final : public BlockNode {
 public:
  explicit FaultyNode(u64 size) : bytes(size) {}

  std::string_view driver() const override { return "faulty"; }
  u64 size() const override { return bytes.size(); }
  bool read_only() const override { return locked; }
  Result<void> read(u64 offset, std::span<u8> out) override {
    TRY(act('r', offset, out.size()));
    std::memcpy(out.data(), bytes.data() + offset, out.size());
    return {};
  }
  Result<void> write(u64 offset, std::span<const u8> in) override {
    const Result<void> result = act('w', offset, in.size());
    // A failed write may have done half of its work.
    std::memcpy(bytes.data() + offset, in.data(), result ? in.size() : in.size() / 2);
    return result;
  }
  Result<void> flush() override { return act('f', 0, 0); }
  Result<void> discard(u64 offset, u64 length) override {
    TRY(act('d', offset, length));
    std::memset(bytes.data() + offset, 0, length);
    return {};
  }
  Result<Extent> map(u64, u64 length) override { return Extent{length, false, true, {}}; }

  std::vector<u8> bytes;
  bool locked = false;
  std::string log;                                // "r0+512 w1024+512 "
  std::function<int(char op, u64 number)> fault;  // an error number for the n-th call, or 0

 private:
  Result<void> act(char op, u64 offset, u64 length) {
    log += op + std::to_string(offset) + "+" + std::to_string(length) + " ";
    check(offset + length <= bytes.size(), "outside the node");
    const int number = fault ? fault(op, calls_) : 0;
    ++calls_;
    if (number) return Error{"injected", "GenericError", number};
    return {};
  }
  u64 calls_ = 0;
};

}  // namespace reprise
