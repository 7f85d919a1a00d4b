// x87 control instructions: FNINIT, FNCLEX, control and status words, environment, save, restore.
//
// Source: Intel SDM volume 1, 8.1.10, figures 8-9 to 8-12. The format of the environment follows
// operand size and mode: 16 or 32 bits, protected or real (also virtual-8086) mode. Real-mode forms
// hold linear addresses.
#include "cpu/exec/x87_rows.h"

namespace reprise::cpu {

u16 full_status(const fpu::FpuState& f) { return u16(f.status | f.top << 11); }

void load_status(Cpu& c, u16 status) {
  c.fpu.status = status & ~u16(0x3800);
  c.fpu.top = status >> 11 & 7;
  X87(c).update_summary();
}

u16 full_tag_word(const fpu::FpuState& f) {
  u16 tags = 0;
  for (unsigned i = 0; i < 8; ++i) {
    unsigned tag = 3;
    if (!(f.empty >> i & 1)) {
      const auto code = fpu::classify({f.physical[i].significand, f.physical[i].sign_exponent});
      tag = code == fpu::ClassCode::normal ? 0 : code == fpu::ClassCode::zero ? 1 : 2;
    }
    tags |= u16(tag << (2 * i));
  }
  return tags;
}

void fninit(Cpu& c, const Op&) {
  fpu::FpuState& f = c.fpu;
  f.control = 0x037F;
  f.status = 0;
  f.top = 0;
  f.empty = 0xFF;
  f.opcode = 0;
  f.instruction = f.data = 0;
  f.code_segment = f.data_segment = 0;
}

void fnclex(Cpu& c, const Op&) { c.fpu.status &= 0x7F00; }

void fldcw(Cpu& c, const Op& op) {
  check_x87_pending(c);
  c.fpu.control = legal_control(read_rm<u16>(c, op));
  X87(c).update_summary();
}

void fnstcw(Cpu& c, const Op& op) { write_rm<u16>(c, op, c.fpu.control); }
void fnstsw(Cpu& c, const Op& op) { write_rm<u16>(c, op, full_status(c.fpu)); }
void fnstsw_ax(Cpu& c, const Op&) { c.reg<u16>(RAX * 8) = full_status(c.fpu); }

void fwait(Cpu& c, const Op&) {
  if ((c.cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) c.raise(kNM);
  check_x87_pending(c);
}

namespace {

// A range of memory that the whole instruction may use, checked before the first access.
class Image {
 public:
  Image(Cpu& c, const Op& op, unsigned size, bool write)
      : c_(c), op_(op), linear_(memory_address(c, op, size, write)) {
    c.probe(linear_, size, write, c.user(), op.seg);
  }
  template <class T>
  T get(unsigned at) const {
    return load<T>(c_, &op_, linear_ + at, op_.seg);
  }
  template <class T>
  void put(unsigned at, T value) const {
    store<T>(c_, &op_, linear_ + at, value, op_.seg);
  }
  // A register, in words: it is aligned to no more, and its clocks are the instruction's.
  fpu::Register80 get_register(unsigned at) const {
    u64 significand = 0;
    for (unsigned i = 0; i < 4; ++i) significand |= u64(get<u16>(at + 2 * i)) << (16 * i);
    return {significand, get<u16>(at + 8)};
  }
  void put_register(unsigned at, const fpu::Float80& value) const {
    for (unsigned i = 0; i < 4; ++i) put<u16>(at + 2 * i, u16(value.significand >> (16 * i)));
    put<u16>(at + 8, value.sign_exponent);
  }

 private:
  Cpu& c_;
  const Op& op_;
  u64 linear_;
};

bool wide(const Op& op) { return op.osize != 2; }
unsigned environment_size(const Op& op) { return wide(op) ? 28 : 14; }
bool real_format(const Cpu& c) { return !c.protected_mode() || c.v86(); }

// The seven fields of the environment in the order of memory.
struct Environment {
  u32 field[7];
};

Environment get_environment(const Cpu& c, bool wide) {
  const fpu::FpuState& f = c.fpu;
  const u32 high = wide ? 0xFFFF'0000 : 0;
  Environment e = {{high | f.control, high | full_status(f), high | full_tag_word(f)}};
  if (real_format(c)) {
    const u32 code = u32(f.instruction) + f.code_segment * 16u;
    const u32 data = u32(f.data) + f.data_segment * 16u;
    e.field[3] = u16(code) | high;
    e.field[4] = wide ? f.opcode | (code >> 16) << 12 : f.opcode | (code >> 4 & 0xF000);
    e.field[5] = u16(data) | high;
    e.field[6] = wide ? (data >> 16) << 12 : data >> 4 & 0xF000;
  } else {
    e.field[3] = u32(f.instruction);
    e.field[4] = f.code_segment | (wide ? u32(f.opcode) << 16 : 0);
    e.field[5] = u32(f.data);
    e.field[6] = f.data_segment | high;
  }
  return e;
}

void put_environment(const Image& image, const Environment& e, bool wide) {
  for (unsigned i = 0; i < 7; ++i) {
    if (wide)
      image.put<u32>(4 * i, e.field[i]);
    else
      image.put<u16>(2 * i, u16(e.field[i]));
  }
}

void load_environment(Cpu& c, const Image& image, bool wide) {
  Environment e;
  for (unsigned i = 0; i < 7; ++i)
    e.field[i] = wide ? image.get<u32>(4 * i) : image.get<u16>(2 * i);
  fpu::FpuState& f = c.fpu;
  f.control = legal_control(u16(e.field[0]));
  f.empty = 0;
  for (unsigned i = 0; i < 8; ++i)
    if ((e.field[2] >> (2 * i) & 3) == 3) f.empty |= u8(1u << i);
  f.code_segment = f.data_segment = 0;
  if (real_format(c)) {
    f.instruction = u16(e.field[3]) | (e.field[4] & ~0xFFFu) << 4;
    f.data = u16(e.field[5]) | (e.field[6] & ~0xFFFu) << 4;
    f.opcode = e.field[4] & 0x7FF;
  } else {
    f.instruction = e.field[3];
    f.code_segment = u16(e.field[4]);
    f.opcode = wide ? e.field[4] >> 16 & 0x7FF : 0;
    f.data = e.field[5];
    f.data_segment = u16(e.field[6]);
  }
  load_status(c, u16(e.field[1]));
}

}  // namespace

void fnstenv(Cpu& c, const Op& op) {
  const Image image(c, op, environment_size(op), true);
  put_environment(image, get_environment(c, wide(op)), wide(op));
  c.fpu.control |= 0x3F;
  X87(c).update_summary();
}

void fldenv(Cpu& c, const Op& op) {
  check_x87_pending(c);
  load_environment(c, Image(c, op, environment_size(op), false), wide(op));
}

void fnsave(Cpu& c, const Op& op) {
  const unsigned head = environment_size(op);
  const Image image(c, op, head + 80, true);
  put_environment(image, get_environment(c, wide(op)), wide(op));
  for (unsigned i = 0; i < 8; ++i) image.put_register(head + 10 * i, X87(c).st(i));
  fninit(c, op);
}

void frstor(Cpu& c, const Op& op) {
  check_x87_pending(c);
  const unsigned head = environment_size(op);
  const Image image(c, op, head + 80, false);
  load_environment(c, image, wide(op));
  for (unsigned i = 0; i < 8; ++i)
    c.fpu.physical[(c.fpu.top + i) & 7] = image.get_register(head + 10 * i);
}

namespace {

void fnop(Cpu&, const Op&) {}

}  // namespace

void add_x87_control_rows(Tables& t) {
  add_control<fldenv>(t, 0xD9, 4, kMem, -1, "fldenv");
  add_control<fldcw>(t, 0xD9, 5, kMem, -1, "fldcw");
  add_control<fnstenv>(t, 0xD9, 6, kMem, -1, "fnstenv");
  add_control<fnstcw>(t, 0xD9, 7, kMem, -1, "fnstcw");
  add_control<fnop>(t, 0xDB, 4, kReg, 0, "fneni");
  add_control<fnop>(t, 0xDB, 4, kReg, 1, "fndisi");
  add_control<fnclex>(t, 0xDB, 4, kReg, 2, "fnclex");
  add_control<fninit>(t, 0xDB, 4, kReg, 3, "fninit");
  add_control<fnop>(t, 0xDB, 4, kReg, 4, "fnsetpm");
  add_control<frstor>(t, 0xDD, 4, kMem, -1, "frstor");
  add_control<fnsave>(t, 0xDD, 6, kMem, -1, "fnsave");
  add_control<fnstsw>(t, 0xDD, 7, kMem, -1, "fnstsw");
  add_control<fnstsw_ax>(t, 0xDF, 4, kReg, 0, "fnstsw");
  t.add(kOneByte, 0x9B, kAnyPrefix, {"fwait", None, STEP(fwait), 0, Feature::kFpu});
}

}  // namespace reprise::cpu
