# Real mode: 16-bit arithmetic, segments, strings, the interrupt vector table, A20.
    .set MODE, 16
    .code16
real_mode_tests:
    TEST "real mode: state after reset", t_reset
    TEST "real mode: 16-bit arithmetic", t_arithmetic16
    TEST "real mode: decimal adjust", t_decimal
    TEST "real mode: offsets wrap", t_wrap16
    TEST "real mode: segment limits", t_limits16
    TEST "real mode: string instructions", t_strings16
    TEST "real mode: exceptions", t_exceptions16
    TEST "real mode: far calls, enter, pusha", t_calls16
    TEST "real mode: single step", t_step16
    TEST "A20 gate by port 92h and the 8042", t_a20
    ret

# Intel SDM 3A, table 9-1.
BEGIN t_reset
    EQM v_reset, 2                      # EFLAGS
    EQM v_reset+16, 0x60000010          # CR0
    movl v_reset + 8, %eax               # EDX: family, model, stepping
    shrl $8, %eax
    andl $15, %eax
    cmpl $4, %eax
    EXPECT ae
    movw %cs, %ax
    movzwl %ax, %eax
    EQ %eax, $0xF000
    PASS

# All of the 16-bit ALU on pseudo-random operands. Flags join the checksum where they are defined.
BEGIN t_arithmetic16
    movl $0x12345678, %eax
    xorl %ebp, %ebp
    xorl %edx, %edx
    movw $500, %cx
.Larith16:
    RANDOM %eax
    movl %eax, %ebx
    movl %eax, %esi
    shrl $16, %esi
    .irp op, addw, adcw, subw, sbbw, cmpw, xorw, andw, orw, testw
    movw %ax, %bx
    \op %si, %bx
    pushfw
    popw %dx
    call mix_flags16
    .endr
    movw %ax, %bx
    negw %bx
    call mix16
    movw %ax, %bx
    incw %bx
    call mix16
    decb %bh
    call mix16
    movw %ax, %bx
    imulw %si, %bx                       # CF, OF say whether it fits
    pushfw
    popw %dx
    andw $0x801, %dx
    MIX %ebx
    MIX %edx
    pushl %eax
    movw %si, %bx
    orw $0x8000, %bx                     # the quotient fits
    xorw %dx, %dx
    divw %bx
    movl %eax, %edi
    MIX %edi
    MIX %edx
    popl %eax
    pushw %cx
    movb %ah, %cl
    movw %ax, %bx
    rolw %cl, %bx
    call mixv16
    rorb %cl, %bl
    call mixv16
    rclw %cl, %bx
    call mixv16
    rcrb %cl, %bh
    call mixv16
    shlw $3, %bx
    call mixv16
    sarw %cl, %bx
    call mixv16
    andb $15, %cl
    shldw %cl, %si, %bx
    call mixv16
    shrdw %cl, %si, %bx
    call mixv16
    popw %cx
    decw %cx
    jnz .Larith16
    EQ %ebp, $0x38172074
    PASS
mix_flags16:                             # value in BX, flags in DX; AND, OR, XOR, TEST leave AF
    andw $0x8C5, %dx                     # undefined, so it is left out of all
    movzwl %bx, %edi
    MIX %edi
    movzwl %dx, %edi
    MIX %edi
    ret
mix16:
    pushfw
    popw %dx
    jmp mix_flags16
mixv16:                                  # the value alone
    movzwl %bx, %edi
    MIX %edi
    ret

# AAA, AAS, AAM, AAD, DAA, DAS for each AL and each AF, CF.
BEGIN t_decimal
    xorl %ebp, %ebp
    xorw %cx, %cx                        # CL: operand, CH: AF and CF
.Ldecimal:
    .irp op, daa, das, aaa, aas
    movb %cl, %al
    movb $0x11, %ah
    movb %ch, %bl
    andb $1, %bl
    movb %ch, %bh
    andb $2, %bh
    shlb $3, %bh
    orb %bh, %bl
    xorb %bh, %bh
    pushw %bx
    popfw
    \op
    pushfw
    popw %dx
    andw $0x11, %dx
    movzwl %ax, %edi
    MIX %edi
    movzwl %dx, %edi
    MIX %edi
    .endr
    movb %cl, %al
    aam
    movzwl %ax, %edi
    MIX %edi
    movb %cl, %al
    movb %ch, %ah
    aad
    movzwl %ax, %edi
    MIX %edi
    incw %cx
    cmpw $0x400, %cx
    jb .Ldecimal
    EQ %ebp, $0xA4BFBCC4
    FAULTS 0, 0, "aam $0"
    PASS

BEGIN t_wrap16
    movw $(SCRATCH >> 4), %ax
    movw %ax, %ds
    movl $0x11223344, 0xFFFC
    movw $0x5566, 0
    movw $0xFFF0, %bx
    movw $0x10, %si
    movzwl (%bx,%si), %eax               # FFF0h + 10h wraps to 0
    EQ %eax, $0x5566
    movzwl 0xFFFE, %eax
    EQ %eax, $0x1122
    movzbl 0xFFFF, %eax
    EQ %eax, $0x11
    movl $0xFFFF0, %edi                  # FS is flat: the reset vector
    movl %fs:(%edi), %eax
    EQ %eax, $((start-rom)<<8|0xEA)
    PASS

# An operand that crosses FFFFh does not wrap: #GP, or #SS by SS (SDM 3A, 20.1.1). QEMU's TCG has
# no segment limits.
BEGIN t_limits16
    SKIP_ON_TCG
    movw $(SCRATCH >> 4), %ax
    movw %ax, %ds
    FAULTS 13, 0, "movw 0xFFFF, %cx"
    FAULTS 13, 0, "movl %ecx, 0xFFFD"
    movw $0xFFFF, %bp
    FAULTS 12, 0, "movw (%bp), %cx"
    movl $0x10000, %ebx
    FAULTS 13, 0, "movb (%ebx), %cl"     # 32-bit addresses do not wrap either
    PASS

BEGIN t_strings16
    movw $(SCRATCH >> 4), %ax
    movw %ax, %es
    movw %ax, %ds
    xorw %di, %di
    movw $0x100, %cx
    movw $0xA5C3, %ax
    rep stosw
    movzwl %di, %eax
    EQ %eax, $0x200
    movb $0x77, 0x123
    xorw %di, %di
    movw $0x200, %cx
    movb $0x77, %al
    repne scasb
    EXPECT e
    movzwl %di, %eax
    EQ %eax, $0x124
    movzwl %cx, %eax
    EQ %eax, $0xDC
    movw $0x0FF, %si                     # overlapping, downwards
    movw $0x1FF, %di
    movw $0x80, %cx
    std
    rep movsw
    cld
    movzwl %si, %eax
    EQ %eax, $0xFFFF
    xorw %si, %si
    movw $0x100, %di
    movw $0x100, %cx
    repe cmpsb
    EXPECT e
    movb $0x99, 0x180
    xorw %si, %si
    movw $0x100, %di
    movw $0x100, %cx
    repe cmpsb
    EXPECT ne
    movzwl %cx, %eax
    EQ %eax, $0x7F
    movw $0xFFFF, %si                    # indexes wrap
    movb $0x5A, 0xFFFF
    lodsb
    movzbl %al, %eax
    EQ %eax, $0x5A
    movzwl %si, %eax
    EQ %eax, $0
    movw $0xABCD, %ax
    xorw %cx, %cx
    rep lodsw                            # no iteration: nothing changes
    movzwl %ax, %eax
    EQ %eax, $0xABCD
    PASS

BEGIN t_exceptions16
    xorw %cx, %cx
    movw $5, %ax
    xorw %dx, %dx
    FAULTS 0, 0, "divw %cx"
    movw $0x8000, %ax
    movw $-1, %cx
    cwtd
    FAULTS 0, 0, "idivw %cx"
    FAULTS 6, 0, "ud2"
    FAULTS 6, 0, "sldt %ax"              # no protected-mode instruction in real mode
    TRAPS 3, "int3"
    movb $0x7F, %al
    addb $1, %al
    TRAPS 4, "into"
    xorb %al, %al
    into                                 # OF clear: nothing
    movw $10, SCRATCH_16
    movw $20, SCRATCH_16 + 2
    movw $15, %ax
    bound %ax, SCRATCH_16
    movw $21, %ax
    FAULTS 5, 0, "bound %ax, SCRATCH_16"
    movw $9, %ax
    FAULTS 5, 0, "bound %ax, SCRATCH_16"
    TRAPS 16, "int $16"
    movl exc_flags, %eax
    andl $0x0300, %eax
    EQ %eax, $0
    movl %cr0, %eax                      # CR0.EM: #NM
    orb $4, %al
    movl %eax, %cr0
    FAULTS 7, 0, "fnop"
    movl %cr0, %eax
    andb $0xFB, %al
    movl %eax, %cr0
    PASS
    .equ SCRATCH_16, VARS_END

BEGIN t_calls16
    movl %esp, %ebx
    lcall $0xF000, $(.Lfar16 - rom)
    EQ %ecx, $0x1234
    EQ %esp, %ebx
    movw $0x1111, %ax
    movw $0x2222, %si
    movw $0x3333, %bp
    pushaw
    xorw %ax, %ax
    xorw %si, %si
    xorw %bp, %bp
    popaw
    movzwl %si, %esi
    EQ %esi, $0x2222
    movzwl %bp, %ebp
    EQ %ebp, $0x3333
    movw %sp, %bp
    movw %sp, %bx
    enterw $8, $2
    movw %bx, %dx
    subw %sp, %dx
    leavew
    movzwl %dx, %edx
    EQ %edx, $14                         # old BP, two frame pointers, 8 bytes
    movzwl %bp, %eax
    movzwl %bx, %ecx
    EQ %eax, %ecx
    movw $SCRATCH_16, %bx
    movl $0xF000BEEF, (%bx)
    ldsw (%bx), %dx
    movw %ds, %ax
    movw $0, %cx
    movw %cx, %ds
    movzwl %ax, %eax
    EQ %eax, $0xF000
    movzwl %dx, %edx
    EQ %edx, $0xBEEF
    movb $3, %al
    movw $(hex_digits - rom), %bx
    xlatb %cs:(%bx)
    movzbl %al, %eax
    EQ %eax, $'3'
    pushw %cs
    pushw $(.Liret16 - rom)
    xorl %ecx, %ecx
    popw %dx
    popw %ax
    pushfw
    pushw %ax
    pushw %dx
    iretw
    incw %cx
.Liret16:
    EQ %ecx, $0
    PASS
.Lfar16:
    movl $0x1234, %ecx
    lretw

# TF traps after each instruction; a load of SS holds it off for one more.
BEGIN t_step16
    movw $(.Lstep_handler - rom), 4
    movl $0, v_a
    pushfw
    popw %ax
    movw %ax, %bx
    orw $0x100, %ax
    pushw %ax
    popfw
    nop                                  # the first trap comes after this one
    nop
    movw %ss, %cx
    movw %cx, %ss                        # no trap here
    nop
    pushw %bx
    popfw                                # and the last after this one
    nop
    movw $(exc_stubs16 + 8 - rom), 4
    EQM v_a, 6
    PASS
.Lstep_handler:
    incl %fs:v_a
    iretw

# The byte at 1 MiB + x and that at x are one when both gates are closed; either opens the line.
BEGIN t_a20
    OUTPORT 0x70, 0x17                   # CMOS 17h, 18h: KiB above the first MiB
    inb $0x71, %al
    movb %al, %ah
    OUTPORT 0x70, 0x18
    inb $0x71, %al
    testw %ax, %ax
    jnz 1f
    SKIP
1:
    movl $(0x100000 + SCRATCH_16), %edi
    movb $0x11, SCRATCH_16
    movb $0x22, %fs:(%edi)
    movzbl SCRATCH_16, %eax
    EQ %eax, $0x11
    movb $0xDD, %cl
    call kbc_output16
    movb $0, %cl
    call port92_16
    movzbl %fs:(%edi), %eax
    EQ %eax, $0x11
    movb $2, %cl
    call port92_16
    movzbl %fs:(%edi), %eax
    EQ %eax, $0x22
    movb $0, %cl
    call port92_16
    movzbl %fs:(%edi), %eax
    EQ %eax, $0x11
    movb $0xDF, %cl
    call kbc_output16
    movzbl %fs:(%edi), %eax
    EQ %eax, $0x22
    movb $2, %cl
    call port92_16
    PASS
port92_16:                               # bit 1 := CL
    inb $0x92, %al
    andb $0xFC, %al
    orb %cl, %al
    outb %al, $0x92
    ret
kbc_output16:                            # output port := CL
    movb $0xD1, %al
    outb %al, $0x64
    call kbc_wait16
    movb %cl, %al
    outb %al, $0x60
kbc_wait16:                              # until the input buffer is empty
    inb $0x64, %al
    testb $2, %al
    jnz kbc_wait16
    ret
