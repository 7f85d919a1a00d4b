// Listens to all that can reach a machine from outside (serial port, keyboard, CD drive, NMI) and
// mixes it, with the time stamp counter, into a sum that it says now and then: two runs say the
// same only if everything came at the same instruction. A byte 'q' on the serial port ends it.
#include "guest.h"

static volatile unsigned sum, ticks, nmis;

static unsigned tsc(void) {
  unsigned low;
  __asm__ volatile("rdtsc" : "=a"(low) : : "edx");
  return low;
}
static void mix(unsigned value) { sum = (sum ^ value) * 0x9e3779b1u + tsc(); }

// --- interrupts: the 8254 at 1 kHz, and NMI ---
struct frame;
__attribute__((interrupt)) static void on_tick(struct frame* frame) {
  (void)frame;
  ++ticks;
  out8(0x43, 0);  // latch the count
  mix(in8(0x40));
  mix(in8(0x40));
  out8(0x20, 0x20);
}
__attribute__((interrupt)) static void on_nmi(struct frame* frame) {
  (void)frame;
  ++nmis;
  mix(2);
}

static unsigned long long gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff}, idt[0x21];
static struct __attribute__((packed)) {
  unsigned short limit;
  void* base;
} gdtr = {sizeof gdt - 1, gdt}, idtr = {sizeof idt - 1, idt};

static void gate(int vector, void (*handler)(struct frame*)) {
  const unsigned at = (unsigned)handler;
  idt[vector] = (unsigned long long)(at >> 16) << 48 | 0x8e00ull << 32 | 8 << 16 | (at & 0xffff);
}

static void open_interrupts(void) {
  gate(2, on_nmi);
  gate(0x20, on_tick);
  __asm__ volatile("lgdt %0; lidt %1; ljmp $8, $1f; 1: mov %2, %%ds; mov %2, %%es; mov %2, %%ss"
                   :
                   : "m"(gdtr), "m"(idtr), "r"(16));
  out8(0x20, 0x11), out8(0x21, 0x20), out8(0x21, 4), out8(0x21, 1), out8(0x21, 0xfe);
  out8(0xa1, 0xff);
  out8(0x43, 0x34), out8(0x40, 1193 & 0xff), out8(0x40, 1193 >> 8);
  __asm__ volatile("sti");
}

// --- the CD drive: ATAPI by PIO on the secondary channel ---
enum {
  kData = 0x170,
  kError = 0x171,
  kLow = 0x174,
  kHigh = 0x175,
  kDrive = 0x176,
  kCommand = 0x177
};
enum { kBusy = 0x80, kRequest = 8, kFailed = 1 };

static unsigned cd_status(void) {
  unsigned status;
  for (int tries = 0; (status = in8(kCommand)) & kBusy && tries < 100000; ++tries) {
  }
  return status;
}

static unsigned packet(unsigned char operation, unsigned char block, unsigned char count,
                       unsigned char bytes) {
  const unsigned char command[12] = {operation, 0, 0, 0, bytes, block, 0, 0, count};
  unsigned status;
  out8(kDrive, 0xa0), out8(kError, 0), out8(kLow, 0), out8(kHigh, 8), out8(kCommand, 0xa0);
  if (!(cd_status() & kRequest)) return 1;
  for (int i = 0; i < 12; i += 2)
    __asm__ volatile("outw %w0, %w1" : : "a"(command[i] | command[i + 1] << 8), "d"(kData));
  while ((status = cd_status()) & kRequest) {
    for (int left = in8(kLow) | in8(kHigh) << 8; left > 0; left -= 2) {
      unsigned short word;
      __asm__ volatile("inw %w1, %w0" : "=a"(word) : "d"(kData));
      mix(word);
    }
  }
  return status & kFailed;
}

static void ask_cd(void) {
  const unsigned absent = packet(0, 0, 0, 0);  // TEST UNIT READY
  if (absent)
    packet(3, 0, 0, 18);  // REQUEST SENSE
  else
    packet(0x28, ticks & 15, 1, 0);  // READ(10)
}

static void report(void) {
  say("sum ");
  say_number(sum);
  say(" ticks ");
  say_number(ticks);
  say("\r\n");
}

void main(void) {
  open_interrupts();
  say("hammer me\r\n");
  for (unsigned round = 0;; ++round) {
    if (in8(0x64) & 1) mix(in8(0x60));
    if (in8(0x3fd) & 1) {
      const unsigned byte = in8(0x3f8);
      mix(byte);
      if (byte == 'q') break;
    }
    if (round % 256 == 0) ask_cd();
    if (round % 8192 == 0) report();
  }
  report();
  say("nmis ");
  say_number(nmis);
  say("\r\n");
  power_off();
}
