// What others measured, worked out or documented of the 486: M. Abrash, Graphics Programming Black
// Book, chapters 12, 13, 19 and 45, in real mode on a 33 MHz 486 where nothing else is said.
#include <functional>

#include "tests/support/timing_cases.h"
#include "tests/support/timing_machine.h"

namespace reprise::cpu {

namespace {

using Prepare = std::function<void(TimingMachine&)>;

struct Known {
  const char* id;
  const char* what;
  const char* code;
  double clocks;
  const char* kind;
  unsigned copies = 20;  // 0: a loop, counted in CX
  Prepare prepare = {};
  double tolerance = 0;
  const char* note = "";
  GuestKind guest = GuestKind::kReal;
};

// The stack leads from each copy of `bytes` bytes to the next; a return address lies in every
// `stride`th word, from the `first` on.
Prepare chain(unsigned bytes, unsigned first, unsigned stride) {
  return [=](TimingMachine& t) {
    for (unsigned n = 0; n < 20; ++n)
      t.stack(first + n * stride, u32(t.code_ip() + (n + 1) * bytes));
  };
}

const std::vector<Known>& known() {
  static const std::vector<Known> all = {
      {"i486-01", "mov dl,cl / nop / mov ax,[bx]", "88CA 90 8B07", 4, "measured"},
      {"i486-02", "nop / mov dl,cl / mov ax,[bx]", "90 88CA 8B07", 3, "measured"},
      {"i486-03",
       "the same, 2000 copies: more than 8 KiB",
       "90 88CA 8B07",
       3.7,
       "measured",
       2000,
       {},
       0.05,
       "what a line that is fetched costs is not published: 2 clocks here, as a datum that misses"},
      {"i486-04", "L: add ax,[bx+si] / add si,2 / dec cx / jnz L", "0300 83C602 49 75F8", 8,
       "measured", 0},
      {"i486-05", "L: add ax,[si] / add si,2 / dec cx / jnz L", "0304 83C602 49 75F8", 7,
       "measured", 0},
      {"i486-06", "L: add si,2 / add ax,[si] / dec cx / jnz L", "83C602 0304 49 75F8", 9,
       "measured", 0},
      {"i486-07", "L: mov bx,0 / mov ax,[bx] / inc dx / dec cx / jnz L", "BB0000 8B07 42 49 75F7",
       9, "derived", 0},
      {"i486-08", "L: mov bx,0 / inc dx / mov ax,[bx] / dec cx / jnz L", "BB0000 42 8B07 49 75F7",
       8, "derived", 0},
      {"i486-09", "L: mov bx,0 / inc dx / dec cx / mov ax,[bx] / jnz L", "BB0000 42 49 8B07 75F7",
       7, "derived", 0},
      {"i486-10", "pop ax / ret", "58 C3", 6, "measured", 20, chain(2, 1, 2)},
      {"i486-11", "pop dx / pop cx / pop bx / pop ax", "5A 59 5B 58", 4, "measured"},
      {"i486-12", "add sp,10h / ret", "83C410 C3", 8, "measured", 20, chain(4, 8, 9)},
      {"i486-13", "add sp,10h / pop ax", "83C410 58", 4, "measured"},
      {"i486-14", "mov al,bl / mov cx,dx / mov si,[di]", "88D8 89D1 8B35", 4, "measured"},
      {"i486-15", "mov bl,al / mov cl,3 / mov bx,[si]", "88C3 B103 8B1C", 5, "measured"},
      {"i486-16", "mov cx,3 / mov dl,al / mov si,[bx]", "B90300 88C2 8B37", 3, "measured"},
      {"i486-17", "mov bx,0 / mov cl,al / mov ax,[bx]", "BB0000 88C1 8B07", 5, "measured"},
      {"i486-18", "mov cx,[m1] / mov al,[m2] / add cx,ax", "8B0E0000 A00400 01C1", 4, "measured"},
      {"i486-19", "mov al,[m2] / mov cx,[m1] / add cx,ax", "A00400 8B0E0000 01C1", 3, "measured"},
      {"i486-20", "mov di,[bp] / mov bl,[di] / add dx,[bx+8000h]", "8B7E00 8A1D 03970080", 8,
       "measured"},
      {"i486-21", "mov bl,[di] / mov di,[bp] / add dx,[bx+8000h]", "8A1D 8B7E00 03970080", 5,
       "measured"},
      {"i486-22", "mov bl,[di] / mov di,[bp] / add dx,ax / mov ax,[bx+8000h]",
       "8A1D 8B7E00 01C2 8B870080", 4, "measured"},
      {"i486-23", "push word [bx]", "FF37", 4, "measured"},
      {"i486-24", "mov ax,[bx] / push ax", "8B07 50", 2, "measured"},
      {"i486-25", "pop word [m]", "8F060000", 6, "measured"},
      {"i486-26", "shl ax,1 (D1)", "D1E0", 3, "measured"},
      {"i486-27", "shl ax,1 (C1)", "C1E001", 2, "measured"},
      {"i486-28", "bswap ecx", "0FC9", 1, "measured", 20, {}, 0, "", GuestKind::kProtected},
      {"i486-29", "stosb", "AA", 5, "documented", 1},
      {"i486-30",
       "xchg [m],ax",
       "87060000",
       9,
       "measured",
       1,
       {},
       0,
       "the table's 5, and 4 for the locked bus cycle"},
      {"i486-31", "mul ecx, 1", "F7E1", 13, "documented", 1,
       [](TimingMachine& t) { t.c.r[RCX] = 1; }, 0, "", GuestKind::kProtected},
      {"i486-31", "mul ecx, 80000000h", "F7E1", 42, "documented", 1,
       [](TimingMachine& t) { t.c.r[RCX] = 0x80000000; }, 0, "", GuestKind::kProtected},
      {"i486-32", "out dx,al, real mode", "EE", 16, "documented", 1},
      {"i486-32",
       "out dx,al, protected mode, IOPL allows",
       "EE",
       10,
       "documented",
       1,
       {},
       0,
       "",
       GuestKind::kProtected},
      {"i486-32",
       "out dx,al, protected mode, by I/O map",
       "EE",
       30,
       "documented",
       1,
       {},
       0,
       "",
       GuestKind::kUser},
  };
  return all;
}

double measure(const Known& k, bool blocks) {
  TimingMachine t("i486", k.guest, blocks);
  const std::vector<u8> once = from_hex(k.code);
  if (k.copies == 0) {  // what ten more iterations take
    const auto loop = [&](u64 count) {
      return t.clocks(once, [count](TimingMachine& m) { m.c.r[RCX] = count; });
    };
    return double(loop(25) - loop(15)) / 10;
  }
  std::vector<u8> code;
  for (unsigned n = 0; n < k.copies; ++n) code.insert(code.end(), once.begin(), once.end());
  if (k.copies > 1000) t.read_nothing();  // data are in the same cache
  i64 clocks = t.clocks(code, k.prepare);
  if (once[0] == 0xEE) clocks -= 1000;  // an access to a port takes 1 us beside
  return double(clocks) / k.copies;
}

}  // namespace

std::vector<TimingCase> i486_known_cases(bool blocks) {
  std::vector<TimingCase> cases;
  for (const Known& k : known()) {
    TimingCase t;
    t.id = k.id;
    t.what = k.what;
    t.theirs = k.kind;
    t.expected = k.clocks;
    t.ours = measure(k, blocks);
    t.tolerance = k.tolerance;
    t.note = k.note;
    cases.push_back(t);
  }
  return cases;
}

}  // namespace reprise::cpu
