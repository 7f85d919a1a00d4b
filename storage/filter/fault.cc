#include "storage/filter/fault.h"

#include <algorithm>

#include "storage/io_error.h"

namespace reprise {
namespace {

Error injected(const FaultRule& rule) { return io_error(rule.error, "fault: injected"); }

}  // namespace

const FaultRule* Fault::strike(FaultRule::Op op, u64 offset, u64 length) {
  for (FaultRule& rule : rules_) {
    if (rule.op != FaultRule::Op::Any && rule.op != op) continue;
    const bool apart = offset >= rule.length + rule.offset && rule.length != ~u64(0);
    if (op != FaultRule::Op::Flush && (apart || offset + length <= rule.offset)) continue;
    if (rule.skip) {
      --rule.skip;
      continue;
    }
    if (rule.count == 0) continue;
    if (rule.count != ~u64(0)) --rule.count;
    if (rule.before) rule.before();
    if (rule.error == 0) return nullptr;
    ++hits_;
    return &rule;
  }
  return nullptr;
}

Result<void> Fault::read(u64 offset, std::span<u8> out) {
  const FaultRule* rule = strike(FaultRule::Op::Read, offset, out.size());
  if (!rule) return child_->read(offset, out);
  TRY(child_->read(offset, out.first(std::min<u64>(rule->partial, out.size()))));
  return injected(*rule);
}

Result<void> Fault::write(u64 offset, std::span<const u8> in) {
  const FaultRule* rule = strike(FaultRule::Op::Write, offset, in.size());
  if (!rule) return child_->write(offset, in);
  TRY(child_->write(offset, in.first(std::min<u64>(rule->partial, in.size()))));
  return injected(*rule);
}

Result<void> Fault::flush() {
  const FaultRule* rule = strike(FaultRule::Op::Flush, 0, 0);
  return rule ? Result<void>(injected(*rule)) : child_->flush();
}

Result<void> Fault::discard(u64 offset, u64 length) {
  const FaultRule* rule = strike(FaultRule::Op::Discard, offset, length);
  if (!rule) return child_->discard(offset, length);
  TRY(child_->discard(offset, std::min(rule->partial, length)));
  return injected(*rule);
}

}  // namespace reprise
