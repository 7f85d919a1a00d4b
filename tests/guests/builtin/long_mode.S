# Long mode: from protected mode and back, then its tests.
    .set MODE, 32
    .code32
.equ PML4, TABLES
.equ PDPT64, TABLES + 0x1000             # 0 - 512 GiB
.equ PD64, TABLES + 0x2000               # 0 - 1 GiB, 2 MiB pages, one table
.equ PT64, TABLES + 0x3000               # VIRT: 4 - 6 MiB
.equ PDPT_HIGH, TABLES + 0x4000          # FFFF8000_00000000h
.equ HIGH, 0xFFFF800000000000

enter_long:
    testb $0x20, v_features + 11         # LM
    jz finish
    movl $PML4, %edi
    xorl %eax, %eax
    movl $0x1400, %ecx
    rep stosl
    movl $(PDPT64 + 7), PML4
    movl $(PDPT_HIGH + 3), PML4 + 0x800
    movl $(PD64 + 7), PDPT64
    movl $(PD64 + 3), PDPT_HIGH
    movl $PD64, %edi                     # identity, for ring 3 as well
    movl $0x87, %eax
    movl $512, %ecx
1:  movl %eax, (%edi)
    addl $8, %edi
    addl $0x200000, %eax
    loop 1b
    movl $(PT64 + 7), PD64 + 16
    movl $(FRAME + 7), PT64
    # The last GiB below 4 GiB, for the APIC: its own directory.
    movl $(TABLES + 0x5000 + 7), PDPT64 + 24
    movl $0xFEE00083, TABLES + 0x5000 + 0xFB8
    movl $0x20, %eax
    movl %eax, %cr4
    movl $PML4, %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx
    rdmsr
    orl $0x901, %eax                     # SCE, LME, NXE
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    movl $0xC0000080, %ecx
    rdmsr
    movl %eax, v_a                       # LMA is set now
    ljmp $CS64, $.Llong

    .set MODE, 64
    .code64
.Llong:
    call restore64
    movl $IDT64, %edi
    movl $exc_stubs64, %eax
    movl $32, %ecx
    movl $16, %edx
    call .Lgates64
    movl $irq_stubs64, %eax
    movl $16, %ecx
    movl $8, %edx
    call .Lgates64
    movl $(IDT64 + 0x80 * 16), %edi
    movl $exit_stub64, %eax
    movl $1, %ecx
    call .Lgates64
    movb $0xEE, IDT64 + 0x80 * 16 + 5
    movl $STACK_R0, TSS64 + 4            # RSP0
    movl $STACK_IST, TSS64 + 0x24        # IST1
    movw $0x68, TSS64 + 0x66
    movw $TSS64, GDT + TSS + 2
    movw $0x67, GDT + TSS
    movw $0x8900, GDT + TSS + 4
    movw $0, GDT + TSS + 6
    movl $TSS, %eax
    ltr %ax
    call long_mode_tests
    # Back: compatibility mode, paging off, LME off.
    ljmp *.Lto_32(%rip)
.Lto_32: .long .Lcompatible
    .word CS32
    .code32
.Lcompatible:
    movl $DS32, %eax
    movl %eax, %ss
    movl %cr0, %eax
    andl $0x7FFFFFFF, %eax
    movl %eax, %cr0
    movl $0xC0000080, %ecx
    rdmsr
    andl $0xFFFFF6FE, %eax
    wrmsr
    movl $STACK32, %esp
    call restore32
    jmp finish

    .code64
.Lgates64:                               # ECX gates at RDI: handler EAX, then EDX further
    movw %ax, (%rdi)
    movw $CS64, 2(%rdi)
    movw $0x8E00, 4(%rdi)
    movl %eax, %ebx
    shrl $16, %ebx
    movw %bx, 6(%rdi)
    movq $0, 8(%rdi)
    addl $16, %edi
    addl %edx, %eax
    loop .Lgates64
    ret

restore64:                               # preserves EAX
    movl $DS32_3, %ecx
    movl %ecx, %ds
    movl %ecx, %es
    movl %ecx, %fs
    movl %ecx, %gs
    movl $SS64, %ecx
    movl %ecx, %ss
    movq %cr0, %rcx
    andl $0xFFFAFFF3, %ecx
    movq %rcx, %cr0
    movl $0x620, %ecx                    # PAE, OSFXSR, OSXMMEXCPT
    movq %rcx, %cr4
    movl $PML4, %ecx
    movq %rcx, %cr3
    lidt idt64_register
    pushq $2
    popfq
    ret
idt64_register:
    .word 0xFFF
    .quad IDT64

    .balign 16
exc_stubs64:
    .set vector, 0
    .rept 32
    .balign 16
  .if vector != 8 && vector != 17 && (vector < 10 || vector > 14)
    pushq $0
  .endif
    pushq $vector
    jmp exc64
    .set vector, vector + 1
    .endr
    .balign 16
exit_stub64:
    pushq $0
    pushq $0x80
exc64:                                   # 64-bit mode always pushes SS:RSP
    popq exc_vec
    popq exc_err
    popq exc_ip
    popq exc_cs
    popq exc_flags
    movq %rsp, exc_hsp
    popq exc_osp
    popq exc_oss
    pushq %rax
    movl $DS32_3, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl $SS64, %eax
    movl %eax, %ss
    movq %cr2, %rax
    movq %rax, exc_cr2
    popq %rax
    cmpl $0, exc_resume
    je .Lunexpected64
    movq exc_sp, %rsp
    pushq exc_resume
    movq $0, exc_resume
    ret
.Lunexpected64:
    movl exc_vec, %eax
    addl $1000, %eax
    movl %eax, v_check
    movl exc_ip, %eax
    movl %eax, v_got
    movq v_test_sp, %rsp
    jmp fail64
