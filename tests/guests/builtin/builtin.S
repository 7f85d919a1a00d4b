# The built-in guest: a self-test that is its own firmware. It runs from the reset vector through
# real, protected and long mode and every device, says so line by line on the screen and on COM1,
# and turns the machine off.
#
# What the results should be comes from the processor and chip manuals. It runs on other machines
# of this kind as well:
#   qemu-system-x86_64 -M pc -cpu max -smp 2 -display none -serial stdio -bios builtin.bin
    .include "layout.inc"
    .text
rom:
    .include "console.inc"
    .set MODE, 16
    .code16
    CONSOLE 16, e, bx, sp, ax, l
    .set MODE, 32
    .code32
    CONSOLE 32, e, ebx, esp, eax, l
    .set MODE, 64
    .code64
    CONSOLE 64, r, rbx, rsp, rax, q

    .include "start.S"
    .include "screen.S"
    .include "real_mode.S"
    .include "protected.S"
    .include "protected_tests.S"
    .include "tasks.S"
    .include "paging.S"
    .include "long_mode.S"
    .include "long_tests.S"
    .include "simd.S"
    .include "simd_sums.inc"
    .include "fpu.S"
    .include "timers.S"
    .include "apic.S"
    .include "io.S"
    .include "smp.S"
    .include "end.S"

    .text 1
hex_digits: .ascii "0123456789ABCDEF"
text_ok: .asciz " ok\n"
text_skipped: .asciz " skipped, not there\n"
text_failed: .asciz " FAILED at check "
text_got: .asciz ", got "

    .section .reset, "ax"
    .code16
    ljmp $0xF000, $(start - rom)
    .ascii "11/20/26"
    .byte 0, 0xFC, 0
