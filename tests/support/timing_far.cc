// Far transfers, interrupts and task switches: rows whose clocks depend on where control goes.
#include <stdexcept>
#include <string_view>

#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

namespace reprise::cpu {

namespace {

using Prepare = std::function<void(TimingMachine&)>;

// Selectors and places of what far transfers need.
constexpr u16 kGate = kFree, kInnerGate = kFree + 8, kTss2 = kFree + 16, kTaskGate = kFree + 24,
              kCopyGate = kFree + 32;
constexpr u64 kTss2At = 0x4000;
constexpr u8 kUd = 6, kVector = 0x20;
constexpr const char* kInt = "CD20";

enum class Task { k32, kV86, k16 };

// Gates to behind the code, and a task that starts there.
void lay_out(TimingMachine& t, Task task = Task::k32) {
  Machine& m = t.m;
  const u32 end = u32(t.end_ip());
  const auto gdt = [&m](u16 selector, u64 value) {
    m.poke(Machine::kGdt + (selector & ~7), 8, value);
  };
  gdt(kGate, Machine::gate(kCode0, end, 0x8C));
  gdt(kInnerGate, Machine::gate(kCode0, end, 0xEC));
  gdt(kCopyGate, Machine::gate(kCode0, end, 0xEC, 2));
  gdt(kTaskGate, Machine::gate(kTss2, 0, 0xE5));
  const bool wide = task != Task::k16;
  m.descriptor(kTss2, kTss2At, 0x67, wide ? 0xE9 : 0xE1, 0);
  for (unsigned i = 0; i < 0x68; i += 4) m.poke(kTss2At + i, 4, 0);
  if (wide) {
    const bool v86 = task == Task::kV86;
    m.poke(kTss2At + 0x20, 4, v86 ? 0x400 : end);
    m.poke(kTss2At + 0x24, 4, v86 ? VM | 2 : 2);
    m.poke(kTss2At + 0x38, 4, 0x4F00);
    for (unsigned s = 0; s < 6; ++s) m.poke(kTss2At + 0x48 + 4 * s, 4, v86 ? 0x1000 : kData0);
    if (!v86) m.poke(kTss2At + 0x4C, 4, kCode0);
  } else {
    m.poke(kTss2At + 0x0E, 2, 0x400);
    m.poke(kTss2At + 0x10, 2, 2);
    for (unsigned s = 0; s < 4; ++s) m.poke(kTss2At + 0x22 + 2 * s, 2, kData0);
    m.poke(kTss2At + 0x24, 2, kCode0);
  }
  m.poke(Machine::kIdt + 8 * kVector, 8,
         Machine::gate(kCode0, u32(Machine::kHandlers + 16 * kVector), 0xEE));
  for (const u8 v : {3, 4})
    m.poke(Machine::kIdt + 8 * v, 8, Machine::gate(kCode0, u32(Machine::kHandlers + 16 * v), 0xEE));
}

class Far {
 public:
  Far(const TableModel& model, bool blocks) : model_(model), blocks_(blocks) {}
  std::vector<TimingCase> all() {
    jumps_and_calls();
    returns();
    interrupts();
    return std::move(cases_);
  }

 private:
  // The figures of the row that is called so: name, space, operands.
  const auto& figures(std::string_view id) const {
    for (const Row& row : model_.rows)
      if (std::string(row.name) + " " + row.operands == id) return row.v;
    throw std::out_of_range(std::string(id));
  }
  void add(const char* row, const char* way, i64 expected, GuestKind kind, const std::string& code,
           const Prepare& prepare, Task task = Task::k32) {
    TimingMachine t(model_.name, kind, blocks_);
    const i64 ours = t.clocks(from_hex(code), [&](TimingMachine& m) {
      lay_out(m, task);
      prepare(m);
    });
    cases_.push_back({.id = row,
                      .what = way,
                      .theirs = std::to_string(expected),
                      .expected = double(expected),
                      .ours = double(ours),
                      .note = "",
                      .pairs = ""});
  }
  // The operand of a far transfer is put in its place before the run.
  static Prepare target(u16 selector, bool memory) {
    return [=](TimingMachine& t) {
      const bool narrow = t.kind == GuestKind::kReal;
      const u64 at = memory ? TimingMachine::kData : Machine::kCode + TimingMachine::kNops + 1;
      const u16 to = narrow ? u16(Machine::kCode >> 4) : selector;
      t.m.poke(at, narrow ? 2 : 4, t.end_ip());
      t.m.poke(at + (narrow ? 2 : 4), 2, to);
    };
  }
  void jumps_and_calls() {
    constexpr auto real = GuestKind::kReal, prot = GuestKind::kProtected, user = GuestKind::kUser;
    struct Form {
      const char *row, *real, *prot;
      bool memory, call;
    };
    static constexpr Form forms[] = {
        {"JMP far imm", "EA00000000", "EA000000000000", false, false},
        {"JMP far m", "FF2F", "FF2F", true, false},
        {"CALL far imm", "9A00000000", "9A000000000000", false, true},
        {"CALL far m", "FF1F", "FF1F", true, true},
    };
    const auto& task = model_.task;
    for (const Form& f : forms) {
      const bool m = f.memory;
      const auto& v = figures(f.row);
      add(f.row, "real", v[0], real, f.real, target(0, m));
      add(f.row, "protected", v[1], prot, f.prot, target(kCode0, m));
      add(f.row, "by a call gate, same level", v[2], prot, f.prot, target(kGate, m));
      add(f.row, "to a TSS", v[3] + task[0], prot, f.prot, target(kTss2, m));
      add(f.row, "to a TSS in virtual-8086 mode", v[3] + task[1], prot, f.prot, target(kTss2, m),
          Task::kV86);
      add(f.row, "to a 16-bit TSS", v[3] + task[2], prot, f.prot, target(kTss2, m), Task::k16);
      add(f.row, "by a task gate", v[4] + task[0], prot, f.prot, target(kTaskGate, m));
      if (!f.call) continue;
      add(f.row, "by a call gate, inward", v[5], user, f.prot, target(kInnerGate, m));
      add(f.row, "inward with 2 parameters", v[6] + v[7] * 2, user, f.prot, target(kCopyGate, m));
    }
  }
  void returns() {
    constexpr auto real = GuestKind::kReal, prot = GuestKind::kProtected, v86 = GuestKind::kV86;
    const auto frame = [](std::vector<u32> rest) {
      return [rest](TimingMachine& t) {
        t.stack(0, u32(t.end_ip()));
        for (unsigned i = 0; i < rest.size(); ++i) t.stack(1 + i, rest[i]);
      };
    };
    constexpr u32 here = Machine::kCode >> 4;
    for (unsigned i = 0; i < 2; ++i) {
      const char* row = i ? "RETF i16" : "RETF ";
      const char* code = i ? "CA0000" : "CB";
      const auto& v = figures(row);
      add(row, "real", v[0], real, code, frame({here}));
      add(row, "same level", v[1], prot, code, frame({kCode0}));
      add(row, "outward", v[2], prot, code, frame({kCode3, 0x5000, kData3}));
    }
    const auto& v = figures("IRET ");
    add("IRET ", "real", v[0], real, "CF", frame({here, 2}));
    add("IRET ", "v86", v[0], v86, "CF", frame({here, 2}));
    add("IRET ", "same level", v[1], prot, "CF", frame({kCode0, 2}));
    add("IRET ", "outward", v[2], prot, "CF", frame({kCode3, 2, 0x5000, kData3}));
    add("IRET ", "to virtual-8086 mode", v[3], prot, "CF", [](TimingMachine& t) {
      const u32 to[9] = {0x400, 0x1000, VM | 2, 0x5000, 0, 0, 0, 0, 0};
      for (unsigned i = 0; i < 9; ++i) t.stack(i, to[i]);
    });
    add("IRET ", "to a task", v[4] + model_.task[0], prot, "CF", [](TimingMachine& t) {
      t.c.set_rflags(NT | 2);
      t.m.descriptor(kTss2, kTss2At, 0x67, 0xEB, 0);
      t.m.poke(Machine::kTss, 2, kTss2);
    });
  }
  void interrupts() {
    constexpr auto real = GuestKind::kReal, prot = GuestKind::kProtected, user = GuestKind::kUser,
                   v86 = GuestKind::kV86;
    struct Form {
      const char *row, *code;
      u8 vector;
    };
    static constexpr Form forms[] = {{"INT 3", "CC", 3},
                                     {"INT i8", kInt, kVector},
                                     {"INTO ", "CE", 4},
                                     {"hw_interrupt/exception ", "8DC0", kUd}};
    for (const Form& f : forms) {
      const Prepare overflow = [](TimingMachine& t) { t.c.flags.set_raw(OF); };
      const auto& v = figures(f.row);
      add(f.row, "real", v[0], real, f.code, overflow);
      add(f.row, "same level", v[1], prot, f.code, overflow);
      add(f.row, "inward", v[2], user, f.code, overflow);
      add(f.row, "from virtual-8086 mode", v[3], v86, f.code, overflow);
      add(f.row, "by a task gate", v[4] + model_.task[0], prot, f.code,
          [&f, overflow](TimingMachine& t) {
            overflow(t);
            t.m.poke(Machine::kIdt + 8 * f.vector, 8, Machine::gate(kTss2, 0, 0xE5));
          });
    }
    add("INTO ", "not taken", figures("INTO ")[5], prot, "CE", [](TimingMachine&) {});
  }

  const TableModel& model_;
  const bool blocks_;
  std::vector<TimingCase> cases_;
};

}  // namespace

std::vector<TimingCase> far_cases(const TableModel& model, bool blocks) {
  return Far(model, blocks).all();
}

}  // namespace reprise::cpu
