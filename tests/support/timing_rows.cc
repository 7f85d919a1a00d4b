// The rows of a model's table, one by one.
#include <algorithm>

#include "tests/support/timing_samples.h"

namespace reprise::cpu {

namespace {

using Prepare = std::function<void(TimingMachine&)>;

class Rows {
 public:
  Rows(const TableModel& model, bool blocks) : model_(model), blocks_(blocks) {}

  std::vector<TimingCase> all() {
    for (const Row& row : model_.rows) one(row);
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
  i64 clocks(const Row& row, const Way& way, const std::string& behind) {
    TimingMachine t(model_.name, way.kind, blocks_);
    const Prepare both = [&](TimingMachine& m) {
      set_up(m, row);
      if (way.prepare) way.prepare(m);
    };
    return t.clocks(from_hex(row.sample + behind), both) - clocks_beside(model_, row) - way.beside;
  }
  void add(const Row& row, const Way& way) {
    // Till the floating-point unit is free: FWAIT.
    const bool fpu = floating(row);
    put(row, way.name, way.expected, clocks(row, way, fpu ? "9B" : "") - (fpu ? 1 : 0));
    if (!fpu || !model_.pairs) return;
    const auto name = [&way](const char* what) {
      return way.name + (way.name.empty() ? "" : ", ") + what;
    };
    put(row, name("till the next instruction"), whole_clocks(row) - clocks_beside_integer(row),
        clocks(row, way, ""));
    put(row, name("till the next of its unit"), way.expected - clocks_beside_float(row),
        clocks(row, way, "D9D0") - 1);
  }
  void put(const Row& row, const std::string& way, i64 expected, i64 ours) {
    cases_.push_back(row_case(row, way, expected, ours));
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
      case Rule::Predict:
        for (TimingCase& t : branch_cases(model_, row, blocks_)) cases_.push_back(std::move(t));
        return;
      case Rule::Paging:
        add(row, {"paging off", v[0]});
        return add(row, {"paging on", v[1], 0, GuestKind::kProtected, paging});
      case Rule::Level:
        add(row, {"level 0", v[0]});
        return add(row, {"level 3", v[1], 0, GuestKind::kUser, {}});
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
        const u32 top = s.substr(0, 2) == "66" ? 0x8000 : 0x80000000;
        const auto source = [](u32 value) {
          return [value](TimingMachine& t) { t.c.r[RAX] = value, t.data(0, value); };
        };
        add(row, {"first bit", v[0], 0, GuestKind::kProtected, source(forward ? 1 : top)});
        return add(row, {"last bit", v[1], 0, GuestKind::kProtected, source(forward ? top : 1)});
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
          add(row, {"count " + std::to_string(n) + where, expected,
                    ports ? i64(n) * kPortClocks : 0, kind, [n](TimingMachine& t) {
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
        if (row.pair == Pair::FXCH) {
          const Way behind{"behind FADD", 0, 0, GuestKind::kProtected, {}};
          TimingMachine t(model_.name, behind.kind, blocks_);
          put(row, behind.name, 0, t.clocks(from_hex("D8C1" + std::string(row.sample))) - 1);
        }
    }
  }
  // Linear addresses are physical ones: a page of 4 MiB.
  static void paging(TimingMachine& t) {
    constexpr u64 directory = 0x300000;
    t.m.poke(directory, 4, 0x83);
    t.c.cr3 = t.c.r[RSI] = directory;
    t.c.cr4 |= CR4_PSE;
    t.c.cr0 |= CR0_PG;
    t.c.update_mode();
    t.c.flush_tlb(true);
  }
  const TableModel& model_;
  const bool blocks_;
  std::vector<TimingCase> cases_;
};

}  // namespace

std::vector<TimingCase> row_cases(const TableModel& model, bool blocks) {
  return Rows(model, blocks).all();
}

}  // namespace reprise::cpu
