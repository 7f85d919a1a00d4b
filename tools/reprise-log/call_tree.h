// Who called whom, seen from outside: instructions and cycles by stack of functions.
//
// The sink is told of each instruction before it is executed and of each event. CALL pushes what is
// executed next, with the stack pointer that the call left; whatever comes to a higher stack
// pointer has left that function. So neither frame pointers nor unwind tables are needed, and RET
// to elsewhere (retpolines), longjmp and tail calls come out right: a jump into another function
// takes its caller's place.
//
// Stacks are told apart by exact stack pointers. An instruction that loads RSP (MOV, POP, XCHG,
// IRET, SYSRET), and every event, INT n and SYSCALL, leaves a stack; who comes to the value with
// which a stack was left is on it again. A value that nobody left is a new stack: a new thread, or
// an interrupt stack, whose functions have no callers. What events, INT n and SYSCALL begin counts
// as called by what they interrupted.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "cpu/cluster.h"
#include "tools/reprise-log/symbols.h"

namespace reprise::log {

struct Node {
  u32 name = 0;  // of Symbols
  Node* parent = nullptr;
  u32 depth = 0;
  u64 instructions = 0, cycles = 0, calls = 0;
  std::map<u32, Node*> children;
};

class CallTree final : public cpu::TraceSink {
 public:
  CallTree(Symbols& symbols, unsigned cpus);

  bool wants_each() const override { return true; }
  void decoded(const cpu::Cpu& cpu, u64 linear, std::span<const u8> bytes) override;
  void executed(const cpu::Cpu& cpu, Position at) override;
  void event(const cpu::Cpu& cpu, u8 vector, cpu::EventKind kind, bool has_error,
             u32 error) override;
  void finish(Position at);  // the run ends here

  const Node& root() const { return nodes_.front(); }

 private:
  enum class Kind : u8 { Plain, Call, Return, LoadsSp, Enters, Leaves, Halt };
  struct Frame {
    Node* node;
    u64 sp;
    Symbols::Range range;
  };
  struct Stack {
    Node* base;  // what it is called by
    std::vector<Frame> frames;
  };
  using Key = std::pair<u64, u64>;  // SP; CR3 in user mode, else 1
  struct Vcpu {
    Stack stack;
    std::map<Key, Stack> left;
    Key key = {};
    Kind last = Kind::Plain;
    bool user = false;
  };

  static Kind classify(std::span<const u8> bytes, bool code64);
  static Key key_of(const cpu::Cpu& cpu);
  void charge(Position at);
  void arrive(const cpu::Cpu& cpu);
  void leave(Vcpu& v, Key key, Node* base);
  bool come(Vcpu& v);
  Node* child(Node* parent, u32 name);
  Node* current(const Vcpu& v) const;
  void push(Vcpu& v, u64 pc, u64 sp);

  Symbols& symbols_;
  const u32 user_, unknown_, halted_;
  std::deque<Node> nodes_;
  std::vector<Vcpu> vcpus_;
  Node* charged_ = nullptr;  // what runs since `since_`
  bool halted_now_ = false;
  Position since_ = {};
};

}  // namespace reprise::log
