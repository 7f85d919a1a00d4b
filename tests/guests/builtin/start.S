# From the reset vector to the first test.
    .set MODE, 16
    .code16
start:
    cli
    cld
    # What reset leaves, before anything changes it. EBP and ESP are 0 by the manual; not needed.
    movl %edx, %ebx
    pushfl                               # SP is 0: this lands at the top of segment 0
    movl %cr0, %esi
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    popl %ebp
    movw $STACK16, %sp
    # Fast A20 on; the A20 test plays with it later.
    inb $0x92, %al
    orb $2, %al
    andb $0xFE, %al
    outb %al, $0x92
    # FS flat with a 4 GiB limit: loaded in protected mode, kept in real mode.
    lgdtl %cs:(rom_gdt_register - rom)
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    movw $DS32, %cx
    movw %cx, %fs
    andb $0xFE, %al
    movl %eax, %cr0
    # Variables.
    xorl %eax, %eax
    movw $VARS, %di
    movw $((VARS_END - VARS) / 4), %cx
    rep stosl
    movl %ebp, v_reset
    movl %ebx, v_reset + 8
    movl %esi, v_reset + 16
    call init_ivt
    call init_pic
    # Virtual wire mode (MP specification 3.6.2.2): the 8259 pair reaches the processor by its APIC.
    movl $0xFEE00000, %edi
    movl $0x1FF, %fs:0xF0(%edi)          # on, spurious vector FFh
    movl $0x700, %fs:0x350(%edi)         # LINT0: ExtINT
    movl $0x400, %fs:0x360(%edi)         # LINT1: NMI
    call init_serial
    call enable_vga
    call set_text_mode
    movl $text_banner, %esi
    call puts16
    call detect_features
    call real_mode_tests
    jmp enter_protected

restore16:                               # after a test, good or bad
    popw %bx
    xorw %cx, %cx
    movw %cx, %ds
    movw %cx, %es
    movw %cx, %ss
    jmp *%bx

detect_features:
    movl $0x80000001, %eax
    cpuid
    movl %edx, v_features + 8
    movl $0x40000000, %eax
    cpuid
    cmpl $0x54474354, %ebx               # "TCGT"
    sete v_tcg
    movl $1, %eax
    cpuid
    movl %ecx, v_features
    movl %edx, v_features + 4
    ret

# A PCI VGA hears its ports and A0000h-BFFFFh when its command register says so.
enable_vga:
    movl $0x80000008, %ebx               # class, of each device on bus 0
1:  movw $0xCF8, %dx
    movl %ebx, %eax
    outl %eax, %dx
    movw $0xCFC, %dx
    inl %dx, %eax
    shrl $16, %eax
    cmpw $0x0300, %ax
    je 2f
    addl $0x800, %ebx
    cmpl $0x80010000, %ebx
    jb 1b
    ret
2:  movw $0xCF8, %dx
    leal -4(%ebx), %eax
    outl %eax, %dx
    movw $0xCFC, %dx
    movw $3, %ax
    outw %ax, %dx
    ret

init_ivt:                                # vectors 0-1Fh exceptions, 20h-2Fh the 8259 pair
    xorw %di, %di
    movl $(0xF0000000 + (exc_stubs16 - rom)), %eax
    movw $32, %cx
    call .Lvectors
    movl $(0xF0000000 + (irq_stubs16 - rom)), %eax
    movw $16, %cx
.Lvectors:
    stosl
    addw $8, %ax
    loop .Lvectors
    ret

init_pic:
    OUTPORT 0x20, 0x11                      # ICW1: edge, cascade, ICW4
    OUTPORT 0xA0, 0x11
    OUTPORT 0x21, 0x20                      # ICW2: vectors
    OUTPORT 0xA1, 0x28
    OUTPORT 0x21, 0x04                      # ICW3
    OUTPORT 0xA1, 0x02
    OUTPORT 0x21, 0x01                      # ICW4: 8086
    OUTPORT 0xA1, 0x01
    OUTPORT 0x21, 0xFF
    OUTPORT 0xA1, 0xFF
    ret

init_serial:                             # COM1: 115200 8N1, FIFO, OUT2 lets the interrupt out
    OUTDX 0x3F9, 0
    OUTDX 0x3FB, 0x80
    OUTDX 0x3F8, 1
    OUTDX 0x3F9, 0
    OUTDX 0x3FB, 0x03
    OUTDX 0x3FA, 0xC7
    OUTDX 0x3FC, 0x0B
    ret

# Exceptions in real mode. Nothing but memory changes before the test goes on.
    .balign 8
exc_stubs16:
    .set vector, 0
    .rept 32
    .balign 8
    pushw $vector
    jmp exc16
    .set vector, vector + 1
    .endr
exc16:
    popw %fs:exc_vec
    popw %fs:exc_ip
    popw %fs:exc_cs
    popw %fs:exc_flags
    movb $0, %fs:exc_vec + 1
    cmpl $0, %fs:exc_resume
    je .Lunexpected16
    movl %fs:exc_sp, %esp
    pushw $0xF000
    pushw %fs:exc_resume
    movl $0, %fs:exc_resume
    lretw
.Lunexpected16:
    movzwl %fs:exc_vec, %eax
    addl $1000, %eax                     # check 1000 + vector: an exception that was not expected
    movl %eax, %fs:v_check
    movl %fs:exc_ip, %eax
    movl %eax, %fs:v_got
    xorw %ax, %ax
    movw %ax, %ss
    movw %fs:v_test_sp, %sp
    ljmp $0xF000, $(fail16 - rom)

    .balign 8
rom_gdt:
    .quad 0
    DESC 0, 0xFFFFF, 0x9A, 0xC           # CS32
    DESC 0, 0xFFFFF, 0x92, 0xC           # DS32
    DESC 0xF0000, 0xFFFF, 0x9A, 0        # CS16
    DESC 0, 0xFFFF, 0x92, 0              # DS16
    DESC 0, 0xFFFFF, 0x9A, 0xA           # CS64
    DESC 0, 0xFFFFF, 0x92, 0xC           # SS64
    .quad 0                              # 38h
    DESC 0, 0xFFFFF, 0xFA, 0xC           # CS32_3
    DESC 0, 0xFFFFF, 0xF2, 0xC           # DS32_3
    DESC 0, 0xFFFFF, 0xFA, 0xA           # CS64_3
    DESC 0, 0xFFFFF, 0x9A, 0xC           # SE_CS
    DESC 0, 0xFFFFF, 0x92, 0xC
    DESC 0, 0xFFFFF, 0xFA, 0xC
    DESC 0, 0xFFFFF, 0xF2, 0xC
    DESC 0, 0xFFFFF, 0xFA, 0xA
    DESC 0, 0xFFFFF, 0xF2, 0xC
    DESC TSS32, 0x3FF, 0x89, 0           # TSS
    .quad 0
    DESC TSS_B, 0x67, 0x89, 0            # TSSB
    .quad 0, 0                           # GATE: filled in
    DESC 0, 0xFFFFF, 0x12, 0xC           # ABSENT
    DESC 0, 0xFFFF, 0x96, 0x4            # DOWN
    DESC SCRATCH, 0xFF, 0x92, 0x4        # SMALL
    DESC SCRATCH, 0xFFFFF, 0x90, 0xC     # RDONLY
    DESC 0, 0xFFFFF, 0x9E, 0xC           # CONFORM
    DESC LDT, 0x1F, 0x82, 0              # LDTSEL
    .word 0, TSSB, 0x8500, 0             # TGATE
    DESC 0, 0xFFFFF, 0x98, 0xC           # EXONLY
    DESC 0, 0xFFFFF, 0x9A, 0xC           # CS32W
rom_gdt_end:
rom_gdt_register:
    .word rom_gdt_end - rom_gdt - 1
    .long rom_gdt

    .text 1
text_banner: .asciz "Reprise built-in self-test\n"
    .text 0
