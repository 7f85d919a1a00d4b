# Tests in 64-bit mode.
    .set MODE, 64
    .code64
long_mode_tests:
    TEST "long mode: 64-bit arithmetic", t_arithmetic64
    TEST "long mode: registers and addresses", t_registers64
    TEST "long mode: canonical addresses, bad opcodes", t_canonical64
    TEST "long mode: paging, NX, reserved bits", t_paging64
    TEST "long mode: 1 GiB pages", t_gigabyte64
    TEST "long mode: ring 3, SYSCALL, SYSRET", t_syscall64
    TEST "long mode: interrupt stack table, IRETQ", t_ist64
    TEST "long mode: compatibility mode", t_compatibility64
    TEST "long mode: FS, GS bases, SWAPGS", t_bases64
    TEST "long mode: CMPXCHG16B", t_cmpxchg16b
    call simd_tests
    ret

.macro MIX64 reg
    roll $5, %ebp
    rolq $9, %rbp
    xorq \reg, %rbp
    addq $0x1E3779B9, %rbp
.endm
.macro RANDOM64 reg
    movq \reg, %rdi
    shlq $13, %rdi
    xorq %rdi, \reg
    movq \reg, %rdi
    shrq $7, %rdi
    xorq %rdi, \reg
    movq \reg, %rdi
    shlq $17, %rdi
    xorq %rdi, \reg
.endm

BEGIN t_arithmetic64
    testl $0x400, v_a                    # EFER.LMA, as read after paging was turned on
    EXPECT nz
    movabsq $0x123456789ABCDEF1, %r8
    xorl %ebp, %ebp
    movl $1500, %r15d
.Larith64:
    RANDOM64 %r8
    movq %r8, %rsi
    RANDOM64 %r8
    .irp op, addq, adcq, subq, sbbq, cmpq, xorq, andq, orq, testq
    movq %r8, %rbx
    \op %rsi, %rbx
    pushfq
    popq %rdx
    andl $0x8C5, %edx
    MIX64 %rbx
    MIX64 %rdx
    .endr
    movq %r8, %rax
    mulq %rsi
    MIX64 %rax
    MIX64 %rdx
    movq %r8, %rax
    imulq %rsi
    MIX64 %rdx
    movq %rsi, %r9
    btsq $63, %r9
    shrq $1, %rdx
    divq %r9
    MIX64 %rax
    MIX64 %rdx
    movq %r8, %rax
    cqto
    movq %rsi, %r9
    orq $3, %r9
    idivq %r9
    MIX64 %rax
    MIX64 %rdx
    movl %esi, %ecx
    movq %r8, %r10
    rolq %cl, %r10
    MIX64 %r10
    rcrq $33, %r10
    sarq %cl, %r10
    shldq %cl, %rsi, %r10
    MIX64 %r10
    bswapq %r10
    bsfq %r10, %r11
    bsrq %r10, %r12
    MIX64 %r11
    MIX64 %r12
    movslq %r10d, %r13
    movzbl %r10b, %r14d
    addb %r14b, %sil                     # byte registers that need a prefix
    imulq $-1234567, %r13, %r13
    MIX64 %r13
    MIX64 %rsi
    cmovcq %r13, %r14
    addl %r14d, %r14d                    # a 32-bit result clears the upper half
    MIX64 %r14
    decl %r15d
    jnz .Larith64
    movq %rbp, %rax
    shrq $32, %rax
    xorl %ebp, %eax
    EQ %eax, $0xE5FE372C
    xorl %edx, %edx
    movq $-1, %rax
    xorl %ecx, %ecx
    FAULTS 0, 0, "divq %rcx"
    PASS

BEGIN t_registers64
    movq $-1, %rax
    movl $5, %eax
    EQQ %rax, 5
    movq $-1, %rax
    movw $5, %ax
    EQQ %rax, 0xFFFFFFFFFFFF0005
    movq $-1, %rax
    .byte 0x90                           # not XCHG EAX, EAX: a NOP, RAX keeps its upper half
    EQQ %rax, 0xFFFFFFFFFFFFFFFF
    .byte 0x87, 0xC0                     # XCHG EAX, EAX: not
    EQQ %rax, 0xFFFFFFFF
    movq $0x1122334455667788, %rbx
    movb %bh, %al
    movzbl %al, %eax
    EQ %eax, $0x77
    leaq .Lhere(%rip), %rax
.Lhere:
    EQQ %rax, .Lhere
    movq $0x100000010, %rbx
    movl $0x30, %r13d
    leaq -8(%rbx,%r13,4), %rax
    EQQ %rax, 0x1000000C8
    leaq -8(%ebx,%r13d,4), %rax
    EQQ %rax, 0xC8
    movabsq $0x0123456789ABCDEF, %rax
    movabsq %rax, SCRATCH
    xorl %eax, %eax
    movabsl SCRATCH + 4, %eax
    EQ %eax, $0x01234567
    movq %rsp, %rbx
    pushq $-2                            # sign-extended
    popq %rax
    EQQ %rax, 0xFFFFFFFFFFFFFFFE
    pushw $0x7777
    popw %ax
    enter $16, $1
    leave
    movq %rsp, %rax
    cmpq %rax, %rbx
    EXPECT e
    movl $SCRATCH, %edi
    movl $4, %ecx
    movq $0x5A5A5A5A5A5A5A5A, %rax
    rep stosq
    EQQ %rdi, SCRATCH+32
    movl $SCRATCH, %esi
    lodsq
    EQQ %rsi, SCRATCH+8
    PASS

BEGIN t_canonical64
    movq $0x800000000000, %rcx
    FAULTS 13, 0, "movq (%rcx), %rax"
    FAULTS 13, 0, "movb %al, (%rcx)"
    movq %rsp, %rbx
    movq %rcx, %rbp
    testb $1, v_tcg                      # TCG says #GP
    jnz 2f
    FAULTS 12, 0, "movq (%rbp), %rax"
2:
    CATCH 1f
    jmp *%rcx
1:  EQM exc_vec, 13
    .irp op, 0x06, 0x27, 0x37, 0x60, 0x62, 0xCE, 0xD4, 0xEA, 0x9A, 0x82
    FAULTS 6, 0, ".byte \op"
    .endr
    FAULTS 6, 0, ".byte 0xF0, 0x48, 0x01, 0xC3"
    testb $1, v_tcg                      # TCG saves another RIP
    jnz 3f
    movl $0xC0000100, %ecx               # FS.base takes canonical addresses only
    movl $0x8000, %edx
    xorl %eax, %eax
    FAULTS 13, 0, "wrmsr"
3:  PASS

BEGIN t_paging64
    movq $0x4D5A, FRAME + 0x50
    movq 0x400050, %rax
    EQQ %rax, 0x4D5A
    movabsq $(HIGH + 0x400050), %rbx     # the same through the other half
    movq (%rbx), %rax
    EQQ %rax, 0x4D5A
    movq PT64, %rax
    andl $0xFFF, %eax
    EQ %eax, $0x27
    movq $7, (%rbx)
    movq PT64, %rax
    andl $0xFFF, %eax
    EQ %eax, $0x67
    movq PML4 + 0x800, %rax
    andl $0xFFF, %eax
    EQ %eax, $0x23
    FAULTS 14, 0, "movq 0x401000, %rax"
    movabsq $(HIGH + 0x401008), %rbx
    FAULTS 14, 2, "movq %rax, (%rbx)"
    movq exc_cr2, %rax
    EQQ %rax, HIGH+0x401008
    movabsq $(HIGH + 0x8000000000), %rbx # the next entry of the PML4
    FAULTS 14, 0, "movq (%rbx), %rax"
    movabsq $(0x8000000000000000 + FRAME + 3), %rax
    movq %rax, PT64 + 8                  # NX
    movb $0xC3, FRAME + 0x60
    movl $0x400060, %eax
    call *%rax
    movl $0x401060, %eax
    CATCH 1f
    call *%rax
1:  EQM exc_vec, 14
    EQM exc_err, 0x11
    EQM exc_ip, 0x401060
    movabsq $(0x0010000000000000 + FRAME + 3), %rax
    movq %rax, PT64 + 16                 # bit 52 is reserved only above MAXPHYADDR: it is ignored
    movq 0x402050, %rax
    EQQ %rax, 7
    movq $(FRAME + 1), PT64 + 24
    movl $0x10000, %eax                  # WP
    movq %cr0, %rcx
    orq %rax, %rcx
    movq %rcx, %cr0
    FAULTS 14, 3, "movq %rax, 0x403000"
    PASS

BEGIN t_gigabyte64
    testb $4, v_features + 11            # pdpe1gb
    jnz 1f
    SKIP
1:  movq $0x83, PDPT64 + 16              # 2 - 3 GiB: the first GiB again
    movq $0x6B6B, FRAME + 0x70
    movl $(0x80000000 + FRAME + 0x70), %ebx
    movq (%rbx), %rax
    EQQ %rax, 0x6B6B
    movl PDPT64 + 16, %eax
    EQ %eax, $0xA3
    movq $1, (%rbx)
    movl PDPT64 + 16, %eax
    EQ %eax, $0xE3
    movl FRAME + 0x70, %eax
    EQ %eax, $1
    movq $0, PDPT64 + 16
    invlpg (%rbx)
    FAULTS 14, 0, "movq (%rbx), %rax"
    PASS

.macro USER64 label, flags, cs=CS64_3
    CATCH .Lback\@
    pushq $DS32_3
    pushq $STACK_R3
    pushq $(\flags)
    pushq $\cs
    pushq $\label
    iretq
.Lback\@:
.endm

BEGIN t_syscall64
    movl $0xC0000081, %ecx               # STAR
    xorl %eax, %eax
    movl $((CS32_3 << 16) | CS64), %edx
    wrmsr
    movl $0xC0000082, %ecx               # LSTAR
    movl $.Lsyscall, %eax
    xorl %edx, %edx
    wrmsr
    movl $0xC0000083, %ecx               # CSTAR
    movl $.Lsyscall, %eax
    wrmsr
    movl $0xC0000084, %ecx               # FMASK
    movl $0x601, %eax
    wrmsr
    USER64 .Lsyscall_user, 0x203
    EQM exc_vec, 0x80
    EQM exc_cs, CS64_3
    EQM exc_oss, DS32_3
    EQ %ebx, $CS64
    EQ %esi, $SS64
    EQ %r9d, $2                          # RFLAGS inside: FMASK has taken IF, DF and CF
    EQ %r12d, $0x203                     # R11 has them as they were
    EQ %r14d, $.Lafter_syscall           # and RCX the way back
    movl exc_flags, %eax
    andl $0x0ED7, %eax
    EQ %eax, $0x203
    EQM exc_hsp, (STACK_R0-16)
    USER64 .Lsyscall_cli, 2
    EQM exc_vec, 13
    movl $0xC0000080, %ecx               # without SCE there is no SYSCALL
    rdmsr
    andl $0xFFFFFFFE, %eax
    wrmsr
    FAULTS 6, 0, "syscall"
    movl $0xC0000080, %ecx
    rdmsr
    orl $1, %eax
    wrmsr
    # SYSRET to 32-bit code.
    CATCH 1f
    movl $.Lsysret_32, %ecx
    movl $0x202, %r11d
    movq %rsp, %rbx
    sysretl
1:  EQM exc_vec, 0x80
    EQM exc_cs, CS32_3
    PASS
.Lsyscall_user:
    syscall
.Lafter_syscall:
    int $0x80
.Lsyscall:
    movl %cs, %ebx
    movl %ss, %esi
    pushfq
    popq %r9
    movq %r11, %r12
    movq %rcx, %r14
    sysretq
.Lsyscall_cli:
    cli
    int $0x80
    .code32
.Lsysret_32:
    movl $STACK_R3, %esp
    int $0x80
    .code64

BEGIN t_ist64
    movb $1, IDT64 + 6 * 16 + 4
    movq %rsp, %rbx
    subq $8, %rsp                        # RSP misaligned: the frame is aligned all the same
    andq $-16, %rsp
    addq $8, %rsp
    movq %rsp, %rsi
    FAULTS 6, 0, "ud2"
    EQM exc_hsp, (STACK_IST-16)
    movb $0, IDT64 + 6 * 16 + 4
    CATCH 1f
    ud2
1:  movq exc_osp, %rax
    cmpq %rsi, %rax
    EXPECT e
    movq exc_hsp, %rax                   # five words below an address that is aligned by 16
    movq %rsi, %rcx
    andq $-16, %rcx
    subq $16, %rcx
    cmpq %rcx, %rax
    EXPECT e
    movq %rbx, %rsp
    movq %rsp, %rbx                      # IRETQ in one ring pops SS:RSP too
    pushq $SS64
    pushq %rbx
    pushq $0x46
    pushq $CS64
    pushq $2f
    iretq
2:  EXPECT e
    EXPECT p
    cmpq %rbx, %rsp
    EXPECT e
    xorl %eax, %eax                      # SS may be null in ring 0
    movl %eax, %ss
    pushq $5
    popq %rax
    EQ %eax, $5
    PASS

BEGIN t_compatibility64
    movq $-1, %rbx
    movq $-1, %r13
    ljmp *.Lto_compatible(%rip)
.Lto_compatible:
    .long 1f
    .word CS32
    .code32
1:  movl $DS32, %eax
    movl %eax, %ss
    movl $0x10, %eax
    decl %eax                            # 48h: no prefix here
    movl $SCRATCH, %edi
    movl $0x32323232, (%edi)
    pushl $0x1234
    popl %ebx
    ljmp $CS64, $2f
    .code64
2:  EQ %eax, $0xF
    EQQ %rbx, 0x1234
    EQQ %r13, 0xFFFFFFFFFFFFFFFF
    EQM SCRATCH, 0x32323232
    USER64 .Lcompatible_user, 2, CS32_3
    EQM exc_vec, 0x80
    EQM exc_cs, CS32_3
    EQM exc_oss, DS32_3
    EQQ %rsi, 0x55
    PASS
    .code32
.Lcompatible_user:
    pushl $0x55
    popl %esi
    int $0x80
    .code64

BEGIN t_bases64
    movl $0xC0000101, %ecx               # GS.base
    movl $SCRATCH, %eax
    xorl %edx, %edx
    wrmsr
    movl $0xC0000102, %ecx               # KernelGSbase
    movl $(SCRATCH + 0x100), %eax
    wrmsr
    movl $0x1111, SCRATCH + 8
    movl $0x2222, SCRATCH + 0x108
    movl %gs:8, %eax
    EQ %eax, $0x1111
    swapgs
    movl %gs:8, %eax
    EQ %eax, $0x2222
    movl $0xC0000102, %ecx
    rdmsr
    EQ %eax, $SCRATCH
    swapgs
    .byte 0x65
    leaq 8, %rax                        # LEA has no segment
    EQ %eax, $8
    movl $0xC0000101, %ecx               # above 4 GiB: HIGH is the same memory
    movl $SCRATCH, %eax
    movl $0xFFFF8000, %edx
    wrmsr
    movl %gs:8, %eax
    EQ %eax, $0x1111
    PASS

BEGIN t_cmpxchg16b
    testb $0x20, v_features + 1
    jnz 1f
    SKIP
1:  movl $SCRATCH, %edi
    movq $1, (%rdi)
    movq $2, 8(%rdi)
    movl $1, %eax
    movl $2, %edx
    movl $3, %ebx
    movl $4, %ecx
    lock cmpxchg16b (%rdi)
    EXPECT z
    lock cmpxchg16b (%rdi)
    EXPECT nz
    EQQ %rax, 3
    EQQ %rdx, 4
    FAULTS 13, 0, "cmpxchg16b 8(%rdi)"   # misaligned
    PASS
