# Local APIC and I/O APIC.
    .set MODE, 32
    .code32
.equ LAPIC, 0xFEE00000
.equ IOAPIC, 0xFEC00000
apic_tests:
    TEST "local APIC: IPI to itself, priorities", t_lapic
    TEST "local APIC: timer, one-shot and periodic", t_lapic_timer
    TEST "local APIC: timer, TSC deadline", t_lapic_deadline
    TEST "local APIC: x2APIC mode", t_x2apic
    TEST "I/O APIC: timer, RTC, mask", t_ioapic
    ret

# Halts until vector 40h + EAX has been counted ECX times.
await_apic:
    sti
    hlt
    cli
    cmpl %ecx, apic_count(, %eax, 4)
    jb await_apic
    ret

# Without an APIC the 8259s interrupt the processor themselves.
.macro NEEDS_APIC
    testb $2, v_features + 5             # APIC
    jnz .Lapic\@
    SKIP
.Lapic\@:
.endm

BEGIN t_lapic
    NEEDS_APIC
    movl LAPIC + 0x20, %eax
    EQ %eax, $0
    movl LAPIC + 0x30, %eax
    andl $0xF0, %eax
    EQ %eax, $0x10
    movl $0, apic_count + 4
    movl $0x50, LAPIC + 0x80             # TPR holds class 4
    movl $0x00044041, LAPIC + 0x300      # to itself, vector 41h
    sti
    nop
    nop
    cli
    EQM apic_count+4, 0
    movl LAPIC + 0x220, %eax             # IRR 5F-40
    EQ %eax, $2
    movl LAPIC + 0xA0, %eax
    EQ %eax, $0x50
    movl $0, LAPIC + 0x80
    sti
    nop
    nop
    cli
    EQM apic_count+4, 1
    movl LAPIC + 0x220, %eax
    EQ %eax, $0
    movl LAPIC + 0x120, %eax             # ISR: the handler's EOI
    EQ %eax, $0
    # Two at once: the higher vector first; the lower waits for EOI.
    movl $0, apic_count + 8
    movl $.Lhigher, %eax
    xchgw %ax, IDT32 + 0x52 * 8
    movl $0x0008, IDT32 + 0x52 * 8 + 2
    movw $0x8E00, IDT32 + 0x52 * 8 + 4
    movw $0xF, IDT32 + 0x52 * 8 + 6
    movl $0x00044042, LAPIC + 0x300
    movl $0x00044052, LAPIC + 0x300
    movl $-1, v_a
    sti
    nop
    nop
    nop
    cli
    EQM v_a, 0
    EQM apic_count+8, 1
    PASS
.Lhigher:
    pushl %eax
    movl apic_count + 8, %eax            # not yet
    movl %eax, v_a
    popl %eax
    movl $0, LAPIC + 0xB0
    iretl

BEGIN t_lapic_timer
    NEEDS_APIC
    movl $0, apic_count
    movl $0xB, LAPIC + 0x3E0             # divide by 1
    movl $0x40, LAPIC + 0x320            # one-shot, vector 40h
    movl $50000, LAPIC + 0x380
    movl LAPIC + 0x390, %ecx
    cmpl $50000, %ecx
    EXPECT be
    xorl %eax, %eax
    movl $1, %ecx
    call await_apic
    movl LAPIC + 0x390, %eax
    EQ %eax, $0
    movl $0x20040, LAPIC + 0x320         # periodic
    movl $20000, LAPIC + 0x380
    xorl %eax, %eax
    movl $6, %ecx
    call await_apic
    movl $0x10040, LAPIC + 0x320         # masked
    movl $0, LAPIC + 0x380
    PASS

BEGIN t_lapic_deadline
    testb $1, v_features + 3
    jnz 1f
    SKIP
1:  movl $0x40040, LAPIC + 0x320
    movl $0, apic_count
    rdtsc
    movl %eax, %esi
    movl %edx, %edi
    addl $100000, %eax
    adcl $0, %edx
    movl %eax, %ebx
    movl %edx, %ebp
    movl $0x6E0, %ecx
    wrmsr
    xorl %eax, %eax
    movl $1, %ecx
    call await_apic
    rdtsc
    subl %ebx, %eax                      # not before
    sbbl %ebp, %edx
    EQ %edx, $0
    movl $0x6E0, %ecx
    rdmsr
    EQ %eax, $0                          # disarmed
    movl $0x10040, LAPIC + 0x320
    PASS

BEGIN t_x2apic
    testb $0x20, v_features + 2
    jnz 1f
    SKIP
1:  movl $0x1B, %ecx
    rdmsr
    movl %eax, %esi
    orl $0x400, %eax
    wrmsr
    movl $0x803, %ecx
    rdmsr
    andl $0xF0, %eax
    EQ %eax, $0x10
    movl $0x830, %ecx                    # ICR: to itself
    xorl %edx, %edx
    movl $0x44043, %eax
    movl $0, apic_count + 12
    movl $.Lx2_handler, %ebx
    xchgw %bx, IDT32 + 0x43 * 8
    sti
    wrmsr
    nop
    nop
    cli
    xchgw %bx, IDT32 + 0x43 * 8
    EQM apic_count+12, 1
    movl $0x80F, %ecx
    rdmsr
    EQ %eax, $0x1FF
    movl $0x1B, %ecx                     # off, then as before: registers are those of reset
    movl %esi, %eax
    andl $0xFFFFF3FF, %eax
    wrmsr
    movl %esi, %eax
    wrmsr
    movl $0x1FF, LAPIC + 0xF0
    movl $0x700, LAPIC + 0x350
    movl $0x400, LAPIC + 0x360
    PASS
.Lx2_handler:
    pushal
    incl apic_count + 12
    movl $0x80B, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    popal
    iretl

.macro IOREG index, value
    movl $\index, IOAPIC
    movl $\value, IOAPIC + 0x10
.endm
BEGIN t_ioapic
    NEEDS_APIC
    movl $1, IOAPIC
    movl IOAPIC + 0x10, %eax
    shrl $16, %eax
    andl $0xFF, %eax
    EQ %eax, $23
    movl $0, apic_count + 0x10
    movl $0, apic_count + 0x14
    IOREG 0x15, 0
    IOREG 0x14, 0x44                     # input 2: IRQ 0, edge, to CPU 0, vector 44h
    movl $0x14, IOAPIC
    movl IOAPIC + 0x10, %eax
    EQ %eax, $0x44
    OUTPORT 0x43, 0x34
    OUTPORT 0x40, 0xA9
    OUTPORT 0x40, 0x04
    movl $4, %eax
    movl $1, %ecx
    call await_apic
    call pm_timer
    movl %eax, %ebx
    movl $4, %eax
    movl $6, %ecx
    call await_apic
    ELAPSED %ebx, 17895
    IOREG 0x14, 0x10044                  # masked
    OUTPORT 0x43, 0x30
    IOREG 0x21, 0
    IOREG 0x20, 0x45                     # input 8: RTC
    CMOS 0x0A, 0x26
    CMOS_READ 0x0C                       # a PF from before would interrupt at once
    CMOS 0x0B, 0x42
    movl $5, %eax
    movl $1, %ecx
    call await_apic
    CMOS_READ 0x0C
    testb $0x40, %al
    EXPECT nz
    IOREG 0x20, 0x10045
    CMOS 0x0B, 0x02
    CMOS_READ 0x0C
    PASS
