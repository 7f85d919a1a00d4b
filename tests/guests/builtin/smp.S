# The second processor, if there is one: INIT and start-up IPIs, a lock, interrupts to and fro.
    .set MODE, 32
    .code32
.equ S_ALIVE, SHARED                     # APIC ID + 1 of the other processor, when it is up
.equ S_LOCK, SHARED + 4
.equ S_COUNT, SHARED + 8                 # guarded by the lock
.equ S_ATOMIC, SHARED + 12               # not guarded
.equ S_PINGS, SHARED + 16
.equ S_PONGS, SHARED + 20
.equ S_PHASE, SHARED + 24                # what the other processor is to do
.equ S_DONE, SHARED + 28
.equ S_BACK, SHARED + 28 + 4             # whether the other processor answers interrupts
.equ S_CODE, SHARED + 40                 # a function that one changes and the other calls
.equ ROUNDS, 500
smp_tests:
    TEST "second processor: INIT, start-up", t_smp_start
    TEST "second processor: a lock, atomic operations", t_smp_lock
    TEST "second processor: interrupts to and fro", t_smp_ipi
    TEST "second processor: code that the first writes", t_smp_code
    TEST "second processor: INIT stops it", t_smp_stop
    ret

.macro PHASE number                      # wakes the second processor to do this
    movl $0, S_DONE
    movl $\number, S_PHASE
    movl $0x01000000, LAPIC + 0x310
    movl $0x4054, LAPIC + 0x300
.endm
.macro PHASE_END                         # waits until it is done
.Lphase\@:
    pause
    cmpl $0, S_DONE
    je .Lphase\@
.endm
.macro NEED_SMP
    cmpl $0, S_ALIVE
    jne .Lsmp\@
    SKIP
.Lsmp\@:
.endm

BEGIN t_smp_start
    movl $0, S_ALIVE
    movw $0x510, %dx                     # fw_cfg item 5: processors
    movw $5, %ax
    outw %ax, %dx
    incl %edx
    inb %dx, %al
    cmpb $2, %al
    jb 1f
    cmpb $0xFF, %al
    jne 2f
1:  SKIP
2:  movl $ap_start, %esi
    movl $AP_CODE, %edi
    movl $(ap_start_end - ap_start), %ecx
    rep movsb
    movl $0, S_PHASE
    movl $0, S_BACK
    movl $.Lpong, %eax                   # vector 54h: to the second; 55h: back
    movl $(IDT32 + 0x54 * 8), %edi
    movl $1, %ecx
    call .Lgates32
    movl $.Lping_back, %eax
    movl $1, %ecx
    call .Lgates32
    movl $0x01000000, LAPIC + 0x310
    movl $0x4500, LAPIC + 0x300          # INIT
    movl $11932, %eax                    # 10 ms, as the MP specification says
    call sleep
    movl $0x01000000, LAPIC + 0x310
    movl $(0x4600 | AP_CODE >> 12), LAPIC + 0x300
    movl $240, %eax                      # 200 us
    call sleep
    cmpl $0, S_ALIVE
    jne 3f
    movl $(0x4600 | AP_CODE >> 12), LAPIC + 0x300
3:  movl $100, %esi
4:  cmpl $0, S_ALIVE
    jne 5f
    movl $1193, %eax
    call sleep
    decl %esi
    jnz 4b
5:  EQM S_ALIVE, 2
    PASS

BEGIN t_smp_lock
    NEED_SMP
    movl $0, S_LOCK
    movl $0, S_COUNT
    movl $0, S_ATOMIC
    PHASE 1
    call .Lcount_locked
    PHASE_END
    EQM S_COUNT, 2*ROUNDS
    EQM S_ATOMIC, 2*ROUNDS
    EQM S_LOCK, 0
    PASS
.Lcount_locked:
    movl $ROUNDS, %ecx
1:  movl $1, %eax
2:  xchgl %eax, S_LOCK
    testl %eax, %eax
    jz 3f
    pause
    jmp 2b
3:  movl S_COUNT, %eax
    incl %eax
    nop
    movl %eax, S_COUNT
    movl $0, S_LOCK
    lock incl S_ATOMIC
    loop 1b
    ret

# Both halt between; each interrupt sends the next.
BEGIN t_smp_ipi
    NEED_SMP
    movl $0, S_PINGS
    movl $0, S_PONGS
    movl $1, S_BACK
    movl $0x01000000, LAPIC + 0x310
    movl $0x4054, LAPIC + 0x300
1:  sti
    hlt
    cli
    cmpl $50, S_PONGS
    jb 1b
    movl $0, S_BACK
    EQM S_PINGS, 50
    PASS
.Lpong:                                  # on the second processor
    incl S_PINGS
    cmpl $0, S_BACK
    je 1f
    movl $0, LAPIC + 0x310
    movl $0x4055, LAPIC + 0x300
1:  movl $0, LAPIC + 0xB0
    iretl
    .balign 16
.Lping_back:                             # on the first
    incl S_PONGS
    cmpl $50, S_PONGS
    jae 1f
    movl $0x01000000, LAPIC + 0x310
    movl $0x4054, LAPIC + 0x300
1:  movl $0, LAPIC + 0xB0
    iretl

BEGIN t_smp_code
    NEED_SMP
    movl $10, %esi
    movl $0x5A5A5A5A, S_CODE + 4
1:  movb $0xB8, S_CODE                   # MOV EAX, round; RET
    movl %esi, S_CODE + 1
    movb $0xC3, S_CODE + 5
    PHASE 4
    PHASE_END
    movl S_COUNT, %eax
    EQ %eax, %esi
    decl %esi
    jnz 1b
    PASS

BEGIN t_smp_stop
    NEED_SMP
    PHASE 5                              # it counts on and on
    movl S_ATOMIC, %ebx
    movl $1193, %eax
    call sleep
    cmpl %ebx, S_ATOMIC
    EXPECT ne
    movl $0x01000000, LAPIC + 0x310
    movl $0x4500, LAPIC + 0x300
    movl $1193, %eax
    call sleep
    movl S_ATOMIC, %ebx
    movl $1193, %eax
    call sleep
    movl S_ATOMIC, %eax
    EQ %eax, %ebx
    PASS

# The second processor, from its start-up IPI: real mode at 0800:0000.
    .code16
ap_start:
    cli
    movw %cs, %ax
    movw %ax, %ds
    lgdtl %cs:(ap_gdt - ap_start)
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CS32, $ap_protected
ap_gdt:
    .word rom_gdt_end - rom_gdt - 1
    .long GDT
ap_start_end:
    .code32
ap_protected:
    movl $DS32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $DS32_3, %eax
    movl %eax, %fs
    movl $STACK_AP, %esp
    lidtl idt32_register
    movl $0x1FF, LAPIC + 0xF0
    movl LAPIC + 0x20, %eax
    shrl $24, %eax
    incl %eax
    movl %eax, S_ALIVE
ap_wait:
    cli
    xorl %eax, %eax
    xchgl %eax, S_PHASE
    cmpl $1, %eax
    je ap_lock
    cmpl $4, %eax
    je ap_call
    cmpl $5, %eax
    je ap_run
    sti
    hlt
    jmp ap_wait
ap_lock:
    call .Lcount_locked
ap_done:
    movl $1, S_DONE
    jmp ap_wait
ap_call:
    movl $S_CODE, %eax
    call *%eax
    movl %eax, S_COUNT
    jmp ap_done
ap_run:
    lock incl S_ATOMIC
    jmp ap_run
