# The last line, and off.
    .set MODE, 32
    .code32
finish:
    movl $text_passed, %esi
    cmpl $0, v_failed
    je 1f
    movl $text_some_failed, %esi
    call puts32
    movl v_failed, %eax
    call putdec32
    movl $text_of, %esi
1:  call puts32
    movl v_tests, %eax
    call putdec32
    movl $text_tests, %esi
    cmpl $0, v_failed
    je 2f
    movl $text_newline, %esi
2:  call puts32
    # The serial port's last characters, a tick at a time.
    OUTPORT 0x43, 0x34
    OUTPORT 0x40, 0xA9                   # 1 ms
    OUTPORT 0x40, 0x04
    OUTPORT 0x21, 0xFE
3:  movw $0x3FD, %dx
    inb %dx, %al
    testb $0x40, %al
    jnz power_off
    sti
    hlt
    cli
    jmp 3b
power_off:
    cmpl $0, v_failed
    je 5f
    movw $0x501, %dx                     # isa-debug-exit: status 1 (0 x 2 + 1), where there is one
    xorl %eax, %eax
    outb %al, %dx
5:  call pm_base
    movl $(PMBASE + 4), %edx             # PMCNTRL: SUS_EN, SUS_TYP 0 is soft off
    movw $0x2000, %ax
    outw %ax, %dx
4:  cli
    hlt
    jmp 4b

# PIIX4, function 3 of device 1: its registers at PMBASE.
    .equ PMBASE, 0x600
pm_base:
    movl $0x80000B40, %eax
    movl $(PMBASE + 1), %ecx
    call pci_write
    movl $0x80000B80, %eax               # PMREGMISC: PMIOSE
    call pci_read
    movl %eax, %ecx
    orl $1, %ecx
    movl $0x80000B80, %eax
    jmp pci_write

pci_read:                                # EAX: configuration address; to EAX
    movl $0xCF8, %edx
    outl %eax, %dx
    movl $0xCFC, %edx
    inl %dx, %eax
    ret
pci_write:                               # EAX: configuration address, ECX: value
    movl $0xCF8, %edx
    outl %eax, %dx
    movl $0xCFC, %edx
    movl %ecx, %eax
    outl %eax, %dx
    ret

    .text 1
text_passed: .asciz "SELF-TEST PASSED "
text_some_failed: .asciz "SELF-TEST FAILED "
text_of: .asciz " of "
text_tests: .asciz " tests\n"
text_newline: .asciz "\n"
    .text 0
