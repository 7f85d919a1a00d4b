# 8259, 8254, RTC, ACPI timer, HPET, in 32-bit protected mode. Frequencies are compared with each
# other: within 1%, or 40% where the host's own time comes in (TCG).
    .set MODE, 32
    .code32
device_tests:
    call pm_base
    TEST "8259: masks, requests, poll", t_pic
    TEST "8254: counters, modes, read-back", t_pit
    TEST "8254: ticks against the ACPI timer", t_pit_ticks
    TEST "ports 61h, 92h", t_port61
    TEST "RTC: memory, date, periodic interrupt", t_rtc
    TEST "RTC: update in progress and ended", t_rtc_update
    TEST "HPET: counter, periodic interrupt", t_hpet
    call apic_tests
    call io_tests
    ret

# IRQ 0 after EAX ticks of 1193182 Hz; the processor halts meanwhile. Preserves all but flags.
sleep:
    pushal
    movl %eax, %ebx
    inb $0x21, %al
    movb %al, %cl
    OUTPORT 0x43, 0x30                   # counter 0, mode 0
    movb %bl, %al
    outb %al, $0x40
    movb %bh, %al
    outb %al, $0x40
    movl irq_count, %ebx
    OUTPORT 0x21, 0xFE
1:  sti
    hlt
    cli
    cmpl %ebx, irq_count
    je 1b
    movb %cl, %al
    outb %al, $0x21
    popal
    ret

# Halts until interrupt EAX has been counted ECX times; clobbers EAX.
await:
    sti
    hlt
    cli
    cmpl %ecx, irq_count(, %eax, 4)
    jb await
    ret

pm_timer:                                # to EAX
    pushl %edx
    movl $(PMBASE + 8), %edx
    inl %dx, %eax
    popl %edx
    ret
# ELAPSED from, ticks: since the count in the register, this many ticks of 3.579545 MHz.
.macro ELAPSED from, ticks
    call pm_timer
    subl \from, %eax
    andl $0xFFFFFF, %eax
    movl %eax, \from
    testb $1, v_tcg
    jnz .Lloose\@
    cmpl $((\ticks) * 99 / 100), %eax
    EXPECT ae
    cmpl $((\ticks) * 101 / 100), %eax
    EXPECT be
    jmp .Lchecked\@
.Lloose\@:
    cmpl $((\ticks) * 6 / 10), %eax
    EXPECT ae
.Lchecked\@:
.endm

BEGIN t_pic
    OUTPORT 0x21, 0xA5
    inb $0x21, %al
    movzbl %al, %eax
    EQ %eax, $0xA5
    OUTPORT 0xA1, 0x5A
    inb $0xA1, %al
    movzbl %al, %eax
    EQ %eax, $0x5A
    OUTPORT 0xA1, 0xFF
    OUTPORT 0x21, 0xFF
    OUTPORT 0x43, 0x30
    OUTPORT 0x40, 20
    OUTPORT 0x40, 0
    movl $100000, %ecx                   # IRQ 0 is requested, though masked
1:  OUTPORT 0x20, 0x0A                   # OCW3: read IRR
    inb $0x20, %al
    testb $1, %al
    loopz 1b
    EXPECT nz
    movl $0, irq_count
    sti
    nop
    nop
    cli
    EQM irq_count, 0
    OUTPORT 0x21, 0xFE
    sti
    nop
    nop
    cli
    EQM irq_count, 1
    OUTPORT 0x43, 0x30                   # again, by poll: no interrupt
    OUTPORT 0x40, 20
    OUTPORT 0x40, 0
    movl $100000, %ecx
2:  OUTPORT 0x20, 0x0C                   # OCW3: poll
    inb $0x20, %al
    testb $0x80, %al
    loopz 2b
    movzbl %al, %eax
    EQ %eax, $0x80
    OUTPORT 0x20, 0x0B                   # read ISR
    inb $0x20, %al
    movzbl %al, %eax
    EQ %eax, $1
    OUTPORT 0x20, 0x60                   # specific EOI
    inb $0x20, %al
    movzbl %al, %eax
    EQ %eax, $0
    OUTPORT 0x21, 0xFF
    PASS

BEGIN t_pit
    OUTPORT 0x43, 0xB4                   # counter 2, mode 2
    OUTPORT 0x42, 0x34
    OUTPORT 0x42, 0x12
    OUTPORT 0x61, 0                      # gate closed: it stands
    OUTPORT 0x43, 0xE8                   # read back: counter 2, status and count
    inb $0x42, %al
    movb v_tcg, %ah                      # where OUT is low without the gate
    shlb $7, %ah
    orb %ah, %al
    andl $0xBF, %eax
    EQ %eax, $0xB4                       # OUT high, both bytes, mode 2
    inb $0x42, %al
    inb $0x42, %al
    OUTPORT 0x61, 1                      # gate open: it runs
    call .Lcount2
    movl %eax, %ebx
    movl $60, %eax
    call sleep
    call .Lcount2
    subl %eax, %ebx
    andl $0xFFFF, %ebx
    cmpl $60, %ebx
    EXPECT ae
    # Mode 3: OUT2 is bit 5 of port 61h, half of the time each.
    OUTPORT 0x43, 0xB6
    OUTPORT 0x42, 0x40
    OUTPORT 0x42, 0x00
    xorl %esi, %esi
    xorl %edi, %edi
    movl $2000, %ecx
1:  inb $0x61, %al
    testb $0x20, %al
    jz 2f
    incl %esi
    jmp 3f
2:  incl %edi
3:  loop 1b
    cmpl $100, %esi
    EXPECT a
    cmpl $100, %edi
    EXPECT a
    OUTPORT 0x61, 0
    # Mode 0: OUT rises at the end and stays. Status before and after.
    OUTPORT 0x43, 0x30
    OUTPORT 0x40, 0xFF
    OUTPORT 0x40, 0xFF
    OUTPORT 0x43, 0xE2
    inb $0x40, %al
    andb $0xBF, %al
    movzbl %al, %eax
    EQ %eax, $0x30
    movl $10, %eax
    call sleep
    OUTPORT 0x43, 0xE2
    inb $0x40, %al
    movzbl %al, %eax
    EQ %eax, $0xB0
    PASS
.Lcount2:
    OUTPORT 0x43, 0x80                   # latch
    inb $0x42, %al
    movb %al, %ah
    inb $0x42, %al
    xchgb %al, %ah
    movzwl %ax, %eax
    ret

BEGIN t_pit_ticks
    movl $0, irq_count
    OUTPORT 0x43, 0x34
    OUTPORT 0x40, 0xA9                   # 1193: 1 ms
    OUTPORT 0x40, 0x04
    OUTPORT 0x21, 0xFE
    xorl %eax, %eax
    movl $1, %ecx
    call await
    call pm_timer
    movl %eax, %ebx
    xorl %eax, %eax
    movl $11, %ecx
    call await
    OUTPORT 0x21, 0xFF
    ELAPSED %ebx, 35790
    OUTPORT 0x43, 0x30
    call pm_timer                        # the ACPI timer has 24 bits
    andl $0xFF000000, %eax
    EQ %eax, $0
    PASS

BEGIN t_port61
    inb $0x61, %al                       # bit 4: refresh, every 15 us
    movb %al, %ah
    movl $100000, %ecx
1:  inb $0x61, %al
    xorb %ah, %al
    testb $0x10, %al
    loopz 1b
    EXPECT nz
    inb $0x92, %al
    testb $2, %al
    EXPECT nz
    PASS

.macro CMOS index, value
    OUTPORT 0x70, \index
    OUTPORT 0x71, \value
.endm
.macro CMOS_READ index                   # to EAX
    OUTPORT 0x70, \index
    inb $0x71, %al
    movzbl %al, %eax
.endm

BEGIN t_rtc
    CMOS_READ 0x50
    movl %eax, %ebx
    CMOS 0x50, 0xC3
    CMOS_READ 0x50
    EQ %eax, $0xC3
    OUTPORT 0x70, 0x50
    movb %bl, %al
    outb %al, $0x71
    CMOS_READ 0x0D
    EQ %eax, $0x80
    CMOS 0x0A, 0x26
    CMOS 0x0B, 0x82                      # SET, BCD, 24 hours
    CMOS 0x00, 0x58
    CMOS 0x02, 0x59
    CMOS 0x04, 0x23
    CMOS 0x07, 0x28
    CMOS 0x08, 0x02
    CMOS 0x09, 0x24
    CMOS_READ 0x04
    EQ %eax, $0x23
    CMOS_READ 0x07
    EQ %eax, $0x28
    # Periodic interrupt at 1024 Hz, through the second 8259.
    CMOS 0x0B, 0xC2
    movl $0, irq_count + 32
    CMOS_READ 0x0C
    OUTPORT 0xA1, 0xFE
    OUTPORT 0x21, 0xFB
    movl $8, %eax
    movl $1, %ecx
    call await
    call pm_timer
    movl %eax, %ebx
    movl $8, %eax
    movl $9, %ecx
    call await
    OUTPORT 0x21, 0xFF
    OUTPORT 0xA1, 0xFF
    ELAPSED %ebx, 27964
    movl v_rtc, %eax
    andl $0xC0, %eax
    EQ %eax, $0xC0
    CMOS 0x0B, 0x82
    CMOS_READ 0x0C
    PASS

# After a reset of the divider the first update comes in half a second; 244 us before, UIP is set.
BEGIN t_rtc_update
    CMOS 0x0A, 0x76                      # divider held
    CMOS 0x0B, 0x12                      # the clock of the test before: 28 February, 23:59:58
    CMOS_READ 0x0C
    CMOS 0x0A, 0x26
    call pm_timer
    movl %eax, %ebx
    movl $100, %esi                      # 495 ms without looking
1:  movl $5906, %eax
    call sleep
    decl %esi
    jnz 1b
    movl $200, %esi
2:  CMOS_READ 0x0A
    testb $0x80, %al
    jnz 3f
    movl $60, %eax                       # 50 us
    call sleep
    decl %esi
    jnz 2b
3:  CMOS_READ 0x0A
    testb $1, v_tcg                      # whose clock may have gone on meanwhile
    jnz 4f
    testb $0x80, %al
    EXPECT nz
    CMOS_READ 0x0C
    testb $0x10, %al
    EXPECT z
4:  movl $0, irq_count + 32              # update ended: IRQ 8, with UIE
    OUTPORT 0xA1, 0xFE
    OUTPORT 0x21, 0xFB
    movl $8, %eax
    movl $1, %ecx
    call await
    OUTPORT 0x21, 0xFF
    OUTPORT 0xA1, 0xFF
    testb $0x10, v_rtc
    EXPECT nz
    testb $1, v_tcg
    jnz 5f
    ELAPSED %ebx, 1789772
    CMOS_READ 0x00
    EQ %eax, $0x59
5:  CMOS_READ 0x0A
    testb $0x80, %al
    EXPECT z
    CMOS_READ 0x02
    EQ %eax, $0x59
    CMOS 0x0B, 0x02
    CMOS_READ 0x0C
    PASS

.equ HPET, 0xFED00000
BEGIN t_hpet
    movl HPET, %eax
    movzbl %al, %ecx
    cmpl $-1, %eax
    jne 1f
    SKIP
1:  shrl $16, %eax
    EQ %eax, $0x8086
    movl HPET + 4, %ecx                  # period in fs
    movl $0, HPET + 0x10
    movl $0, HPET + 0xF0
    movl $0, HPET + 0xF4
    movl $1000000000, %eax               # 1 us
    xorl %edx, %edx
    divl %ecx
    imull $500, %eax, %esi               # ticks in 500 us
    movl $0x14C, HPET + 0x100            # timer 0: 32 bits, VAL_SET, periodic, enabled
    movl %esi, HPET + 0x108
    movl %esi, HPET + 0x108
    movl $0, irq_count
    OUTPORT 0x21, 0xFE
    movl $3, HPET + 0x10                 # on, in place of the 8254
    xorl %eax, %eax
    movl $1, %ecx
    call await
    call pm_timer
    movl %eax, %ebx
    xorl %eax, %eax
    movl $7, %ecx
    call await
    OUTPORT 0x21, 0xFF
    ELAPSED %ebx, 10739
    movl $0, HPET + 0x10
    movl $0, HPET + 0x100
    movl HPET + 0xF0, %ecx               # stopped
    movl HPET + 0xF0, %eax
    EQ %eax, %ecx
    imull $6, %esi, %edx                 # the first interrupt may have been the 8254's
    cmpl %edx, %eax
    EXPECT ae
    PASS
