// The registers that an instruction uses, and the memory that it touches.
//
// Source: Intel SDM volume 2, appendix A.
#include "cpu/state.h"
#include "cpu/timing/form.h"

namespace reprise::cpu {

namespace {

// The registers and memory of an instruction, from its opcode.
class Effects {
 public:
  Effects(Form& f, u8 rex) : f_(f), rex_(rex) {}

  void one_byte() {
    const u8 op = f_.opcode, r = f_.reg();
    byte_ = !(op & 1);
    if (op < 0x40 && (op & 7) < 6) return alu(op >> 3, op & 7);
    if (op < 0x40) return (op & 7) == 6 ? stack(Touch::Push) : stack(Touch::Pop);
    byte_ = false;
    if (op < 0x50) return read_write(op & 7);
    if (op < 0x58) return read(low()), stack(Touch::Push);
    if (op < 0x60) return write(low()), stack(Touch::Pop);
    byte_ = !(op & 1);
    if (op >= 0x80 && op <= 0x83) return memory(r == 7 ? Touch::Read : Touch::Modify, r != 7);
    if (op >= 0xB0 && op < 0xC0) return byte_ = op < 0xB8, write(low());
    if (op >= 0x90 && op < 0x98)
      return byte_ = false, op == 0x90 ? void() : (read_write(low()), read_write(RAX));
    if (op >= 0xC0 && op < 0xC2) return memory(Touch::Modify, true);
    if (op >= 0xD0 && op < 0xD4) return memory(Touch::Modify, true);
    switch (op) {
      case 0x60:
        byte_ = false;
        return stack(Touch::Push);
      case 0x61:
        byte_ = false;
        f_.writes |= 0xEF;
        return stack(Touch::Pop);
      case 0x63:
        byte_ = false;
        memory(Touch::Read, false);
        return write(reg());
      case 0x68:
      case 0x6A:
        return stack(Touch::Push);
      case 0x69:
      case 0x6B:
        byte_ = false;
        memory(Touch::Read, false);
        return write(reg());
      case 0x84:
      case 0x85:
        memory(Touch::Read, false);
        return read(reg());
      case 0x86:
      case 0x87:
        memory(Touch::Modify, true);
        return read_write(reg());
      case 0x88:
      case 0x89:
        memory(Touch::Write, true, false);
        return read(reg());
      case 0x8A:
      case 0x8B:
        memory(Touch::Read, false);
        return write(reg());
      case 0x8C:
        byte_ = false;
        return memory(Touch::Write, true, false);
      case 0x8D:
        byte_ = false;
        return write(reg());
      case 0x8E:
        byte_ = false;
        return memory(Touch::Read, false);
      case 0x8F:
        byte_ = false;
        return memory(Touch::Write, true, false);
      case 0x98:
        byte_ = false;
        return read_write(RAX);
      case 0x99:
        byte_ = false;
        read(RAX);
        return write(RDX);
      case 0x9C:
        return stack(Touch::Push);
      case 0x9D:
        return stack(Touch::Pop);
      case 0x9F:
        byte_ = true;
        return write(4);
      case 0xA0:
      case 0xA1:
        absolute(Touch::Read);
        return write(RAX);
      case 0xA2:
      case 0xA3:
        absolute(Touch::Write);
        return read(RAX);
      case 0xA8:
      case 0xA9:
        return read(RAX);
      case 0xC3:
      case 0xC2:
        return stack(Touch::Pop);
      case 0xC6:
      case 0xC7:
        return memory(Touch::Write, true, false);
      case 0xC8:
        byte_ = false;
        return write(RBP), stack(Touch::Push);
      case 0xC9:
        byte_ = false;
        f_.address |= register_bit(RBP);
        f_.writes |= register_bit(RSP);
        return write(RBP);
      case 0xD4:
      case 0xD5:
        byte_ = false;
        return write(RAX);
      case 0xD7:
        byte_ = true;
        f_.address |= register_bit(RBX);
        return write(RAX);
      case 0xE4:
      case 0xE5:
      case 0xEC:
      case 0xED:
        return write(RAX);
      case 0xE8:
        return stack(Touch::Push);
      case 0xF6:
      case 0xF7:
        if (r < 2) return memory(Touch::Read, false);
        if (r < 4) return memory(Touch::Modify, true);
        memory(Touch::Read, false);
        byte_ = false;
        read_write(RAX);
        if (op == 0xF7) read_write(RDX);
        return;
      case 0xFE:
        return memory(Touch::Modify, true);
      case 0xFF:
        if (r < 2) return memory(Touch::Modify, true);
        memory(Touch::Read, false);
        if (!f_.memory && (r == 2 || r == 6)) stack(Touch::Push);
        if (f_.memory && (r == 2 || r == 6)) f_.address |= register_bit(RSP);
        return;
      default:
        if (op >= 0xD8 && op <= 0xDF && f_.memory) return x87();
    }
  }

  void two_byte() {
    const u8 op = f_.opcode, r = f_.reg();
    if (op >= 0x40 && op < 0x50) return memory(Touch::Read, false), write(reg());
    if (op >= 0x90 && op < 0xA0) return byte_ = true, memory(Touch::Write, true, false);
    if (op >= 0xC8 && op < 0xD0) return read_write(low());
    switch (op) {
      case 0x00:
        return memory(r < 2 ? Touch::Write : Touch::Read, r < 2, false);
      case 0x01:
        if (r == 4) return memory(Touch::Write, true, false);
        if (r == 6) return memory(Touch::Read, false);
        return;
      case 0x02:
      case 0x03:
      case 0xAF:
      case 0xBC:
      case 0xBD:
      case 0xB7:
      case 0xBF:
        memory(Touch::Read, false);
        return write(reg());
      case 0xB6:
      case 0xBE:
        byte_ = true, memory(Touch::Read, false);
        byte_ = false;
        return write(reg());
      case 0x20:
      case 0x21:
        f_.memory = false;
        return write(f_.rm());
      case 0x31:
      case 0x32:
        write(RAX);
        return write(RDX);
      case 0xA0:
      case 0xA8:
        return stack(Touch::Push);
      case 0xA1:
      case 0xA9:
        return stack(Touch::Pop);
      case 0xA2:
        f_.writes |= 0xF;
        return;
      case 0xA3:
        memory(Touch::Read, false);
        return read(reg());
      case 0xA4:
      case 0xA5:
      case 0xAC:
      case 0xAD:
      case 0xAB:
      case 0xB3:
      case 0xBB:
        memory(Touch::Modify, true);
        return read(reg());
      case 0xBA:
        return memory(r == 4 ? Touch::Read : Touch::Modify, r != 4);
      case 0xB0:
        byte_ = true;
        memory(Touch::Modify, true);
        return read_write(RAX);
      case 0xB1:
        memory(Touch::Modify, true);
        return read_write(RAX);
      case 0xC0:
        byte_ = true;
        memory(Touch::Modify, true);
        return read_write(reg());
      case 0xC1:
        memory(Touch::Modify, true);
        return read_write(reg());
      case 0xC7:
        return memory(Touch::Modify, false);
      case 0xB2:
      case 0xB4:
      case 0xB5:
        memory(Touch::Read, false);
        return write(reg());
      default:
        // Vectors: what stores, and what loads.
        if (op == 0x11 || op == 0x13 || op == 0x17 || op == 0x29 || op == 0x2B || op == 0x7F ||
            op == 0xE7 || op == 0xD6)
          return memory(Touch::Write, false);
        if ((op >= 0x10 && op < 0x18) || (op >= 0x28 && op < 0x30) || (op >= 0x50 && op < 0x80) ||
            op >= 0xC2)
          return memory(Touch::Read, false);
    }
  }

 private:
  u8 low() const { return u8((f_.opcode & 7) | (rex_ & 1) << 3); }
  u8 reg() const { return u8(f_.reg() | (rex_ & 4) << 1); }
  // AH to BH are parts of the first four.
  u16 mask(u8 number) const { return register_bit(byte_ && !rex_ ? number & 3 : number); }
  void read(u8 number) {
    f_.sources |= mask(number);
    if (!byte_) f_.reads |= register_bit(number);
  }
  void write(u8 number) {
    f_.writes |= mask(number);
    f_.byte_write |= byte_;
  }
  void read_write(u8 number) { read(number), write(number); }
  void stack(Touch touch) {
    f_.address |= register_bit(RSP);
    f_.touch = touch;
  }
  void absolute(Touch touch) { f_.touch = touch, f_.explicit_address = true; }
  // The ModRM operand.
  void memory(Touch touch, bool writes, bool reads = true) {
    if (byte_) f_.width = 1;
    if (f_.memory) {
      f_.touch = touch;
      f_.explicit_address = true;
      return;
    }
    const u8 number = u8(f_.rm() | (rex_ & 1) << 3);
    if (reads) read(number);
    if (writes) write(number);
  }
  void alu(unsigned which, unsigned way) {
    const bool compares = which == 7;
    if (way >= 4) {
      read(RAX);
      if (!compares) write(RAX);
    } else if (way >= 2) {
      memory(Touch::Read, false);
      read(reg());
      if (!compares) write(reg());
    } else {
      memory(compares ? Touch::Read : Touch::Modify, !compares);
      read(reg());
    }
  }
  void x87() {
    const unsigned op = f_.opcode & 7, r = f_.reg();
    f_.explicit_address = true;
    f_.touch = Touch::Read;
    static constexpr u8 widths[8] = {4, 4, 4, 4, 8, 8, 2, 2};
    f_.width = widths[op];
    if (op == 1 || op == 5) {
      if (r == 4 || (r == 6 && op == 1)) f_.touch = Touch::None;  // environments: by their clocks
      if (r == 2 || r == 3 || r == 7 || (r == 6 && op == 5)) f_.touch = Touch::Write;
      if (r == 5 || r == 7) f_.width = 2;
      if (op == 5 && (r == 4 || r == 6)) f_.touch = Touch::None;
    }
    if (op == 3 || op == 7) {
      if (r == 2 || r == 3 || r == 7 || (r == 6 && op == 7)) f_.touch = Touch::Write;
      if (r == 1) f_.touch = Touch::Write;
      if (r >= 5) f_.width = 8;
    }
  }
  Form& f_;
  const u8 rex_;
  bool byte_ = false;
};

}  // namespace

void find_effects(Form& f, u8 rex) {
  Effects effects(f, rex);
  if (f.map == 0) effects.one_byte();
  if (f.map == 1) effects.two_byte();
  if (f.map >= 2 && f.memory) f.touch = Touch::Read, f.explicit_address = true;
}

}  // namespace reprise::cpu
