# 32-bit protected mode in one ring: arithmetic, segments, exceptions and their error codes, debug
# registers, code that changes.
    .set MODE, 32
    .code32
protected_tests:
    TEST "protected mode: 32-bit arithmetic", t_arithmetic32
    TEST "protected mode: bit and compare-exchange", t_bits32
    TEST "protected mode: address forms", t_addresses32
    TEST "protected mode: exceptions", t_exceptions32
    TEST "protected mode: selectors and error codes", t_selectors32
    TEST "protected mode: segment limits and rights", t_limits32
    TEST "protected mode: gates and double fault", t_gates32
    TEST "protected mode: LAR, LSL, VERR, ARPL, LDT", t_access32
    TEST "protected mode: control registers, TSC", t_control32
    TEST "protected mode: forbidden control values", t_forbidden32
    TEST "debug registers, single step", t_debug32
    TEST "code that changes itself", t_smc32
    TEST "REP MOVS under timer interrupts", t_rep32
    ret

BEGIN t_arithmetic32
    movl $0x2545F491, %eax
    xorl %ebp, %ebp
    movl $2000, %ecx
.Larith32:
    RANDOM %eax
    movl %eax, %esi
    RANDOM %eax
    .irp op, addl, adcl, subl, sbbl, cmpl, xorl, andl, orl, testl
    movl %eax, %ebx
    \op %esi, %ebx
    pushfl
    popl %edx
    andl $0x8C5, %edx
    MIX %ebx
    MIX %edx
    .endr
    movl %eax, %ebx
    negl %ebx
    sbbb %bh, %bl
    MIX %ebx
    imull %esi, %ebx
    MIX %ebx
    movl %eax, %ebx
    mull %esi
    MIX %eax
    MIX %edx
    movl %ebx, %eax
    imull %esi
    MIX %edx
    shrl $1, %edx                        # the quotient fits
    movl %esi, %edi
    orl $0x80000000, %edi
    divl %edi
    MIX %eax
    MIX %edx
    movl %ebx, %eax
    pushl %ecx
    movl %esi, %ecx
    roll %cl, %ebx
    rorw %cl, %bx
    rcll $7, %ebx
    sarl $1, %ebx
    MIX %ebx
    shldl %cl, %eax, %ebx
    MIX %ebx
    shrdl $9, %eax, %ebx
    MIX %ebx
    bswapl %ebx
    movsbl %bl, %edx
    movzwl %bx, %edi
    jns 1f                               # a 486 has no CMOV
    movl %edi, %edx
1:
    setg %dl
    MIX %edx
    popl %ecx
    decl %ecx
    jnz .Larith32
    EQ %ebp, $0x1A00EE8E
    PASS

BEGIN t_bits32
    movl $0x00400000, %ebx
    bsfl %ebx, %eax
    EQ %eax, $22
    bsrl %ebx, %eax
    EQ %eax, $22
    xorl %ecx, %ecx
    bsfl %ecx, %eax
    EXPECT z
    movl $SCRATCH, %edi
    movl $0, (%edi)
    movl $0, 0x20(%edi)
    movl $0, -4(%edi)
    movl $261, %ecx                      # the bit string reaches beyond the operand
    btsl %ecx, (%edi)
    EXPECT nc
    movl 0x20(%edi), %eax
    EQ %eax, $0x20
    movl $-1, %ecx
    btcl %ecx, (%edi)
    movl -4(%edi), %eax
    EQ %eax, $0x80000000
    btrl $5, 0x20(%edi)
    EXPECT c
    movl $7, (%edi)
    movl $5, %eax
    lock xaddl %eax, (%edi)
    EQ %eax, $7
    movl $12, %eax
    movl $99, %ecx
    lock cmpxchgl %ecx, (%edi)
    EXPECT e
    movl $1, %eax
    cmpxchgl %ecx, (%edi)
    EXPECT ne
    EQ %eax, $99
    testb $1, v_features + 5             # CMPXCHG8B
    jz .Lno_cx8
    movl $0x11111111, (%edi)
    movl $0x22222222, 4(%edi)
    movl $0x11111111, %eax
    movl $0x22222222, %edx
    movl $0x33333333, %ebx
    movl $0x44444444, %ecx
    lock cmpxchg8b (%edi)
    EXPECT z
    lock cmpxchg8b (%edi)
    EXPECT nz
    EQ %edx, $0x44444444
    EQ %eax, $0x33333333
.Lno_cx8:
    FAULTS 6, 0, ".byte 0xF0, 0x40"
    FAULTS 6, 0, ".byte 0x0F, 0xC7, 0xC9" # CMPXCHG8B of a register
    PASS

BEGIN t_addresses32
    movl $0x1000, %eax
    movl $0x20, %ecx
    leal 4(%eax,%ecx,8), %edx
    EQ %edx, $0x1104
    leal -1(,%ecx,4), %edx
    EQ %edx, $0x7F
    movl $0xFFFFFFF0, %ebx
    leal 0x20(%ebx), %edx
    EQ %edx, $0x10
    movl $0x12340FF0, %ebx
    movl $0x20, %esi
    addr16 leal (%bx,%si), %edx          # 16 bits, zero-extended
    EQ %edx, $0x1010
    leaw 0x7FFF(%ebx), %dx
    movzwl %dx, %edx
    EQ %edx, $0x8FEF
    movl %esp, %ebx
    pushl $0x44
    pushl $0x55
    pushl (%esp)                         # ESP as it was before
    popl 4(%esp)                         # ESP as it is after
    movl 4(%esp), %eax
    movl %ebx, %esp
    EQ %eax, $0x55
    movl $3, %ecx
    xorl %eax, %eax
1:  incl %eax
    loop 1b
    EQ %eax, $3
    jecxz 2f
    incl %eax
2:  EQ %eax, $3
    movl $0x10000, %ecx
    jcxz 3f                              # CX alone
    incl %eax
3:  EQ %eax, $3
    PASS

BEGIN t_exceptions32
    xorl %ecx, %ecx
    xorl %edx, %edx
    movl $5, %eax
    FAULTS 0, 0, "divl %ecx"
    movl $0x80000000, %edx
    movl $1, %ecx
    FAULTS 0, 0, "idivl %ecx"
    FAULTS 6, 0, "ud2"
    FAULTS 6, 0, ".byte 0xFF, 0xFF"
    FAULTS 6, 0, ".byte 0x8E, 0xC8"      # MOV to CS
    FAULTS 6, 0, ".byte 0xC5, 0xC0"      # LDS of a register, no AVX enabled
    TRAPS 3, "int3"
    movb $0x80, %al
    negb %al
    TRAPS 4, "into"
    movl $-5, SCRATCH
    movl $5, SCRATCH + 4
    movl $6, %ecx
    FAULTS 5, 0, "bound %ecx, SCRATCH"
    movl $-5, %ecx
    bound %ecx, SCRATCH
    TRAPS 0x80, "int $0x80"
    # 15 bytes are an instruction, 16 are #GP.
    .fill 14, 1, 0x2E
    .byte 0x90
    FAULTS 13, 0, ".fill 15, 1, 0x2E; .byte 0x90"
    PASS

BEGIN t_selectors32
    xorl %ecx, %ecx
    movl %ecx, %es                       # null can be loaded
    movl $0x1F8, %ecx
    FAULTS 13, 0x1F8, "movl %ecx, %es"   # beyond the GDT
    movl $ABSENT, %ecx
    FAULTS 11, ABSENT, "movl %ecx, %es"
    FAULTS 12, ABSENT, "movl %ecx, %ss"
    movl $RDONLY, %ecx
    movl %ecx, %es
    FAULTS 13, RDONLY, "movl %ecx, %ss"
    xorl %ecx, %ecx
    FAULTS 13, 0, "movl %ecx, %ss"
    movl $(DS32 + 1), %ecx               # RPL 1
    FAULTS 13, DS32, "movl %ecx, %ss"
    movl $CS32, %ecx
    movl %ecx, %es                       # readable code is data
    movl $EXONLY, %ecx
    FAULTS 13, EXONLY, "movl %ecx, %es"
    movl $TSS, %ecx
    FAULTS 13, TSS, "movl %ecx, %es"
    FAULTS 13, TSS, "ltr %cx"            # busy
    FAULTS 13, TSS, "lldt %cx"
    FAULTS 13, 0, "ljmp $0, $0"
    FAULTS 13, DS32, "ljmp $DS32, $0"
    FAULTS 13, CS32_3-3, "ljmp $CS32_3, $0"
    FAULTS 13, GATE, "ljmp $GATE, $0"    # not a descriptor one can jump to
    ljmp $CS32W, $1f
1:  ljmp $CONFORM, $2f
2:  movl %cs, %eax
    EQ %eax, $CONFORM
    ljmp $CS32, $3f
3:  pushl $CS32W
    pushl $4f
    lret
4:  movl %cs, %eax
    EQ %eax, $CS32W
    ljmp $CS32, $5f
5:  PASS

# QEMU's TCG has no segment limits and rights.
BEGIN t_limits32
    SKIP_ON_TCG
    .macro ES_FAULTS selector, vector, instruction # the handler leaves another ES
    movl $\selector, %ecx
    movl %ecx, %es
    FAULTS \vector, 0, "\instruction"
    .endm
    ES_FAULTS 0, 13, "movb %es:0, %cl"
    movl $SMALL, %ecx
    movl %ecx, %es
    movl %es:0xFC, %eax
    ES_FAULTS SMALL, 13, "movl %es:0xFD, %ecx"
    ES_FAULTS SMALL, 13, "movb %cl, %es:0x100"
    movl $DOWN, %ecx
    movl %ecx, %es
    movl %es:SCRATCH, %eax
    ES_FAULTS DOWN, 13, "movb %es:0xFFFF, %cl"
    movl $RDONLY, %ecx
    movl %ecx, %es
    movl %es:0, %eax
    ES_FAULTS RDONLY, 13, "movl %ecx, %es:0"
    FAULTS 13, 0, "movl %ecx, %cs:SCRATCH"
    movl $DS16, %ecx
    movl %ecx, %ss
    FAULTS 12, 0, "movl %ss:0xFFFD, %ecx"
    movl $DS16, %ecx
    movl %ecx, %ss
    movl $0xFFFE, %ebp
    FAULTS 12, 0, "movl (%ebp), %ecx"
    movl $SMALL, %ecx                    # a string stops at the limit, with its registers there
    movl %ecx, %es
    movl $0x200, %ecx
    movl $0xF0, %edi
    FAULTS 13, 0, "rep stosb"
    EQ %edi, $0x100
    EQ %ecx, $0x1F0
    PASS

BEGIN t_gates32
    FAULTS 13, 0x282, "int $0x50"        # not a gate: vector x 8 + IDT
    movb $0x0E, IDT32 + 0x50 * 8 + 5
    FAULTS 11, 0x282, "int $0x50"        # a gate, but not present
    lidtl .Lshort_idt
    FAULTS 13, 0x782, "int $0xF0"        # beyond the limit
    lidtl idt32_register
    movb $0x0E, IDT32 + 13 * 8 + 5       # #GP's gate not present: #GP, then #NP, makes #DF
    movl $0x1F8, %ecx
    CATCH 1f
2:  movl %ecx, %es
1:  movb $0x8E, IDT32 + 13 * 8 + 5
    EQM exc_vec, 8
    EQM exc_err, 0
    EQM exc_ip, 2b
    movb $0x0E, IDT32 + 6 * 8 + 5        # #UD's: #NP, for #UD is benign, with EXT
    CATCH 1f
    ud2
1:  movb $0x8E, IDT32 + 6 * 8 + 5
    EQM exc_vec, 11
    movl exc_err, %eax
    orb v_tcg, %al                       # TCG forgets EXT
    EQ %eax, $0x33                       # vector 6, IDT, EXT
    # A trap gate leaves IF, an interrupt gate clears it.
    movb $0x8F, IDT32 + 3 * 8 + 5
    CATCH 1f
    sti
    int3
1:  pushfl
    popl %eax
    cli
    andl $0x200, %eax
    EQ %eax, $0x200
    movb $0x8E, IDT32 + 3 * 8 + 5
    sti
    TRAPS 3, "int3"
    pushfl
    popl %eax
    cli
    andl $0x200, %eax
    EQ %eax, $0
    PASS
.Lshort_idt:
    .word 0x4FF
    .long IDT32

BEGIN t_access32
    movl $DS32, %eax
    larl %eax, %ecx
    EXPECT z
    andl $0x00F0FF00, %ecx               # the limit's bits are undefined
    EQ %ecx, $0x00C09300
    movl $SMALL, %eax
    lsll %eax, %ecx
    EXPECT z
    EQ %ecx, $0xFF
    movl $DS32, %eax
    lsll %eax, %ecx
    EQ %ecx, $0xFFFFFFFF
    movl $0x1F8, %eax
    larl %eax, %ecx
    EXPECT nz
    movl $GATE, %eax
    lsll %eax, %ecx                      # a gate has no limit
    EXPECT nz
    movl $RDONLY, %eax
    verr %ax
    EXPECT z
    verw %ax
    EXPECT nz
    movl $EXONLY, %eax
    verr %ax
    EXPECT nz
    movl $0x10, %eax
    movl $0x13, %ecx
    arpl %cx, %ax
    EXPECT z
    EQ %eax, $0x13
    arpl %cx, %ax
    EXPECT nz
    # LDT with one data segment at SCRATCH.
    movl $0x0000FFFF, LDT + 8
    movl $(0x00409200 | SCRATCH >> 16), LDT + 12
    movl $LDTSEL, %eax
    lldt %ax
    sldt %ecx
    EQ %ecx, $LDTSEL
    movl $0x13579BDF, SCRATCH + 0x10
    movl $0x0C, %eax
    movl %eax, %es
    movl %es:0x10, %eax
    EQ %eax, $0x13579BDF
    movb LDT + 13, %al                   # the load has set Accessed
    movzbl %al, %eax
    EQ %eax, $0x93
    movl $0x24, %ecx
    FAULTS 13, 0x24, "movl %ecx, %es"    # beyond the LDT; bit 2 says which table
    xorl %eax, %eax
    lldt %ax
    movl $0x0C, %ecx
    FAULTS 13, 0x0C, "movl %ecx, %es"
    sgdtl SCRATCH
    movl SCRATCH + 2, %eax
    EQ %eax, $GDT
    str %eax
    EQ %eax, $TSS
    PASS

# QEMU's TCG takes any value and is spared this test.
BEGIN t_forbidden32
    SKIP_ON_TCG
    movl %cr0, %ecx
    orl $0x80000000, %ecx
    andl $0xFFFFFFFE, %ecx
    FAULTS 13, 0, "movl %ecx, %cr0"      # PG without PE
    movl %cr0, %ecx
    orl $0x20000000, %ecx
    andl $0xBFFFFFFF, %ecx
    FAULTS 13, 0, "movl %ecx, %cr0"      # NW without CD
    movl $0x80000000, %ecx
    FAULTS 13, 0, "movl %ecx, %cr4"      # reserved
    testb $0x20, v_features + 4          # MSR
    jz 1f
    movl $0xC0000FFF, %ecx
    FAULTS 13, 0, "rdmsr"                # no such register
1:  PASS

BEGIN t_control32
    FAULTS 6, 0, ".byte 0x0F, 0x20, 0xC8" # CR1
    movl %cr0, %eax
    orl $8, %eax
    movl %eax, %cr0
    FAULTS 7, 0, "fnop"
    fwait                                # TS alone does not stop WAIT
    movl %cr0, %eax
    orl $2, %eax
    movl %eax, %cr0
    FAULTS 7, 0, "fwait"                 # TS and MP do
    clts
    smswl %eax
    andl $8, %eax
    EQ %eax, $0
    testb $0x10, v_features + 4          # TSC
    jz 1f
    rdtsc
    movl %eax, %esi
    movl %edx, %edi
    movl $10, %ecx
2:  loop 2b
    rdtsc
    subl %esi, %eax
    sbbl %edi, %edx
    EQ %edx, $0
    cmpl $10, %eax
    EXPECT ae
1:  pushfl                               # CPUID's flag
    popl %eax
    xorl $0x200000, %eax
    pushl %eax
    popfl
    pushfl
    popl %ecx
    EQ %ecx, %eax
    PASS

BEGIN t_debug32
    testb $4, v_features + 4             # DE: breakpoints on I/O
    jnz 5f
    SKIP
5:
    movl $.Lbp, %eax
    movl %eax, %dr0
    movl $SCRATCH, %eax
    movl %eax, %dr1
    movl $(SCRATCH + 9), %eax
    movl %eax, %dr2
    movl $0x80, %eax
    movl %eax, %dr3
    xorl %eax, %eax
    movl %eax, %dr6
    movl $0x23D007AA, %eax               # 0 execute; 1 write, 4 bytes; 2 access, 1 byte; 3 I/O
    movl $8, %ecx
    movl %ecx, %cr4                      # DE
    movl %eax, %dr7
    nop
    CATCH 1f
.Lbp: nop                                # before it runs
1:  EQM exc_vec, 1
    EQM exc_ip, .Lbp
    movl %dr6, %eax
    EQ %eax, $0xFFFF0FF1
    xorl %eax, %eax
    movl %eax, %dr6
    movl SCRATCH, %eax                   # reading is not watched
    TRAPS 1, "movb %al, SCRATCH + 3"     # after it has run
    movl %dr6, %eax
    EQ %eax, $0xFFFF0FF2
    xorl %eax, %eax
    movl %eax, %dr6
    TRAPS 1, "movl SCRATCH + 6, %ecx"
    movl %dr6, %eax
    EQ %eax, $0xFFFF0FF4
    xorl %eax, %eax
    movl %eax, %dr6
    TRAPS 1, "outb %al, $0x80"
    movl %dr6, %eax
    EQ %eax, $0xFFFF0FF8
    xorl %eax, %eax
    movl %eax, %dr7
    movl %eax, %dr6
    movl %eax, %cr4
    CATCH 2f                             # TF: after the instruction that follows POPF
    pushfl
    orl $0x100, (%esp)
    popfl
    nop
2:  EQM exc_vec, 1
    EQM exc_ip, 2b
    movl %dr6, %eax
    EQ %eax, $0xFFFF4FF0
    xorl %eax, %eax
    movl %eax, %dr6
    testb $1, v_tcg                      # TCG does not know GD
    jnz 3f
    movl $0x2000, %eax                   # GD: touching a debug register is an exception
    movl %eax, %dr7
    FAULTS 1, 0, "movl %dr0, %ecx"
    movl %dr7, %eax                      # and the exception has cleared GD
    EQ %eax, $0x400
    movl %dr6, %eax
    andl $0x2000, %eax
    EQ %eax, $0x2000
3:  xorl %eax, %eax
    movl %eax, %dr6
    testb $1, v_tcg
    jnz 4f
    TRAPS 1, ".byte 0xF1"                # ICEBP; TCG says #UD
4:
    PASS

# Code in RAM that stores into itself: in a loop, in the very next instruction, across a page.
BEGIN t_smc32
    movl $.Lsmc_code, %esi
    movl $(CODE_RAM + 0x1000 - (.Lsmc_cross - .Lsmc_code) - 2), %edi
    movl %edi, %ebx
    movl $(.Lsmc_end - .Lsmc_code), %ecx
    rep movsb
    xorl %ebp, %ebp
    movl $100, %edx
    call *%ebx
    EQ %ebp, $4950                       # 0 + 1 + ... + 99
    EQ %ecx, $0x41
    EQ %eax, $0x78563400
    movl $.Lsmc_b0, %esi                 # again, after the code has been replaced by a string move
    movl %ebx, %edi
    movl $6, %ecx
    rep movsb
    call *%ebx
    EQ %eax, $0x1234
    PASS
.Lsmc_code:                              # EBX: where it runs
1:  movl $0, %eax
.Lsmc_imm:
    addl %eax, %ebp
    incl .Lsmc_imm - .Lsmc_code - 4(%ebx)
    decl %edx
    jnz 1b
    movl $0x40, %ecx
    movb $0x41, .Lsmc_next - .Lsmc_code(%ebx)
.Lsmc_next:
    .byte 0x90                           # becomes INC ECX
    movl $0x78563412, %eax
    movb $0, .Lsmc_cross - .Lsmc_code + 1(%ebx)
    movb $0x56, .Lsmc_cross - .Lsmc_code + 3(%ebx)
.Lsmc_cross:
    movl $0x78003412, %eax               # opcode and first byte in one page, the rest in the next
    ret
.Lsmc_end:
.Lsmc_b0:
    movl $0x1234, %eax
    ret

# A string instruction is interrupted between iterations and goes on with nothing lost.
BEGIN t_rep32
    movl $SCRATCH, %edi
    movl $0x2000, %ecx
    movl $0x01020304, %eax
1:  stosl
    addl $0x01010101, %eax
    loop 1b
    movl $0, irq_count
    OUTPORT 0x43, 0x34                   # counter 0: mode 2
    OUTPORT 0x40, 100                    # 84 us
    OUTPORT 0x40, 0
    OUTPORT 0x21, 0xFE
    sti
    movl $20000, %edx
2:  movl $SCRATCH, %esi
    movl $(SCRATCH + 0x8000), %edi
    movl $0x7FFF, %ecx
    rep movsb
    EQ %ecx, $0
    EQ %esi, $(SCRATCH+0x7FFF)
    EQ %edi, $(SCRATCH+0xFFFF)
    cmpl $5, irq_count
    jae 3f
    decl %edx
    jnz 2b
3:  cli
    OUTPORT 0x21, 0xFF
    OUTPORT 0x43, 0x30                   # stopped
    cmpl $5, irq_count
    EXPECT ae
    movl $SCRATCH, %esi
    movl $(SCRATCH + 0x8000), %edi
    movl $0x7FFF, %ecx
    repe cmpsb
    EXPECT e
    PASS
