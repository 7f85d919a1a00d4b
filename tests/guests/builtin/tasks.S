# Protected mode between rings and tasks: ring 3, call gates, task switches, v8086 mode, #AC.
    .set MODE, 32
    .code32
task_tests:
    TEST "ring 3 and its limits", t_ring3
    TEST "call gate with parameters", t_call_gate
    TEST "SYSENTER and SYSEXIT", t_sysenter
    TEST "task switch by CALL, JMP, IRET, gates", t_tasks
    TEST "v8086 mode, interrupts reflected", t_v86
    TEST "alignment check", t_alignment
    ret

# USER label, flags: to ring 3; the next exception (INT 80h is one) goes on behind.
.macro USER label, flags
    CATCH .Lback\@
    pushl $DS32_3
    pushl $STACK_R3
    pushl $(\flags)
    pushl $CS32_3
    pushl $\label
    iretl
.Lback\@:
    movl $0, exc_resume
.endm
# A ring 3 instruction at the label must raise this.
.macro USER_FAULTS vector, error, flags, instruction
    .pushsection .text, 2
.Luser\@:
    \instruction
    int $0x80
    .popsection
    USER .Luser\@, \flags
    CAUGHT \vector, \error, .Luser\@
.endm

BEGIN t_ring3
    movl %esp, %ebx
    USER .Lring3, 0x202
    EQM exc_vec, 0x80
    EQM exc_cs, CS32_3
    EQM exc_oss, DS32_3
    EQM exc_osp, STACK_R3
    EQM exc_hsp, (STACK_R0-8)           # SS and ESP are what is left on the stack of ring 0
    EQ %esp, %ebx
    EQ %ecx, $CS32_3
    EQ %esi, $0                          # IRET has cleared DS, whose DPL is 0
    movl exc_flags, %eax
    andl $0x3200, %eax
    EQ %eax, $0x200                      # POPF changed neither IF nor IOPL
    USER_FAULTS 13, 0, 2, "cli"
    USER_FAULTS 13, 0, 2, "hlt"
    USER_FAULTS 13, 0, 2, "movl %cr0, %eax"
    USER_FAULTS 13, 0, 2, "outb %al, $0x81"
    USER_FAULTS 13, 0, 2, "outw %ax, $0x80"
    USER_FAULTS 13, 0x1A, 2, ".byte 0xCD, 3"
    USER_FAULTS 13, 0x102, 2, "int $0x20"
    USER .Lring3_io, 2                   # port 80h is in the bitmap
    EQM exc_vec, 0x80
    USER .Lring3_io, 0x3002              # IOPL 3: all ports
    EQM exc_vec, 0x80
    USER .Lring3_sti, 0x3002
    movl exc_flags, %eax
    andl $0x200, %eax
    EQ %eax, $0x200
    USER_FAULTS 13, DS32, 2, "ljmp $DS32, $0"
    USER_FAULTS 13, CS32, 2, "ljmp $CS32, $0"
    USER .Lring3_conform, 2              # conforming code runs with the caller's CPL
    EQM exc_cs, (CONFORM+3)
    testb $0x10, v_features + 4          # TSC
    jz 1f
    movl $4, %eax                        # TSD
    movl %eax, %cr4
    USER_FAULTS 13, 0, 2, "rdtsc"
1:
    PASS
.Lring3:
    movl %cs, %ecx
    movl %ds, %esi
    pushl $0x3002                        # IF clear, IOPL 3
    popfl
    int $0x80
.Lring3_io:
    outb %al, $0x80
    int $0x80
.Lring3_sti:
    sti
    nop
    int $0x80
.Lring3_conform:
    ljmp $(CONFORM + 3), $1f
1:  int $0x80

BEGIN t_call_gate
    movl $(gate_entry - rom), %eax
    movw %ax, GDT + GATE
    movw $CS32, GDT + GATE + 2
    movw $0xEC02, GDT + GATE + 4         # 32 bits, DPL 3, two parameters
    movw $0xF, GDT + GATE + 6
    xorl %ebp, %ebp
    USER .Lgate_caller, 2
    EQM exc_vec, 0x80
    EQ %ebx, $(0x1234+0x5678)
    EQ %ecx, $CS32
    EQ %esi, $DS32
    EQ %edi, $(STACK_R0-24)              # old SS, ESP, two parameters, CS, EIP
    EQ %edx, $CS32_3
    EQM exc_osp, STACK_R3               # RET 8 has taken the parameters off both stacks
    movw $0x8C02, GDT + GATE + 4         # DPL 0: not for ring 3
    USER_FAULTS 13, GATE, 2, "lcall $(GATE+3), $0"
    movw $0x6C02, GDT + GATE + 4
    USER_FAULTS 11, GATE, 2, "lcall $(GATE+3), $0"
    movw $0xEC00, GDT + GATE + 4         # and a jump through it stays in its ring
    movw $CONFORM, GDT + GATE + 2
    movw $(.Lgate_jump - rom), GDT + GATE
    USER .Lgate_jumper, 2
    EQM exc_cs, (CONFORM+3)
    EQ %ebx, $0x77
    PASS
.Lgate_caller:
    pushl $0x1234
    pushl $0x5678
    lcall $(GATE + 3), $0xDEAD           # the offset does not matter
    movl %cs, %edx
    int $0x80
.Lgate_jumper:
    ljmp $(GATE + 3), $0
.Lgate_jump:
    movl $0x77, %ebx
    int $0x80
gate_entry:
    movl 8(%esp), %ebx
    addl 12(%esp), %ebx
    movl %cs, %ecx
    movl %ss, %esi
    movl %esp, %edi
    lret $8

BEGIN t_sysenter
    testb $8, v_features + 5             # SEP
    jnz 1f
    SKIP
1:  movl $0x174, %ecx
    movl $SE_CS, %eax
    xorl %edx, %edx
    wrmsr
    movl $0x175, %ecx
    movl $STACK_R0, %eax
    wrmsr
    movl $0x176, %ecx
    movl $.Lsysenter, %eax
    wrmsr
    USER .Lsysenter_user, 0x202
    EQM exc_vec, 0x80
    EQ %ebx, $SE_CS
    EQ %esi, $(SE_CS+8)
    EQ %edi, $STACK_R0
    EQ %ebp, $(SE_CS+16+3)
    PASS
.Lsysenter_user:
    movl $.Lsysexit, %edx
    movl $STACK_R3, %ecx
    sysenter
.Lsysenter:
    movl %cs, %ebx
    movl %ss, %esi
    movl %esp, %edi
    sysexit
.Lsysexit:
    movl %cs, %ebp
    int $0x80

# The other task counts its runs and says what it sees, then goes back in the way it is told.
BEGIN t_tasks
    movl $TSS_B, %edi
    xorl %eax, %eax
    movl $26, %ecx
    rep stosl
    movl $task_b, TSS_B + 0x20
    movl $2, TSS_B + 0x24
    movl $0xB0B, TSS_B + 0x28            # EAX
    movl $STACK_B, TSS_B + 0x38
    movl $DS32, TSS_B + 0x48             # ES, CS, SS, DS, FS, GS
    movl $CS32, TSS_B + 0x4C
    movl $DS32, TSS_B + 0x50
    movl $DS32, TSS_B + 0x54
    movl $DS32_3, TSS_B + 0x58
    movl $0x00680000, TSS_B + 0x64
    movl $0, v_a
    movl $0x1111, %ebx
    lcall $TSSB, $0                      # 1: CALL, back by IRET
    EQ %ebx, $0x1111                     # our registers have waited in the TSS
    EQM v_a, 1
    EQM v_b, 0xB0B
    EQM v_c, 0x4000                     # NT in the other task
    movzwl TSS_B, %eax
    EQ %eax, $TSS                        # and the link back
    movl v_d, %eax
    andl $8, %eax
    EQ %eax, $8                          # CR0.TS
    movzbl GDT + TSSB + 5, %eax
    EQ %eax, $0x89                       # not busy any more
    movzbl GDT + TSS + 5, %eax
    EQ %eax, $0x8B
    str %eax
    EQ %eax, $TSS
    clts
    ljmp $TSSB, $0                       # 2: JMP, back by JMP; no link, no NT
    EQM v_a, 2
    EQM v_c, 0
    lcall $TGATE, $0                     # 3: through a task gate in the GDT
    EQM v_a, 3
    EQM v_c, 0x4000
    movl $0x00980000, IDT32 + 0x51 * 8   # 4: through one in the IDT
    movl $0x8500, IDT32 + 0x51 * 8 + 4
    int $0x51
    EQM v_a, 4
    EQM v_c, 0x4000
    movl $0x00980000, IDT32 + 13 * 8     # 5: by an exception; the error code is on its stack
    movl IDT32 + 13 * 8 + 4, %esi
    movl $0x8500, IDT32 + 13 * 8 + 4
    movl $0x1F8, %ecx
1:  movl %ecx, %es                       # the task repairs ECX in our TSS
    movl %esi, IDT32 + 13 * 8 + 4
    movl $(exc_stubs32 + 13 * 16 - rom + (CS32 << 16)), IDT32 + 13 * 8
    EQM v_a, 5
    EQM v_b, 0x1F8
    EQ %ecx, $DS32
    FAULTS 13, TSS, "ljmp $TSS, $0"      # a busy task
    movl $0x1F8, TSS_B + 0x54            # a bad DS: #TS in the new task
    movl $task_b, TSS_B + 0x20
    CATCH 2f
    ljmp $TSSB, $0
2:  EQM exc_vec, 10
    EQM exc_err, 0x1F8
    str %eax
    EQ %eax, $TSSB                       # it is the current task
    andb $0xFD, GDT + TSS + 5            # make ours current again
    movl $TSS, %eax
    ltr %ax
    andb $0xFD, GDT + TSSB + 5
    clts
    PASS
task_b:
    incl v_a
    movl %eax, v_b
    pushfl
    popl %eax
    movl %eax, %ecx
    andl $0x4000, %eax
    movl %eax, v_c
    movl %cr0, %eax
    movl %eax, v_d
    clts
    testl $0x4000, %ecx
    jz 1f
    cmpl $4, v_a
    je 2f
    iretl                                # nested: back, and on from here the next time
    jmp task_b
2:  iretl
task_b_fault:                            # the fifth time, by #GP
    incl v_a
    popl v_b
    movl $DS32, TSS32 + 0x2C             # ECX of the faulting task
    iretl
    jmp task_b
1:  ljmp $TSS, $0
    jmp task_b

# A program at 4000:0000 as MS-DOS would run one. CLI, INT n, IRET and PUSHF are #GP with IOPL below
# 3; the monitor below stands for what an operating system does.
BEGIN t_v86
    movl $.Lv86_code, %esi
    movl $CODE_RAM, %edi
    movl $(.Lv86_end - .Lv86_code), %ecx
    rep movsb
    movl $(0x40000000 + (.Lv86_int - .Lv86_code)), 0x60 * 4 # vector 60h
    movl $.Lv86_monitor, %eax
    movw %ax, IDT32 + 13 * 8
    movl $0, v_a
    movl $SCRATCH, %edi
    movl $0, (%edi)
    CATCH .Lv86_back
    .irp segment, 0, 0, SCRATCH/16, SCRATCH/16 # GS, FS, DS, ES
    pushl $\segment
    .endr
    pushl $0x4000                        # SS, ESP
    pushl $0x8000
    pushl $0x20002                       # VM, IOPL 0
    pushl $0x4000
    pushl $0
    iretl
.Lv86_back:
    EQM v_a, 3                          # INT, IRET, HLT
    EQM exc_vec, 0x76
    movl SCRATCH, %eax
    EQ %eax, $0x5A5A0007
    movl $(exc_stubs32 + 13 * 16 - rom), %eax
    movw %ax, IDT32 + 13 * 8
    CATCH 1f                             # IOPL 3: INT goes through the IDT to ring 0
    .irp segment, 0, 0, SCRATCH/16, SCRATCH/16
    pushl $\segment
    .endr
    pushl $0x4000
    pushl $0x8000
    pushl $0x23002
    pushl $0x4000
    pushl $(.Lv86_iopl - .Lv86_code)
    iretl
1:  EQM exc_vec, 0x80
    EQM exc_ip, (.Lv86_iopl_end-.Lv86_code)
    EQM exc_oss, 0x4000
    EQM exc_osp, 0x7FFE
    movl exc_flags, %eax
    andl $0x23200, %eax
    EQ %eax, $0x23200                    # STI is allowed
    EQM exc_cs, 0x4000
    PASS
    .code16
.Lv86_code:
    movw $7, %ax
    int $0x60
    movw %ax, 2
    hlt
.Lv86_int:
    movw %ax, 0                          # DS is SCRATCH
    movw $0x5A5A, %ax
    iretw
.Lv86_iopl:
    sti
    pushw %ax
    int $0x80
.Lv86_iopl_end:
.Lv86_end:
    .code32
# #GP from v8086 mode: error, EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS.
.Lv86_monitor:
    addl $4, %esp
    pushal
    movl $DS32, %eax
    movl %eax, %ds
    movl %eax, %es
    incl v_a
    movl 36(%esp), %esi                  # CS:EIP
    shll $4, %esi
    addl 32(%esp), %esi
    movl 48(%esp), %edi                  # SS:SP
    shll $4, %edi
    movzwl 44(%esp), %eax
    addl %eax, %edi
    cmpb $0xCD, (%esi)
    jne 1f
    movzbl 1(%esi), %eax
    movl 32(%esp), %edx
    addl $2, %edx
    movw %dx, -6(%edi)
    movl 36(%esp), %edx
    movw %dx, -4(%edi)
    movl 40(%esp), %edx
    movw %dx, -2(%edi)
    subl $6, 44(%esp)
    movzwl (, %eax, 4), %edx
    movl %edx, 32(%esp)
    movzwl 2(, %eax, 4), %edx
    movl %edx, 36(%esp)
    jmp 3f
1:  cmpb $0xCF, (%esi)
    jne 2f
    movzwl (%edi), %eax
    movl %eax, 32(%esp)
    movzwl 2(%edi), %eax
    movl %eax, 36(%esp)
    addl $6, 44(%esp)
    jmp 3f
2:  movl $DS32_3, %eax                   # HLT: the end
    movl %eax, %fs
    movl $0x76, exc_vec
    movl exc_sp, %esp
    movl $0, exc_resume
    jmp .Lv86_back
3:  popal
    iretl

# Ring 3 with CR0.AM and EFLAGS.AC. QEMU's TCG has no alignment checks.
BEGIN t_alignment
    SKIP_ON_TCG
    movl %cr0, %eax
    orl $0x40000, %eax
    movl %eax, %cr0
    USER_FAULTS 17, 0, 0x40002, "movl %fs:(SCRATCH+1), %eax"
    movl %cr0, %eax
    orl $0x40000, %eax
    movl %eax, %cr0
    USER .Laligned, 0x40002
    EQM exc_vec, 0x80
    USER .Lmisaligned, 2                 # AC clear
    EQM exc_vec, 0x80
    movl %fs:(SCRATCH + 1), %eax         # and never in ring 0
    PASS
.Laligned:
    movl %fs:SCRATCH + 4, %eax
    movw %fs:SCRATCH + 2, %ax
    movb %fs:SCRATCH + 1, %al
    int $0x80
.Lmisaligned:
    movl %fs:(SCRATCH + 1), %eax
    int $0x80
