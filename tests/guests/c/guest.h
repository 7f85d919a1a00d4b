// What small guests in C share: a multiboot kernel in 32-bit protected mode, alone on the machine,
// that speaks on COM1. Source: Multiboot Specification 0.6.96. tools/guests/build.sh says how they
// are built.
#pragma once

static char stack[4096] __attribute__((used));

__asm__(
    ".text; .align 4\n"
    ".long 0x1BADB002, 0, -0x1BADB002\n"  // the header
    ".globl start\n"
    "start: mov $stack + 4096, %esp; call main");

static inline void out8(int port, unsigned value) {
  __asm__ volatile("outb %b0, %w1" : : "a"(value), "d"(port));
}
static inline unsigned in8(int port) {
  unsigned char value;
  __asm__ volatile("inb %w1, %b0" : "=a"(value) : "d"(port));
  return value;
}

static void say_char(char c) {
  while (!(in8(0x3fd) & 0x20)) {  // until the transmitter takes a byte
  }
  out8(0x3f8, c);
}
static void say(const char* text) {
  for (; *text; ++text) say_char(*text);
}
static void say_number(unsigned number) {
  if (number >= 10) say_number(number / 10);
  say_char('0' + number % 10);
}

static void power_off(void) {
  while (!(in8(0x3fd) & 0x40)) {  // until all has been sent
  }
  // PIIX4 PM1_CNT where SeaBIOS puts it: SLP_EN, S5.
  __asm__ volatile("outw %w0, %w1" : : "a"(0x2000), "d"(0x604));
  for (;;) __asm__ volatile("cli; hlt");
}
