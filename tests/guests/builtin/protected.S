# Into 32-bit protected mode: descriptor tables, the handlers of exceptions and interrupts.
    .set MODE, 16
    .code16
enter_protected:
    cli
    movl $rom_gdt, %esi                  # the GDT to RAM: processors write Accessed and Busy bits
    movl $GDT, %edi
    movl $(rom_gdt_end - rom_gdt), %ecx
.Lcopy_gdt:
    movb %fs:(%esi), %al
    movb %al, %fs:(%edi)
    incl %esi
    incl %edi
    loopl .Lcopy_gdt
    lgdtl %cs:(gdt_register - rom)
    movl %cr0, %eax
    orb $0x21, %al                       # PE, NE: x87 errors as exceptions
    movl %eax, %cr0
    ljmpl $CS32, $.Lprotected

    .set MODE, 32
    .code32
.Lprotected:
    movl $DS32, %eax
    movl %eax, %ss
    movl $STACK32, %esp
    call restore32
    movl $TSS32, %edi                    # zero both tasks, the LDT, the 64-bit task, both IDTs
    movl $((STACK32 - 0x2000 - TSS32) / 4), %ecx
    xorl %eax, %eax
    rep stosl
    movl $IDT32, %edi
    movl $exc_stubs32, %eax
    movl $32, %ecx
    movl $16, %edx
    call .Lgates32
    movl $irq_stubs32, %eax
    movl $16, %ecx
    movl $8, %edx
    call .Lgates32
    movl $(IDT32 + 0x40 * 8), %edi
    movl $apic_stubs32, %eax
    movl $16, %ecx
    movl $16, %edx
    call .Lgates32
    movl $(IDT32 + 0x80 * 8), %edi       # int 80h: how ring 3 comes back
    movl $exit_stub32, %eax
    movl $1, %ecx
    call .Lgates32
    movb $0xEE, IDT32 + 0x80 * 8 + 5
    movl $(IDT32 + 0xFF * 8), %edi       # spurious interrupts of the local APIC
    movl $.Lspurious32, %eax
    movl $1, %ecx
    call .Lgates32
    # The main task: stack of ring 0, and a bitmap that forbids all ports but 80h to ring 3.
    movl $STACK_R0, TSS32 + 4
    movl $DS32, TSS32 + 8
    movl $0x00680000, TSS32 + 0x64
    movl $(TSS32 + 0x68), %edi
    movl $((0x400 - 0x68) / 4), %ecx
    movl $0xFFFFFFFF, %eax
    rep stosl
    movb $0xFE, TSS32 + 0x68 + 0x80 / 8
    movl $TSS, %eax
    ltr %ax
    call protected_tests
    call task_tests
    call paging_tests
    call fpu_tests
    call device_tests
    call smp_tests
    jmp enter_long

.Lgates32:                               # ECX gates at EDI: handler EAX, then EDX further
    movw %ax, (%edi)
    movw $CS32, 2(%edi)
    movw $0x8E00, 4(%edi)
    pushl %eax
    shrl $16, %eax
    movw %ax, 6(%edi)
    popl %eax
    addl $8, %edi
    addl %edx, %eax
    loop .Lgates32
    ret

# After a test, good or bad: segments, tables, control registers. Preserves EAX.
restore32:
    movl $DS32, %ecx
    movl %ecx, %ds
    movl %ecx, %es
    movl %ecx, %gs
    movl $DS32_3, %ecx                   # survives a return to ring 3
    movl %ecx, %fs
    movl %cr0, %ecx
    andl $0x7FFAFFF3, %ecx               # no paging, WP, AM, EM, TS
    movl %ecx, %cr0
    xorl %ecx, %ecx
    movl %ecx, %cr4
    lidtl idt32_register
    lgdtl gdt_register
    pushl %eax
    OUTDX 0x3FB, 0x03                    # the serial port, should its test have failed
    OUTDX 0x3FC, 0x0B
    popl %eax
    pushl $2
    popfl
    ret

gdt_register:
    .word rom_gdt_end - rom_gdt - 1
    .long GDT, 0
idt32_register:
    .word 0x7FF
    .long IDT32

# Exceptions: record the frame, go on where the test wants. From v8086 mode only SS is loaded. No
# register changes but the segments and ESP.
    .balign 16
exc_stubs32:
    .set vector, 0
    .rept 32
    .balign 16
  .if vector != 8 && vector != 17 && (vector < 10 || vector > 14)
    pushl $0
  .endif
    pushl $vector
    jmp exc32
    .set vector, vector + 1
    .endr
    .balign 16
exit_stub32:
    pushl $0
    pushl $0x80
exc32:
    popl %ss:exc_vec
    popl %ss:exc_err
    popl %ss:exc_ip
    popl %ss:exc_cs
    popl %ss:exc_flags
    movw $0, %ss:exc_cs + 2
    movl %esp, %ss:exc_hsp
    testb $2, %ss:exc_flags + 2          # VM
    jnz 1f
    testb $3, %ss:exc_cs
    jz 2f
1:  popl %ss:exc_osp
    popl %ss:exc_oss
2:  pushl %eax
    movl $DS32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl $DS32_3, %eax
    movl %eax, %fs
    movl %cr2, %eax
    movl %eax, exc_cr2
    popl %eax
    pushl $DS32
    popl %ss
    cmpl $0, exc_resume
    je .Lunexpected32
    movl exc_sp, %esp
    pushl exc_resume
    movl $0, exc_resume
    ret
.Lunexpected32:
    movl exc_vec, %eax
    addl $1000, %eax
    movl %eax, v_check
    movl exc_ip, %eax
    movl %eax, v_got
    movl v_test_sp, %esp
    jmp fail32

# Local APIC, vectors 40h-4Fh: count, EOI.
    .balign 16
apic_stubs32:
    .set vector, 0
    .rept 16
    .balign 16
    lock incl %fs:apic_count + 4 * vector
    jmp .Lapic_eoi32
    .set vector, vector + 1
    .endr
.Lapic_eoi32:
    movl $0, %fs:0xFEE000B0
.Lspurious32:
    iretl
