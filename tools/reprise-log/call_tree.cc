#include "tools/reprise-log/call_tree.h"

#include <utility>

namespace reprise::log {

namespace {

constexpr std::size_t kMostNodes = 2'000'000;  // then new stacks count for their callers
constexpr u32 kDeepest = 400;
constexpr std::size_t kMostLeft = 100'000;  // stacks of threads that never came back are forgotten

}  // namespace

CallTree::CallTree(Symbols& symbols, unsigned cpus)
    : symbols_(symbols),
      user_(symbols.intern("[user]")),
      unknown_(symbols.intern("[unknown]")),
      halted_(symbols.intern("[halted]")),
      vcpus_(cpus) {
  nodes_.emplace_back();
  for (Vcpu& v : vcpus_) v.stack.base = &nodes_.front();
}

// SDM volume 2, appendix A. Prefixes first; the ModRM byte tells the group.
CallTree::Kind CallTree::classify(std::span<const u8> bytes, bool code64) {
  std::size_t at = 0;
  const auto prefix = [&](u8 b) {
    return b == 0x66 || b == 0x67 || b == 0xF2 || b == 0xF3 || b == 0x2E || b == 0x36 ||
           b == 0x3E || b == 0x26 || b == 0x64 || b == 0x65 || b == 0xF0 ||
           (code64 && (b & 0xF0) == 0x40);
  };
  u8 rex = 0;
  while (at < bytes.size() && prefix(bytes[at])) {
    rex = code64 && (bytes[at] & 0xF0) == 0x40 ? bytes[at] : 0;
    ++at;
  }
  if (at >= bytes.size()) return Kind::Plain;
  const u8 opcode = bytes[at], modrm = at + 1 < bytes.size() ? bytes[at + 1] : 0;
  const unsigned reg = modrm >> 3 & 7, rm = modrm & 7;
  const bool direct = modrm >= 0xC0;
  constexpr unsigned kSp = 4, kBp = 5;
  const bool sp_reg = reg == kSp && !(rex & 4), sp_rm = direct && rm == kSp && !(rex & 1);
  switch (opcode) {
    case 0xE8:
    case 0x9A:
      return Kind::Call;
    case 0xFF:
      return reg == 2 || reg == 3 ? Kind::Call : Kind::Plain;
    case 0xC2:
    case 0xC3:
    case 0xCA:
    case 0xCB:
      return Kind::Return;
    case 0xCF:
      return Kind::Leaves;
    case 0xCC:  // INT3, INT n, INT1
    case 0xCD:
    case 0xF1:
      return Kind::Enters;
    case 0xF4:
      return Kind::Halt;
    case 0x89:  // MOV SP, BP ends a function
      return sp_rm && reg != kBp ? Kind::LoadsSp : Kind::Plain;
    case 0x8B:
      return sp_reg && !(direct && rm == kBp) ? Kind::LoadsSp : Kind::Plain;
    case 0xBC:
    case 0x5C:
    case 0x94:
      return rex & 1 ? Kind::Plain : Kind::LoadsSp;
    case 0xC7:
      return sp_rm ? Kind::LoadsSp : Kind::Plain;
    case 0x87:
      return sp_rm || sp_reg ? Kind::LoadsSp : Kind::Plain;
    case 0x0F:
      switch (modrm) {
        case 0x05:
        case 0x34:
          return Kind::Enters;
        case 0x07:
        case 0x35:
          return Kind::Leaves;
        case 0xB2:
          return Kind::LoadsSp;  // LSS
        default:
          return Kind::Plain;
      }
    default:
      return Kind::Plain;
  }
}

CallTree::Key CallTree::key_of(const cpu::Cpu& cpu) {
  return {cpu.r[cpu::RSP], cpu.user() ? cpu.cr3 & ~u64(0xFFF) : 1};
}

Node* CallTree::child(Node* parent, u32 name) {
  if (const auto found = parent->children.find(name); found != parent->children.end())
    return found->second;
  if (nodes_.size() >= kMostNodes || parent->depth >= kDeepest) return parent;
  Node& made = nodes_.emplace_back();
  made.name = name;
  made.parent = parent;
  made.depth = parent->depth + 1;
  return parent->children[name] = &made;
}

Node* CallTree::current(const Vcpu& v) const {
  return v.stack.frames.empty() ? v.stack.base : v.stack.frames.back().node;
}

void CallTree::push(Vcpu& v, u64 pc, u64 sp) {
  Symbols::Range range = symbols_.find(pc);
  const bool named = range.name != Symbols::kNone;
  if (!named) range.name = v.user ? user_ : unknown_;
  Node* const above = current(v);
  // What has no name calls itself without end: once is enough.
  Node* const node = !named && above->name == range.name ? above : child(above, range.name);
  ++node->calls;
  v.stack.frames.push_back({node, sp, range});
}

void CallTree::charge(Position at) {
  if (charged_) {
    charged_->instructions += at.icount - since_.icount;
    const Cycles cycles = at.cycles - since_.cycles;
    // HLT takes one clock; the rest is waiting.
    (halted_now_ && cycles > 1 ? child(charged_, halted_) : charged_)->cycles += cycles;
  }
  since_ = at;
}

void CallTree::leave(Vcpu& v, Key key, Node* base) {
  if (v.left.size() >= kMostLeft) v.left.clear();
  v.left[key] = std::move(v.stack);
  v.stack = {base, {}};
}

// On the stack that was left with v.key; false: there is none.
bool CallTree::come(Vcpu& v) {
  const auto found = v.left.find(v.key);
  if (found == v.left.end()) return false;
  v.stack = std::move(found->second);
  v.left.erase(found);
  return true;
}

// A boundary: what the last instruction did is done, and the instruction at RIP is next.
void CallTree::arrive(const cpu::Cpu& cpu) {
  Vcpu& v = vcpus_[cpu.index];
  const u64 pc = cpu.code64() ? cpu.r[cpu::kRip] : u32(cpu.seg[cpu::CS].base + cpu.r[cpu::kRip]);
  const Key before = std::exchange(v.key, key_of(cpu));
  const u64 sp = v.key.first;
  v.user = cpu.user();
  auto& frames = v.stack.frames;
  if (v.last == Kind::Enters) {
    leave(v, before, current(v));
  } else if (v.last == Kind::LoadsSp && v.key != before) {
    // One that has called nobody yet is the same stack at another place: entry code goes from a
    // trampoline's stack, or the user's, to the kernel's. One that comes back to a caller's frame
    // is unwound.
    const bool called = frames.size() > 1;
    const bool unwinds = called && sp > before.first && sp <= frames[1].sp;
    if (v.left.contains(v.key) || (called && !unwinds)) {
      leave(v, before, &nodes_.front());
      come(v);
    }
  } else if (v.last == Kind::Leaves) {
    // In the kernel: to itself, if nobody left it there.
    if (!come(v) && v.user) v.stack = {&nodes_.front(), {}};
  }
  if (v.last == Kind::Call) return push(v, pc, sp);
  while (!frames.empty() && frames.back().sp < sp) frames.pop_back();
  if (frames.empty()) return push(v, pc, ~u64(0));
  const Frame top = frames.back();
  if (top.range.holds(pc)) return;
  frames.pop_back();  // a jump into another function
  push(v, pc, top.sp);
  if (frames.back().node == top.node) --top.node->calls;  // of the same name
}

void CallTree::executed(const cpu::Cpu& cpu, Position at) {
  charge(at);
  arrive(cpu);
  Vcpu& v = vcpus_[cpu.index];
  charged_ = current(v);
  v.last = Kind::Plain;
  halted_now_ = false;
}

// An instruction that faults has done nothing; any other event comes behind one that is done.
void CallTree::event(const cpu::Cpu& cpu, u8, cpu::EventKind kind, bool, u32) {
  Vcpu& v = vcpus_[cpu.index];
  if (kind == cpu::EventKind::External || kind == cpu::EventKind::Nmi) arrive(cpu);
  v.last = Kind::Enters;
}

void CallTree::decoded(const cpu::Cpu& cpu, u64, std::span<const u8> bytes) {
  Vcpu& v = vcpus_[cpu.index];
  v.last = classify(bytes, cpu.code64());
  halted_now_ = v.last == Kind::Halt;
}

void CallTree::finish(Position at) { charge(at); }

}  // namespace reprise::log
