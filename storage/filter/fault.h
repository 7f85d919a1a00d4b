// Fault: passes everything on, except what its rules make fail or wait. For tests.
#pragma once

#include <functional>
#include <vector>

#include "storage/block_node.h"

namespace reprise {

struct FaultRule {
  enum class Op : u8 { Read, Write, Flush, Discard, Any };
  Op op = Op::Any;
  // Requests that touch [offset, offset + length); flushes have no place and always match.
  u64 offset = 0, length = ~u64(0);
  u64 skip = 0;         // this many matching requests are let pass
  u64 count = ~u64(0);  // then so many are hit (1: once)
  int error = 0;        // the error number; 0: it succeeds, after `before` if any
  u64 partial = 0;      // a failing write, read or discard has done this many bytes
  // Called on the worker's thread first: a test waits in it for a late disk.
  std::function<void()> before = {};
};

class Fault final : public BlockNode {
 public:
  Fault(std::shared_ptr<BlockNode> child, std::vector<FaultRule> rules)
      : child_(std::move(child)), rules_(std::move(rules)) {}

  std::string_view driver() const override { return "fault"; }
  u64 size() const override { return child_->size(); }
  bool read_only() const override { return child_->read_only(); }
  Result<void> read(u64 offset, std::span<u8> out) override;
  Result<void> write(u64 offset, std::span<const u8> in) override;
  Result<void> flush() override;
  Result<void> discard(u64 offset, u64 length) override;
  Result<Extent> map(u64 offset, u64 length) override { return child_->map(offset, length); }
  Result<void> resize(u64 size) override { return child_->resize(size); }

  u64 hits() const { return hits_; }  // requests that failed

 private:
  // The rule that makes this request fail, or null. Only the first that matches counts.
  const FaultRule* strike(FaultRule::Op op, u64 offset, u64 length);

  std::shared_ptr<BlockNode> child_;
  std::vector<FaultRule> rules_;
  u64 hits_ = 0;
};

}  // namespace reprise
