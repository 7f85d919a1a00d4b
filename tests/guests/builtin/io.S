# The other devices: serial port, 8042, 8237, PCI, VGA, fw_cfg, debug console, SMM.
    .set MODE, 32
    .code32
io_tests:
    TEST "16550: registers and loopback", t_serial
    TEST "8042: self-tests, echoes, IRQ 1", t_8042
    TEST "8042: keyboard and mouse answer", t_ps2
    TEST "8237: addresses, counts, pages", t_dma
    TEST "PCI: enumeration, BAR sizes", t_pci
    TEST "VGA: planes, write and read modes", t_vga
    TEST "VGA: registers, palette, retrace", t_vga_registers
    TEST "fw_cfg: signature, DMA", t_fw_cfg
    TEST "debug console at E9h", t_debugcon
    TEST "ACPI: PM1 registers, SCI", t_acpi
    TEST "SMM: entry by port B2h, SMBASE", t_smm
    ret

.macro INDX port                         # to EAX
    movw $\port, %dx
    inb %dx, %al
    movzbl %al, %eax
.endm

BEGIN t_serial
    OUTDX 0x3FF, 0xA7                    # scratch
    INDX 0x3FF
    EQ %eax, $0xA7
    OUTDX 0x3FB, 0x83
    INDX 0x3F8                           # divisor latch
    EQ %eax, $1
    OUTDX 0x3FB, 0x03
    INDX 0x3FD                           # all has been sent: wait for the last character
    movl $50, %esi
1:  movl $600, %eax
    call sleep
    INDX 0x3FD
    testb $0x40, %al
    jnz 2f
    decl %esi
    jnz 1b
2:  EQ %eax, $0x60
    OUTDX 0x3FC, 0x1A                    # loop; OUT2 is DCD, RTS is CTS
    INDX 0x3FE
    andl $0xF0, %eax
    EQ %eax, $0x90
    OUTDX 0x3FA, 0xC7                    # FIFOs cleared, trigger 14
    OUTDX 0x3F9, 1
    movl $0xA0, %ecx
3:  movw $0x3F8, %dx                     # 13 characters: below the trigger
    movb %cl, %al
    outb %al, %dx
    incl %ecx
    cmpl $0xAD, %ecx
    jb 3b
    call .Lcharacters
    INDX 0x3FA
    EQ %eax, $0xCC                       # character time-out
    movl $0xAD, %ecx
4:  movw $0x3F8, %dx
    movb %cl, %al
    outb %al, %dx
    incl %ecx
    cmpl $0xB0, %ecx
    jb 4b
    call .Lcharacters
    INDX 0x3FA
    andl $0xF7, %eax                     # 16 of them: received data, or time-out still
    EQ %eax, $0xC4
    INDX 0x3FD
    EQ %eax, $0x61
    movl $0xA0, %ecx
5:  INDX 0x3F8
    EQ %eax, %ecx
    incl %ecx
    cmpl $0xB0, %ecx
    jb 5b
    INDX 0x3FA
    EQ %eax, $0xC1
    INDX 0x3FD
    EQ %eax, $0x60
    movl $17, %ecx                       # one too many: overrun
6:  OUTDX 0x3F8, 0x11
    movl $200, %eax
    call sleep
    loop 6b
    INDX 0x3FD
    andl $2, %eax
    EQ %eax, $2
    OUTDX 0x3F9, 0
    OUTDX 0x3FC, 0x0B
    OUTDX 0x3FA, 0xC7
    PASS
.Lcharacters:                            # the time of 25 characters
    movl $2590, %eax
    jmp sleep

# Commands to the 8042, bytes from it: with time for the cables, but not forever.
kbc_command:                             # AL
    outb %al, $0x64
kbc_wait:
    movl $200, %edi
1:  inb $0x64, %al
    testb $2, %al
    jz 2f
    movl $120, %eax
    call sleep
    decl %edi
    jnz 1b
2:  ret
kbc_write:                               # AL
    outb %al, $0x60
    jmp kbc_wait
kbc_read:                                # to EAX; -1: nothing came; AH: status before
    movl $5000, %edi                     # half a second
1:  inb $0x64, %al
    testb $1, %al
    jnz 2f
    movl $120, %eax
    call sleep
    decl %edi
    jnz 1b
    movl $-1, %eax
    ret
2:  movb %al, %ah
    inb $0x60, %al
    movzwl %ax, %eax
    andb $0x20, %ah                      # from the auxiliary device?
    ret
.macro KBC value
    movb $\value, %al
    call kbc_command
.endm
.macro KBC_DATA value
    movb $\value, %al
    call kbc_write
.endm
.macro KBC_READS value
    call kbc_read
    EQ %eax, $\value
.endm

BEGIN t_8042
    inb $0x60, %al                       # whatever is there
    KBC 0xAD                             # keyboard off
    KBC 0xA7                             # mouse off
    inb $0x60, %al
    KBC 0xAA
    KBC_READS 0x55
    KBC 0xAB
    KBC_READS 0
    KBC 0xA9
    KBC_READS 0
    KBC 0x60                             # command byte: no interrupts, no translation
    KBC_DATA 0x34
    KBC 0x20
    KBC_READS 0x34
    KBC 0xD2                             # echo as if from the keyboard
    KBC_DATA 0x5A
    KBC_READS 0x5A
    KBC 0xD3                             # and from the mouse
    KBC_DATA 0xA5
    KBC_READS 0x20A5
    KBC 0xD0                             # output port: A20 open, not reset
    call kbc_read
    andl $3, %eax
    EQ %eax, $3
    KBC 0x60                             # with interrupts
    KBC_DATA 0x25
    movl $0, irq_count + 4
    OUTPORT 0x21, 0xFD
    KBC 0xD2
    movb $0x66, %al
    outb %al, $0x60
    movl $1, %eax
    movl $1, %ecx
    call await
    OUTPORT 0x21, 0xFF
    movzbl v_key, %eax
    EQ %eax, $0x66
    KBC 0x60
    KBC_DATA 0x34
    PASS

BEGIN t_ps2
    KBC 0xAE                             # on, no translation
    KBC_DATA 0xEE
    KBC_READS 0xEE                       # echo
    KBC_DATA 0xF2
    KBC_READS 0xFA
    KBC_READS 0xAB                       # identifies itself
    KBC_READS 0x83
    KBC_DATA 0xF5                        # no scanning
    KBC_READS 0xFA
    KBC_DATA 0xFF                        # reset: acknowledged, then the self-test's result
    KBC_READS 0xFA
    KBC_READS 0xAA
    KBC 0xA8
    KBC 0xD4
    KBC_DATA 0xF2
    KBC_READS 0x20FA
    KBC_READS 0x2000
    KBC 0xD4
    KBC_DATA 0xFF
    KBC_READS 0x20FA
    KBC_READS 0x20AA
    KBC_READS 0x2000
    KBC 0xD4
    KBC_DATA 0xE9                        # status: off, 1:1, 4 counts per mm, 100 per second
    KBC_READS 0x20FA
    KBC_READS 0x2000
    KBC_READS 0x2002
    KBC_READS 0x2064
    KBC 0xA7
    KBC 0xAD
    PASS

BEGIN t_dma
    OUTPORT 0x0D, 0                      # master clear
    OUTPORT 0x0C, 0                      # flip-flop
    OUTPORT 0x02, 0x34                   # channel 1
    OUTPORT 0x02, 0x12
    OUTPORT 0x03, 0xCD
    OUTPORT 0x03, 0xAB
    OUTPORT 0x0C, 0
    inb $0x02, %al
    movb %al, %cl
    inb $0x02, %al
    movb %al, %ch
    movzwl %cx, %eax
    EQ %eax, $0x1234
    inb $0x03, %al
    movb %al, %cl
    inb $0x03, %al
    movb %al, %ch
    movzwl %cx, %eax
    EQ %eax, $0xABCD
    OUTPORT 0x83, 0x5E                   # page of channel 1
    OUTPORT 0x87, 0xE5                   # and 0
    inb $0x83, %al
    movzbl %al, %eax
    EQ %eax, $0x5E
    inb $0x08, %al                       # status: no request, no terminal count
    movzbl %al, %eax
    EQ %eax, $0
    OUTPORT 0xDA, 0
    OUTPORT 0xD8, 0
    OUTPORT 0xC4, 0x78                   # channel 5
    OUTPORT 0xC4, 0x56
    OUTPORT 0xD8, 0
    inb $0xC4, %al
    movb %al, %cl
    inb $0xC4, %al
    movb %al, %ch
    movzwl %cx, %eax
    EQ %eax, $0x5678
    PASS

# The i440FX, PIIX3 and PIIX4 where a PC of this kind has them; a VGA; every BAR of every function.
.equ VGA_DEVFN, SCRATCH                  # its configuration address, BAR and size
BEGIN t_pci
    movl $0x80000000, %eax
    call pci_read
    EQ %eax, $0x12378086
    movl $0x80000800, %eax
    call pci_read
    EQ %eax, $0x70008086
    movl $0x80000B00, %eax
    call pci_read
    EQ %eax, $0x71138086
    movl $0x80000B08, %eax
    movl $0xCF8, %edx
    outl %eax, %dx
    inl %dx, %eax
    EQ %eax, $0x80000B08
    movw $0xCFE, %dx                     # words and bytes of a register
    inw %dx, %ax
    movzwl %ax, %eax
    EQ %eax, $0x0680
    INDX 0xCFF
    EQ %eax, $6
    movl $0x8000F800, %eax               # nobody there
    call pci_read
    EQ %eax, $0xFFFFFFFF
    movl $0, VGA_DEVFN
    movl $0x80000000, %ebx
1:  movl %ebx, %eax
    call pci_read
    cmpw $0xFFFF, %ax
    je 6f
    leal 8(%ebx), %eax
    call pci_read
    shrl $16, %eax
    cmpl $0x0300, %eax
    jne 2f
    movl %ebx, VGA_DEVFN
2:  leal 0x0C(%ebx), %eax                # only functions with an ordinary header
    call pci_read
    testl $0x7F0000, %eax
    jnz 6f
    movl $0x10, %esi
3:  leal (%ebx,%esi), %eax
    call pci_read
    movl %eax, %ebp
    movl $-1, %ecx
    leal (%ebx,%esi), %eax
    call pci_write
    leal (%ebx,%esi), %eax
    call pci_read
    movl %eax, %edi
    movl %ebp, %ecx
    leal (%ebx,%esi), %eax
    call pci_write
    movl %edi, %eax                      # the size is a power of two
    andl $0xFFFFFFF0, %eax
    testl $1, %edi
    jz 4f
    movl %edi, %eax
    orl $0xFFFF0000, %eax
    andl $0xFFFFFFFC, %eax
4:  negl %eax
    leal -1(%eax), %ecx
    andl %eax, %ecx
    EQ %ecx, $0
    addl $4, %esi
    cmpl $0x28, %esi
    jb 3b
6:  addl $0x100, %ebx
    cmpl $0x80010000, %ebx
    jb 1b
    cmpl $0, VGA_DEVFN
    EXPECT ne
    # Video memory by its BAR, at E0000000h.
    movl VGA_DEVFN, %ebx
    leal 0x10(%ebx), %eax
    movl $0xE0000000, %ecx
    call pci_write
    leal 4(%ebx), %eax
    call pci_read
    movl %eax, %esi
    movl %eax, %ecx
    orl $3, %ecx
    leal 4(%ebx), %eax
    call pci_write
    movl $0x12345678, 0xE0800000
    movl $0x9ABCDEF0, 0xE0800003
    movl 0xE0800000, %eax
    EQ %eax, $0xF0345678
    movl 0xE0800004, %eax
    andl $0xFFFFFF, %eax
    EQ %eax, $0x9ABCDE
    movl %esi, %ecx                      # the window closes again
    andl $0xFFFFFFFD, %ecx
    leal 4(%ebx), %eax
    call pci_write
    movl 0xE0800000, %eax
    notl %eax
    testb $1, v_tcg                      # reads 0 from nowhere
    jz 7f
    notl %eax
7:  EQ %eax, $0
    movl %esi, %ecx
    leal 4(%ebx), %eax
    call pci_write
    PASS

# Planes beyond those of the text: offsets from A000h in the window at A0000h. Set back at the end.
.macro VGA port, index, value
    movw $\port, %dx
    movw $(\index | \value << 8), %ax
    outw %ax, %dx
.endm
.equ PLANE, 0xAA000
BEGIN t_vga
    xorl %ebp, %ebp
    VGA 0x3C4, 4, 6                      # planar
    VGA 0x3CE, 6, 5                      # window A0000h, graphics
    VGA 0x3CE, 5, 0                      # write mode 0
    VGA 0x3CE, 1, 0
    VGA 0x3CE, 3, 0
    VGA 0x3CE, 8, 0xFF
    .irp plane, 0, 1, 2, 3               # each plane its own bytes
    VGA 0x3C4, 2, (1<<\plane)
    movl $(0x11223344 * (\plane + 1)), PLANE
    .endr
    call .Lplanes
    VGA 0x3C4, 2, 0x0F
    VGA 0x3CE, 0, 0x05                   # set/reset for planes 0 and 1
    VGA 0x3CE, 1, 0x03
    VGA 0x3CE, 3, 0x0B                   # OR, rotated by 3
    VGA 0x3CE, 8, 0x3C
    movb PLANE + 1, %al                  # latches
    movb $0x91, PLANE + 2
    VGA 0x3CE, 3, 0x18                   # XOR
    movb $0xF0, PLANE + 3
    VGA 0x3CE, 3, 0x10                   # AND
    movb $0x0F, PLANE + 4
    call .Lplanes
    VGA 0x3CE, 5, 1                      # write mode 1: latches
    movb PLANE + 2, %al
    movb $0, PLANE + 5
    VGA 0x3CE, 5, 2                      # 2: a color, by the bit mask
    VGA 0x3CE, 3, 0
    VGA 0x3CE, 8, 0x0F
    movb PLANE + 3, %al
    movb $0x0A, PLANE + 6
    VGA 0x3CE, 5, 3                      # 3: set/reset, by mask and data
    VGA 0x3CE, 0, 0x09
    VGA 0x3CE, 3, 2
    movb PLANE + 1, %al
    movb $0xFF, PLANE + 7
    VGA 0x3CE, 3, 0
    call .Lplanes
    VGA 0x3CE, 5, 8                      # read mode 1: where the color is
    VGA 0x3CE, 2, 0x0A
    VGA 0x3CE, 7, 0x0F
    movl PLANE + 4, %eax
    MIX %eax
    VGA 0x3CE, 7, 0x03
    movl PLANE + 4, %eax
    MIX %eax
    VGA 0x3C4, 4, 0x0E                   # chain 4: plane by the low bits of the address, which
    VGA 0x3CE, 5, 0x40                   # are 0 in the planes' own
    VGA 0x3CE, 1, 0
    VGA 0x3CE, 8, 0xFF
    movl $0xCAFEBABE, PLANE
    movl $0x12345678, PLANE + 4
    movl PLANE, %ebx
    VGA 0x3C4, 4, 6
    VGA 0x3CE, 5, 0
    VGA 0x3CE, 4, 2
    movb PLANE, %cl
    movb PLANE + 4, %ch
    VGA 0x3CE, 0, 0
    VGA 0x3CE, 1, 0
    VGA 0x3CE, 2, 0
    VGA 0x3CE, 3, 0
    VGA 0x3CE, 7, 0
    VGA 0x3CE, 8, 0xFF
    VGA 0x3C4, 2, 3
    VGA 0x3C4, 4, 2
    VGA 0x3CE, 5, 0x10
    VGA 0x3CE, 6, 0x0E
    VGA 0x3CE, 4, 0
    EQ %ebp, $0x2A873E24
    EQ %ebx, $0xCAFEBABE
    testb $1, v_tcg                      # QEMU's chain 4 packs the planes
    jnz 1f
    movzwl %cx, %eax
    EQ %eax, $0x34FE
1:
    movl 0xB8000, %eax                   # the text is still there: "Re"
    EQ %eax, $0x07650752
    PASS
.Lplanes:                                # eight bytes of each plane, read by mode 0
    VGA 0x3CE, 5, 0
    .irp plane, 0, 1, 2, 3
    VGA 0x3CE, 4, \plane
    movl PLANE, %eax
    MIX %eax
    movl PLANE + 4, %eax
    MIX %eax
    .endr
    ret

BEGIN t_vga_registers
    OUTDX 0x3C8, 0x50                    # DAC: 6 bits, three bytes to an entry
    OUTDX 0x3C9, 0x3F
    OUTDX 0x3C9, 0x15
    OUTDX 0x3C9, 0x2A
    OUTDX 0x3C7, 0x50
    INDX 0x3C9
    EQ %eax, $0x3F
    INDX 0x3C9
    EQ %eax, $0x15
    INDX 0x3C9
    EQ %eax, $0x2A
    VGA 0x3D4, 0x0F, 0x5C
    OUTDX 0x3D4, 0x0F
    INDX 0x3D5
    EQ %eax, $0x5C
    INDX 0x3CC
    EQ %eax, $0x67
    INDX 0x3DA                           # the attribute controller's flip-flop
    OUTDX 0x3C0, 0x31
    OUTDX 0x3C0, 0x0F
    INDX 0x3DA
    OUTDX 0x3C0, 0x31
    INDX 0x3C1
    EQ %eax, $0x0F
    OUTDX 0x3C0, 0
    INDX 0x3DA
    OUTDX 0x3C0, 0x20
    movl $500, %esi                      # vertical retrace comes, and goes
1:  INDX 0x3DA
    testb $8, %al
    jnz 2f
    movl $60, %eax
    call sleep
    decl %esi
    jnz 1b
2:  testl %esi, %esi
    EXPECT nz
    movl $500, %esi
3:  INDX 0x3DA
    testb $8, %al
    jz 4f
    movl $60, %eax
    call sleep
    decl %esi
    jnz 3b
4:  testl %esi, %esi
    EXPECT nz
    PASS

BEGIN t_fw_cfg
    movw $0x510, %dx
    xorl %eax, %eax
    outw %ax, %dx
    incl %edx
    xorl %ecx, %ecx
    movl $4, %esi
1:  shll $8, %ecx
    inb %dx, %al
    movb %al, %cl
    decl %esi
    jnz 1b
    cmpl $0x51454D55, %ecx               # "QEMU"
    je 2f
    SKIP
2:  movw $0x510, %dx
    movw $1, %ax                         # features
    outw %ax, %dx
    incl %edx
    inb %dx, %al
    testb $2, %al
    jnz 3f
    SKIP
3:  movl $0x0A000000, SCRATCH            # big-endian: select item 0, read
    movl $0x04000000, SCRATCH + 4        # 4 bytes
    movl $0, SCRATCH + 8
    movl $(SCRATCH + 0x20), %eax
    bswapl %eax
    movl %eax, SCRATCH + 12
    movl $0, SCRATCH + 0x20
    movw $0x514, %dx
    xorl %eax, %eax
    outl %eax, %dx
    movw $0x518, %dx
    movl $SCRATCH, %eax
    bswapl %eax
    outl %eax, %dx
    movl $100000, %ecx
4:  cmpl $0, SCRATCH
    loopne 4b
    EXPECT e
    EQM (SCRATCH+0x20), 0x554D4551
    PASS

BEGIN t_debugcon
    inb $0xE9, %al
    movzbl %al, %eax
    cmpb $0xFF, %al
    jne 1f
    SKIP
1:  EQ %eax, $0xE9
    PASS

# PMEN is writable, PMSTS is write-one-to-clear; SCI_EN and the timer.
BEGIN t_acpi
    movl $(PMBASE + 2), %edx
    movw $0x0120, %ax
    outw %ax, %dx
    inw %dx, %ax
    movzwl %ax, %eax
    EQ %eax, $0x120
    xorl %eax, %eax
    outw %ax, %dx
    movl $PMBASE, %edx
    movw $0xFFFF, %ax
    outw %ax, %dx
    inw %dx, %ax
    andl $0x0521, %eax
    EQ %eax, $0
    call pm_timer
    movl %eax, %ebx
    movl $120, %eax                      # 120 PIT ticks: 360 of the ACPI timer
    call sleep
    call pm_timer
    subl %ebx, %eax
    andl $0xFFFFFF, %eax
    cmpl $360, %eax
    EXPECT ae
    PASS

# The handler counts, notes how it was entered, and moves SMBASE when told to.
BEGIN t_smm
    movl $smm_code, %esi
    movl $(SMBASE + 0x8000), %edi
    movl $(smm_code_end - smm_code), %ecx
    rep movsb
    movl $smm_code, %esi
    movl $(0x60000 + 0x8000), %edi       # where it is moved to
    movl $(smm_code_end - smm_code), %ecx
    rep movsb
    movl $0x80000B58, %eax               # DEVACTB: APMC_EN
    call pci_read
    movl %eax, %ecx
    orl $0x02000000, %ecx
    movl $0x80000B58, %eax
    call pci_write
    movl $(PMBASE + 0x28), %edx          # GLBCTL: SMI_EN
    inl %dx, %eax
    orl $1, %eax
    outl %eax, %dx
    movl $0, SMM_COUNT
    movl $0x60000, SMM_MOVE
    movl $0x11111111, %ebx
    movl $0x22222222, %esi
    movl $0x33333333, %ebp
    stc
    movb $0x42, %al
    outb %al, $0xB2
    nop
    pushfl
    popl %ecx
    EQ %ebx, $0x11111111
    EQ %esi, $0x22222222
    EQ %ebp, $0x33333333
    andl $1, %ecx
    EQ %ecx, $1
    movl %cs, %eax
    EQ %eax, $CS32
    EQM SMM_COUNT, 1
    EQM SMM_CS, 0x3000
    movl SMM_CR0, %eax                   # PE, EM, TS, PG are clear inside
    andl $0x8000000D, %eax
    EQ %eax, $0
    inb $0xB2, %al
    movzbl %al, %eax
    EQ %eax, $0x42
    movl $SMBASE, SMM_MOVE               # from the new place, and back
    movb $0x43, %al
    outb %al, $0xB2
    nop
    EQM SMM_COUNT, 2
    EQM SMM_CS, 0x6000
    movb $0x44, %al
    outb %al, $0xB2
    nop
    EQM SMM_COUNT, 3
    EQM SMM_CS, 0x3000
    movl $0x80000B58, %eax
    call pci_read
    movl %eax, %ecx
    andl $0xFDFFFFFF, %ecx
    movl $0x80000B58, %eax
    call pci_write
    movb $0x45, %al                      # not enabled: no SMI
    outb %al, $0xB2
    nop
    EQM SMM_COUNT, 3
    PASS
.equ SMM_COUNT, SHARED + 0x100
.equ SMM_CS, SHARED + 0x104
.equ SMM_CR0, SHARED + 0x108
.equ SMM_MOVE, SHARED + 0x10C
    .code16
smm_code:                                # CS base SMBASE; DS base 0, 4 GiB limits
    movl $SMM_COUNT, %ebx
    incl (%ebx)
    movl $SMM_CS, %ebx
    movw %cs, %ax
    movzwl %ax, %eax
    movl %eax, (%ebx)
    movl $SMM_CR0, %ebx
    movl %cr0, %eax
    movl %eax, (%ebx)
    movl $SMM_MOVE, %ebx
    movl (%ebx), %eax                    # SMBASE in the state that RSM loads: where it is depends
    movw $0xFEFC, %bx                    # on the revision of the layout
    cmpw $0x64, %cs:(%bx)
    movw $0xFF00, %bx                    # AMD64's
    je 1f
    movw $0xFEF8, %bx                    # Intel's
1:  movl %eax, %cs:(%bx)
    rsm
smm_code_end:
    .code32
