// The rows of i486_rows.cc, one by one.
#include <algorithm>

#include "cpu/timing/i486.h"
#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

namespace reprise::cpu {

namespace {

using Prepare = std::function<void(TimingMachine&)>;

constexpr i64 kPort = 1000;  // an access to a port takes 1 us beside, whatever the model

class Rows {
 public:
  explicit Rows(bool blocks) : blocks_(blocks) {}

  std::vector<TimingCase> all() {
    for (const Row& row : i486_rows()) one(row);
    return std::move(cases_);
  }

 private:
  struct Way {
    std::string name;
    i64 expected;
    i64 beside = 0;
    GuestKind kind = GuestKind::kProtected;
    Prepare prepare = {};
  };
  void add(const Row& row, const Way& way) {
    TimingMachine t("i486", way.kind, blocks_);
    const Prepare both = [&](TimingMachine& m) {
      usual(m, row);
      if (way.prepare) way.prepare(m);
    };
    std::vector<u8> code = from_hex(row.sample);
    const bool fpu = row.rule >= Rule::Fpu && row.rule <= Rule::FpuRange;
    if (fpu) code.push_back(0x9B);  // FWAIT: until the unit is free
    const i64 ours = t.clocks(code, both) - beside(row) - way.beside - (fpu ? 1 : 0);
    put(row, way.name, way.expected, ours);
  }
  void put(const Row& row, const std::string& way, i64 expected, i64 ours) {
    cases_.push_back({.id = std::string(row.name) + " " + row.operands,
                      .what = way,
                      .theirs = std::to_string(expected),
                      .expected = double(expected),
                      .ours = double(ours),
                      .note = row.note});
  }
  // What a row's sample needs wherever it runs.
  static void usual(TimingMachine& t, const Row& row) {
    const std::string_view s = row.sample, name = row.name;
    Cpu& c = t.c;
    if (s == "FF E6" || s == "FF D6") c.r[RSI] = t.end_ip();
    if (s == "FF 27" || s == "FF 17") t.data(0, u32(t.end_ip()));
    if (s == "C3" || s == "C2 00 00") t.stack(0, u32(t.end_ip()));
    if (s == "0F 22 C6" || s == "0F 01 F6") c.r[RSI] = c.cr0;
    if (s == "0F 00 D8") c.r[RAX] = kTask, t.m.poke(Machine::kGdt + kTask + 5, 1, 0x89);
    if (name == "DIV" || name == "IDIV") c.r[RCX] = 7;
    if (name == "POPF") t.stack(0, 2);
    if (row.rule < Rule::Fpu || row.rule > Rule::FpuRange) return;
    for (auto& r : c.fpu.physical) r = {u64(1) << 63, 0x3FFF};
    t.data(0, 0), t.data(1, 0), t.data(2, 0);
    if (name == "FLDCW" || name == "FLDENV" || name == "FRSTOR") t.data(0, 0x37F);
  }
  // What the sample costs beside its row: prefixes that the form needs, the bus of a locked access.
  static i64 beside(const Row& row) {
    const std::string_view s = row.sample, name = row.name;
    i64 clocks = s.substr(0, 2) == "66" ? 1 : 0;
    if (name == "XCHG" && row.operands[0] == 'm') clocks += i486::kLocked;
    if (name == "LOCK") clocks += 3 + i486::kLocked;
    if (row.rule == Rule::Port) clocks += kPort;
    return clocks;
  }
  static Prepare rcx(u64 value) {
    return [value](TimingMachine& t) { t.c.r[RCX] = value; };
  }

  void one(const Row& row) {
    const std::string_view s = row.sample, name = row.name;
    const auto& v = row.v;
    if (s.empty()) return;
    switch (row.rule) {
      case Rule::Mode:
        add(row, {"real", v[0], 0, GuestKind::kReal, {}});
        if (name != "POPF" && name != "PUSHF" && name != "POP" && row.operands[0] != 's' &&
            name[0] != 'L')
          add(row, {"v86", v[2], 0, GuestKind::kV86, {}});
        return add(row, {"protected", v[1], 0, GuestKind::kProtected, {}});
      case Rule::Branch: {
        const bool zf = name == "Jcc" || name == "LOOPE/LOOPNE";
        const u64 go = name == "JCXZ" ? 0 : 2, stay = name == "JCXZ" ? 2 : 1;
        const auto set = [zf](u64 count, bool flag) {
          return [=](TimingMachine& t) {
            t.c.r[RCX] = count;
            if (zf && flag) t.c.flags.set_raw(ZF);
          };
        };
        add(row, {"taken", v[0], 0, GuestKind::kProtected, set(go, true)});
        return add(row, {"not taken", v[1], 0, GuestKind::kProtected, set(stay, false)});
      }
      case Rule::Port:
        add(row, {"real", v[0], 0, GuestKind::kReal, {}});
        add(row, {"protected, IOPL allows", v[1], 0, GuestKind::kProtected, {}});
        add(row, {"protected, by I/O map", v[2], 0, GuestKind::kUser, {}});
        return add(row, {"v86", v[3], 0, GuestKind::kV86, {}});
      case Rule::Bits: {
        const u64 top = s.substr(0, 2) == "66"   ? 0x8000
                        : s.substr(0, 2) == "F6" ? 0x80
                                                 : 0x80000000;
        add(row, {"multiplier 1", v[0], 0, GuestKind::kProtected, rcx(1)});
        add(row, {"multiplier 0", v[0], 0, GuestKind::kProtected, rcx(0)});
        return add(row, {"all bits", v[1], 0, GuestKind::kProtected, rcx(top)});
      }
      case Rule::Scan: {
        const bool forward = name == "BSF";
        const auto source = [](u32 value) {
          return [value](TimingMachine& t) { t.c.r[RAX] = value, t.data(0, value); };
        };
        add(row, {"first bit", v[0], 0, GuestKind::kProtected, source(forward ? 1 : 0x80000000)});
        return add(row,
                   {"last bit", v[1], 0, GuestKind::kProtected, source(forward ? 0x80000000 : 1)});
      }
      case Rule::Rotate:
        add(row, {"by 0", v[0], 0, GuestKind::kProtected, rcx(0)});
        return add(row, {"by 31", v[1], 0, GuestKind::kProtected, rcx(31)});
      case Rule::Condition:
        add(row, {"true", v[0], 0, GuestKind::kProtected,
                  [](TimingMachine& t) { t.c.flags.set_raw(ZF); }});
        return add(row, {"false", v[1]});
      case Rule::Equal:
        add(row, {"equal", v[0], 0, GuestKind::kProtected,
                  [](TimingMachine& t) { t.c.r[RAX] = TimingMachine::kFill; }});
        return add(row, {"not equal", v[1]});
      case Rule::Enter: {
        const unsigned level = from_hex(s).back();
        return add(row,
                   {"level " + std::to_string(level), level == 0   ? v[0]
                                                      : level == 1 ? v[1]
                                                                   : v[2] + v[3] * int(level)});
      }
      case Rule::Rep:
      case Rule::RepPort: {
        const bool ports = row.rule == Rule::RepPort;
        const auto counted = [&](u64 n, i64 expected, GuestKind kind, const char* where) {
          add(row, {"count " + std::to_string(n) + where, expected, ports ? i64(n) * kPort : 0,
                    kind, [n](TimingMachine& t) {
                      t.c.r[RCX] = n;
                      if (t.c.r[RDI] >= TimingMachine::kData) t.c.r[RAX] = 0x11;
                    }});
        };
        if (ports) {
          counted(7, v[0] + 7 * v[4], GuestKind::kReal, ", real");
          counted(7, v[1] + 7 * v[4], GuestKind::kProtected, ", IOPL allows");
          counted(7, v[2] + 7 * v[4], GuestKind::kUser, ", by I/O map");
          return counted(7, v[3] + 7 * v[4], GuestKind::kV86, ", v86");
        }
        counted(0, v[0], GuestKind::kProtected, "");
        counted(1, v[3], GuestKind::kProtected, "");
        return counted(100, v[1] + 100 * v[2], GuestKind::kProtected, "");
      }
      case Rule::FpuMode:
        add(row, {"real", v[0], 0, GuestKind::kReal, {}});
        return add(row, {"protected", v[1]});
      case Rule::FpuRange:
        return add(
            row, {"of " + std::to_string(v[0]) + " to " + std::to_string(v[1]), (v[0] + v[1]) / 2});
      case Rule::FpuPc:
        for (unsigned i = 0; i < 3; ++i) {
          static constexpr const char* names[3] = {"24 bits", "53 bits", "64 bits"};
          static constexpr u16 control[3] = {0x07F, 0x27F, 0x37F};
          add(row, {names[i], v[i], 0, GuestKind::kProtected,
                    [i](TimingMachine& t) { t.c.fpu.control = control[i]; }});
        }
        return;
      case Rule::Tlb:
        add(row, {"miss", v[1]});
        return add(row, {"hit", v[0], 0, GuestKind::kProtected, [](TimingMachine& t) {
                           TlbEntry& e = t.c.data_tlb[TimingMachine::kData >> 12 & (kDataTlb - 1)];
                           e.tag = TimingMachine::kData >> 12;
                         }});
      case Rule::Interrupt:
        return;  // with the far transfers
      default:
        add(row, {"", v[0]});
    }
  }

  const bool blocks_;
  std::vector<TimingCase> cases_;
};

}  // namespace

std::vector<TimingCase> i486_row_cases(bool blocks) { return Rows(blocks).all(); }

}  // namespace reprise::cpu
